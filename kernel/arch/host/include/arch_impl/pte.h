/* SPDX-License-Identifier: MIT */
/*
 * Page-table entries of the simulated machine: four levels as on x86-64, but every bit lies elsewhere,
 * so that code which knows a bit by its place does not work here. Level 0 entries map 4 KiB, level 1
 * entries a table or 2 MiB, level 2 a table or 1 GiB, level 3 (the root) only tables.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"

#define PTE_PRESENT (1ull << 63)
#define PTE_TABLE (1ull << 62) /* else a page */
#define PTE_WRITE (1ull << 61)
#define PTE_EXEC (1ull << 60)
#define PTE_ACCESSED (1ull << 59)
#define PTE_DIRTY (1ull << 58)
#define PTE_MAY_WRITE (1ull << 57) /* the frame allowed it when it was mapped */
#define PTE_MAY_EXEC (1ull << 56)
#define PTE_CACHE_LOW 52u
#define PTE_ADDRESS 0x000ffffffffff000ull

#define PTE_LEVELS 4u
#define PTE_ROOT_LEVEL 3u
#define PTE_PER_TABLE 512u
#define PTE_USER_IN_ROOT 256u

#define ARCH_USER_END 0x00007ffffffff000ull

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
    return level != 0 && (pte & PTE_PRESENT) != 0 && (pte & PTE_TABLE) != 0;
}

static inline phys_t pte_phys(uint64_t pte)
{
    return pte & PTE_ADDRESS;
}

static inline uint64_t pte_table(phys_t table)
{
    return table | PTE_PRESENT | PTE_TABLE;
}

static inline uint64_t pte_protection(uint32_t prot)
{
    return ((prot & PTE_PROT_WRITE) != 0 ? PTE_WRITE : 0) |
           ((prot & PTE_PROT_EXEC) != 0 ? PTE_EXEC : 0);
}

/** A user page. prot is what it may do now, may what the frame allows at most. */
static inline uint64_t pte_page(phys_t page, uint32_t level, uint32_t prot, uint32_t may,
                                uint32_t cache)
{
    (void)level;
    return page | PTE_PRESENT | pte_protection(prot) | (uint64_t)(cache & 3u) << PTE_CACHE_LOW |
           ((may & PTE_PROT_WRITE) != 0 ? PTE_MAY_WRITE : 0) |
           ((may & PTE_PROT_EXEC) != 0 ? PTE_MAY_EXEC : 0);
}

/** The same page with another protection. */
static inline void pte_protect(uint64_t *pte, uint32_t prot)
{
    *pte = (*pte & ~(PTE_WRITE | PTE_EXEC)) | pte_protection(prot);
}

/** Takes bits away. */
static inline void pte_forbid(uint64_t *pte, uint64_t bits)
{
    *pte &= ~bits;
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
