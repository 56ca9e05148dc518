/* SPDX-License-Identifier: MIT */
/*
 * Entries of the tables of the simulated DMA remapping unit: as many levels as it says, every bit in another place than in
 * pte.h, so that code which takes one for the other does not work.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"
#include "arch_impl/pte.h"

#define IO_PTE_PRESENT (1ull << 1)
#define IO_PTE_PAGE (1ull << 2) /* else a table */
#define IO_PTE_WRITE (1ull << 5)
#define IO_PTE_SHIFT 8u /* addresses stand 8 bits higher */

#define IO_HOLE_START 0x608000ull
#define IO_HOLE_END 0x60c000ull

static inline bool io_pte_is_present(uint64_t pte)
{
    return (pte & IO_PTE_PRESENT) != 0;
}

static inline bool io_pte_is_table(uint64_t pte, uint32_t level)
{
    return level != 0 && io_pte_is_present(pte) && (pte & IO_PTE_PAGE) == 0;
}

static inline phys_t io_pte_phys(uint64_t pte)
{
    return (pte >> IO_PTE_SHIFT) & PTE_ADDRESS;
}

static inline uint64_t io_pte_table(phys_t table)
{
    return table << IO_PTE_SHIFT | IO_PTE_PRESENT;
}

static inline uint64_t io_pte_page(phys_t page, uint32_t level, uint32_t prot)
{
    (void)level;
    return page << IO_PTE_SHIFT | IO_PTE_PRESENT | IO_PTE_PAGE |
           ((prot & PTE_PROT_WRITE) != 0 ? IO_PTE_WRITE : 0);
}

static inline bool io_pte_may_write(uint64_t pte)
{
    return (pte & IO_PTE_WRITE) != 0;
}
