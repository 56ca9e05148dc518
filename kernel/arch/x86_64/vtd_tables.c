/* SPDX-License-Identifier: MIT */
/*
 * The tables of DMA remapping that say which domain a source is in (VT-d specification 3.x, 3.4 and 9.1 to 9.3), and
 * making units forget what they remember of tables (6.5). All units of segment 0 share the tables.
 * Must stay true: a change of a table returns only after every unit has forgotten what was there.
 */
#include "arch/arch.h"
#include "arch/iommu.h"
#include "core/core.h"
#include "cpu.h"
#include "vtd.h"

/* A context entry: two words. */
#define CONTEXT_PRESENT 1ull
#define MUTED 2ull                                 /* counts in entries that are not present, too */
#define CONTEXT_WIDTH(level) ((uint64_t)(level)-1) /* 1: three levels, 2: four */
#define CONTEXT_DOMAIN_SHIFT 8u
#define CONTEXT_DOMAIN 0xffffull
#define ROOT_PRESENT 1ull

/* Descriptors: 6.5.2. */
#define FORGET_CONTEXTS 1ull
#define FORGET_TRANSLATIONS 2ull
#define FORGET_INTERRUPTS 4ull
#define WAIT 5ull
#define OF_ALL (1ull << 4)
#define OF_DOMAIN (2ull << 4)
#define OF_SOURCE (3ull << 4)
#define DRAIN (3ull << 6) /* reads and writes under way are waited for */
#define DOMAIN_SHIFT 16u
#define SOURCE_SHIFT 32u
#define WAIT_WRITES (1ull << 5)
#define WAIT_DATA_SHIFT 32u

#define CACHE_LINE 64u

#define PCI_SELECT 0xcf8u
#define PCI_DATA 0xcfcu
#define PCI_ENABLE 0x80000000u
#define PCI_BUSES 0x18u

/* --- Invalidation ---------------------------------------------------------------------------------- */

static void queue_put(struct vtd_unit *unit, uint64_t low, uint64_t high)
{
    uint64_t *entry = &unit->queue[2 * (uint64_t)unit->tail];

    entry[0] = low;
    entry[1] = high;
    arch_iommu_publish(entry, 16);
    unit->tail = (unit->tail + 1) % VTD_QUEUE_ENTRIES;
}

/* Each order is waited for: the queue never holds more than two. */
void vtd_invalidate(uint64_t low, uint64_t high)
{
    for (uint32_t i = 0; i < vtd.unit_count; i++) {
        struct vtd_unit *unit = &vtd.units[i];

        unit->ticket++;
        queue_put(unit, low, high);
        queue_put(unit, WAIT | WAIT_WRITES | (uint64_t)unit->ticket << WAIT_DATA_SHIFT,
                  arch_ptr_to_phys((const void *)(uintptr_t)unit->done));
        fence_all();
        *(volatile uint64_t *)(unit->registers + VTD_QUEUE_TAIL) = (uint64_t)unit->tail * 16;
    }
    for (uint32_t i = 0; i < vtd.unit_count; i++) {
        ns_t end_ns = arch_now() + VTD_ANSWER_NS;

        while (*vtd.units[i].done != vtd.units[i].ticket) {
            if (arch_now() > end_ns) {
                arch_panic("a DMA remapping unit does not forget", __FILE__, __LINE__);
            }
            cpu_pause();
        }
    }
}

void vtd_invalidate_contexts(void)
{
    vtd_invalidate(FORGET_CONTEXTS | OF_ALL, 0);
    vtd_invalidate(FORGET_TRANSLATIONS | OF_ALL | DRAIN, 0);
}

void vtd_invalidate_interrupts(void)
{
    vtd_invalidate(FORGET_INTERRUPTS, 0);
}

void arch_iommu_flush(uint32_t domain)
{
    vtd_invalidate(FORGET_TRANSLATIONS | OF_DOMAIN | DRAIN | (uint64_t)domain << DOMAIN_SHIFT, 0);
}

void arch_iommu_publish(const void *start, uint64_t size_bytes)
{
    uintptr_t at = (uintptr_t)start & ~(uintptr_t)(CACHE_LINE - 1);

    if (vtd.is_coherent || vtd.unit_count == 0) {
        return;
    }
    for (; at < (uintptr_t)start + size_bytes; at += CACHE_LINE) {
        cache_line_flush((const void *)at);
    }
    fence_all();
}

/* --- Sources --------------------------------------------------------------------------------------- */

static struct vtd_context_table *table_of(uint32_t source)
{
    for (uint32_t i = 0; i < VTD_CONTEXT_TABLES; i++) {
        if (vtd.contexts[i].used != 0 && vtd.contexts[i].bus == source >> 8) {
            return &vtd.contexts[i];
        }
    }
    return NULL;
}

static uint64_t *entry_of(const struct vtd_context_table *table, uint32_t source)
{
    return &table->entries[2 * (uint64_t)(source & 0xffu)];
}

static void root_set(uint32_t bus, uint64_t value)
{
    vtd.root[2 * (uint64_t)bus] = value;
    arch_iommu_publish(&vtd.root[2 * (uint64_t)bus], 8);
}

