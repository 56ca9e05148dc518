/* SPDX-License-Identifier: MIT */
/* The ring in one thread: against a model, through epochs, and with a peer that lies. */
#include "ring/ring.h"

#include "host_test/test.h"

enum { SLOTS = 8, STEPS = 200000 };

struct entry {
    uint64_t words[4];
};

static struct {
    _Alignas(RING_LINE_BYTES) unsigned char memory[sizeof(struct ring_shared) + SLOTS * 64];
    struct ring_epoch epoch;
    struct ring_producer producer;
    struct ring_consumer consumer;
} test;

static struct ring_shared *shared_of_test(void)
{
    return (struct ring_shared *)(void *)test.memory;
}

static struct ring_setup setup_make(uint32_t entry_bytes)
{
    return (struct ring_setup){
        .shared = shared_of_test(),
        .epoch = &test.epoch,
        .slot_count = SLOTS,
        .entry_bytes = entry_bytes,
    };
}

static void ring_start(uint32_t entry_bytes)
{
    struct ring_setup setup = setup_make(entry_bytes);

    for (size_t i = 0; i < sizeof(test.memory); i++) {
        test.memory[i] = 0;
    }
    atomic_store(&test.epoch.epoch, 1);
    CHECK_EQ(ring_producer_init(&test.producer, &setup), ERR_OK, "the set-up is allowed");
    CHECK_EQ(ring_consumer_init(&test.consumer, &setup), ERR_OK, "the set-up is allowed");
}

static err_t push(uint64_t value)
{
    struct entry entry = { { value, ~value, value * 3, value ^ 0x55 } };

    return ring_push(&test.producer, &entry);
}

static err_t pop(uint64_t *value)
{
    struct entry entry = { { 0 } };
    err_t err = ring_pop(&test.consumer, &entry);

    if (err == ERR_OK) {
        *value = entry.words[0];
        CHECK_EQ(entry.words[1], ~*value, "an entry is whole");
        CHECK_EQ(entry.words[2], *value * 3, "an entry is whole");
        CHECK_EQ(entry.words[3], *value ^ 0x55, "an entry is whole");
    }
    return err;
}

TEST(ring_refuses_sizes_that_are_not_allowed)
{
    static const struct {
        const char *why;
        uint32_t slot_count, entry_bytes;
        err_t want;
    } cases[] = {
        { "no slot", 0, 32, ERR_RANGE },
        { "one slot", 1, 32, ERR_RANGE },
        { "no power of two", 6, 32, ERR_RANGE },
        { "too many", RING_SLOTS_MAX * 2, 32, ERR_RANGE },
        { "entries of 48 bytes", 8, 48, ERR_RANGE },
        { "32 bytes", 8, 32, ERR_OK },
        { "64 bytes", 8, 64, ERR_OK },
    };
    ring_start(32);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ring_setup setup = setup_make(cases[i].entry_bytes);

        setup.slot_count = cases[i].slot_count;
        CHECK_EQ(ring_producer_init(&test.producer, &setup), cases[i].want, cases[i].why);
        CHECK_EQ(ring_consumer_init(&test.consumer, &setup), cases[i].want, cases[i].why);
        CHECK_EQ(ring_bytes(setup.slot_count, setup.entry_bytes) != 0, cases[i].want == ERR_OK,
                 cases[i].why);
    }
}

TEST(ring_holds_entries_of_64_bytes)
{
    uint64_t in[8];
    uint64_t out[8] = { 0 };

    ring_start(64);
    for (uint64_t round = 0; round < 3u * SLOTS; round++) {
        for (uint64_t i = 0; i < 8; i++) {
            in[i] = round * 8 + i;
        }
        CHECK_EQ(ring_push(&test.producer, in), ERR_OK, "there is room");
        (void)ring_publish(&test.producer);
        CHECK_EQ(ring_pop(&test.consumer, out), ERR_OK, "there is an entry");
        (void)ring_release(&test.consumer);
        for (uint64_t i = 0; i < 8; i++) {
            CHECK_EQ(out[i], in[i], "all words come back");
        }
    }
}

/*
 * The model: four counters, and which side would sleep. A side that may sleep and is not woken though the
 * other has shown something new is a lost wake-up.
 */
struct model {
    uint64_t pushed, published, popped, released;
    bool consumer_sleeps, producer_sleeps;
};

static void model_push(struct model *model)
{
    bool full = model->pushed - model->released == SLOTS;

    CHECK_EQ(push(model->pushed), full ? ERR_WOULD_BLOCK : ERR_OK, "full exactly at SLOTS");
    model->pushed += !full;
}

static void model_pop(struct model *model)
{
    bool empty = model->popped == model->published;
    uint64_t value = 0;

    CHECK_EQ(pop(&value), empty ? ERR_WOULD_BLOCK : ERR_OK, "empty exactly after the last shown");
    if (!empty) {
        CHECK_EQ(value, model->popped, "first in, first out");
        model->popped++;
    }
}

