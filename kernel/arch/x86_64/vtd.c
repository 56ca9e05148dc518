/* SPDX-License-Identifier: MIT */
/*
 * DMA remapping units (VT-d specification 3.x): finding out whether they can be used, starting them, and what
 * faults they record. Either all units are used or none: a machine that is half protected is not protected.
 * Must stay true: from the moment that translation is on, what is not attached reaches nothing.
 */
#include "vtd.h"

#include <stddef.h>

#include "arch/arch.h"
#include "arch/iommu.h"
#include "arch_private.h"
#include "core/core.h"
#include "core/print.h"
#include "cpu.h"
#include "offsets.h"

/* Registers: chapter 11. */
#define CAPABILITY 0x08u
#define EXTENDED 0x10u
#define COMMAND 0x18u
#define STATUS 0x1cu
#define ROOT 0x20u
#define FAULT_STATUS 0x34u
#define FAULT_CONTROL 0x38u
#define FAULT_DATA 0x3cu
#define FAULT_ADDRESS 0x40u
#define FAULT_ADDRESS_HIGH 0x44u
#define PROTECTED 0x64u
#define QUEUE 0x90u
#define INTERRUPTS 0xb8u

#define CAPABILITY_DOMAINS(value) (1u << (4 + 2 * ((value)&7u)))
#define CAPABILITY_WRITE_BUFFER (1ull << 4)
#define CAPABILITY_CACHES_ABSENCE (1ull << 7)
#define CAPABILITY_39_BITS (1ull << 9)
#define CAPABILITY_48_BITS (1ull << 10)
#define CAPABILITY_WIDTH(value) ((uint32_t)((value) >> 16 & 63u) + 1)
#define CAPABILITY_FAULT_OFFSET(value) ((uint32_t)((value) >> 24 & 0x3ffu) * 16)
#define CAPABILITY_2M (1ull << 34)
#define CAPABILITY_1G (1ull << 35)
#define CAPABILITY_FAULTS(value) ((uint32_t)((value) >> 40 & 0xffu) + 1)

#define EXTENDED_COHERENT (1ull << 0)
#define EXTENDED_QUEUE (1ull << 1)
#define EXTENDED_INTERRUPTS (1ull << 3)
#define EXTENDED_X2APIC (1ull << 4)

/* Of COMMAND and STATUS; those in ONE_SHOT are orders, the others states. */
#define TRANSLATION_ON (1u << 31)
#define ROOT_SET (1u << 30)
#define QUEUE_ON (1u << 26)
#define INTERRUPTS_ON (1u << 25)
#define INTERRUPTS_SET (1u << 24)
#define OLD_MESSAGES_ON (1u << 23) /* which name no entry: they pass unasked */
#define ONE_SHOT (1u << 30 | 1u << 29 | 1u << 27 | 1u << 24)

#define FAULT_LOST 1u
#define FAULT_PENDING 2u
#define FAULT_MASKED (1u << 31)
#define FAULT_INDEX(status) ((status) >> 8 & 0xffu)
#define PROTECTED_ON (1u << 31)
#define PROTECTED_IS_ON 1u

/* A fault record: the upper two of its four words. */
#define RECORD_BYTES 16u
#define RECORD_IS_FAULT (1u << 31) /* of the fourth; writing it clears it */
#define RECORD_IS_READ (1u << 30)
#define REASON_INTERRUPTS 0x20u /* from here on the address is an entry's number, from bit 48 on */
#define REASON_INTERRUPTS_LAST 0x26u
#define REASON_WRITE 0x100u

#define INTERRUPTS_256 7u /* log2 of the number of entries, less 1 */
#define X2APIC_IDS (1u << 11)
#define MSI_ADDRESS 0xfee00000u
#define PAGE 4096u

struct vtd vtd;
struct arch_iommu arch_iommu;

static uint32_t read32(const struct vtd_unit *unit, uint32_t offset)
{
    return *(volatile uint32_t *)(unit->registers + offset);
}

static void write32(const struct vtd_unit *unit, uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)(unit->registers + offset) = value;
}

static uint64_t read64(const struct vtd_unit *unit, uint32_t offset)
{
    return *(volatile uint64_t *)(unit->registers + offset);
}

static void write64(const struct vtd_unit *unit, uint32_t offset, uint64_t value)
{
    *(volatile uint64_t *)(unit->registers + offset) = value;
}