/* The bus gets a table: its entries are 0, so nothing changes for its devices. */
static struct vtd_context_table *table_make(uint32_t source)
{
    struct vtd_context_table *table = table_of(source);

    for (uint32_t i = 0; i < VTD_CONTEXT_TABLES && table == NULL; i++) {
        if (vtd.contexts[i].used == 0) {
            table = &vtd.contexts[i];
            table->bus = source >> 8;
        }
    }
    return table;
}

/* One that only mutes is taken from its bus: whose devices are in no domain, and reach nothing with or without it. */
static void table_free(void)
{
    for (uint32_t i = 0; i < VTD_CONTEXT_TABLES; i++) {
        struct vtd_context_table *table = &vtd.contexts[i];

        if (table->attached == 0) {
            root_set(table->bus, 0);
            arch_memory_clear(table->entries, 4096);
            arch_iommu_publish(table->entries, 4096);
            table->used = 0;
            vtd_invalidate_contexts();
            return;
        }
    }
}

/*
 * Chapter 6: first the entry without what makes it present, then with it; then units forget what was there. If only the first word
 * changes (a source is muted or not) that is one write: what the device may reach stays so meanwhile.
 */
static void entry_set(struct vtd_context_table *table, uint32_t source, uint64_t low, uint64_t high)
{
    uint64_t *entry = entry_of(table, source);
    uint64_t domain = entry[1] >> CONTEXT_DOMAIN_SHIFT & CONTEXT_DOMAIN;
    bool was_used = entry[0] != 0;

    table->used += (low != 0) - (uint32_t)was_used;
    table->attached += (uint32_t)(low & CONTEXT_PRESENT) - (uint32_t)(entry[0] & CONTEXT_PRESENT);
    if (entry[1] != high) {
        entry[0] = low & ~CONTEXT_PRESENT;
        arch_iommu_publish(entry, 16);
        entry[1] = high;
        arch_iommu_publish(entry, 16);
    }
    entry[0] = low;
    arch_iommu_publish(entry, 16);
    root_set(table->bus, table->used != 0 ? arch_ptr_to_phys(table->entries) | ROOT_PRESENT : 0);
    if (table->used == 0) {
        vtd_invalidate_contexts();
        return;
    }
    vtd_invalidate(
        FORGET_CONTEXTS | OF_SOURCE | domain << DOMAIN_SHIFT | (uint64_t)source << SOURCE_SHIFT, 0);
    vtd_invalidate(FORGET_TRANSLATIONS | OF_DOMAIN | DRAIN | domain << DOMAIN_SHIFT, 0);
}

uint32_t arch_iommu_domain_of(uint32_t source)
{
    const struct vtd_context_table *table = table_of(source);

    if (table == NULL || (entry_of(table, source)[0] & CONTEXT_PRESENT) == 0) {
        return 0;
    }
    return (uint32_t)(entry_of(table, source)[1] >> CONTEXT_DOMAIN_SHIFT & CONTEXT_DOMAIN);
}

err_t arch_iommu_attach(uint32_t source, uint32_t domain, phys_t root)
{
    struct vtd_context_table *table = table_make(source);

    if (table == NULL) {
        table_free();
        table = table_make(source);
    }
    if (table == NULL) {
        return ERR_NO_MEMORY;
    }
    entry_set(table, source, root | CONTEXT_PRESENT,
              CONTEXT_WIDTH(arch_iommu.root_level) | (uint64_t)domain << CONTEXT_DOMAIN_SHIFT);
    return ERR_OK;
}

void arch_iommu_detach(uint32_t source)
{
    entry_set(table_of(source), source, 0, 0);
}

bool arch_iommu_mute(uint32_t source, bool is_muted)
{
    struct vtd_context_table *table = table_make(source);

    if (table == NULL) {
        return false;
    }
    const uint64_t *entry = entry_of(table, source);

    entry_set(table, source, is_muted ? entry[0] | MUTED : entry[0] & ~MUTED, entry[1]);
    return true;
}

/* --- What they have in common ---------------------------------------------------------------------- */

/* The buses behind a bridge (PCI-to-PCI bridge specification 1.2, 3.2.5), without disturbing whoever uses the ports. */
static bool bridge_leads_to(uint32_t bridge, uint32_t bus)
{
    uint32_t selected = port_read32(PCI_SELECT);

    port_write32(PCI_SELECT, PCI_ENABLE | bridge << 8 | PCI_BUSES);
    uint32_t buses = port_read32(PCI_DATA);

    port_write32(PCI_SELECT, selected);
    return bus >= (buses >> 8 & 0xffu) && bus <= (buses >> 16 & 0xffu) && (buses >> 8 & 0xffu) != 0;
}

bool arch_iommu_covers(uint32_t source)
{
    const struct dmar_facts *dmar = vtd.dmar;

    for (uint32_t i = 0; i < dmar->scope_count && !dmar->covers_all; i++) {
        if (dmar->scopes[i].source == source ||
            (dmar->scopes[i].is_bridge && bridge_leads_to(dmar->scopes[i].source, source >> 8))) {
            return true;
        }
    }
    return dmar->covers_all;
}
