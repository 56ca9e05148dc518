/* SPDX-License-Identifier: MIT */
/* Queues against a device that works, and against one that lies in each way there is. */
#include "virtio/queue.h"

#include <stdlib.h>
#include <string.h>

#include "host_test/test.h"
#include "virtio/registers.h"
#include "virtio_fake/fake.h"

enum { SLOTS = 8, SEGMENTS = 3 };

static struct fake_virtio fake;
static struct virtio_queue queue;
static struct virtio_memory memory;
static uint8_t data[SLOTS][64];

static err_t open_with(uint64_t features, uint32_t size)
{
    fake_virtio_start(&fake);
    fake.offers = VIRTIO_FEATURE_VERSION_1 | features;
    CHECK_EQ(virtio_start(&fake.driver, features, 0, false), ERR_OK, "it starts");
    fake.queues[1].size = size;
    free(memory.at);
    memory = fake_memory(SLOTS, SEGMENTS);

    struct virtio_queue_spec spec = { 1, SLOTS, SEGMENTS, 2, &memory };
    err_t err = virtio_queue_open(&queue, &fake.driver, &spec);

    CHECK_EQ(virtio_ready(&fake.driver), ERR_OK, "it runs");
    return err;
}

/* One byte to read, 32 to write. */
static err_t add(uint32_t slot)
{
    uint64_t at = (uint64_t)(uintptr_t)data[slot] + FAKE_SHIFT;
    struct virtio_segment segments[] = { { at, 1, false },
                                         { at + 16, 16, true },
                                         { at + 32, 16, true } };

    return virtio_queue_add(&queue, slot, segments, 3);
}

static void requests_go_and_come(uint64_t features, uint32_t size, uint32_t slots)
{
    struct fake_request request;
    uint32_t slot;
    uint32_t written;

    CHECK_EQ(open_with(features, size), ERR_OK, "it opens");
    CHECK_EQ(queue.slots, slots, "as many as fit");
    CHECK_EQ(fake.queues[1].vector, 2, "with its vector");
    for (uint32_t round = 0; round < 500; round++) {
        uint32_t count = 1 + test_random(slots);

        memset(data, 0, sizeof(data));
        for (uint32_t i = 0; i < count; i++) {
            CHECK_EQ(add(i), ERR_OK, "there is room");
        }
        CHECK_EQ(add(0), ERR_BUSY, "each once");
        virtio_queue_publish(&queue);
        for (uint32_t i = 0; i < count && CHECK(fake_take(&fake, 1, &request), "seen"); i++) {
            CHECK_EQ(request.readable, 1, "what it reads");
            CHECK_EQ(request.writable, 32, "what it writes");
            fake_give(&fake, 1, request.id, 32);
        }
        CHECK(!virtio_queue_rest(&queue), "there is something");
        for (uint32_t i = 0; i < count; i++) {
            CHECK_EQ(virtio_queue_take(&queue, &slot, &written), ERR_OK, "comes back");
            CHECK_EQ(slot, i, "in the order that it was given");
            CHECK_EQ(written, 32, "as long as was said");
            CHECK_EQ(data[slot][47], FAKE_FILL, "written");
        }
        CHECK_EQ(virtio_queue_take(&queue, &slot, &written), ERR_WOULD_BLOCK, "no more");
        CHECK(virtio_queue_rest(&queue), "nothing is there");
        CHECK_EQ(queue.in_flight, 0, "nothing is on its way");
    }
    CHECK_EQ(fake.bad_requests + fake.bad_accesses, 0, "by the rules");
    CHECK_EQ(queue.lies, 0, "nobody lied");
}

TEST(requests_go_and_come_by_indirect_descriptors)
{
    requests_go_and_come(VIRTIO_FEATURE_INDIRECT, 256, SLOTS);
}

TEST(requests_go_and_come_by_chains)
{
    requests_go_and_come(0, 16, 5);
}

TEST(requests_go_and_come_with_event_indices)
{
    requests_go_and_come(VIRTIO_FEATURE_INDIRECT | VIRTIO_FEATURE_EVENT_INDEX, 8, SLOTS);
}

TEST(interrupts_come_exactly_when_asked_for)
{
    struct fake_request request;
    uint32_t slot;
    uint32_t written;

    CHECK_EQ(open_with(VIRTIO_FEATURE_INDIRECT | VIRTIO_FEATURE_EVENT_INDEX, 8), ERR_OK, "opens");
    for (uint32_t round = 0; round < 70000; round++) {
        uint16_t before = fake.queues[1].used;
        bool is_asked = test_random(2) == 0;

        if (is_asked || round == 0) {
            CHECK(virtio_queue_rest(&queue), "nothing is there");
        }
        CHECK_EQ(add(round % SLOTS), ERR_OK, "there is room");
        virtio_queue_publish(&queue);
        (void)fake_take(&fake, 1, &request);
        fake_give(&fake, 1, request.id, 1);
        CHECK_EQ(fake_interrupts(&fake, 1, before), is_asked || round == 0, "as asked");
        CHECK_EQ(virtio_queue_take(&queue, &slot, &written), ERR_OK, "comes back");
        if (test_has_failed()) {
            return;
        }
    }
}

