/* SPDX-License-Identifier: MIT */
/* What a PVH loader hands over: xen/include/public/arch-x86/hvm/start_info.h, version 1. */
#include "arch/arch.h"
#include "arch_private.h"
#include "core/core.h"
#include "core/print.h"

#define PVH_MAGIC 0x336ec578u
#define MEMORY_RAM 1u
#define ENTRIES_MAX 128u

struct start_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t module_count;
    uint64_t modules;
    uint64_t command_line;
    uint64_t rsdp;
    uint64_t memory_map; /* from version 1 on */
    uint32_t memory_map_count;
    uint32_t reserved;
};
_Static_assert(sizeof(struct start_info) == 56, "fixed by the protocol");

struct module {
    uint64_t base;
    uint64_t size_bytes;
    uint64_t command_line;
    uint64_t reserved;
};

struct memory {
    uint64_t base;
    uint64_t size_bytes;
    uint32_t type;
    uint32_t reserved;
};

void pvh_read(phys_t start_info, struct boot_plan *plan)
{
    const struct start_info *info = arch_phys_to_ptr(start_info);

    if (info->magic != PVH_MAGIC) {
        arch_panic("not started by a PVH loader", __FILE__, __LINE__);
    }
    if (info->version < 1 || info->memory_map == 0 || info->memory_map_count == 0) {
        arch_panic("the loader gave no memory map (PVH version 1)", __FILE__, __LINE__);
    }
    const struct memory *map = arch_phys_to_ptr(info->memory_map);

    for (uint32_t i = 0; i < info->memory_map_count && i < ENTRIES_MAX; i++) {
        if (map[i].type == MEMORY_RAM) {
            boot_plan_add_ram(plan, map[i].base, map[i].size_bytes);
        }
    }
    if (info->module_count > 0) {
        const struct module *module = arch_phys_to_ptr(info->modules);

        plan->archive = module->base;
        plan->archive_bytes = module->size_bytes;
    }
    if (info->command_line != 0) {
        boot_plan_set_line(plan, arch_phys_to_ptr(info->command_line), UINT64_MAX);
    }
    if (info->rsdp != 0 && info->rsdp <= EARLY_MAP_END - BOOT_RSDP_BYTES) {
        acpi_take_rsdp(plan, info->rsdp);
    }
}