static void model_publish(struct model *model)
{
    bool fresh = model->pushed != model->published;
    bool wakes = ring_publish(&test.producer);

    CHECK_EQ(wakes, model->consumer_sleeps && fresh,
             "woken exactly if it sleeps and there is something");
    model->consumer_sleeps &= !wakes;
    model->published = model->pushed;
}

static void model_release(struct model *model)
{
    bool fresh = model->popped != model->released;
    bool wakes = ring_release(&test.consumer);

    CHECK_EQ(wakes, model->producer_sleeps && fresh,
             "woken exactly if it sleeps and there is room");
    model->producer_sleeps &= !wakes;
    model->released = model->popped;
}

TEST(ring_does_what_the_model_does)
{
    struct model model = { 0 };

    ring_start(32);
    for (int step = 0; step < STEPS && !test_has_failed(); step++) {
        switch (test_random(6)) {
        case 0:
            model_push(&model);
            break;
        case 1:
            model_pop(&model);
            break;
        case 2:
            model_publish(&model);
            break;
        case 3:
            model_release(&model);
            break;
        case 4:
            if (!model.consumer_sleeps) {
                model.consumer_sleeps = ring_consumer_ask(&test.consumer);
                CHECK_EQ(model.consumer_sleeps, model.popped == model.published,
                         "sleeps exactly if nothing is there");
            }
            break;
        default:
            if (!model.producer_sleeps) {
                model.producer_sleeps = ring_producer_ask(&test.producer);
                CHECK_EQ(model.producer_sleeps, model.pushed - model.released == SLOTS,
                         "sleeps exactly if there is no room");
            }
        }
    }
    CHECK(model.popped > STEPS / 20, "the test moves entries");
}

TEST(ring_survives_its_indices_wrapping)
{
    uint64_t value = 0;
    uint32_t start = UINT32_MAX - 3;
    ring_index_t shown = (ring_index_t)1 << 32 | start;

    ring_start(32);
    test.producer.side.mine = test.producer.side.published = test.producer.side.theirs = start;
    test.consumer.side.mine = test.consumer.side.published = test.consumer.side.theirs = start;
    atomic_store(&shared_of_test()->tail, shown);
    atomic_store(&shared_of_test()->head, shown);
    for (uint64_t i = 0; i < 20; i++) {
        CHECK_EQ(push(i), ERR_OK, "there is room");
        (void)ring_publish(&test.producer);
        CHECK_EQ(pop(&value), ERR_OK, "there is an entry");
        CHECK_EQ(value, i, "first in, first out");
        (void)ring_release(&test.consumer);
    }
}

TEST(ring_wakes_nobody_who_has_not_asked)
{
    uint64_t value = 0;

    ring_start(32);
    for (uint64_t i = 0; i < 100; i++) {
        CHECK_EQ(push(i), ERR_OK, "there is room");
        CHECK(!ring_publish(&test.producer), "the consumer did not ask");
        CHECK_EQ(pop(&value), ERR_OK, "there is an entry");
        CHECK(!ring_release(&test.consumer), "the producer did not ask");
    }
    CHECK(ring_consumer_ask(&test.consumer), "empty: may sleep");
    CHECK_EQ(push(1), ERR_OK, "there is room");
    CHECK(ring_publish(&test.producer), "it asked");
    CHECK_EQ(push(2), ERR_OK, "there is room");
    CHECK(!ring_publish(&test.producer), "it was woken already");
}

TEST(ring_drops_what_an_earlier_epoch_left)
{
    uint64_t value = 99;

    ring_start(32);
    CHECK_EQ(push(1), ERR_OK, "there is room");
    CHECK_EQ(push(2), ERR_OK, "there is room");
    (void)ring_publish(&test.producer);
    atomic_store(&test.epoch.epoch, 2);

    CHECK_EQ(pop(&value), ERR_GONE, "the consumer is told");
    CHECK_EQ(value, 99, "nothing is written");
    CHECK_EQ(pop(&value), ERR_WOULD_BLOCK, "once; the old tail counts for nothing");
    CHECK(ring_consumer_ask(&test.consumer), "and is nothing to wake up for");
    CHECK_EQ(push(3), ERR_GONE, "the producer is told");
    CHECK_EQ(push(3), ERR_OK, "once");
    CHECK(ring_publish(&test.producer), "the consumer asked in this epoch");
    CHECK_EQ(pop(&value), ERR_OK, "there is an entry");
    CHECK_EQ(value, 3, "of the new epoch");
    CHECK_EQ(test.consumer.side.restarts + test.producer.side.restarts, 2, "both counted it");
    CHECK_EQ(test.consumer.side.lies + test.producer.side.lies, 0, "a restart is no lie");
}

