/* SPDX-License-Identifier: MIT */
/*
 * What this ISA keeps per core. It is the second member of struct core: entry.S finds it through
 * gs.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"
#include "arch_impl/cores.h"

struct core;
struct thread;

#define ARCH_GDT_ENTRIES 8u
#define ARCH_STACK_BYTES 16384u
#define ARCH_IST_BYTES 4096u
#define ARCH_IST_STACKS 4u /* of #DB, NMI, #DF and #MC */

/* SDM volume 3, figure 8-11. io_map_base lies past the limit: no port is allowed to anybody. */
struct arch_tss {
    uint32_t reserved0;
    uint32_t rsp0_low, rsp0_high;
    uint32_t rsp_unused[4];
    uint32_t reserved1[2];
    uint32_t ist[7][2]; /* low, high */
    uint32_t reserved2[2];
    uint16_t reserved3;
    uint16_t io_map_base;
};

/* The page before struct core: all of a core that user mode's tables have with PTI. */
struct arch_entry {
    _Alignas(4096) struct arch_tss tss;
    uint64_t gdt[ARCH_GDT_ENTRIES];
    /* For what an exception of user mode and iretq have on it; the first word is scratch before that. */
    _Alignas(16) uint64_t stack[8];
};

struct arch_core {
    struct core *self;
    uint64_t stack_top;
    uint64_t scratch;     /* a register of the user's, at the entry of a system call */
    uint64_t pending_any; /* a vector is noted below */
    uint64_t pending[4]; /* vectors that arrived while the kernel ran, not yet handed to the core */

    struct thread *fpu_owner; /* whose state is in the FPU */
    _Atomic phys_t root;      /* in CR3; written before that is */
    uint64_t fs_base;         /* loaded; */
    uint64_t gs_base;         /* in KERNEL_GS_BASE while the kernel runs */
    uint64_t
        frame_top; /* where an exception of user mode and iretq have their frame: stack_top, or with PTI in arch_entry */
    bool fpu_is_off; /* CR0.TS is set */

    /* With several cores (docs/locking.md). */
    uint32_t apic_id;
    uint8_t *ist_stacks;    /* until it has started */
    _Atomic uint32_t start; /* enum core_start */

    /* What others write or wait for, in a line of its own. */
    _Alignas(64) _Atomic bool own_lock;
    _Atomic bool is_outside; /* in user mode, or on the way there or back, with any registers */
    /* Guarded by the own lock. */
    bool is_idle;           /* halted: an interrupt wakes it */
    bool is_poked;          /* before it leaves the kernel it looks at what another core changed */
    _Atomic bool is_wanted; /* who has all waits for own_lock: it is not taken before him */
    _Atomic uint32_t wants; /* enum core_want, of who has all locks and waits until it is 0 */

    /* How often others asked it to drop all translations, and which time it has done so: docs/locking.md, "Translations". */
    _Atomic uint32_t flushes_wanted;
    _Atomic uint32_t flushes_done;

    /* Whose programs ran last, with defences on (defences.c); 0: none's that is left. Who destroys a space sets it, for any core. */
    _Atomic phys_t guarded_root;
};

static inline struct arch_entry *arch_entry_of(const struct core *core)
{
    return (struct arch_entry *)((uintptr_t)core - sizeof(struct arch_entry));
}
