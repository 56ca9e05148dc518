/* SPDX-License-Identifier: MIT */
/*
 * Kernel objects of the program's own, from its own memory. Small ones share chunks of untyped memory;
 * a chunk goes back when its last object does. Any thread may call.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/kernel_calls.h"
#include "abi/types.h"

/**
 * object_create() - make an object; @size as for untyped.retype. Gives its original capability.
 * Errors: those of memory_take() and untyped.retype. Blocks: on the library's lock.
 */
MUST_CHECK err_t object_create(enum object_type type, uint64_t size, cap_addr_t *slot);

/** object_destroy() - delete the original capability and use its memory again. */
void object_destroy(cap_addr_t slot);

/**
 * cap_copy() - a copy of a capability in a slot of its own, with at most these rights. cap_drop() deletes it.
 * Errors: ERR_NO_SLOT, and those of cap_table.copy.
 */
MUST_CHECK err_t cap_copy(cap_addr_t source, uint32_t rights, cap_addr_t *slot);

/**
 * cap_mint() - the same for endpoints and notifications, with a badge.
 * Errors: ERR_NO_SLOT, and those of cap_table.mint.
 */
MUST_CHECK err_t cap_mint(cap_addr_t source, uint32_t rights, uint64_t badge, cap_addr_t *slot);

/** cap_place() - an empty slot, for a capability that a message is to bring. Errors: ERR_NO_SLOT. */
MUST_CHECK err_t cap_place(cap_addr_t *slot);

/**
 * cap_drop() - delete a capability made by cap_copy() or cap_mint(), or what came into a slot of cap_place(), and with it what
 * was derived from it.
 */
void cap_drop(cap_addr_t slot);

/* A notification of which bit 0 alone is used: a capability without a badge would signal nothing. */
struct event {
    cap_addr_t notification; /* the original */
    cap_addr_t cap;          /* badge 1: to signal, and to wait for bit 0; 0: there is none */
};

/** event_create() - a notification of that rank. Errors: those of object_create() and cap_mint(). */
MUST_CHECK err_t event_create(struct event *event, uint32_t rank);
void event_destroy(struct event *event);

/** event_signal() - wake one waiter, or the next one to wait. */
void event_signal(const struct event *event);

/**
 * event_wait() - wait for a signal, lending to a thread (0: nobody) if ranks allow it.
 * @has_lent: whether they did; may be NULL.
 * Errors: ERR_TIMED_OUT, ERR_CANCELLED.
 */
MUST_CHECK err_t event_wait(const struct event *event, cap_addr_t lend_to, ns_t deadline_ns,
                            bool *has_lent);
