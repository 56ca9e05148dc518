/* SPDX-License-Identifier: MIT */
/*
 * Which of its paths the kernel takes on a processor: a function of what CPUID says and nothing else (SDM volume 2, CPUID; AMD's manual
 * volume 3, appendix E), so that processors can be invented (test/processor_test.c).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/speculation.h"

#define CR4_PAE (1ull << 5)
#define CR4_MCE (1ull << 6)
#define CR4_PGE (1ull << 7)
#define CR4_OSFXSR (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define CR4_UMIP (1ull << 11)
#define CR4_OSXSAVE (1ull << 18)
#define CR4_SMEP (1ull << 20)
#define CR4_SMAP (1ull << 21)

struct cpuid {
    uint32_t a, b, c, d;
};

/* What it says; beyond its last leaf, which the first of each range tells, that may be anything. */
struct cpuid_words {
    struct cpuid leaf0, leaf1, leaf7, leaf7_2, leaf15, leaf16; /* leaf7_2: part 2 */
    struct cpuid guest0, guest10;             /* from 40000000h on: a hypervisor's */
    struct cpuid more0, more1, more8, more21; /* from 80000000h on */
};

struct processor_choice {
    bool has_nx; /* else this is no processor for us */
    bool has_1g_pages;
    bool has_x2apic;
    bool by_deadline;  /* the timer: else it counts down */
    bool must_measure; /* the frequency of the counter or of the timer */
    uint32_t physical_bits;
    uint64_t tsc_hz;                /* as told; 0: not */
    uint64_t cr4;                   /* without PGE, which depends on PTI, and OSXSAVE */
    struct speculation_facts facts; /* all but capabilities, which are in an MSR */
};

struct processor_choice processor_choose(const struct cpuid_words *said);
/** Firmware may ask not to use x2APIC; but where it is on already there is no way back but by switching the controller off. */
static inline bool processor_takes_x2apic(const struct processor_choice *choice, bool is_forbidden,
                                          bool is_on)
{
    return is_on || (choice->has_x2apic && !is_forbidden);
}
