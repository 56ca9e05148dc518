/* SPDX-License-Identifier: MIT */
/* See boot_machine.h. */
#include "boot_machine.h"

#include <string.h>

#include "arch/arch.h"
#include "arch_host/machine.h"
#include "core/core.h"
#include "situation.h"

enum { RECORD_AT = 0, ARCHIVE_AT = 16 * PAGE }; /* offsets in RAM */

static struct boot_plan plan;

static void add_memory(const struct boot_setting *setting)
{
    if (!setting->is_scattered) {
        boot_plan_add_ram(&plan, HOST_RAM_BASE, BOOT_RAM_BYTES);
        boot_plan_hold(&plan, HOST_RAM_BASE + BOOT_HOLE_AT, 3 * PAGE);
        return;
    }
    boot_plan_add_ram(&plan, HOST_RAM_BASE, 4 << 20);
    for (uint32_t i = 0; i < BOOT_PIECES; i++) {
        boot_plan_add_ram(&plan, HOST_RAM_BASE + (4u << 20) + i * 2ull * PAGE, PAGE);
    }
}

static void machine_make(const struct boot_setting *setting)
{
    phys_t archive = HOST_RAM_BASE + ARCHIVE_AT + setting->archive_shift;

    host_start(&(struct host_options){ .ram_bytes = BOOT_RAM_BYTES, .tick_ns = 10 });
    memset(arch_phys_to_ptr(HOST_RAM_BASE), 0xa5, BOOT_RAM_BYTES);
    plan = (struct boot_plan){
        .core = host_core(0),
        .device_end = BOOT_DEVICE_END,
        .rsdp = "RSD PTR ",
        .framebuffer = { .base = 0xfd000000, .width = 640, .pixel_bits = 32 },
        .clock_base_tsc = 77,
        .clock_mult = 88,
        .clock_shift = 9,
        .panic_record = HOST_RAM_BASE + RECORD_AT,
    };
    boot_plan_set_line(&plan, setting->command_line != NULL ? setting->command_line : "",
                       UINT64_MAX);
    add_memory(setting);
    boot_plan_hold(&plan, plan.panic_record, PAGE);
    if (setting->has_no_archive) {
        return;
    }
    boot_archive_make(arch_phys_to_ptr(archive), &setting->program);
    *(uint8_t *)arch_phys_to_ptr(archive) ^= setting->spoils;
    plan.archive = archive;
    plan.archive_bytes = ARCHIVE_BYTES;
    boot_plan_hold(&plan, archive, ARCHIVE_BYTES);
    for (uint32_t i = 0; i < 20 && setting->has_devices; i++) {
        boot_plan_hold(&plan, 0xc0000000 + i * 2ull * PAGE, PAGE);
        boot_plan_hold(&plan, 0x140000000 + i * 2ull * PAGE, PAGE);
    }
    if (setting->has_devices) {
        boot_plan_hold(&plan, BOOT_DEVICE_END + PAGE, PAGE);
    }
}

void boot_machine(const void *setting)
{
    machine_make(setting);
    core_boot(&plan);
}

const struct boot_plan *boot_machine_plan(void)
{
    return &plan;
}
