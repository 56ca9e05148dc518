/* SPDX-License-Identifier: MIT */
/*
 * What a core may do alone, with its own lock and no other (docs/locking.md): whatever touches nothing but what has its home
 * there. Everything here only looks, at what is changed with all locks only or has its home here; it decides before anything is changed.
 * true: with the own lock. false: with all.
 */
#pragma once

#include "core/core.h"

struct endpoint;
struct notification;
struct timed;

/** The system call in the registers of the current thread. Cost: that of its look-ups. */
bool alone_syscall(const struct core *core);
/** A fault of the current thread. */
bool alone_fault(const struct core *core);
/** An interrupt that belongs to an irq object, or to nobody. */
bool alone_irq(const struct core *core, uint32_t vector);
/** The end of a timer event of this core. */
bool alone_expire(const struct core *core, const struct timed *timed);
/** Setting bits, and waking the first who waits for them; or, if the notification is another core's, sending it there. */
bool alone_signal(const struct core *core, const struct notification *notification);
/** The receive of a server, which has just refused a caller: may it take the next? */
bool alone_receive(const struct core *core, const struct thread *server,
                   const struct endpoint *endpoint);

/*
 * With several cores: the same with the core's own lock and no other. false: nothing has changed, it takes the locks of all
 * (core_on_*(), core/core.h). docs/locking.md
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

/**
 * The part of that which comes before anything else with all locks: until then what is put down as the context that reaches a thread
 * may be none any more, and may have been destroyed by whoever had all before.
 */
void core_settle(struct core *core);

/** Another core, which has nothing to do yet, is the machine's next from now on; the last is not any more. */
void core_join(struct machine *machine, struct core *core);
void core_part(struct machine *machine);
