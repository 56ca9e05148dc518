/* SPDX-License-Identifier: MIT */
/* Handing a call to the thread that will serve it: shared by calling and receiving. Private to ipc. */
#pragma once

#include "ipc/ipc.h"

/**
 * deliver_call() - put the caller's message, or its fault, into the server's registers.
 * On an error nothing has changed. The caller must still be given its edge to the server.
 */
MUST_CHECK err_t deliver_call(struct thread *caller, struct thread *server);

/** The server holds the caller's call from now on: the edge, and both sides' fields. */
void serve_begin(struct core *core, struct thread *caller, struct thread *server);

/** What a caller has sent cannot be delivered: it hears of it, on whatever core it is. */
void call_refuse(struct core *core, struct thread *caller, err_t err);

/** What a caller is told is in its registers: it goes on, on whatever core it is, or stays INACTIVE. Whoever held its call has it no longer. */
void call_end(struct core *core, struct thread *caller, bool goes_on);

/** The server has a call or bits and goes on: leaves RECEIVING. Its time-out is off. */
void receive_end(struct core *core, struct thread *server);
