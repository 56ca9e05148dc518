/* SPDX-License-Identifier: MIT */
/*
 * The parts of arch.h that are a few instructions long. They come before arch.h's declarations,
 * which then mean these.
 */
#pragma once

#include <stdint.h>

#include "abi/types.h"

/* All physical memory, from here on; reaches everything up to 64 TiB. */
#define ARCH_DIRECT_MAP 0xffff800000000000ull

#define ARCH_CLOCK_SHIFT 32u

struct arch_clock {
    uint64_t base_tsc;
    uint64_t mult; /* ns = (tsc - base_tsc) * mult >> ARCH_CLOCK_SHIFT */
};
extern struct arch_clock arch_clock;

static inline void *arch_phys_to_ptr(phys_t phys)
{
    return (void *)(uintptr_t)(phys + ARCH_DIRECT_MAP);
}

/** pointer lies in the direct map. */
static inline phys_t arch_ptr_to_phys(const void *pointer)
{
    return (uintptr_t)pointer - ARCH_DIRECT_MAP;
}

static inline uint64_t arch_tsc(void)
{
    uint32_t low;
    uint32_t high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline ns_t arch_now(void)
{
    unsigned __int128 product =
        (unsigned __int128)(arch_tsc() - arch_clock.base_tsc) * arch_clock.mult;

    return (ns_t)(product >> ARCH_CLOCK_SHIFT);
}

static inline void arch_tlb_flush_page(user_addr_t addr)
{
    __asm__ volatile("invlpg (%0)" ::"r"(addr) : "memory");
}

static inline void arch_memory_clear(void *start, uint64_t size_bytes)
{
    uint64_t words = size_bytes / 8;
    uint64_t bytes = size_bytes % 8;

    __asm__ volatile("rep stosq" : "+D"(start), "+c"(words) : "a"(0ull) : "memory");
    __asm__ volatile("rep stosb" : "+D"(start), "+c"(bytes) : "a"(0ull) : "memory");
}

static inline void arch_memory_copy_words(uint64_t *dst, const uint64_t *src, uint64_t count)
{
    __asm__ volatile("rep movsq" : "+D"(dst), "+S"(src), "+c"(count)::"memory");
}
