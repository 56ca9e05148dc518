/* SPDX-License-Identifier: MIT */
/*
 * What a core may do alone, with its own lock and no other (docs/locking.md): whatever touches nothing but what has its home
 * there. Each operation asks before it changes anything:
 *
 *     if (core_is_alone(core) && !alone_...(core, ...) && !core_widen(core)) {
 *         return;
 *     }
 *
 * and all who called it return, too, without having changed anything: the entry begins anew with all locks. alone_...() only looks, at what is
 * changed with all locks only or has its home here; true: the own lock is enough. With one core all of this is nothing.
 */
#pragma once

#include "core/core.h"

struct cap;
struct endpoint;
struct irq;
struct notification;
struct reply;
struct timed;

/** Has the own lock and no other. */
static inline bool core_is_alone(const struct core *core)
{
    return ARCH_CORES > 1 && !core->has_all;
}

/**
 * core_widen() - the own lock is not enough. true: all others were free, and are had now; nobody changed anything meanwhile. false: this
 * entry is over, and begins anew with all. Never waits.
 */
MUST_CHECK bool core_widen(struct core *core);

/** With the own lock alone, and all cannot be had at once. */
static inline bool core_gives_up(struct core *core)
{
    return core_is_alone(core) && !core_widen(core);
}

/** After something that may have asked: it gave up. */
static inline bool core_has_declined(const struct core *core)
{
    return ARCH_CORES > 1 && core->needs_all;
}

/** After an entry: false, it gave up, and is to be done again. */
MUST_CHECK static inline bool core_is_done(struct core *core)
{
    bool has_declined = core_has_declined(core);

    core->needs_all = false;
    return !has_declined;
}

/** Something that it deleted is left to be worked off: whatever fails does so first (cap/revoke.h). */
static inline bool thread_has_begun_sweep(const struct thread *thread)
{
    return thread->doomed.next != &thread->doomed || thread->is_sweeping;
}

/** A call of the endpoint, with so many words and capabilities, by a thread of this core; info 0: a fault. */
bool alone_call(const struct core *core, const struct endpoint *endpoint, msg_info_t info);
/** Answering the call that it serves, if it serves one. */
bool alone_reply(const struct core *core, const struct thread *server);
/** Answering the call that the reply object holds, if it holds one. */
bool alone_reply_by(const struct core *core, const struct thread *server,
                    const struct reply *reply);
/** A receive of its next call; replies: after alone_reply(). */
bool alone_receive(const struct core *core, const struct thread *server,
                   const struct endpoint *endpoint, bool replies);
/** A method, called by that thread. What it needs besides the own lock, the space's or the tree's, is had then, until turns_unlock(). */
bool alone_invoke(struct core *core, const struct thread *caller, const struct cap *target,
                  msg_info_t info);
/** The end of a timer event of this core. */
bool alone_expire(const struct core *core, const struct timed *timed);
/** An interrupt, whatever it needs. */
void alone_interrupt(struct core *core, struct irq *irq, uint32_t vector);
/**
 * Sending bits to where the notification lives, if that is elsewhere: there is room. Asked once: whoever sends from then on does send, for others may
 * have sent meanwhile.
 */
bool alone_send(const struct core *core, const struct notification *notification);
/** Setting bits, and waking the first who waits for them; or, if the notification is another core's, sending it there. */
bool alone_signal(const struct core *core, const struct notification *notification);

/*
 * core_on_*() (core/core.h) with the core's own lock, or more; false: nothing has changed, it is to be done again with all locks.
 */
MUST_CHECK bool core_try_syscall(struct core *core);
MUST_CHECK bool core_try_fault(struct core *core, const struct arch_fault *fault);
MUST_CHECK bool core_try_interrupt(struct core *core, uint32_t vector);

/** After any of them: something is left to do with all locks, by core_finish(), before the core leaves the kernel. */
static inline bool core_must_finish(const struct core *core)
{
    return core->unsettled != (struct thread *)0 || core->must_expire ||
           core->inbox_left != (struct inbox_entry *)0;
}
void core_finish(struct core *core);

/** Nothing waits for somebody with all locks to do it. */
static inline bool core_is_settled(const struct core *core)
{
    return atomic_load_explicit(&core->inbox, memory_order_relaxed) == (struct inbox_entry *)0 &&
           core->inbox_left == (struct inbox_entry *)0 && core->unsettled == (struct thread *)0;
}

/**
 * The part of that which comes before anything else with all locks: until then what is put down as the context that reaches a thread
 * may be none any more, and may have been destroyed by whoever had all before.
 */
void core_settle(struct core *core);

/** Another core, which has nothing to do yet, is the machine's next from now on; the last is not any more. */
void core_join(struct machine *machine, struct core *core);
void core_part(struct machine *machine);
