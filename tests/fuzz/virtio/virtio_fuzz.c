/* SPDX-License-Identifier: MIT */
/*
 * A virtqueue against a device that works for a while and then writes anything into its ring. The driver's side
 * must hand out only slots that are in flight, never more than the device could have finished, keep its
 * counts, touch nothing outside its memory (the sanitizers watch), and stop at the first lie.
 *
 *     virtio_fuzz --runs 3000 --seed 1
 *
 * The same seed gives the same runs. Ends with status 0 if all held.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_test/fuzz.h"
#include "virtio/queue.h"
#include "virtio/registers.h"
#include "virtio_fake/fake.h"

enum { SLOTS_MAX = 16, STEPS = 200 };

static struct fake_virtio fake;
static struct virtio_queue queue;
static struct virtio_memory memory;
static uint8_t data[SLOTS_MAX][256];
static bool is_out[SLOTS_MAX]; /* the model: which slots are in flight */
static uint32_t out_count;
static uint64_t stopped;
static uint64_t done;

static bool open_queue(void)
{
    uint32_t slots = 1 + below(SLOTS_MAX);
    uint32_t segments = 1 + below(4);
    struct virtio_queue_spec spec = { 1, slots, segments, 0, &memory };

    fake_virtio_start(&fake);
    fake.offers = VIRTIO_FEATURE_VERSION_1 | (below(2) ? VIRTIO_FEATURE_INDIRECT : 0) |
                  (below(2) ? VIRTIO_FEATURE_EVENT_INDEX : 0);
    require(virtio_start(&fake.driver, fake.offers, 0, false) == ERR_OK, "it starts");
    fake.queues[1].size = below(8) == 0 ? below(70000) : 1u << below(9);
    fake.queues[1].notify = below(8) == 0 ? below(65536) : 1;
    free(memory.at);
    memory = fake_memory(slots, segments);
    memset(is_out, 0, sizeof(is_out));
    out_count = 0;
    return virtio_queue_open(&queue, &fake.driver, &spec) == ERR_OK;
}

static void add_one(void)
{
    struct virtio_segment segments[5];
    uint32_t count = 1 + below(queue.segments_max);
    uint32_t slot = below(queue.slots);
    uint32_t readable = below(count + 1);

    for (uint32_t i = 0; i < count; i++) {
        segments[i] =
            (struct virtio_segment){ (uint64_t)(uintptr_t)data[slot] + FAKE_SHIFT + below(128),
                                     below(128), i >= readable };
    }
    err_t err = virtio_queue_add(&queue, slot, segments, count);

    require(err == (queue.is_stopped ? ERR_IO
                    : is_out[slot]   ? ERR_BUSY
                                     : ERR_OK),
            "a slot is free exactly when it is not in flight");
    if (err == ERR_OK) {
        is_out[slot] = true;
        out_count++;
    }
}

static void take_all(void)
{
    uint32_t slot;
    uint32_t written;

    for (;;) {
        err_t err = virtio_queue_take(&queue, &slot, &written);

        if (err != ERR_OK) {
            require(err == ERR_WOULD_BLOCK || queue.is_stopped, "an error stops the queue");
            require(!queue.is_stopped || queue.lies > 0, "a queue stops for a lie");
            break;
        }
        require(slot < queue.slots && is_out[slot], "only what is in flight comes back");
        require(written <= 4 * 128, "no more than there was room for");
        is_out[slot] = false;
        out_count--;
        done++;
    }
    require(queue.in_flight == out_count, "the counts agree");
}

static void device_works(uint32_t lies_in_16)
{
    struct fake_request request;
    uint32_t count = below(4);
    uint16_t *ring = (uint16_t *)(void *)queue.device_ring;

    while (count-- > 0 && fake_take(&fake, 1, &request)) {
        bool is_lie = below(16) < lies_in_16;

        fake_give(&fake, 1, is_lie ? (uint32_t)random64() >> below(32) : request.id,
                  is_lie ? (uint32_t)random64() : request.writable);
    }
    if (below(16) < lies_in_16) {
        ring[below(2 + 4 * queue.size + 1)] = (uint16_t)(random64() >> below(48));
    }
}

static void one_run(void)
{
    uint32_t lies_in_16 = below(3) == 0 ? 0 : below(4);

    if (!open_queue()) {
        return;
    }
    require(virtio_ready(&fake.driver) == ERR_OK, "it runs");
    for (uint32_t step = 0; step < STEPS; step++) {
        switch (below(4)) {
        case 0:
            add_one();
            break;
        case 1:
            virtio_queue_publish(&queue);
            break;
        case 2:
            device_works(lies_in_16);
            break;
        default:
            take_all();
            (void)virtio_queue_rest(&queue);
        }
    }
    require(lies_in_16 != 0 || !queue.is_stopped, "an honest device is believed");
    require(fake.bad_requests == 0 && fake.bad_accesses == 0, "the driver keeps the rules");
    stopped += queue.is_stopped;
}

int main(int argc, char **argv)
{
    uint64_t runs = 1000;
    uint64_t seed = 1;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--runs") == 0) {
            runs = strtoull(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--seed") == 0) {
            seed = strtoull(argv[i + 1], NULL, 10);
        }
    }
    for (uint64_t i = 0; i < runs; i++) {
        fuzz_begin("virtio_fuzz", seed + i);
        one_run();
    }
    free(memory.at);
    printf("ok virtio_fuzz: %llu runs, %llu requests, %llu queues stopped\n",
           (unsigned long long)runs, (unsigned long long)done, (unsigned long long)stopped);
    return 0;
}
