/* SPDX-License-Identifier: MIT */
/*
 * The ring between two threads: nothing lost, torn, doubled or out of order, no wake-up lost; and with a
 * supervisor that begins epochs while both work. Also runs under -fsanitize=thread.
 */
#include "ring/ring.h"

#include <pthread.h>
#include <semaphore.h>

#include "host_test/test.h"

enum { SLOTS = 8, ENTRIES = 300000, EPOCHS = 300 };

static struct {
    _Alignas(RING_LINE_BYTES) unsigned char memory[sizeof(struct ring_shared) + SLOTS * 32];
    struct ring_epoch epoch;
    struct ring_setup setup;
    sem_t to_producer, to_consumer; /* the two notifications */
    _Atomic bool done;
    uint64_t wrong, received, lies, sleeps;
} test;

struct entry {
    uint64_t words[4];
};

static void test_start(void)
{
    for (size_t i = 0; i < sizeof(test.memory); i++) {
        test.memory[i] = 0;
    }
    atomic_store(&test.epoch.epoch, 1);
    atomic_store(&test.done, false);
    test.setup = (struct ring_setup){ .shared = (struct ring_shared *)(void *)test.memory,
                                      .epoch = &test.epoch,
                                      .slot_count = SLOTS,
                                      .entry_bytes = 32 };
    test.wrong = test.received = test.lies = test.sleeps = 0;
    sem_init(&test.to_producer, 0, 0);
    sem_init(&test.to_consumer, 0, 0);
}

static void *produce(void *unused)
{
    struct ring_producer producer;
    uint64_t sent = 0;

    (void)unused;
    if (ring_producer_init(&producer, &test.setup)) {
        return NULL;
    }
    while (sent < ENTRIES && !atomic_load(&test.done)) {
        struct entry entry = { { sent, producer.side.epoch, ~sent, sent } };
        err_t err = ring_push(&producer, &entry);

        if (err == ERR_OK) {
            sent++;
            if (sent % 3 != 0 && sent != ENTRIES) {
                continue;
            }
        } else if (err == ERR_GONE) {
            sent = 0; /* submit again, from the beginning */
            continue;
        }
        if (ring_publish(&producer)) {
            sem_post(&test.to_consumer);
        }
        if (err == ERR_WOULD_BLOCK && ring_producer_ask(&producer)) {
            sem_wait(&test.to_producer);
        }
    }
    return NULL;
}

static void *consume(void *unused)
{
    struct ring_consumer consumer;

    (void)unused;
    if (ring_consumer_init(&consumer, &test.setup)) {
        return NULL;
    }
    while (test.received < ENTRIES) {
        struct entry entry = { { 0 } };
        err_t err = ring_pop(&consumer, &entry);

        if (err == ERR_OK) {
            test.wrong += entry.words[0] != test.received || entry.words[2] != ~test.received ||
                          entry.words[1] != consumer.side.epoch;
            test.received++;
            if (test.received % 2 == 0) {
                continue;
            }
        } else if (err == ERR_GONE) {
            test.received = 0;
            continue;
        }
        if (ring_release(&consumer)) {
            sem_post(&test.to_producer);
        }
        if (err == ERR_WOULD_BLOCK && ring_consumer_ask(&consumer)) {
            test.sleeps++;
            sem_wait(&test.to_consumer);
        }
    }
    test.lies = consumer.side.lies;
    atomic_store(&test.done, true);
    sem_post(&test.to_producer);
    return NULL;
}

static void threads_run(uint32_t epochs)
{
    pthread_t producer;
    pthread_t consumer;

    test_start();
    pthread_create(&producer, NULL, produce, NULL);
    pthread_create(&consumer, NULL, consume, NULL);
    for (uint32_t epoch = 2; epoch < epochs + 2; epoch++) {
        for (volatile uint32_t wait = 0; wait < test_random(20000); wait++) {
        }
        atomic_store(&test.epoch.epoch, epoch);
        sem_post(&test.to_producer);
        sem_post(&test.to_consumer);
    }
    pthread_join(consumer, NULL);
    pthread_join(producer, NULL);
    CHECK_EQ(test.received, ENTRIES, "all came");
    CHECK_EQ(test.wrong, 0, "in order, whole, and of the epoch");
    CHECK_EQ(test.lies, 0, "nobody lied");
}

TEST(ring_between_threads_loses_nothing)
{
    threads_run(0);
    CHECK(test.sleeps > 0, "the consumer slept at times");
}

TEST(ring_between_threads_restarts)
{
    threads_run(EPOCHS);
}
