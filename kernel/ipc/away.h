/* SPDX-License-Identifier: MIT */
/*
 * What concerns another core: calls that go there and come back (core/inbox.h), signals, and what cannot be done with the own lock alone
 * (core/alone.h). For several cores only; private to ipc.
 */
#pragma once

#include "core/alone.h"
#include "ipc/ipc.h"

/* Each of these: the own lock alone is had, is not enough, and others are not free. Whoever hears so returns without having changed anything. */
static inline bool wake_gives_up(struct core *core, const struct thread *woken)
{
    return woken != (struct thread *)0 && core_is_alone(core) && woken->home != core &&
           !core_widen(core);
}

/* Its bits are read, and the thread is queued. */
static inline bool look_gives_up(struct core *core, const struct notification *notification)
{
    return core_is_alone(core) && notification->home != core && !core_widen(core);
}

static inline bool call_gives_up(struct core *core, const struct endpoint *endpoint,
                                 msg_info_t info)
{
    return core_is_alone(core) && !alone_call(core, endpoint, info) && !core_widen(core);
}

static inline bool receive_gives_up(struct core *core, const struct thread *server,
                                    const struct endpoint *endpoint, bool replies)
{
    return core_is_alone(core) && !alone_receive(core, server, endpoint, replies) &&
           !core_widen(core);
}

/* In the middle of a receive, which has changed something already: the next caller is not for this core alone. */
static inline bool must_not_go_on(const struct core *core, const struct thread *server,
                                  const struct endpoint *endpoint)
{
    return core_is_alone(core) && !alone_receive(core, server, endpoint, false);
}

/* By a reply object, or (NULL) the call that it serves. */
static inline bool reply_gives_up(struct core *core, const struct thread *server,
                                  const struct reply *reply)
{
    return core_is_alone(core) &&
           !(reply != (struct reply *)0 ? alone_reply_by(core, server, reply)
                                        : alone_reply(core, server)) &&
           !core_widen(core);
}

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
