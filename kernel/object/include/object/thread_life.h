/* SPDX-License-Identifier: MIT */
/* Threads from creation to destruction. */
#pragma once

#include "object/thread.h"

/** A new thread: INACTIVE, no table, no space. Its memory is zero. */
void thread_init(struct thread *thread, uint32_t rank, bool has_fpu);

/**
 * thread_configure() - set table and space, from capabilities.
 * Errors: as cap_may_derive(), with nothing changed.
 */
MUST_CHECK err_t thread_configure(struct core *core, struct thread *thread, struct cap *table_cap,
                                  struct cap *space_cap);

/** Pins the message buffer. Errors: as thread.set_buffer. */
MUST_CHECK err_t thread_buffer_set(struct thread *thread, struct cap *frame, uint32_t offset);

/** Lets an INACTIVE thread that has table and space run. */
void thread_start(struct core *core, struct thread *thread);

/** Returns ERR_OK or KERNEL_RESTART. */
MUST_CHECK err_t thread_destroy(struct core *core, struct thread *thread);
