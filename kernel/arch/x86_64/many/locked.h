/* SPDX-License-Identifier: MIT */
/* Into the lock and out of it: docs/locking.md. */
#pragma once

#include <stdint.h>

#include "abi/types.h"

struct core;

/* What is asked of another core (others.c). */
enum core_want { WANT_LEAVE_SPACE = 1, WANT_FPU = 2 };

/** Takes the locks of all; registers of the thread that ran are saved. Interrupts are off. */
void kernel_enter(struct core *core);

/** Looks at what others left for this core, then gives the locks back. Who runs next stays core->current. */
void kernel_leave(struct core *core);

/*
 * What entry.S calls. It takes the own lock itself, if that is free; locked_on_*() is called when it was not, locked_on_letters() when it
 * was and something is in the inbox, locked_left_*() when it was but what it did wants more than to give it back.
 */
void locked_on_syscall(struct core *core);
void locked_on_vector(struct core *core, uint64_t vector, uint64_t error);
void locked_on_letters(struct core *core);
void locked_left_syscall(struct core *core);
void locked_left_vector(struct core *core, uint64_t vector, uint64_t error);
void arch_leave_slowly(struct core *core);

/** lapic_init() for this other core; the registers' place is known. */
void lapic_init_other(void);
/** The two that start a core at a page below 1 MiB, and one that cannot be masked. */
void lapic_send_init(uint32_t id);
void lapic_send_nmi(uint32_t id);
void lapic_send_start(uint32_t id, phys_t page);

/** What the core's FPU holds is in its thread now, and nobody's. */
void fpu_release(struct core *core);

/** Drops all translations if others asked for it. Wherever a core waits for anything, and before it leaves the kernel. */
void flushes_serve(struct core *core);

/* trampoline.S: another core's first code, copied to OTHERS_START, and what it is to begin with. */
extern uint8_t others_code[];
extern uint8_t others_code_end[];
struct others_begin {
    uint64_t root; /* below 4 GiB */
    uint64_t stack_top;
    struct core *core;
};
extern struct others_begin others_begin;
_Noreturn void arch_start_other(struct core *core);
