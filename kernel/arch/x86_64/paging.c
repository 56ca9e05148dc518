/* SPDX-License-Identifier: MIT */
/*
 * The kernel's half of every address space: the image, each part with its protection; the direct
 * map of all RAM (read and write, never execute); a window for device registers and firmware
 * tables. Made once, at boot; user spaces copy its root entries, so the tables below them are
 * shared.
 */
#include "arch/arch.h"
#include "arch_private.h"
#include "core/core.h"
#include "cpu.h"
#include "object/vspace.h"
#include "offsets.h"

#include "abi/trace.h"

#define FLAGS_DATA (PTE_PRESENT | PTE_WRITE | PTE_GLOBAL | PTE_ACCESSED | PTE_DIRTY | PTE_NO_EXEC)
#define FLAGS_RODATA (PTE_PRESENT | PTE_GLOBAL | PTE_ACCESSED | PTE_NO_EXEC)
#define FLAGS_TEXT (PTE_PRESENT | PTE_GLOBAL | PTE_ACCESSED)
#define FLAGS_DEVICE (FLAGS_DATA | PTE_PCD | PTE_PWT)

/* The window: one table's worth of pages, in the last GiB. */
#define WINDOW_START 0xffffffffc0000000ull
#define WINDOW_PAGES 512u

_Static_assert(TRACE_THREAD_PHYS(ARCH_DIRECT_MAP) == 0, "addresses in it say where a thread is");

struct paging {
    uint64_t *root;
    uint64_t *window;       /* its table */
    uint32_t window_fixed;  /* pages used by devices, from the start */
    uint32_t window_tables; /* pages used by firmware tables, from the end */
    bool has_1g;
};
static struct paging paging;
phys_t paging_kernel_root;
uint64_t paging_direct_entries;

static uint64_t *table_take(struct boot_plan *plan)
{
    return arch_phys_to_ptr(boot_plan_take(plan, 4096, 4096, EARLY_MAP_END));
}

/* The entry of that level for an address, in tables made where there are none. */
static uint64_t *entry_at(struct boot_plan *plan, uint64_t virtual, uint32_t level)
{
    uint64_t *table = paging.root;

    for (uint32_t at = PTE_ROOT_LEVEL; at > level; at--) {
        uint64_t *entry = &table[pte_index(virtual, at)];

        if (!pte_is_present(*entry)) {
            *entry = arch_ptr_to_phys(table_take(plan)) | PTE_PRESENT | PTE_WRITE;
        }
        table = arch_phys_to_ptr(pte_phys(*entry));
    }
    return &table[pte_index(virtual, level)];
}

static void map(struct boot_plan *plan, uint64_t virtual, phys_t phys, uint32_t level,
                uint64_t flags)
{
    *entry_at(plan, virtual, level) = phys | flags | (level > 0 ? PTE_LARGE : 0);
}

void paging_show(struct boot_plan *plan, const void *start, const void *end)
{
    bool is_text = start == arch_entry_start;
    uint64_t offset = (uintptr_t)start >= KERNEL_OFFSET ? KERNEL_OFFSET : ARCH_DIRECT_MAP;

    paging.root += PTE_PER_TABLE;
    for (uint64_t at = (uintptr_t)start & ~4095ull; at < (uintptr_t)end; at += 4096) {
        map(plan, at, at - offset, 0, is_text ? FLAGS_TEXT : FLAGS_DATA);
    }
    paging.root -= PTE_PER_TABLE;
}

static void map_image(struct boot_plan *plan, const uint8_t *start, const uint8_t *end,
                      uint64_t flags)
{
    for (uint64_t at = (uintptr_t)start; at < (uintptr_t)end; at += 4096) {
        if (at != (uintptr_t)boot_stack_guard) {
            map(plan, at, at - KERNEL_OFFSET, 0, flags);
        }
    }
}

/* Rounded out to 2 MiB: a range may share its first and last large page with others. */
static void map_direct(struct boot_plan *plan, const struct boot_range *range)
{
    uint64_t at = range->base & ~(pte_span(1) - 1);
    uint64_t end = range->base + range->size_bytes;

    while (at < end) {
        bool is_1g = paging.has_1g && at % pte_span(2) == 0 && end - at >= pte_span(2);
        uint32_t level = is_1g ? 2 : 1;

        map(plan, ARCH_DIRECT_MAP + at, at, level, FLAGS_DATA);
        at += pte_span(level);
    }
    if (at > paging_direct_entries * pte_span(PTE_ROOT_LEVEL)) {
        paging_direct_entries = (at - 1) / pte_span(PTE_ROOT_LEVEL) + 1;
    }
}

