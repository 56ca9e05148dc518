/* SPDX-License-Identifier: MIT */
/* The time, without a system call, from the clock page that every program has. */
#pragma once

#include "abi/boot_info.h"
#include "abi/types.h"

#define NS_PER_US 1000ul
#define NS_PER_MS 1000000ul
#define NS_PER_S 1000000000ul

/** clock_now() - nanoseconds since boot. Never goes back. */
static inline ns_t clock_now(void)
{
    const struct clock_page *page = (const struct clock_page *)BOOT_CLOCK_ADDR;
    uint32_t low;
    uint32_t high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));

    uint64_t ticks = ((uint64_t)high << 32 | low) - page->base_tsc;

    return (ns_t)((unsigned __int128)ticks * page->mult >> page->shift) + page->base_ns;
}

/** sleep_until() - wait for a time, on a notification of the library's. Blocks: yes. */
void sleep_until(ns_t at_ns);
