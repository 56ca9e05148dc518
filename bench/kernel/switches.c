/* SPDX-License-Identifier: MIT */
/*
 * Null system call, signals and yield. For row 5 the marks stand around the wait: its first entry is the
 * wait, which ends in the thread of lower priority; its second is that thread's signal, which ends in the waiter.
 */
#include <stdbool.h>

#include "bench.h"
#include "mark.h"
#include "peer.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"

static cap_addr_t notification;
static volatile bool is_over; /* the peers that only give way to others may stop */

static void null_run(void)
{
    uint64_t hash;

    for (uint32_t i = 0; i < REPETITIONS; i++) {
        MARK_BEGIN(ROW_EMPTY);
        MARK_END(ROW_EMPTY);
        MARK_BEGIN(ROW_NULL_SYSCALL);
        err_t err = abi_version(&hash);

        MARK_END(ROW_NULL_SYSCALL);
        assert(err == ERR_OK && hash == ABI_HASH);
    }
    peer_finish();
}

static void signal_idle_run(void)
{
    for (uint32_t i = 0; i < REPETITIONS; i++) {
        MARK_BEGIN(ROW_SIGNAL_IDLE);
        err_t err = notification_signal(notification);

        MARK_END(ROW_SIGNAL_IDLE);
        assert(err == ERR_OK);
    }
    peer_finish();
}

static void wait_run(void)
{
    uint64_t bits = 0;

    for (uint32_t i = 0; i < REPETITIONS; i++) {
        MARK_BEGIN(ROW_SIGNAL);
        err_t err = notification_wait(notification, 1, DEADLINE_NEVER, 0, &bits);

        MARK_END(ROW_SIGNAL);
        assert(err == ERR_OK && bits == 1);
    }
    peer_finish();
}

static void wait_sporadic_run(void)
{
    uint64_t bits = 0;

    for (uint32_t i = 0; i < REPETITIONS; i++) {
        MARK_BEGIN(ROW_SIGNAL_SPORADIC);
        err_t err = notification_wait(notification, 1, DEADLINE_NEVER, 0, &bits);

        MARK_END(ROW_SIGNAL_SPORADIC);
        assert(err == ERR_OK && bits == 1);
    }
    peer_finish();
}

static void signal_run(void)
{
    while (!is_over) {
        if (notification_signal(notification)) {
            program_panic("a signal failed", __FILE__, __LINE__);
        }
    }
    peer_finish();
}

static void yield_run(void)
{
    for (uint32_t i = 0; i < REPETITIONS; i++) {
        MARK_BEGIN(ROW_YIELD);
        err_t err = thread_yield();

        MARK_END(ROW_YIELD);
        assert(err == ERR_OK);
    }
    is_over = true;
    peer_finish();
}

/* Row 7 begins in one thread and ends in the other. */
static void yield_back_run(void)
{
    for (;;) {
        MARK_END(ROW_YIELD);
        if (is_over) {
            peer_finish();
        }
        MARK_BEGIN(ROW_YIELD);
        if (thread_yield()) {
            program_panic("a yield failed", __FILE__, __LINE__);
        }
    }
}

static void one_run(void (*entry)(void), uint32_t priority, uint64_t budget_ns)
{
    struct peer_spec spec = {
        .entry = entry, .rank = PEER_RANK_LOW, .priority = priority, .budget_ns = budget_ns
    };

    peer_start(&spec);
}

void bench_switches(void)
{
    is_over = false;
    one_run(null_run, PEER_PRIORITY, 0);
    peers_wait();
    notification = cap_with_badge(notification_make(), 1);
    one_run(signal_idle_run, PEER_PRIORITY, 0);
    peers_wait();
    notification = cap_with_badge(notification_make(), 1);
    one_run(wait_run, PEER_PRIORITY, 0);
    one_run(signal_run, PEER_PRIORITY - 1, 0);
    peers_wait();
    notification = cap_with_badge(notification_make(), 1);
    one_run(wait_sporadic_run, PEER_PRIORITY, PEER_SLICE_NS / 2);
    peers_wait();
    is_over = true;
    peers_wait(); /* for the one that signalled */
    is_over = false;
    one_run(yield_run, PEER_PRIORITY, 0);
    one_run(yield_back_run, PEER_PRIORITY, 0);
    peers_wait();
    peers_wait(); /* for the other */
}