static void wait_for(const struct vtd_unit *unit, uint32_t offset, uint32_t mask, uint32_t value)
{
    ns_t end_ns = arch_now() + VTD_ANSWER_NS;

    while ((read32(unit, offset) & mask) != value) {
        if (arch_now() > end_ns) {
            arch_panic("a DMA remapping unit does not answer", __FILE__, __LINE__);
        }
        cpu_pause();
    }
}

/* 11.4.4: one bit at a time, with the states as they are. */
static void command(const struct vtd_unit *unit, uint32_t bit, bool on)
{
    uint32_t states = read32(unit, STATUS) & ~ONE_SHOT;

    write32(unit, COMMAND, on ? states | bit : states & ~bit);
    wait_for(unit, STATUS, bit, on ? bit : 0);
}

/* --- Can they be used? ----------------------------------------------------------------------------- */

struct survey {
    uint64_t every; /* capabilities that all units have; widths and counts mean nothing here */
    uint64_t every_extended;
    uint64_t any;
    bool is_long;   /* of any: its fault records end behind the page of registers */
    uint32_t width; /* the least of all */
    uint32_t domains;
};

static void survey_all(struct survey *all)
{
    *all = (struct survey){
        .every = ~0ull, .every_extended = ~0ull, .width = 64, .domains = UINT32_MAX
    };
    for (uint32_t i = 0; i < vtd.unit_count; i++) {
        uint64_t can = read64(&vtd.units[i], CAPABILITY);
        uint32_t width = CAPABILITY_WIDTH(can);
        uint32_t domains = CAPABILITY_DOMAINS(can);

        all->every &= can;
        all->any |= can;
        all->is_long |= CAPABILITY_FAULT_OFFSET(can) + CAPABILITY_FAULTS(can) * RECORD_BYTES > PAGE;
        all->every_extended &= read64(&vtd.units[i], EXTENDED);
        all->width = width < all->width ? width : all->width;
        all->domains = domains < all->domains ? domains : all->domains;
    }
}

/* Settles what all have in common; says why not. */
static const char *settle(const struct survey *survey)
{
    bool is_48 = (survey->every & CAPABILITY_48_BITS) != 0;
    uint32_t table_bits = is_48 ? 48 : 39;

    if ((survey->every_extended & EXTENDED_QUEUE) == 0) {
        return "a unit has no queue of invalidations";
    }
    if ((survey->any & CAPABILITY_WRITE_BUFFER) != 0) {
        return "a unit needs its write buffer flushed";
    }
    if (survey->is_long) {
        return "the fault records of a unit are out of reach";
    }
    if (!is_48 && (survey->every & CAPABILITY_39_BITS) == 0) {
        return "the units have no width of addresses in common";
    }
    arch_iommu.root_level = is_48 ? 3 : 2;
    arch_iommu.bits = survey->width < table_bits ? survey->width : table_bits;
    arch_iommu.domains = survey->domains;
    arch_iommu.page_class_max = (survey->every & CAPABILITY_2M) == 0   ? 0
                                : (survey->every & CAPABILITY_1G) == 0 ? 1
                                                                       : 2;
    arch_iommu.caches_absence = (survey->any & CAPABILITY_CACHES_ABSENCE) != 0;
    vtd.is_coherent = (survey->every_extended & EXTENDED_COHERENT) != 0;
    return NULL;
}

static uint32_t ioapic_source(const struct dmar_facts *dmar, uint32_t id)
{
    for (uint32_t i = 0; i < dmar->ioapic_count; i++) {
        if (dmar->ioapics[i].id == id) {
            return dmar->ioapics[i].source;
        }
    }
    return DMAR_NO_SOURCE;
}

/* Why interrupts cannot be remapped, or NULL; then sources are those of the IOAPICs. */
static const char *interrupts_refusal(const struct survey *survey, const struct acpi_facts *facts,
                                      uint32_t *sources)
{
    vtd.is_x2apic = lapic_is_x2apic();
    if ((survey->every_extended & EXTENDED_INTERRUPTS) == 0 || !facts->dmar.may_remap_interrupts) {
        return "a unit cannot, or the firmware says so";
    }
    if (vtd.is_x2apic && (survey->every_extended & EXTENDED_X2APIC) == 0) {
        return "a unit does not know x2APIC";
    }
    for (uint32_t i = 0; i < facts->ioapic_count; i++) {
        sources[i] = ioapic_source(&facts->dmar, facts->ioapics[i].id);
        if (sources[i] == DMAR_NO_SOURCE) {
            return "it is not known where an IOAPIC is";
        }
    }
    return NULL;
}

