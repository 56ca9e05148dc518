/* SPDX-License-Identifier: MIT */
/*
 * The simulated processor's view of memory. Its TLB keeps every translation and every table walked until
 * the kernel flushes it; host_check_core() says when one is left that the page tables no longer back.
 * Must stay true: nothing is flushed here but what the kernel asked for.
 */
#include "machine.h"

#include <stdio.h>
#include <string.h>

#include "object/vspace.h"

#define ROOT_MARK                                                                                  \
    0x686f73742d726f6full /* in the kernel's half of a root: arch_vspace_root_init() ran */

static uint64_t *table_at(phys_t table)
{
    return arch_phys_to_ptr(table);
}

void arch_call(struct core *core, struct cap *cap, void (*function)(struct core *, struct cap *))
{
    function(core, cap);
}

void arch_vspace_root_init(uint64_t *root)
{
    root[PTE_PER_TABLE - 1] = ROOT_MARK;
}

/* --- The TLB ----------------------------------------------------------------------------------- */

static void tlb_flush(struct host_core *core)
{
    for (uint32_t i = 0; i < HOST_TLB_ENTRIES; i++) {
        core->tlb[i].is_valid = false;
    }
}

static void space_load(struct host_core *core, phys_t root)
{
    if (root != 0 && table_at(root)[PTE_PER_TABLE - 1] != ROOT_MARK) {
        host_fail("the kernel loads something that is not the root of an address space");
    }
    core->root = root;
    tlb_flush(core);
}

void arch_vspace_leave(struct core *core, phys_t root)
{
    struct host_core *simulated = &host.cores[core->arch.host_number];

    if (simulated->root == root) {
        space_load(simulated, 0);
    }
}

void arch_tlb_flush_all(void)
{
    tlb_flush(host_active());
}

/* As the instruction does: the page, and everything remembered of upper levels. */
static void tlb_flush_page(struct host_core *core, user_addr_t addr)
{
    for (uint32_t i = 0; i < HOST_TLB_ENTRIES; i++) {
        struct host_tlb_entry *entry = &core->tlb[i];

        if (entry->level != 0 || addr - entry->start < entry->size_bytes) {
            entry->is_valid = false;
        }
    }
}

void arch_tlb_flush_page(user_addr_t addr)
{
    tlb_flush_page(host_active(), addr);
}

void arch_flush_others(struct core *core, phys_t root)
{
    (void)core;
    for (uint32_t i = 0; i < ARCH_CORES; i++) {
        if (i != host.active && host.cores[i].root == root) {
            tlb_flush(&host.cores[i]);
        }
    }
}

static void tlb_add(struct host_core *core, const struct host_tlb_entry *added)
{
    for (uint32_t i = 0; i < HOST_TLB_ENTRIES; i++) {
        struct host_tlb_entry *entry = &core->tlb[i];

        if (entry->is_valid && entry->level == added->level && entry->start == added->start) {
            *entry = *added;
            return;
        }
    }
    core->tlb[core->tlb_next] = *added;
    core->tlb_next = (core->tlb_next + 1) % HOST_TLB_ENTRIES;
}

static struct host_tlb_entry *tlb_find(struct host_core *core, user_addr_t addr)
{
    for (uint32_t i = 0; i < HOST_TLB_ENTRIES; i++) {
        struct host_tlb_entry *entry = &core->tlb[i];

        if (entry->is_valid && entry->level == 0 && addr - entry->start < entry->size_bytes) {
            return entry;
        }
    }
    return NULL;
}

/* --- Walking ----------------------------------------------------------------------------------- */

/* The entry that maps addr, or NULL; remembers the tables passed if core is given. */
static uint64_t *walk(struct host_core *core, phys_t root, user_addr_t addr, uint32_t *level)
{
    uint64_t *table = table_at(root);

    for (*level = PTE_ROOT_LEVEL;; (*level)--) {
        uint64_t *entry = &table[pte_index(addr, *level)];

        if (!pte_is_present(*entry)) {
            return NULL;
        }
        if (!pte_is_table(*entry, *level)) {
            return entry;
        }
        if (core != NULL) {
            tlb_add(core, &(struct host_tlb_entry){ .is_valid = true,
                                                    .level = (uint8_t)*level,
                                                    .start = addr & ~(pte_span(*level) - 1),
                                                    .size_bytes = pte_span(*level),
                                                    .phys = pte_phys(*entry) });
        }
        table = table_at(pte_phys(*entry));
    }
}

static struct host_tlb_entry translation(uint64_t pte, uint32_t level, user_addr_t addr)
{
    return (struct host_tlb_entry){
        .is_valid = true,
        .write = (pte & PTE_WRITE) != 0,
        .exec = (pte & PTE_EXEC) != 0,
        .dirty = (pte & PTE_DIRTY) != 0,
        .start = addr & ~(pte_span(level) - 1),
        .size_bytes = pte_span(level),
        .phys = pte_phys(pte),
    };
}

