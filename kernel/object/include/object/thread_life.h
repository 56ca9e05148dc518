/* SPDX-License-Identifier: MIT */
/* Threads from creation to destruction. */
#pragma once

#include "object/thread.h"

struct arch_fault;

/** A new thread: INACTIVE, no table, no space. Its memory is zero. */
void thread_init(struct thread *thread, struct core *home, uint32_t rank, bool has_fpu);

/**
 * thread_move() - another home; the thread has no context. false: it may not move, for it is not INACTIVE, serves something, is
 * somebody's server, or somebody lends to it. With several cores only.
 */
MUST_CHECK bool thread_move(struct core *core, struct thread *thread, struct core *home);

/**
 * thread_configure() - set table and space, from capabilities.
 * Errors: as cap_may_derive(), with nothing changed.
 */
MUST_CHECK err_t thread_configure(struct core *core, struct thread *thread, struct cap *table_cap,
                                  struct cap *space_cap);

/**
 * thread_pin() - 1 KiB of a frame, for as long as its capability lives, in place of what was pinned before; frame NULL: nothing.
 * pinned: buffer_cap or frame_cap; start: what goes with it, which the caller keeps.
 * Errors: as thread.set_buffer, with nothing changed.
 */
MUST_CHECK err_t thread_pin(struct thread *thread, struct cap *frame, uint32_t offset,
                            struct cap *pinned, void **start);

/** No notification is bound to the thread any more, if one was. */
void thread_unbind(struct thread *thread);

/** Pins the message buffer. Errors: as thread.set_buffer. */
MUST_CHECK err_t thread_buffer_set(struct thread *thread, struct cap *frame, uint32_t offset);

/**
 * A fault of the thread, whose kind it reflects (SYSCALL: a call that is not native, with ip at its instruction), is put into its foreign frame, and it
 * is to go on at its entry. False: it cannot be, nothing has changed.
 */
MUST_CHECK bool thread_reflect(struct thread *thread, const struct arch_fault *fault);

/** Returns ERR_OK or KERNEL_RESTART. */
MUST_CHECK err_t thread_destroy(struct core *core, struct thread *thread);