/*
 * Free RAM is mapped as it is now, before tables are taken from it: taking makes ranges smaller.
 * What is held (the image, the archive) lies in RAM too.
 */
void paging_init(struct boot_plan *plan)
{
    static struct boot_plan before;

    before = *plan;
    paging.has_1g = cpu_choice.has_1g_pages;
    paging.root = arch_phys_to_ptr(boot_plan_take(plan, VSPACE_ROOT_BYTES, 4096, EARLY_MAP_END));
    paging_kernel_root = arch_ptr_to_phys(paging.root);
    for (uint32_t i = 0; i < before.ram_count; i++) {
        map_direct(plan, &before.ram[i]);
    }
    for (uint32_t i = 0; i < before.held_count; i++) {
        map_direct(plan, &before.held[i]);
    }
    map_image(plan, kernel_image_start, kernel_rodata_start, FLAGS_TEXT);
    map_image(plan, kernel_rodata_start, kernel_data_start, FLAGS_RODATA);
    map_image(plan, kernel_data_start, kernel_image_end, FLAGS_DATA);
    paging.window = entry_at(plan, WINDOW_START, 0);
    if (defences_has_pti()) {
        paging_show(plan, arch_entry_start, arch_entry_end);
        paging_show(plan, arch_shown_start, arch_shown_end);
        paging_show(plan, arch_entry_of(plan->core), plan->core);
        *(phys_t *)arch_phys_to_ptr((uintptr_t)&arch_panic_root - KERNEL_OFFSET) =
            paging_kernel_root;
    }
    msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_NXE);
    plan->core->arch.root = paging_kernel_root;
    cr3_write(paging_kernel_root);
}

static void *window_map(uint32_t first, phys_t phys, uint32_t pages, uint64_t flags)
{
    for (uint32_t i = 0; i < pages; i++) {
        uint64_t virtual = WINDOW_START + (uint64_t)(first + i) * 4096;

        paging.window[first + i] = ((phys & ~4095ull) + (uint64_t)i * 4096) | flags;
        arch_tlb_flush_page(virtual);
    }
    return (void *)(uintptr_t)(WINDOW_START + (uint64_t)first * 4096 + phys % 4096);
}

void *paging_map_stack(phys_t phys, uint64_t size_bytes)
{
    uint32_t pages = (uint32_t)(size_bytes / 4096);

    assert(paging.window_fixed + paging.window_tables + pages + 1 <= WINDOW_PAGES);
    paging.window_fixed += pages + 1;
    return window_map(paging.window_fixed - pages, phys, pages, FLAGS_DATA);
}

static uint32_t pages_of(phys_t phys, uint64_t size_bytes)
{
    return (uint32_t)((phys % 4096 + size_bytes + 4095) / 4096);
}

void *paging_map_device(phys_t phys, uint64_t size_bytes)
{
    uint32_t pages = pages_of(phys, size_bytes);

    assert(paging.window_fixed + paging.window_tables + pages <= WINDOW_PAGES);
    paging.window_fixed += pages;
    return window_map(paging.window_fixed - pages, phys, pages, FLAGS_DEVICE);
}

const void *paging_map_table(phys_t phys, uint64_t size_bytes)
{
    uint64_t room = (WINDOW_PAGES - paging.window_fixed - paging.window_tables) * 4096ull;

    if (size_bytes + 4096 > room) {
        return NULL;
    }
    uint32_t pages = pages_of(phys, size_bytes);

    paging.window_tables += pages;
    return window_map(WINDOW_PAGES - paging.window_tables, phys, pages, FLAGS_RODATA);
}

void paging_unmap_tables(void)
{
    for (uint32_t i = WINDOW_PAGES - paging.window_tables; i < WINDOW_PAGES; i++) {
        paging.window[i] = 0;
        arch_tlb_flush_page(WINDOW_START + (uint64_t)i * 4096);
    }
    paging.window_tables = 0;
}