/* --- Starting them --------------------------------------------------------------------------------- */

static void *take(struct boot_plan *plan)
{
    return arch_phys_to_ptr(boot_plan_take(plan, PAGE, PAGE, UINT64_MAX));
}

/* The firmware may have used it. */
static void unit_stop(const struct vtd_unit *unit)
{
    static const uint32_t states[] = { TRANSLATION_ON, OLD_MESSAGES_ON, INTERRUPTS_ON, QUEUE_ON };

    for (uint32_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if ((read32(unit, STATUS) & states[i]) != 0) {
            command(unit, states[i], false);
        }
    }
}

static void unit_listen(const struct vtd_unit *unit)
{
    uint32_t id = lapic_id();

    write32(unit, FAULT_DATA, VECTOR_DMA_FAULT);
    write32(unit, FAULT_ADDRESS, MSI_ADDRESS | (id & 0xffu) << 12);
    write32(unit, FAULT_ADDRESS_HIGH, id & ~0xffu);
    write32(unit, FAULT_STATUS, FAULT_LOST);
    write32(unit, FAULT_CONTROL, 0);
}

static void unit_prepare(struct vtd_unit *unit, struct boot_plan *plan, uint32_t *done)
{
    uint64_t can = read64(unit, CAPABILITY);

    unit->fault_offset = CAPABILITY_FAULT_OFFSET(can);
    unit->fault_count = CAPABILITY_FAULTS(can);
    unit->queue = take(plan);
    unit->done = done;
    unit_stop(unit);
    write32(unit, FAULT_CONTROL, FAULT_MASKED);
    write64(unit, VTD_QUEUE_TAIL, 0);
    write64(unit, QUEUE, arch_ptr_to_phys(unit->queue));
    command(unit, QUEUE_ON, true);
}

/* 11.4.4: tables first, then what may be remembered of others, then on. */
static void unit_start(const struct vtd_unit *unit, const void *nothing)
{
    const void *root = unit->is_foreign ? nothing : vtd.root;
    const void *interrupts = unit->is_foreign ? nothing : vtd.interrupts;

    write64(unit, ROOT, arch_ptr_to_phys(root));
    command(unit, ROOT_SET, true);
    vtd_invalidate_contexts();
    if (vtd.remaps_interrupts) {
        write64(unit, INTERRUPTS,
                arch_ptr_to_phys(interrupts) | INTERRUPTS_256 | (vtd.is_x2apic ? X2APIC_IDS : 0));
        command(unit, INTERRUPTS_SET, true);
        vtd_invalidate_interrupts();
        command(unit, INTERRUPTS_ON, true);
    }
    if (!unit->is_foreign) {
        unit_listen(unit);
    }
    command(unit, TRANSLATION_ON, true);
    if ((read32(unit, PROTECTED) & PROTECTED_IS_ON) != 0) { /* the firmware's makeshift */
        write32(unit, PROTECTED, read32(unit, PROTECTED) & ~PROTECTED_ON);
        wait_for(unit, PROTECTED, PROTECTED_IS_ON, 0);
    }
}

static void start_all(struct boot_plan *plan)
{
    uint32_t *done = take(plan);
    const void *nothing = take(plan);

    vtd.root = take(plan);
    vtd.interrupts = take(plan);
    for (uint32_t i = 0; i < VTD_CONTEXT_TABLES; i++) {
        vtd.contexts[i].entries = take(plan);
        arch_iommu_publish(vtd.contexts[i].entries, PAGE);
    }
    arch_iommu_publish(nothing, PAGE);
    arch_iommu_publish(vtd.root, PAGE);
    arch_iommu_publish(vtd.interrupts, PAGE);
    for (uint32_t i = 0; i < vtd.unit_count; i++) {
        unit_prepare(&vtd.units[i], plan, &done[i]);
    }
    for (uint32_t i = 0; i < vtd.unit_count; i++) {
        unit_start(&vtd.units[i], nothing);
    }
}

static void say(const char *text, const char *why)
{
    print_text("DMA remapping: ");
    print_text(text);
    print_text(why);
    print_text("\n");
}

