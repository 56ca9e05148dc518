/* SPDX-License-Identifier: MIT */
/*
 * What a thread keeps while it does not run. entry.S knows the order of struct arch_registers: it
 * pushes and pops words to sp in one go. offsets.h gives it the numbers, and offsets.c asserts that
 * they are right.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"
#include "arch_impl/fast.h"

#define ARCH_SYSCALL_BYTES 2u     /* of the instruction */
#define ARCH_FLAGS_PLAIN 0x202ull /* interrupts are on, nothing else */

struct arch_registers {
    uint64_t words[8]; /* rbx r8 r9 r10 r12 r13 r14 r15 */
    uint64_t op;       /* rax */
    uint64_t info;     /* rdi */
    uint64_t time;     /* rsi */
    uint64_t bits;     /* rdx */
    uint64_t rbp;
    uint64_t ip;
    uint64_t flags;
    uint64_t sp;
    uint64_t rcx; /* these two only when must_iret: a system call loses them */
    uint64_t r11;
    uint64_t fs_base;
    uint64_t gs_base;
    /*
     * Leave by iretq: set when entered by interrupt or exception and when another thread wrote the
     * registers; cleared as the thread leaves the kernel.
     */
    bool must_iret;
    /* Has an FPU, or a segment base that is not 0: more than an address space changes with it. See fast.S. */
    bool is_special;
    uint8_t
        trap; /* vector of an exception that is still to be told of, before the thread goes on; 0: none */
    bool fpu_is_saved; /* in arch_thread.fpu; until then it starts with the initial state */
};

/*
 * XSAVE area in standard form up to the end of AVX-512 (SDM volume 1, 13.4); boot checks it against
 * CPUID.
 */
#define ARCH_FPU_BYTES 2688u

struct arch_thread {
    _Alignas(64) uint8_t fpu[ARCH_FPU_BYTES];
};
