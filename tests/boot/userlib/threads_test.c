/* SPDX-License-Identifier: MIT */
/* Threads, locks that lend, condition variables, and a ring between two threads. */
#include "userlib.h"

#include <stdatomic.h>
#include <stddef.h>

#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/lock.h"
#include "pith/object.h"
#include "pith/self.h"
#include "ring/ring.h"

enum { LOW = 10, MEDIUM = 50, HIGH = 200 };

static void spin_until(ns_t at_ns)
{
    while (clock_now() < at_ns) {
    }
}

static void add_one(void *argument)
{
    *(uint32_t *)argument += 1;
}

static void threads_run_and_are_joined(void)
{
    uint32_t value = 0;

    for (int i = 0; i < 20; i++) {
        struct running running;

        thread_run(&running, add_one, &value, 3, HIGH);
        thread_finish(&running);
    }
    CHECK_EQ(value, 20, "each ran once");
}

struct counting {
    struct lock lock;
    volatile uint64_t value;
    uint32_t rounds;
};

static void count_up(void *argument)
{
    struct counting *counting = argument;

    for (uint32_t i = 0; i < counting->rounds; i++) {
        if (lock_acquire(&counting->lock, DEADLINE_NEVER)) {
            return;
        }
        uint64_t value = counting->value;

        if (i % 8 == 0) {
            (void)!thread_yield(); /* in the middle of it */
        }
        counting->value = value + 1;
        lock_release(&counting->lock);
    }
}

static void locks_let_one_in_at_a_time(void)
{
    static struct counting counting = { .rounds = 2000 };
    struct running running[3];

    counting.value = 0;
    CHECK_EQ(lock_create(&counting.lock, 4), ERR_OK, "a lock");
    for (uint8_t i = 0; i < 3; i++) {
        thread_run(&running[i], count_up, &counting, (uint8_t)(2 + i), MEDIUM);
    }
    for (int i = 0; i < 3; i++) {
        thread_finish(&running[i]);
    }
    CHECK_EQ(counting.value, 3 * counting.rounds, "no round is lost");
    CHECK_EQ(atomic_load(&counting.lock.word), 0, "the lock is free");
    lock_destroy(&counting.lock);
}

static void locks_give_up_at_the_deadline(void)
{
    static struct lock lock;

    CHECK_EQ(lock_create(&lock, 4), ERR_OK, "a lock");
    CHECK_EQ(lock_acquire(&lock, DEADLINE_NEVER), ERR_OK, "it is free");
    /* A thread of our own rank would deadlock with us; we wait for ourselves with a deadline. */
    ns_t until = clock_now() + 2 * NS_PER_MS;

    CHECK_EQ(lock_acquire(&lock, until), ERR_TIMED_OUT, "it is taken");
    CHECK(clock_now() >= until, "not before the deadline");
    lock_release(&lock);
    CHECK_EQ(lock_acquire(&lock, DEADLINE_NEVER), ERR_OK, "free again");
    lock_release(&lock);
    lock_destroy(&lock);
}

static struct {
    struct lock lock;
    _Atomic bool low_holds;
    _Atomic bool medium_spins;
    ns_t waited_ns;
} lending;

static void low_works(void *unused)
{
    (void)unused;
    CHECK_EQ(lock_acquire(&lending.lock, DEADLINE_NEVER), ERR_OK, "the lock is free");
    atomic_store(&lending.low_holds, true);
    for (volatile uint32_t i = 0; i < 200000; i++) {
    }
    lock_release(&lending.lock);
}

static void medium_spins(void *unused)
{
    (void)unused;
    atomic_store(&lending.medium_spins, true);
    spin_until(clock_now() + 300 * NS_PER_MS);
}

static void high_waits(void *unused)
{
    (void)unused;
    ns_t start = clock_now();

    CHECK_EQ(lock_acquire(&lending.lock, DEADLINE_NEVER), ERR_OK, "it comes");
    lending.waited_ns = clock_now() - start;
    lock_release(&lending.lock);
}

