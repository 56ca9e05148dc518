/* SPDX-License-Identifier: MIT */
/*
 * The simulated DMA remapping unit. It remembers every translation and every table that it walked until the kernel flushes
 * the domain; host_check_iommu() says when one is left that the tables no longer back. Must stay true: nothing is
 * forgotten here but what the kernel asked for.
 */
#include <stdio.h>
#include <string.h>

#include "arch/iommu.h"
#include "machine.h"
#include "object/io_space.h"

enum { PAGE_BYTES = 4096, BITS = 39, ROOT_LEVEL = 2, BUSES_MAX = 3 };

/* --- What the kernel asks -------------------------------------------------------------------------- */

struct arch_iommu arch_iommu;

void host_iommu_start(void)
{
    arch_iommu = (struct arch_iommu){ .bits = host.has_iommu ? BITS : 0,
                                      .root_level = ROOT_LEVEL,
                                      .domains = HOST_DOMAINS,
                                      .page_class_max = 1 };
}

bool arch_iommu_covers(uint32_t source)
{
    return source < HOST_SOURCES;
}

static struct host_source *source_of(uint32_t source)
{
    if (source >= HOST_SOURCES) {
        host_fail("the kernel asks the unit for a source that it does not cover");
    }
    return &host.iommu.sources[source];
}

uint32_t arch_iommu_domain_of(uint32_t source)
{
    return source < HOST_SOURCES ? host.iommu.sources[source].domain : 0;
}

static uint32_t buses_used(uint32_t but)
{
    uint32_t seen = 0;

    for (uint32_t i = 0; i < HOST_SOURCES; i++) {
        if (i / HOST_SOURCES_PER_BUS != but &&
            (host.iommu.sources[i].domain != 0 || host.iommu.sources[i].is_muted)) {
            seen |= 1u << i / HOST_SOURCES_PER_BUS;
        }
    }
    return (uint32_t)__builtin_popcount(seen);
}

/* One that has muted sources and no other forgets them. */
static bool bus_free(void)
{
    for (uint32_t bus = 0; bus < HOST_SOURCES / HOST_SOURCES_PER_BUS; bus++) {
        struct host_source *sources = &host.iommu.sources[bus * HOST_SOURCES_PER_BUS];
        bool is_muting = false;
        bool has_attached = false;

        for (uint32_t i = 0; i < HOST_SOURCES_PER_BUS; i++) {
            is_muting |= sources[i].is_muted;
            has_attached |= sources[i].domain != 0;
        }
        if (is_muting && !has_attached) {
            memset(sources, 0, HOST_SOURCES_PER_BUS * sizeof(*sources));
            return true;
        }
    }
    return false;
}

err_t arch_iommu_attach(uint32_t source, uint32_t domain, phys_t root)
{
    struct host_source *found = source_of(source);

    if (found->domain != 0 || domain == 0 || domain >= HOST_DOMAINS) {
        host_fail("the kernel attaches a source twice, or to a domain that does not exist");
    }
    if (buses_used(source / HOST_SOURCES_PER_BUS) >= BUSES_MAX && !bus_free()) {
        return ERR_NO_MEMORY;
    }
    *found = (struct host_source){ .domain = domain, .root = root };
    return ERR_OK;
}

void arch_iommu_detach(uint32_t source)
{
    struct host_source *found = source_of(source);

    if (found->domain == 0) {
        host_fail("the kernel detaches a source that is in no domain");
    }
    arch_iommu_flush(found->domain);
    *found = (struct host_source){ 0 };
}

bool arch_iommu_mute(uint32_t source, bool is_muted)
{
    if (source >= HOST_SOURCES || (source_of(source)->domain == 0 &&
                                   buses_used(source / HOST_SOURCES_PER_BUS) >= BUSES_MAX)) {
        return false;
    }
    source_of(source)->is_muted = is_muted;
    return true;
}

void arch_iommu_deafen(bool is_deaf)
{
    host.iommu.is_deaf = is_deaf;
}

/* Only whole lines are written back on hardware; here it is enough that it is memory. */
void arch_iommu_publish(const void *start, uint64_t size_bytes)
{
    if (!host_is_ram(arch_ptr_to_phys(start), size_bytes)) {
        host_fail("the kernel publishes something that is not memory");
    }
}

void arch_iommu_flush(uint32_t domain)
{
    for (uint32_t i = 0; i < HOST_IOTLB_ENTRIES; i++) {
        if (host.iommu.tlb[i].domain == domain) {
            host.iommu.tlb[i].domain = 0;
        }
    }
}

bool arch_iommu_fault_take(struct arch_dma_fault *fault, uint32_t *lost)
{
    *lost += host.iommu.has_lost;
    host.iommu.has_lost = false;
    if (host.iommu.fault_count == 0) {
        return false;
    }
    *fault = host.iommu.faults[0];
    host.iommu.fault_count--;
    memmove(&host.iommu.faults[0], &host.iommu.faults[1],
            host.iommu.fault_count * sizeof(host.iommu.faults[0]));
    return true;
}

void arch_iommu_faults_again(void)
{
    host.iommu.is_again = true;
}

bool host_iommu_interrupts(void)
{
    return host.iommu.is_again || (host.iommu.fault_count != 0 && !host.iommu.is_deaf);
}

/* --- What devices do ------------------------------------------------------------------------------- */

