/* SPDX-License-Identifier: MIT */
/*
 * Signals, as far as there are any: nobody else sends one, so what a program asks for is kept and told, and what it sends itself is
 * ignored, or ends it, as it asked. Handlers are never called: who would send itself a signal that has one gets ENOSYS.
 */
#include <stdbool.h>
#include <stddef.h>

#include "calls.h"
#include "lock.h"
#include "pith/start.h"
#include "pith/string.h"
#include "thread.h"

enum {
    SIGNALS = 64,
    SIGNAL_KILL = 9,
    SIGNAL_STOP = 19,
    MASK_BYTES = 8,
    STATUS_OF_SIGNAL = 128, /* as shells have it */
    PROCESS = 1,
};
enum { HANDLER_DEFAULT = 0, HANDLER_IGNORE = 1 };
enum { MASK_BLOCK = 0, MASK_UNBLOCK = 1, MASK_SET = 2 };

/* Nobody can block or catch these. */
#define UNTOUCHABLE (1ull << (SIGNAL_KILL - 1) | 1ull << (SIGNAL_STOP - 1))

/* Ignored if the program says nothing else: CHLD, CONT, URG, WINCH; and those that would stop it: TSTP, TTIN, TTOU. */
#define HARMLESS                                                                                   \
    (1ull << (17 - 1) | 1ull << (18 - 1) | 1ull << (23 - 1) | 1ull << (28 - 1) | 7ull << (20 - 1))

/* Linux's struct of the call rt_sigaction. */
struct action {
    uintptr_t handler;
    uint64_t flags;
    uintptr_t restorer;
    uint64_t mask;
};

static struct action actions[SIGNALS];

long posix_sigaction(const long arguments[6])
{
    long number = arguments[0];
    const struct action *wanted = (const struct action *)arguments[1];
    struct action *old = (struct action *)arguments[2];
    struct action before;

    if (number < 1 || number > SIGNALS || arguments[3] != MASK_BYTES ||
        (wanted != NULL && (UNTOUCHABLE >> (number - 1) & 1) != 0)) {
        return -POSIX_EINVAL;
    }
    posix_lock();
    before = actions[number - 1];
    if (wanted != NULL) {
        actions[number - 1] = *wanted;
        actions[number - 1].mask &= ~UNTOUCHABLE;
        if (wanted->handler == HANDLER_IGNORE) {
            posix_thread_self->pending &= ~(1ull << (number - 1));
        }
    }
    posix_unlock();
    if (old != NULL) {
        *old = before;
    }
    return 0;
}

/* Blocked ones that were sent: they wait, and nothing else comes of them. */
long posix_sigpending(const long arguments[6])
{
    if (arguments[1] > MASK_BYTES) {
        return -POSIX_EINVAL;
    }
    memcpy((void *)arguments[0], &posix_thread_self->pending, (size_t)arguments[1]);
    return 0;
}

/* What waits and is no longer blocked ends the program: nothing else ever waits. */
static void pending_look(void)
{
    uint64_t due = posix_thread_self->pending & ~posix_thread_self->blocked;

    if (due != 0) {
        program_exit(STATUS_OF_SIGNAL + 1 + __builtin_ctzll(due));
    }
}

long posix_sigprocmask(const long arguments[6])
{
    const void *wanted = (const void *)arguments[1];
    void *old = (void *)arguments[2];
    uint64_t before = posix_thread_self->blocked;
    uint64_t set = 0;

    if (arguments[3] != MASK_BYTES) {
        return -POSIX_EINVAL;
    }
    if (wanted != NULL) {
        memcpy(&set, wanted, MASK_BYTES);
        switch (arguments[0]) {
        case MASK_BLOCK:
            set |= before;
            break;
        case MASK_UNBLOCK:
            set = before & ~set;
            break;
        case MASK_SET:
            break;
        default:
            return -POSIX_EINVAL;
        }
        posix_thread_self->blocked = set & ~UNTOUCHABLE;
        pending_look();
    }
    if (old != NULL) {
        memcpy(old, &before, MASK_BYTES);
    }
    return 0;
}

static long send_self(long number)
{
    uintptr_t handler;

    if (number < 0 || number > SIGNALS) {
        return -POSIX_EINVAL;
    }
    if (number == 0) {
        return 0; /* it only asks whether there is one */
    }
    uint64_t bit = 1ull << (number - 1);

    handler = actions[number - 1].handler;
    if (handler == HANDLER_IGNORE || (handler == HANDLER_DEFAULT && (HARMLESS & bit) != 0)) {
        return 0;
    }
    if (handler != HANDLER_DEFAULT) {
        return -POSIX_ENOSYS;
    }
    posix_thread_self->pending |= bit;
    pending_look();
    return 0;
}

long posix_kill(const long arguments[6])
{
    return arguments[0] == PROCESS || arguments[0] == 0 ? send_self(arguments[1]) : -POSIX_ESRCH;
}

long posix_tkill(const long arguments[6])
{
    return arguments[0] == posix_thread_self->number ? send_self(arguments[1]) : -POSIX_ENOSYS;
}