/* The classic: low holds, medium spins, high waits. High lends to low, so medium delays nobody. */
static void locks_lend_to_the_holder(void)
{
    struct running low, medium, high;

    CHECK_EQ(lock_create(&lending.lock, 4), ERR_OK, "a lock");
    thread_run(&low, low_works, NULL, 2, LOW);
    while (!atomic_load(&lending.low_holds)) {
        sleep_until(clock_now() + NS_PER_MS / 10);
    }
    thread_run(&medium, medium_spins, NULL, 6, MEDIUM);
    sleep_until(clock_now() + NS_PER_MS / 10);
    CHECK(atomic_load(&lending.medium_spins), "medium keeps low from running");
    thread_run(&high, high_waits, NULL, 8, HIGH);
    thread_finish(&high);
    thread_finish(&low);
    thread_finish(&medium);
    CHECK(lending.waited_ns < 100 * NS_PER_MS, "high did not wait for medium");
    CHECK_EQ(atomic_load(&lending.lock.waits_without_lending), 0, "it lent");
    lock_destroy(&lending.lock);
}

static struct {
    struct lock lock;
    struct condition filled, emptied;
    uint32_t items;
    uint32_t taken;
    uint32_t made;
} shop;

enum { ITEMS = 3000, SHELF = 4, CONSUMERS = 3 };

static void shop_take(void *unused)
{
    (void)unused;
    for (;;) {
        (void)!lock_acquire(&shop.lock, DEADLINE_NEVER);
        while (shop.items == 0 && shop.taken < ITEMS) {
            (void)!condition_wait(&shop.filled, &shop.lock, DEADLINE_NEVER);
        }
        if (shop.taken == ITEMS) {
            condition_broadcast(&shop.filled);
            lock_release(&shop.lock);
            return;
        }
        shop.items--;
        shop.taken++;
        condition_signal(&shop.emptied);
        lock_release(&shop.lock);
    }
}

static void shop_make(void *unused)
{
    (void)unused;
    for (shop.made = 0; shop.made < ITEMS; shop.made++) {
        (void)!lock_acquire(&shop.lock, DEADLINE_NEVER);
        while (shop.items == SHELF) {
            (void)!condition_wait(&shop.emptied, &shop.lock, DEADLINE_NEVER);
        }
        shop.items++;
        condition_signal(&shop.filled);
        lock_release(&shop.lock);
    }
}

static void conditions_wake_who_waits(void)
{
    struct running consumers[CONSUMERS], producer;

    CHECK_EQ(lock_create(&shop.lock, 4), ERR_OK, "a lock");
    CHECK_EQ(condition_create(&shop.filled, 4, 0), ERR_OK, "a condition");
    CHECK_EQ(condition_create(&shop.emptied, 4, 0), ERR_OK, "a condition");
    for (uint32_t i = 0; i < CONSUMERS; i++) {
        thread_run(&consumers[i], shop_take, NULL, (uint8_t)(5 + i), MEDIUM + i);
    }
    thread_run(&producer, shop_make, NULL, 3, MEDIUM + 1);
    for (uint32_t i = 0; i < CONSUMERS; i++) {
        thread_finish(&consumers[i]);
    }
    thread_finish(&producer);
    CHECK_EQ(shop.taken, ITEMS, "all were taken");
    CHECK_EQ(shop.items, 0, "none is left");
    condition_destroy(&shop.filled);
    condition_destroy(&shop.emptied);
    lock_destroy(&shop.lock);
}

static void conditions_give_up_at_the_deadline(void)
{
    struct lock lock;
    struct condition condition;

    CHECK_EQ(lock_create(&lock, 4), ERR_OK, "a lock");
    CHECK_EQ(condition_create(&condition, 4, 0), ERR_OK, "a condition");
    CHECK_EQ(lock_acquire(&lock, DEADLINE_NEVER), ERR_OK, "it is free");
    CHECK_EQ(condition_wait(&condition, &lock, clock_now() + NS_PER_MS), ERR_TIMED_OUT,
             "nobody signals");
    condition_signal(&condition);
    CHECK_EQ(condition.granted, 0, "nobody waits");
    lock_release(&lock);
    condition_destroy(&condition);
    lock_destroy(&lock);
}