static bool allows(const struct host_tlb_entry *entry, uint32_t access)
{
    return ((access & HOST_WRITE) == 0 || (entry->write && entry->dirty)) &&
           ((access & HOST_EXEC) == 0 || entry->exec);
}

uint32_t host_user_access(struct core *core, user_addr_t addr, uint32_t access, phys_t *phys)
{
    struct host_core *simulated = &host.cores[core->arch.host_number];
    struct host_tlb_entry *known = tlb_find(simulated, addr);
    uint32_t level;

    if (known != NULL && allows(known, access)) {
        *phys = known->phys + (addr - known->start);
        return 0;
    }
    if (addr >= ARCH_USER_END || simulated->root == 0) {
        return FAULT_NOT_PRESENT;
    }
    uint64_t *pte = walk(simulated, simulated->root, addr, &level);

    if (pte == NULL) {
        return FAULT_NOT_PRESENT;
    }
    if (((access & HOST_WRITE) != 0 && (*pte & PTE_WRITE) == 0) ||
        ((access & HOST_EXEC) != 0 && (*pte & PTE_EXEC) == 0)) {
        return FAULT_PROTECTION;
    }
    *pte |= PTE_ACCESSED | ((access & HOST_WRITE) != 0 ? PTE_DIRTY : 0);

    struct host_tlb_entry found = translation(*pte, level, addr);

    tlb_add(simulated, &found);
    *phys = found.phys + (addr - found.start);
    return 0;
}

/* --- Threads ----------------------------------------------------------------------------------- */

void arch_thread_enter(struct core *core, struct thread *next)
{
    struct host_core *simulated = &host.cores[core->arch.host_number];

    simulated->entered = next;
    if (next == NULL) {
        return;
    }
    next->arch.was_entered = true;
    if (next->has_fpu) {
        simulated->fpu_owner = next;
    }
    if (next->space != NULL && next->space->root != simulated->root) {
        space_load(simulated, next->space->root);
    }
}

void arch_thread_forget(struct core *core, struct thread *thread)
{
    struct host_core *simulated = &host.cores[core->arch.host_number];

    if (simulated->entered == thread) {
        simulated->entered = NULL;
    }
    if (simulated->fpu_owner == thread) {
        simulated->fpu_owner = NULL;
    }
    thread->arch.was_entered = false;
}

void arch_thread_leave(struct core *core, struct thread *thread)
{
    arch_thread_forget(core, thread);
}

const struct thread *host_fpu_owner(uint32_t core)
{
    return host.cores[core].fpu_owner;
}

phys_t host_loaded_root(uint32_t core)
{
    return host.cores[core].root;
}

/* --- Checking ---------------------------------------------------------------------------------- */

static const char *stale(phys_t root, const struct host_tlb_entry *entry)
{
    uint64_t *table = table_at(root);
    uint32_t level = PTE_ROOT_LEVEL;
    uint64_t pte = table[pte_index(entry->start, level)];

    while (pte_is_table(pte, level) && level > entry->level) {
        table = table_at(pte_phys(pte));
        level--;
        pte = table[pte_index(entry->start, level)];
    }
    if (!pte_is_present(pte)) {
        return "has gone";
    }
    if (entry->level != 0) {
        return !pte_is_table(pte, level) || pte_phys(pte) != entry->phys ? "has changed" : NULL;
    }
    if (pte_is_table(pte, level) || pte_phys(pte) != entry->phys ||
        pte_span(level) != entry->size_bytes) {
        return "maps something else now";
    }
    if ((entry->write && (pte & PTE_WRITE) == 0) || (entry->exec && (pte & PTE_EXEC) == 0)) {
        return "allows less now";
    }
    if ((pte & PTE_ACCESSED) == 0 || (entry->dirty && (pte & PTE_DIRTY) == 0)) {
        return "was harvested";
    }
    return NULL;
}

static bool check_tlb(const struct host_core *core, char *why, uint32_t why_bytes)
{
    for (uint32_t i = 0; i < HOST_TLB_ENTRIES && core->root != 0; i++) {
        const struct host_tlb_entry *entry = &core->tlb[i];
        const char *wrong = entry->is_valid ? stale(core->root, entry) : NULL;

        if (wrong != NULL) {
            snprintf(why, why_bytes, "the TLB still holds %s at %#llx, which %s",
                     entry->level == 0 ? "the page" : "a table", (unsigned long long)entry->start,
                     wrong);
            return false;
        }
    }
    return true;
}

bool host_check_core(const struct core *core, char *why, uint32_t why_bytes)
{
    const struct host_core *simulated = &host.cores[core->arch.host_number];
    const struct thread *thread = core->current;

    if (host_is_poked(core)) {
        thread = NULL; /* it looks before it resumes anything */
    }
    if (thread != NULL && simulated->entered != thread) {
        snprintf(why, why_bytes, "the current thread was not entered");
        return false;
    }
    if (thread != NULL && thread->space != NULL && thread->space->root != simulated->root) {
        snprintf(why, why_bytes, "another address space is loaded than the current thread's");
        return false;
    }
    return check_tlb(simulated, why, why_bytes);
}