static void remember(const struct host_iotlb_entry *added)
{
    for (uint32_t i = 0; i < HOST_IOTLB_ENTRIES; i++) {
        struct host_iotlb_entry *entry = &host.iommu.tlb[i];

        if (entry->domain == added->domain && entry->level == added->level &&
            entry->start == added->start) {
            *entry = *added;
            return;
        }
    }
    host.iommu.tlb[host.iommu.tlb_next] = *added;
    host.iommu.tlb_next = (host.iommu.tlb_next + 1) % HOST_IOTLB_ENTRIES;
}

static const struct host_iotlb_entry *recall(uint32_t domain, uint64_t address)
{
    for (uint32_t i = 0; i < HOST_IOTLB_ENTRIES; i++) {
        const struct host_iotlb_entry *entry = &host.iommu.tlb[i];

        if (entry->domain == domain && entry->level == 0 &&
            address - entry->start < entry->size_bytes) {
            return entry;
        }
    }
    return NULL;
}

/* The page at an address, as the tables have it now; every table on the way is remembered if asked for. */
static bool walk(const struct host_source *source, uint64_t address, bool remembers,
                 struct host_iotlb_entry *found)
{
    const uint64_t *table = arch_phys_to_ptr(source->root);

    for (uint32_t level = ROOT_LEVEL;; level--) {
        uint64_t pte = table[pte_index(address, level)];

        if (!io_pte_is_present(pte)) {
            return false;
        }
        *found = (struct host_iotlb_entry){ .domain = source->domain,
                                            .start = address & ~(pte_span(level) - 1),
                                            .size_bytes = pte_span(level),
                                            .phys = io_pte_phys(pte) };
        if (!io_pte_is_table(pte, level)) {
            found->may_write = io_pte_may_write(pte);
            return true;
        }
        found->level = level;
        if (remembers) {
            remember(found);
        }
        table = arch_phys_to_ptr(io_pte_phys(pte));
    }
}

static bool refuse(uint32_t source, uint64_t address, bool is_write)
{
    struct host_iommu *unit = &host.iommu;

    if (source < HOST_SOURCES && unit->sources[source].is_muted) {
        return false;
    }
    if (unit->fault_count == HOST_DMA_FAULTS) {
        unit->has_lost = true;
        return false;
    }
    unit->faults[unit->fault_count++] = (struct arch_dma_fault){
        .source = source, .reason = is_write ? 0x105 : 6, .address = address & ~(PAGE_BYTES - 1ull)
    };
    return false;
}

void host_message_refuse(uint32_t source, uint32_t entry)
{
    struct host_iommu *unit = &host.iommu;

    if (unit->fault_count == HOST_DMA_FAULTS) {
        unit->has_lost = true;
        return;
    }
    unit->faults[unit->fault_count++] = (struct arch_dma_fault){
        .source = source, .reason = 0x26, .address = entry, .is_message = true
    };
}

bool host_dma(uint32_t source, uint64_t address, bool is_write, phys_t *phys)
{
    const struct host_source *from = source < HOST_SOURCES ? &host.iommu.sources[source] : NULL;
    const struct host_iotlb_entry *known;
    struct host_iotlb_entry found;

    if (from == NULL || from->domain == 0 || address >> BITS != 0) {
        return refuse(source, address, is_write);
    }
    known = recall(from->domain, address);
    if (known == NULL) {
        if (!walk(from, address, true, &found)) {
            return refuse(source, address, is_write);
        }
        remember(&found);
        known = &found;
    }
    if (is_write && !known->may_write) {
        return refuse(source, address, is_write);
    }
    *phys = known->phys + (address - known->start);
    return true;
}

/* --- Checking -------------------------------------------------------------------------------------- */

static const struct host_source *source_in(uint32_t domain)
{
    for (uint32_t i = 0; i < HOST_SOURCES; i++) {
        if (host.iommu.sources[i].domain == domain) {
            return &host.iommu.sources[i];
        }
    }
    return NULL;
}

/* The entry that decides at the level of what is remembered. */
static const char *stale(const struct host_iotlb_entry *entry)
{
    const struct host_source *source = source_in(entry->domain);
    const uint64_t *table;
    uint32_t level = ROOT_LEVEL;
    uint64_t pte;

    if (source == NULL) {
        return "is of a domain that nothing is in";
    }
    table = arch_phys_to_ptr(source->root);
    pte = table[pte_index(entry->start, level)];
    while (io_pte_is_table(pte, level) && level > entry->level) {
        table = arch_phys_to_ptr(io_pte_phys(pte));
        level--;
        pte = table[pte_index(entry->start, level)];
    }
    if (!io_pte_is_present(pte)) {
        return "has gone";
    }
    if (io_pte_phys(pte) != entry->phys || (entry->level == 0) == io_pte_is_table(pte, level)) {
        return "leads somewhere else now";
    }
    return entry->may_write && !io_pte_may_write(pte) ? "allows less now" : NULL;
}

bool host_check_iommu(char *why, uint32_t why_bytes)
{
    for (uint32_t i = 0; i < HOST_IOTLB_ENTRIES; i++) {
        const struct host_iotlb_entry *entry = &host.iommu.tlb[i];
        const char *wrong = entry->domain != 0 ? stale(entry) : NULL;

        if (wrong != NULL) {
            snprintf(why, why_bytes, "the unit still holds %s at %#llx of domain %u, which %s",
                     entry->level == 0 ? "the page" : "a table", (unsigned long long)entry->start,
                     entry->domain, wrong);
            return false;
        }
    }
    return true;
}

uint32_t host_source_domain(uint32_t source, phys_t *root)
{
    *root = host.iommu.sources[source].root;
    return host.iommu.sources[source].domain;
}

bool host_source_is_muted(uint32_t source)
{
    return host.iommu.sources[source].is_muted;
}