enum { RING_SLOTS = 16, RING_ENTRIES = 20000 };

static struct {
    _Alignas(RING_LINE_BYTES) unsigned char memory[sizeof(struct ring_shared) + RING_SLOTS * 32];
    struct ring_epoch epoch;
    struct ring_setup setup;
    struct event to_producer, to_consumer;
    uint64_t received, wrong, signals;
} rings;

static void ring_produce(void *unused)
{
    struct ring_producer producer;

    (void)unused;
    (void)!ring_producer_init(&producer, &rings.setup);
    for (uint64_t sent = 0; sent < RING_ENTRIES;) {
        uint64_t entry[4] = { sent, ~sent, sent, sent };
        err_t err = ring_push(&producer, entry);

        sent += err == ERR_OK;
        if (ring_publish(&producer)) {
            rings.signals++;
            event_signal(&rings.to_consumer);
        }
        if (err == ERR_WOULD_BLOCK && ring_producer_ask(&producer)) {
            (void)!event_wait(&rings.to_producer, 0, DEADLINE_NEVER, NULL);
        }
    }
}

static void ring_consume(void *unused)
{
    struct ring_consumer consumer;

    (void)unused;
    (void)!ring_consumer_init(&consumer, &rings.setup);
    while (rings.received < RING_ENTRIES) {
        uint64_t entry[4];
        err_t err = ring_pop(&consumer, entry);

        if (err == ERR_OK) {
            rings.wrong += entry[0] != rings.received || entry[1] != ~rings.received;
            rings.received++;
        }
        if (ring_release(&consumer)) {
            event_signal(&rings.to_producer);
        }
        if (err == ERR_WOULD_BLOCK && ring_consumer_ask(&consumer)) {
            (void)!event_wait(&rings.to_consumer, 0, DEADLINE_NEVER, NULL);
        }
    }
}

static void rings_carry_entries_between_threads(void)
{
    struct running producer, consumer;

    atomic_store(&rings.epoch.epoch, 1);
    rings.setup = (struct ring_setup){ .shared = (struct ring_shared *)(void *)rings.memory,
                                       .epoch = &rings.epoch,
                                       .slot_count = RING_SLOTS,
                                       .entry_bytes = 32 };
    CHECK_EQ(event_create(&rings.to_producer, 0), ERR_OK, "a notification");
    CHECK_EQ(event_create(&rings.to_consumer, 0), ERR_OK, "a notification");
    thread_run(&consumer, ring_consume, NULL, 5, MEDIUM);
    thread_run(&producer, ring_produce, NULL, 6, MEDIUM);
    /* In this order: who is joined runs at our priority, and is to fill the ring first. */
    thread_finish(&producer);
    thread_finish(&consumer);
    CHECK_EQ(rings.received, RING_ENTRIES, "all came");
    CHECK_EQ(rings.wrong, 0, "in order and whole");
    CHECK(rings.signals < RING_ENTRIES / 2, "most needed no signal");
    event_destroy(&rings.to_producer);
    event_destroy(&rings.to_consumer);
}

const struct userlib_test thread_tests[] = {
    { "threads_run_and_are_joined", threads_run_and_are_joined },
    { "locks_let_one_in_at_a_time", locks_let_one_in_at_a_time },
    { "locks_give_up_at_the_deadline", locks_give_up_at_the_deadline },
    { "locks_lend_to_the_holder", locks_lend_to_the_holder },
    { "conditions_wake_who_waits", conditions_wake_who_waits },
    { "conditions_give_up_at_the_deadline", conditions_give_up_at_the_deadline },
    { "rings_carry_entries_between_threads", rings_carry_entries_between_threads },
    { 0 },
};
