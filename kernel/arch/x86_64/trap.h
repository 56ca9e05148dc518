/* SPDX-License-Identifier: MIT */
/* From entry.S into C, and the way out when interrupts wait or nobody can run (trap.c, cores.c). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct arch_fault;
struct core;

/** An interrupt or an exception, from user mode. */
void arch_on_vector(struct core *core, uint64_t vector, uint64_t error);

/** False for an exception whose instruction is done: unlike a fault it does not come again when the thread goes on. */
bool vector_comes_again(uint64_t vector);

/** What an exception of the current thread is to the core. */
struct arch_fault fault_of(struct core *core, uint64_t vector, uint64_t error);

/** The next that is noted in core->arch.pending, and not any more. */
bool pending_next(struct core *core, uint32_t *vector);

/* one/cores.c or many/cores.c */
/** Does another core wait for what this one holds? */
bool cores_wait(void);
