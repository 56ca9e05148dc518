/* SPDX-License-Identifier: MIT */
/* Calls that go to another core and come back: core/inbox.h. For several cores only; private to ipc. */
#pragma once

#include "ipc/ipc.h"

/** Only its own core takes it out of its wait. */
static inline bool is_out_of_reach(const struct core *core, const struct thread *caller)
{
    return !core->has_all && caller->home != core;
}

/** With the own lock, to an endpoint of another core: it waits from now on, and the rest is done there. */
void call_depart(struct core *core, struct endpoint *endpoint, struct thread *caller,
                 enum thread_state state);

/** Of a caller that is_out_of_reach(): who held its call has it no longer; at home it goes on, or stays INACTIVE. */
void call_return(struct core *core, struct thread *caller, bool goes_on);

/** What a caller has sent cannot be delivered: it hears of it, on whatever core it is. */
void call_refuse(struct core *core, struct thread *caller, err_t err);
