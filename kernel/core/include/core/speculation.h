/* SPDX-License-Identifier: MIT */
/*
 * Which defences against speculation a processor needs, and which this kernel can switch on there. A pure function of what CPUID says:
 * docs/kernel/hardening.md.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum speculation_defence {
    SPECULATION_PTI = 1 << 0,       /* two roots for each space: Meltdown */
    SPECULATION_RETPOLINE = 1 << 1, /* no indirect branch of the kernel is predicted */
    SPECULATION_EIBRS = 1 << 2,     /* none by what user mode taught: once for each core */
    SPECULATION_IBPB = 1 << 3, /* at each change of the address space: forget indirect branches; */
    SPECULATION_RSB = 1 << 4,  /* overwrite the predictions of returns */
    SPECULATION_VERW = 1 << 5, /* on each way out: overwrite buffers between core and caches */
    SPECULATION_BHB = 1 << 6,  /* user mode's branch history does not count: once for each core; */
    SPECULATION_BHB_LOOP = 1 << 7 /* it is overwritten on each way in */
};
#define SPECULATION_COUNT 8u
#define SPECULATION_AT_SWITCH (SPECULATION_IBPB | SPECULATION_RSB)

struct speculation_facts {
    bool is_intel;
    bool is_amd;
    bool is_emulated;      /* by QEMU's TCG, which does not speculate */
    uint32_t leaf7_b;      /* CPUID 7, part 0: ebx */
    uint32_t leaf7_d;      /* edx */
    uint32_t leaf7_2_d;    /* CPUID 7, part 2: edx */
    uint32_t leaf8_b;      /* CPUID 80000008h: ebx */
    uint32_t leaf21_a;     /* CPUID 80000021h: eax */
    uint64_t capabilities; /* IA32_ARCH_CAPABILITIES; 0 if there is none */
};

struct speculation_choice {
    uint32_t on;      /* chosen and possible */
    uint32_t missing; /* chosen, but this processor cannot do it or this kernel has it not */
    bool is_garbled;  /* the text has a word that means nothing; it was skipped */
};

/** wish: what stands behind mitigations=; "off", or names with commas between them; "auto" or NULL: what the processor needs. */
struct speculation_choice speculation_choose(const struct speculation_facts *facts,
                                             const char *wish);
/** The name of one defence, as the command line has it. */
const char *speculation_name(uint32_t number);
