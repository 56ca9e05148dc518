/* SPDX-License-Identifier: MIT */
/*
 * A terminal for the program that uses it, which waits in service_wait():
 *
 *     count = terminal_read(&terminal, bytes, sizeof(bytes));    what was typed
 *     count = terminal_write(&terminal, bytes, count);           what is to be shown, as there is room
 *     before it sleeps: terminal_rest(); it is woken by terminal_bit()
 *
 * or, if it has nothing else to do, terminal_read_wait() and terminal_show(). Bytes are passed on as they are: a line ends with
 * CR LF. The driver may die meanwhile: its successor goes on (terminal/wire.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "service/service.h"
#include "terminal/end.h"

struct terminal {
    struct terminal_end end;
    uint64_t taken, written; /* as in the shared memory, where others can write too */
    bool is_deaf;            /* terminal_show() waited in vain */
    uint64_t deaf_at;        /* with `shown` here; another one means that the driver is back */
    uint64_t dropped;        /* bytes for which terminal_show() found no room in time */
};

/** terminal_open() - over that session. Errors: ERR_RANGE  it is too small. Those of session_open(). */
MUST_CHECK err_t terminal_open(struct terminal *terminal, uint32_t session);

/** terminal_read() - take what was typed; gives how much. Never waits. */
uint32_t terminal_read(struct terminal *terminal, void *bytes, uint32_t max);

/** terminal_write() - gives how much there was room for. Never waits. */
uint32_t terminal_write(struct terminal *terminal, const void *bytes, uint32_t count);

/** terminal_unshown() - bytes written that the device does not have yet. */
uint32_t terminal_unshown(struct terminal *terminal);

/** terminal_lost() - how often input was lost because nobody took it in time, since the driver started. */
uint64_t terminal_lost(const struct terminal *terminal);

/** terminal_bit() - of the program's notification. */
static inline uint64_t terminal_bit(const struct terminal *terminal)
{
    return 1ull << (EVENT_SESSION_FIRST + terminal->end.session.number);
}

/** terminal_rest() - tell the driver. True: sleep until terminal_bit(); false: there may be something to read. */
bool terminal_rest(struct terminal *terminal);

/**
 * terminal_read_wait() - the same as terminal_read(), but wait until something was typed, or the deadline. Gives 0 when it passed. Probes are
 * answered, other calls refused.
 */
uint32_t terminal_read_wait(struct terminal *terminal, struct service *service, void *bytes,
                            uint32_t max, ns_t deadline_ns);

/**
 * terminal_show() - write all, and wait until the device has it, so that it stands before what others say afterwards. If
 * nothing is shown for TERMINAL_PATIENCE_NS, what there is no room for is dropped, and nobody waits again until
 * something is.
 */
#define TERMINAL_PATIENCE_NS (2 * NS_PER_S)
void terminal_show(struct terminal *terminal, struct service *service, const void *bytes,
                   uint32_t count);