TEST(notifications_are_left_out_when_the_device_says_so)
{
    uint16_t *ring;

    CHECK_EQ(open_with(VIRTIO_FEATURE_INDIRECT, 8), ERR_OK, "it opens");
    ring = (uint16_t *)(void *)queue.device_ring;
    CHECK_EQ(add(0), ERR_OK, "there is room");
    virtio_queue_publish(&queue);
    CHECK_EQ(fake.queues[1].notified, 1, "notified");
    virtio_queue_publish(&queue);
    CHECK_EQ(fake.queues[1].notified, 1, "nothing was added");
    ring[0] = VIRTIO_NO_NOTIFY;
    CHECK_EQ(add(1), ERR_OK, "there is room");
    virtio_queue_publish(&queue);
    CHECK_EQ(fake.queues[1].notified, 1, "it does not want to hear of it");

    CHECK_EQ(open_with(VIRTIO_FEATURE_INDIRECT | VIRTIO_FEATURE_EVENT_INDEX, 8), ERR_OK, "opens");
    ring = (uint16_t *)(void *)queue.device_ring;
    ring[2 + 4 * 8] = 2; /* when index 2 is passed */
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_EQ(add(i), ERR_OK, "there is room");
        virtio_queue_publish(&queue);
        CHECK_EQ(fake.queues[1].notified, i >= 2, "once, at the third");
    }
}

TEST(open_refuses_what_cannot_be)
{
    static const struct {
        const char *why;
        uint32_t size, notify;
        err_t want;
    } cases[] = {
        { "no such queue", 0, 1, ERR_NO_ENTRY },
        { "no power of two", 12, 1, ERR_RANGE },
        { "too large", 65536, 1, ERR_RANGE },
        { "notified outside", 256, 3, ERR_RANGE },
        { "notified far off", 256, 0xffff, ERR_RANGE },
        { "at the end", 256, 2, ERR_OK },
        { "the smallest", 1, 1, ERR_OK },
        { "the largest", 32768, 1, ERR_OK },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct virtio_queue_spec spec = { 1, SLOTS, SEGMENTS, 2, &memory };

        fake_virtio_start(&fake);
        CHECK_EQ(virtio_start(&fake.driver, VIRTIO_FEATURE_INDIRECT, 0, false), ERR_OK, "starts");
        fake.queues[1].size = cases[i].size;
        fake.queues[1].notify = cases[i].notify;
        free(memory.at);
        memory = fake_memory(SLOTS, SEGMENTS);
        CHECK_EQ(virtio_queue_open(&queue, &fake.driver, &spec), cases[i].want, cases[i].why);
        CHECK_EQ(fake.driver.lies, cases[i].want == ERR_RANGE, "lies are counted");
    }
}

TEST(open_refuses_a_spec_that_cannot_be)
{
    struct virtio_queue_spec good = { 1, SLOTS, SEGMENTS, 2, &memory };
    struct virtio_memory small;

    CHECK_EQ(open_with(0, 2), ERR_RANGE, "too short for one chain");
    small = memory;
    small.bytes--;
    for (uint32_t i = 0; i < 5; i++) {
        struct virtio_queue_spec spec = good;
        err_t want = ERR_RANGE;

        spec.slots = i == 0 ? 0 : i == 1 ? VIRTIO_SLOTS_MAX + 1 : SLOTS;
        spec.segments_max = i == 2 ? 0 : SEGMENTS;
        spec.memory = i == 3 ? &small : &memory;
        if (i == 4) {
            spec.number = FAKE_QUEUES;
            want = ERR_NO_ENTRY;
        }
        CHECK_EQ(virtio_queue_open(&queue, &fake.driver, &spec), want, "refused");
    }
    fake_virtio_start(&fake);
    CHECK_EQ(virtio_start(&fake.driver, VIRTIO_FEATURE_INDIRECT, 0, false), ERR_OK, "starts");
    fake.refuses_vectors = true;
    CHECK_EQ(virtio_queue_open(&queue, &fake.driver, &good), ERR_IO, "no vector");
}

TEST(add_refuses_what_does_not_fit)
{
    struct virtio_segment segments[SEGMENTS + 1] = { { 0 } };

    CHECK_EQ(open_with(VIRTIO_FEATURE_INDIRECT, 8), ERR_OK, "it opens");
    CHECK_EQ(virtio_queue_add(&queue, SLOTS, segments, 1), ERR_RANGE, "no such slot");
    CHECK_EQ(virtio_queue_add(&queue, UINT32_MAX, segments, 1), ERR_RANGE, "no such slot");
    CHECK_EQ(virtio_queue_add(&queue, 0, segments, 0), ERR_RANGE, "nothing");
    CHECK_EQ(virtio_queue_add(&queue, 0, segments, SEGMENTS + 1), ERR_RANGE, "too much");
    CHECK_EQ(queue.in_flight, 0, "nothing was added");
}

