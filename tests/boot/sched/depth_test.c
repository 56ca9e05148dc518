/* SPDX-License-Identifier: MIT */
/*
 * The longest walks: many timers whose times lie close together, and queues of many priorities at every node of the longest chain of lending. What
 * they take is measured by `make bench` (irq_off_max), too.
 */
#include "beat.h"
#include "boot_test/chain.h"
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"

#define BANDS 15u    /* below the beat's */
#define PER_BAND 72u /* more than a time has bits */
#define FULL 1024u
#define LENDERS 9u /* more than a priority has bits */

static struct chain chain;

/* So many timers of a band, a nanosecond after each other. */
static void timers_close(uint32_t band, uint32_t count, ns_t at)
{
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t timers = make_row(OBJECT_TIMER, 0, count);

    for (uint32_t i = 0; i < count; i++) {
        REQUIRE_OK(timer_set(timers + i, notification, at + i, 0, band));
    }
}

static void timers_close_in_all(ns_t at)
{
    for (uint32_t band = 0; band < BANDS; band++) {
        timers_close(band, PER_BAND, at);
    }
}

TEST(timers_that_end_together_keep_nobody_waiting)
{
    timers_close_in_all(clock_now() + MS(20));
    sleep_ns(MS(19));
    beat_end(beat_start());
}

/* Between two beats the processor is idle: all bands count then. */
TEST(timers_of_all_bands_keep_nobody_waiting)
{
    timers_close_in_all(clock_now() + MS(2000));
    beat_end(beat_start());
}

/* arg[0]: a notification whose timers go on when their bits are taken. */
static void bits_take(struct worker *worker)
{
    for (;; worker->out[0]++) {
        uint64_t bits;

        (void)!notification_poll((cap_addr_t)worker->arg[0], ~0ull, &bits);
    }
}

TEST(timers_that_go_on_together_keep_nobody_waiting)
{
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t timers = make_row(OBJECT_TIMER, 0, 64);

    timers_close(3, FULL, clock_now() + MS(2000));
    for (uint32_t i = 0; i < 64; i++) {
        REQUIRE_OK(timer_set(timers + i, mint_of(notification, RIGHT_SIGNAL, 1ull << i),
                             clock_now() + US(20), US(10), 3));
    }
    beside_beat(bits_take, notification);
}

/* --- At each node of a chain ----------------------------------------------------------------------- */

/* Each server has a deadline for its call, before many timers; then the chain is of another band, where there are as many. */
TEST(deadlines_of_a_whole_chain_keep_nobody_waiting)
{
    ns_t at = clock_now() + MS(2000);

    timers_close(CHAIN_PRIORITY / 16, FULL, at);
    timers_close(200 / 16, FULL, at);
    chain_make_until(&chain, at - 1);

    struct worker *high = beat_start();

    (void)chain_call(&chain, 200);
    beat_end(high);
}

/* Others who lend to the endpoint, each of another priority. */
static void lenders_make(cap_addr_t endpoint, uint32_t rank, uint32_t priority)
{
    for (uint32_t i = 0; i < LENDERS; i++) {
        cap_addr_t thread;

        (void)caller_start(
            &(struct order){ rank + 1, priority - i, endpoint, NULL, DEADLINE_NEVER, 0 }, &thread);
    }
}

/* And to its server: as many other endpoints. */
static void endpoints_make(cap_addr_t server, uint32_t rank, uint32_t priority)
{
    for (uint32_t i = 0; i < LENDERS; i++) {
        cap_addr_t endpoint = make(OBJECT_ENDPOINT, rank);
        cap_addr_t thread;

        (void)caller_start(
            &(struct order){ rank + 1, priority - i, endpoint, NULL, DEADLINE_NEVER, 0 }, &thread);
        settle();
        REQUIRE_OK(endpoint_set_server(endpoint, server));
    }
}

/* Before all others, and then behind those of its first endpoint. */
static void priority_change(struct worker *worker)
{
    for (;; worker->out[0]++) {
        worker->out[1] |= sched_context_configure((cap_addr_t)worker->arg[0], MACHINE,
                                                  worker->out[0] % 2 == 0 ? 195 : 165, MS(1000),
                                                  MS(1000), 0) != ERR_OK;
    }
}

TEST(a_chain_with_many_lenders_keeps_nobody_waiting)
{
    chain_make(&chain);

    cap_addr_t context = chain_call(&chain, 195);

    for (uint32_t rank = TOP + 1; rank-- > 0;) {
        lenders_make(chain.endpoints[rank], rank, rank == TOP ? 191 : 190);
        endpoints_make(chain.servers[rank], rank, 190);
    }
    settle();
    beside_beat(priority_change, context);
}
