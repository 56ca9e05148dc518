/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a word of memory to change, between the threads of this program. All that wait are in one queue: there are
 * never many. Nothing is lent here: the C library's locks do not say who holds them.
 */
#include <stdatomic.h>
#include <stddef.h>

#include "calls.h"
#include "lock.h"
#include "pith/clock.h"
#include "thread.h"

enum {
    FUTEX_WAIT = 0,
    FUTEX_WAKE = 1,
    FUTEX_REQUEUE = 3,
    FUTEX_COMMAND =
        0x7f, /* without the flags for sharing and clocks: there is one program, and relative times only */
};

static struct posix_thread *queue; /* oldest first */

static void queue_add(struct posix_thread *thread)
{
    struct posix_thread **end = &queue;

    while (*end != NULL) {
        end = &(*end)->next;
    }
    thread->next = NULL;
    *end = thread;
}

static void queue_take(struct posix_thread *thread)
{
    struct posix_thread **at = &queue;

    while (*at != thread) {
        at = &(*at)->next;
    }
    *at = thread->next;
    thread->waits_on = NULL;
}

long threads_wake(const void *word, long count)
{
    struct posix_thread *next;
    long woken = 0;

    for (struct posix_thread *thread = queue; thread != NULL && woken < count; thread = next) {
        next = thread->next;
        if (thread->waits_on == word) {
            queue_take(thread);
            event_signal(&thread->event);
            woken++;
        }
    }
    return woken;
}

/* Until it is taken out of the queue, or the time has come. */
static long wait_queued(struct posix_thread *me, ns_t deadline)
{
    for (;;) {
        err_t err = event_wait(&me->event, 0, deadline, NULL);

        wait_lock();
        if (me->waits_on == NULL) {
            wait_unlock();
            return 0;
        }
        if (err == ERR_TIMED_OUT) {
            queue_take(me);
            wait_unlock();
            return -POSIX_ETIMEDOUT;
        }
        /* A wake-up that came too late for an earlier wait. */
        wait_unlock();
    }
}

static long futex_wait(const _Atomic uint32_t *word, uint32_t value, ns_t deadline)
{
    struct posix_thread *me = posix_thread_self;

    if (me->event.cap == 0 && event_create(&me->event, 0) != ERR_OK) {
        return -POSIX_ENOMEM;
    }
    wait_lock();
    if (atomic_load_explicit(word, memory_order_relaxed) != value) {
        wait_unlock();
        return -POSIX_EAGAIN;
    }
    me->waits_on = word;
    queue_add(me);
    wait_unlock();
    return wait_queued(me, deadline);
}

/* Wakes some, and lets others wait on another word. */
static long futex_requeue(const void *word, long wake, long move, const void *to)
{
    long woken = threads_wake(word, wake);

    for (struct posix_thread *thread = queue; thread != NULL && move > 0; thread = thread->next) {
        if (thread->waits_on == word) {
            thread->waits_on = to;
            move--;
        }
    }
    return woken;
}

long posix_futex(const long arguments[6])
{
    void *word = (void *)arguments[0];
    long count = (int)arguments[2];
    long result;

    switch (arguments[1] & FUTEX_COMMAND) {
    case FUTEX_WAIT: {
        ns_t deadline = DEADLINE_NEVER;

        if (arguments[3] != 0 &&
            !deadline_after((const struct posix_time *)arguments[3], clock_now(), &deadline)) {
            return -POSIX_EINVAL;
        }
        return futex_wait(word, (uint32_t)arguments[2], deadline);
    }
    case FUTEX_WAKE:
        wait_lock();
        result = threads_wake(word, count);
        wait_unlock();
        return result;
    case FUTEX_REQUEUE:
        wait_lock();
        result = futex_requeue(word, count, (int)arguments[3], (const void *)arguments[4]);
        wait_unlock();
        return result;
    default:
        return -POSIX_ENOSYS;
    }
}