/* Two requests are in flight (slots 0 and 1); then `lie` writes to the ring. */
static void refuses(const char *why, void (*lie)(uint32_t first, uint32_t second))
{
    struct fake_request first;
    struct fake_request second;
    uint32_t slot = 77;
    uint32_t written = 77;
    err_t err;

    CHECK_EQ(open_with(VIRTIO_FEATURE_INDIRECT, 8), ERR_OK, "it opens");
    CHECK_EQ(add(0), ERR_OK, "there is room");
    CHECK_EQ(add(1), ERR_OK, "there is room");
    virtio_queue_publish(&queue);
    (void)fake_take(&fake, 1, &first);
    (void)fake_take(&fake, 1, &second);
    lie(first.id, second.id);
    do {
        err = virtio_queue_take(&queue, &slot, &written);
        CHECK(err != ERR_OK || slot < 2, why);
    } while (err == ERR_OK);
    CHECK_EQ(err, ERR_IO, why);
    CHECK_EQ(queue.lies, 1, "counted");
    CHECK(queue.is_stopped, "and no more");
    CHECK_EQ(add(2), ERR_IO, "and no more");
    CHECK(!virtio_queue_rest(&queue), "nothing to wait for");
}

static void repeated_id(uint32_t first, uint32_t second)
{
    (void)second;
    fake_give(&fake, 1, first, 1);
    fake_give(&fake, 1, first, 1);
}

static void unused_id(uint32_t first, uint32_t second)
{
    (void)first;
    fake_give(&fake, 1, second + 1, 1);
}

static void large_id(uint32_t first, uint32_t second)
{
    fake_give(&fake, 1, first, 1);
    fake_give(&fake, 1, second + 0x10000, 1);
}

static void index_jumps(uint32_t first, uint32_t second)
{
    uint16_t *ring = (uint16_t *)(void *)queue.device_ring;

    fake_give(&fake, 1, first, 1);
    fake_give(&fake, 1, second, 1);
    ring[1] = 3;
}

static void index_goes_back(uint32_t first, uint32_t second)
{
    uint16_t *ring = (uint16_t *)(void *)queue.device_ring;

    (void)first;
    (void)second;
    ring[1] = 0xffff;
}

TEST(lies_stop_the_queue)
{
    refuses("an id twice", repeated_id);
    refuses("an id that is not in flight", unused_id);
    refuses("an id that is none", large_id);
    refuses("an index that jumps", index_jumps);
    refuses("an index that goes back", index_goes_back);
}

TEST(a_length_beyond_the_request_counts_as_none)
{
    struct fake_request request;
    uint32_t slot;
    uint32_t written;

    CHECK_EQ(open_with(VIRTIO_FEATURE_INDIRECT, 8), ERR_OK, "it opens");
    CHECK_EQ(add(0), ERR_OK, "there is room");
    virtio_queue_publish(&queue);
    (void)fake_take(&fake, 1, &request);
    fake_give(&fake, 1, request.id, 33);
    CHECK_EQ(virtio_queue_take(&queue, &slot, &written), ERR_OK, "it is done");
    CHECK_EQ(written, 0, "nothing is believed");
    CHECK_EQ(queue.lies, 1, "counted");
}

TEST(a_queue_opens_anew_after_a_reset)
{
    struct virtio_queue_spec spec = { 1, SLOTS, SEGMENTS, 2, &memory };
    struct fake_request request;
    uint32_t slot;
    uint32_t written;

    CHECK_EQ(open_with(VIRTIO_FEATURE_INDIRECT, 8), ERR_OK, "it opens");
    CHECK_EQ(add(0), ERR_OK, "there is room");
    virtio_queue_publish(&queue);
    CHECK_EQ(virtio_start(&fake.driver, VIRTIO_FEATURE_INDIRECT, 0, false), ERR_OK, "restarts");
    CHECK_EQ(virtio_queue_open(&queue, &fake.driver, &spec), ERR_OK, "it opens");
    CHECK_EQ(virtio_ready(&fake.driver), ERR_OK, "it runs");
    CHECK(!fake_take(&fake, 1, &request), "what was there is gone");
    CHECK_EQ(add(0), ERR_OK, "there is room");
    virtio_queue_publish(&queue);
    CHECK(fake_take(&fake, 1, &request), "seen");
    fake_give(&fake, 1, request.id, 2);
    CHECK_EQ(virtio_queue_take(&queue, &slot, &written), ERR_OK, "comes back");
}
