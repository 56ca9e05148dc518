/* SPDX-License-Identifier: MIT */
/* The fast paths: the whole job, or false with nothing changed. See ipc/fast.c. */
#pragma once

#include "ipc/ipc.h"

MUST_CHECK bool ipc_call_fast(struct core *core, struct thread *caller, uint64_t addr);
MUST_CHECK bool ipc_reply_receive_fast(struct core *core, struct thread *server, uint64_t addr);