TEST(ring_does_not_sleep_through_an_epoch)
{
    ring_start(32);
    atomic_store(&test.epoch.epoch, 2);
    CHECK(!ring_consumer_ask(&test.consumer), "an epoch began: look first");
    ring_start(32);
    for (uint64_t i = 0; i < SLOTS; i++) {
        CHECK_EQ(push(i), ERR_OK, "there is room");
    }
    atomic_store(&test.epoch.epoch, 2);
    CHECK(!ring_producer_ask(&test.producer), "an epoch began: look first");
}

TEST(ring_restarts_at_any_moment)
{
    uint64_t pushed = 0;
    uint64_t next = 0;
    uint64_t value = 0;
    uint32_t epoch = 1;

    ring_start(32);
    for (int step = 0; step < STEPS && !test_has_failed(); step++) {
        uint32_t what = test_random(100);
        err_t err;

        if (what == 0) {
            atomic_store(&test.epoch.epoch, ++epoch);
        } else if (what < 50) {
            /* Entries carry their epoch, as the producer knows it, above the number. */
            err = push((uint64_t)test.producer.side.epoch << 32 | (pushed & UINT32_MAX));
            pushed += err == ERR_OK;
            pushed = err == ERR_GONE ? 0 : pushed;
            (void)ring_publish(&test.producer);
        } else {
            err = pop(&value);
            next = err == ERR_GONE ? 0 : next;
            if (err == ERR_OK) {
                CHECK_EQ(value >> 32, test.consumer.side.epoch, "an entry of this epoch");
                CHECK_EQ(value & UINT32_MAX, next & UINT32_MAX, "nothing is lost within one");
                next++;
            }
            (void)ring_release(&test.consumer);
        }
    }
    CHECK_EQ(test.producer.side.lies + test.consumer.side.lies, 0, "a restart is no lie");
}

TEST(ring_refuses_lies_and_counts_them)
{
    static const struct {
        const char *why;
        uint32_t tail;
        err_t want;
    } cases[] = {
        { "what is there", 3, ERR_OK },           { "more than it holds", SLOTS + 4, ERR_RANGE },
        { "far ahead", 0x80000000u, ERR_RANGE },  { "behind", UINT32_MAX, ERR_RANGE },
        { "as much as it holds", SLOTS, ERR_OK },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct entry entry;

        ring_start(32);
        atomic_store(&shared_of_test()->tail, (ring_index_t)1 << 32 | cases[i].tail);
        CHECK_EQ(ring_pop(&test.consumer, &entry), cases[i].want, cases[i].why);
        CHECK_EQ(test.consumer.side.lies, cases[i].want != ERR_OK, "lies are counted");
        CHECK(cases[i].want == ERR_OK || !ring_consumer_ask(&test.consumer), "nor slept on");
    }
    ring_start(32);
    for (uint64_t i = 0; i < SLOTS; i++) {
        CHECK_EQ(push(i), ERR_OK, "there is room");
    }
    atomic_store(&shared_of_test()->head, (ring_index_t)1 << 32 | (SLOTS + 1));
    CHECK_EQ(push(9), ERR_RANGE, "it cannot have read what was not written");
    CHECK_EQ(ring_room(&test.producer), 0, "no room is believed in");
    CHECK_EQ(test.producer.side.lies, 2, "lies are counted");
}

/* Whatever a peer writes anywhere in the shared memory, nothing leaves its bounds. */
TEST(ring_survives_a_peer_that_writes_anything)
{
    struct entry entry = { { 0 } };
    uint64_t *words = (uint64_t *)(void *)test.memory;

    ring_start(32);
    for (int step = 0; step < STEPS; step++) {
        uint32_t near = test.producer.side.mine + test_random(4 * SLOTS) - 2 * SLOTS;

        words[test_random(sizeof(test.memory) / 8)] = test_random64();
        if (test_random(2) == 0) {
            atomic_store(&shared_of_test()->tail, (ring_index_t)1 << 32 | near);
        } else {
            atomic_store(&shared_of_test()->head, (ring_index_t)1 << 32 | near);
        }
        if (test_random(2) == 0) {
            (void)!ring_push(&test.producer, &entry);
            (void)ring_producer_ask(&test.producer);
        } else {
            (void)!ring_pop(&test.consumer, &entry);
            (void)ring_consumer_ask(&test.consumer);
        }
        if (test_random(8) == 0) {
            (void)ring_publish(&test.producer);
            (void)ring_release(&test.consumer);
        }
        CHECK(ring_room(&test.producer) <= SLOTS, "room is bounded");
        const struct ring_side *producer = &test.producer.side;
        const struct ring_side *consumer = &test.consumer.side;

        CHECK(producer->mine - producer->theirs <= SLOTS, "the producer's invariant");
        CHECK(consumer->theirs - consumer->mine <= SLOTS, "the consumer's invariant");
    }
    CHECK(test.producer.side.lies > 0 && test.consumer.side.lies > 0, "lies were met");
}
