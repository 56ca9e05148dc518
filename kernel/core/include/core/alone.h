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
