/* SPDX-License-Identifier: MIT */
/* The order in which the boot core comes up, whoever loaded us. */
#include "arch/arch.h"
#include "arch_private.h"
#include "core/core.h"
#include "core/multiboot.h"
#include "core/print.h"
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

static struct {
    struct arch_entry entry;
    struct core core;
} boot_core;
static struct boot_plan boot_plan;

static void hold_memory(struct boot_plan *plan)
{
    phys_t image = (uintptr_t)kernel_image_start - KERNEL_OFFSET;
    phys_t end = (uintptr_t)kernel_image_end - KERNEL_OFFSET;

    boot_plan_hold(plan, 0, LOW_HELD_BYTES);
    boot_plan_hold(plan, image, end - image);
    boot_plan_hold(plan, PANIC_RECORD_AT, 4096);
    plan->panic_record = PANIC_RECORD_AT;
    boot_plan_hold_archive(plan, EARLY_MAP_END);
}

static void hold_devices(struct boot_plan *plan, const struct acpi_facts *facts)
{
    uint32_t bits = cpu_choice.physical_bits;

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

static void multiboot_read(phys_t info, struct boot_plan *plan)
{
    uint64_t room = EARLY_MAP_END - info;
    const char *wrong;

    room = room < MULTIBOOT2_BYTES_MAX ? room : MULTIBOOT2_BYTES_MAX;
    wrong = multiboot2_read(arch_phys_to_ptr(info), room, plan);
    if (wrong != NULL) {
        print_text("The boot information of the Multiboot2 loader cannot be used: ");
        arch_panic(wrong, __FILE__, __LINE__);
    }
}

static void loader_read(phys_t info, uint32_t magic, struct boot_plan *plan)
{
    if (magic == 0) {
        pvh_read(info, plan);
    } else if (magic == MULTIBOOT2_MAGIC) {
        multiboot_read(info, plan);
    } else {
        arch_panic("started neither by a PVH nor by a Multiboot2 loader", __FILE__, __LINE__);
    }
    if (plan->rsdp[0] == 0) {
        acpi_find_rsdp(plan);
    }
}

_Noreturn void arch_start(phys_t info, uint32_t magic)
{
    static struct acpi_facts facts;
    struct boot_plan *plan = &boot_plan;
    struct core *core = &boot_core.core;

    uart_init();
    arch_clock.base_tsc = arch_tsc();
    plan->core = core;
    loader_read(info, magic, plan);
    hold_memory(plan);
    cpu_choice = cpu_ask();
    defences_choose(plan->command_line);
    cpu_init(core, (uintptr_t)boot_stack_top, boot_ist_stacks);
    traps_init();
    fpu_init();
    paging_init(plan);
    acpi_read(plan->rsdp, &facts);
    lapic_init(facts.lapic, facts.dmar.forbids_x2apic);
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