static void say_started(const struct acpi_facts *facts, const char *interrupts)
{
    print_decimal("DMA remapping: ", vtd.unit_count);
    print_decimal(" unit(s), addresses of ", arch_iommu.bits);
    print_text(" bits, all devices blocked\n");
    if (interrupts != NULL) {
        say("interrupts are not remapped, any device can raise any: ", interrupts);
    }
    for (uint32_t i = 0; i < facts->dmar.reserved_count; i++) {
        print_hex("DMA remapping: the firmware wants a device to reach 0x",
                  facts->dmar.reserved[i].base, 16);
        print_hex(" to 0x", facts->dmar.reserved[i].limit, 16);
        print_text("; it is blocked like all others\n");
    }
}

void vtd_init(struct boot_plan *plan, const struct acpi_facts *facts)
{
    uint32_t sources[ACPI_IOAPIC_MAX];
    struct survey survey;
    const char *wrong = facts->dmar.wrong;

    for (uint32_t i = 0; i < facts->dmar.unit_count; i++) {
        vtd.units[i].registers = paging_map_device(facts->dmar.units[i].base, PAGE);
        vtd.units[i].is_foreign = facts->dmar.units[i].segment != 0;
    }
    vtd.dmar = &facts->dmar;
    vtd.unit_count = facts->dmar.unit_count;
    survey_all(&survey);
    if (vtd.unit_count != 0) {
        wrong = settle(&survey);
    }
    if (wrong != NULL) {
        vtd.unit_count = 0;
        arch_iommu.bits = 0;
        say("not used, devices reach all memory: ", wrong);
    }
    if (vtd.unit_count == 0) {
        return;
    }
    const char *interrupts = interrupts_refusal(&survey, facts, sources);

    vtd.remaps_interrupts = interrupts == NULL;
    start_all(plan);
    if (vtd.remaps_interrupts) {
        ioapic_remap(sources);
    }
    say_started(facts, interrupts);
}

/* --- Faults ---------------------------------------------------------------------------------------- */

/* Fault recording registers, 11.4: a record, if there is one at that place. */
static bool record_take(const struct vtd_unit *unit, uint32_t index, struct arch_dma_fault *fault)
{
    uint32_t at = unit->fault_offset + index * RECORD_BYTES;
    uint32_t last = read32(unit, at + 12);
    uint32_t reason = last & 0xffu;
    uint64_t address = read64(unit, at);

    if ((last & RECORD_IS_FAULT) == 0) {
        return false;
    }
    fault->source = read32(unit, at + 8) & 0xffffu;
    fault->is_message = reason >= REASON_INTERRUPTS && reason <= REASON_INTERRUPTS_LAST;
    if (fault->is_message) {
        fault->address = address >> 48;
        fault->reason = reason;
    } else {
        fault->address = address & ~(uint64_t)(PAGE - 1);
        fault->reason = reason | ((last & RECORD_IS_READ) != 0 ? 0 : REASON_WRITE);
    }
    write32(unit, at + 12, RECORD_IS_FAULT);
    return true;
}

static bool unit_fault_take(const struct vtd_unit *unit, struct arch_dma_fault *fault,
                            uint32_t *lost)
{
    uint32_t status = read32(unit, FAULT_STATUS);
    uint32_t first = FAULT_INDEX(status);

    if ((status & FAULT_LOST) != 0) {
        write32(unit, FAULT_STATUS, FAULT_LOST);
        ++*lost;
    }
    if (unit->is_foreign || (status & FAULT_PENDING) == 0) {
        return false;
    }
    for (uint32_t i = 0; i < unit->fault_count; i++) {
        if (record_take(unit, (first + i) % unit->fault_count, fault)) {
            return true;
        }
    }
    return false;
}

bool arch_iommu_fault_take(struct arch_dma_fault *fault, uint32_t *lost)
{
    for (uint32_t i = 0; i < vtd.unit_count; i++) {
        if (unit_fault_take(&vtd.units[i], fault, lost)) {
            return true;
        }
    }
    return false;
}

void arch_iommu_faults_again(void)
{
    lapic_send(lapic_id(), VECTOR_DMA_FAULT);
}

void arch_iommu_deafen(bool is_deaf)
{
    if (vtd.is_deaf == is_deaf) {
        return;
    }
    vtd.is_deaf = is_deaf;
    for (uint32_t i = 0; i < vtd.unit_count; i++) {
        if (!vtd.units[i].is_foreign) {
            write32(&vtd.units[i], FAULT_CONTROL, is_deaf ? FAULT_MASKED : 0);
        }
    }
}
