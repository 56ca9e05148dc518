/* SPDX-License-Identifier: MIT */
/*
 * Revocation and deletion, which stop at preemption points and go on when the call restarts. Must stay true: a table that is
 * being emptied is in exactly one ring, of a thread or the machine's.
 */
#pragma once

#include "cap/cap.h"

struct core;
struct thread;

/**
 * cap_revoke(), cap_delete() - as the calls cap_table.revoke and cap_table.delete.
 * Return ERR_OK when done, else KERNEL_RESTART (a preemption point, or the caller itself has gone).
 */
MUST_CHECK err_t cap_revoke(struct core *core, struct cap *cap);
MUST_CHECK err_t cap_delete(struct core *core, struct cap *cap);

/**
 * True if the current thread's call is the restart of a revoke or delete whose capability is gone already, but
 * not all that was in it: goes on with that, and err is as theirs.
 */
bool cap_sweep_continues(struct core *core, err_t *err);

/** cap_sweep_init() - an empty ring, of a new thread or the machine. */
void cap_sweep_init(struct doomed *ring);

/**
 * cap_sweep_inherit() - what a thread had begun to empty when it is destroyed becomes the work of the current
 * thread, whose call destroys it. One that destroys itself leaves it behind, for who destroys what the tables are made of.
 */
void cap_sweep_inherit(struct core *core, struct thread *thread);

/** The current thread's call fails with err: if it is such a restart, ends the work. Returns OK, KERNEL_RESTART or err. */
MUST_CHECK err_t cap_sweep_finish(struct core *core, err_t err);
