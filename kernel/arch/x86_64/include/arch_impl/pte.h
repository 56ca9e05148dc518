/* SPDX-License-Identifier: MIT */
/*
 * Page-table entries of 4-level paging (Intel SDM volume 3, 4.5). Level 0 entries map 4 KiB, level
 * 1 entries a table or 2 MiB, level 2 a table or 1 GiB, level 3 (the root) only tables.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"
#include "arch_impl/cores.h"

#define PTE_PRESENT (1ull << 0)
#define PTE_WRITE (1ull << 1)
#define PTE_USER (1ull << 2)
#define PTE_PWT (1ull << 3)
#define PTE_PCD (1ull << 4)
#define PTE_ACCESSED (1ull << 5)
#define PTE_DIRTY (1ull << 6)
#define PTE_LARGE (1ull << 7)
#define PTE_GLOBAL (1ull << 8)
#define PTE_MAY_WRITE (1ull << 9) /* ours: the frame allowed it when it was mapped */
#define PTE_MAY_EXEC (1ull << 10) /* ours */
#define PTE_NO_EXEC (1ull << 63)
#define PTE_ADDRESS 0x000ffffffffff000ull

#define PTE_LEVELS 4u
#define PTE_ROOT_LEVEL 3u
#define PTE_PER_TABLE 512u
#define PTE_USER_IN_ROOT 256u /* the root's entries below this one are the user's */

/* The last page below the hole is never mapped: sysret to behind it would fault in the kernel. */
#define ARCH_USER_END 0x00007ffffffff000ull

/* As in abi/idl/kernel.idl. */
#define PTE_PROT_READ 1u
#define PTE_PROT_WRITE 2u
#define PTE_PROT_EXEC 4u

static inline bool pte_is_present(uint64_t pte)
{
    return (pte & PTE_PRESENT) != 0;
}

/** Does an entry of that level lead to a table (not to a page, or nowhere)? */
static inline bool pte_is_table(uint64_t pte, uint32_t level)
{
    return level != 0 && (pte & (PTE_PRESENT | PTE_LARGE)) == PTE_PRESENT;
}

static inline phys_t pte_phys(uint64_t pte)
{
    return pte & PTE_ADDRESS;
}

static inline uint64_t pte_table(phys_t table)
{
    return table | PTE_PRESENT | PTE_WRITE | PTE_USER;
}

static inline uint64_t pte_protection(uint32_t prot)
{
    return ((prot & PTE_PROT_WRITE) != 0 ? PTE_WRITE : 0) |
           ((prot & PTE_PROT_EXEC) != 0 ? 0 : PTE_NO_EXEC);
}

/** cache: enum cache. boot programs the PAT so that PCD alone means write-combining. */
static inline uint64_t pte_cache(uint32_t cache)
{
    static const uint8_t bits[4] = { 0, PTE_PWT, PTE_PCD | PTE_PWT, PTE_PCD };

    return bits[cache & 3u];
}

/** A user page. prot is what it may do now, may what the frame allows at most. */
static inline uint64_t pte_page(phys_t page, uint32_t level, uint32_t prot, uint32_t may,
                                uint32_t cache)
{
    return page | PTE_PRESENT | PTE_USER | pte_protection(prot) | pte_cache(cache) |
           (level > 0 ? PTE_LARGE : 0) | ((may & PTE_PROT_WRITE) != 0 ? PTE_MAY_WRITE : 0) |
           ((may & PTE_PROT_EXEC) != 0 ? PTE_MAY_EXEC : 0);
}

/** The same page with another protection; what a processor marks in the entry meanwhile (accessed, dirty) stays. */
static inline void pte_protect(uint64_t *pte, uint32_t prot)
{
    uint64_t keep = ~(PTE_WRITE | PTE_NO_EXEC);
    uint64_t seen = *pte;

    if (ARCH_CORES == 1) {
        *pte = (seen & keep) | pte_protection(prot);
        return;
    }
    while (!__atomic_compare_exchange_n(pte, &seen, (seen & keep) | pte_protection(prot), false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

/** Takes bits away; what a processor marks in the entry meanwhile (accessed, dirty) stays. */
static inline void pte_forbid(uint64_t *pte, uint64_t bits)
{
    if (ARCH_CORES == 1) {
        __asm__ volatile("andq %1, %0" : "+m"(*pte) : "er"(~bits) : "cc");
    } else {
        __asm__ volatile("lock andq %1, %0" : "+m"(*pte) : "er"(~bits) : "cc");
    }
}

/** What protection may be asked for at most. */
static inline uint32_t pte_may(uint64_t pte)
{
    return PTE_PROT_READ | ((pte & PTE_MAY_WRITE) != 0 ? PTE_PROT_WRITE : 0u) |
           ((pte & PTE_MAY_EXEC) != 0 ? PTE_PROT_EXEC : 0u);
}

static inline uint32_t pte_index(user_addr_t addr, uint32_t level)
{
    return (uint32_t)(addr >> (12u + 9u * level)) & (PTE_PER_TABLE - 1u);
}

/** Bytes that one entry of that level covers. */
static inline uint64_t pte_span(uint32_t level)
{
    return 1ull << (12u + 9u * level);
}
