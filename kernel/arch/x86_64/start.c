/* SPDX-License-Identifier: MIT */
/* The order in which the boot core comes up, whoever loaded us. */
#include "arch/arch.h"
#include "arch_private.h"
#include "core/core.h"
#include "cpu.h"
#include "offsets.h"

/* Kept from everybody: up to and with the other cores' first code. */
#define LOW_HELD_BYTES (OTHERS_START + 4096u)

/*
 * The page before the image. Firmware, which runs in between, leaves no page below 640 KiB alone.
 */
#define PANIC_RECORD_AT 0x1ff000u

#define MSI_PLACE 0xfee00000ull /* writes here are interrupts, and the local APIC is here, too */
#define MSI_BYTES 0x100000ull

#define DEVICE_END_MAX (1ull << 40)

static struct core boot_core;
static struct boot_plan boot_plan;

static void hold_memory(struct boot_plan *plan)
{
    phys_t image = (uintptr_t)kernel_image_start - KERNEL_OFFSET;
    phys_t end = (uintptr_t)kernel_image_end - KERNEL_OFFSET;

    boot_plan_hold(plan, 0, LOW_HELD_BYTES);
    boot_plan_hold(plan, image, end - image);
    if (plan->archive_bytes != 0) {
        boot_plan_hold(plan, plan->archive, plan->archive_bytes);
    }
    boot_plan_hold(plan, PANIC_RECORD_AT, 4096);
    plan->panic_record = PANIC_RECORD_AT;
}

static void hold_devices(struct boot_plan *plan, const struct acpi_facts *facts)
{
    uint32_t bits = cpu_physical_bits();

    plan->device_end = bits < 40 ? 1ull << bits : DEVICE_END_MAX;
    boot_plan_hold(plan, MSI_PLACE, MSI_BYTES);
    boot_plan_hold(plan, facts->lapic, 4096);
    for (uint32_t i = 0; i < facts->ioapic_count; i++) {
        boot_plan_hold(plan, facts->ioapics[i].base, 4096);
    }
    for (uint32_t i = 0; i < facts->dmar.unit_count; i++) {
        boot_plan_hold(plan, facts->dmar.units[i].base, 4096);
    }
}

_Noreturn void arch_start(struct boot_plan *plan)
{
    static struct acpi_facts facts;
    struct core *core = &boot_core;

    arch_clock.base_tsc = arch_tsc();
    plan->core = core;
    hold_memory(plan);
    if (plan->rsdp == 0) {
        plan->rsdp = acpi_find_rsdp();
    }
    cpu_init(core, (uintptr_t)boot_stack_top, boot_ist_stacks);
    traps_init();
    fpu_init();
    paging_init(plan);
    acpi_read(plan->rsdp, &facts);
    lapic_init(facts.lapic, !facts.dmar.forbids_x2apic);
    ioapic_init(&facts);
    clock_init(&facts);
    vtd_init(plan, &facts);
    hold_devices(plan, &facts);
    cores_prepare(plan, &facts);
    plan->ecam = facts.ecam;
    plan->ecam_buses = facts.ecam_buses;
    plan->clock_base_tsc = arch_clock.base_tsc;
    plan->clock_mult = arch_clock.mult;
    plan->clock_shift = ARCH_CLOCK_SHIFT;
    core_boot(plan);
    cores_start(core);
    arch_start_first(core->arch.stack_top);
}

_Noreturn void arch_start_pvh(phys_t start_info)
{
    uart_init();
    pvh_read(start_info, &boot_plan);
    arch_start(&boot_plan);
}
