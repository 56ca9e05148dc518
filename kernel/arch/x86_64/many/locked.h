/* SPDX-License-Identifier: MIT */
/* Into the lock and out of it: docs/locking.md. */
#pragma once

#include <stdint.h>

struct core;

/** Takes the locks of all; registers of the thread that ran are saved. Interrupts are off. */
void kernel_enter(struct core *core);

/** Looks at what others left for this core, then gives the locks back. Who runs next stays core->current. */
void kernel_leave(struct core *core);

/* What entry.S calls. */
void locked_on_syscall(struct core *core);
void locked_on_vector(struct core *core, uint64_t vector, uint64_t error);
void locked_leave_slowly(struct core *core);

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
