/* SPDX-License-Identifier: MIT */
/*
 * Entries of the tables of DMA remapping (Intel VT-d specification 3.x, 9.8: second-stage paging entries).
 * Levels are numbered as those of processors (pte.h). Pages can always be read: READ is implied.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"
#include "arch_impl/pte.h"

#define IO_PTE_READ (1ull << 0)
#define IO_PTE_WRITE (1ull << 1)
#define IO_PTE_LARGE (1ull << 7)

/* Addresses that units do not translate: writes there are interrupts (3.14). */
#define IO_HOLE_START 0xfee00000ull
#define IO_HOLE_END 0xfef00000ull

static inline bool io_pte_is_present(uint64_t pte)
{
    return (pte & IO_PTE_READ) != 0;
}

static inline bool io_pte_is_table(uint64_t pte, uint32_t level)
{
    return level != 0 && (pte & (IO_PTE_READ | IO_PTE_LARGE)) == IO_PTE_READ;
}

static inline phys_t io_pte_phys(uint64_t pte)
{
    return pte & PTE_ADDRESS;
}

static inline uint64_t io_pte_table(phys_t table)
{
    return table | IO_PTE_READ | IO_PTE_WRITE;
}

static inline uint64_t io_pte_page(phys_t page, uint32_t level, uint32_t prot)
{
    return page | IO_PTE_READ | ((prot & PTE_PROT_WRITE) != 0 ? IO_PTE_WRITE : 0) |
           (level > 0 ? IO_PTE_LARGE : 0);
}

static inline bool io_pte_may_write(uint64_t pte)
{
    return (pte & IO_PTE_WRITE) != 0;
}
