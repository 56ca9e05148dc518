/* SPDX-License-Identifier: MIT */
/* The source against a fake device that is slow, gives little, lies or fails. */
#include <stdlib.h>
#include <string.h>

#include "host_test/test.h"
#include "pith/clock.h"
#include "virtio/registers.h"
#include "virtio_fake/fake.h"
#include "virtio_random/source.h"

#define S(n) ((ns_t)(n)*NS_PER_S)

static struct fake_virtio fake;
static struct source source;
static uint8_t next_byte; /* what the device gives next */
static uint8_t area[SOURCE_POOL_BYTES];

static void start(void)
{
    static struct virtio_memory rings;

    fake_virtio_start(&fake);
    source_init(&source);
    free(rings.at);
    source.requests.rings = rings = fake_memory(SOURCE_SLOTS, 1);
    source.requests.area =
        (struct virtio_memory){ area, (uint64_t)(uintptr_t)area + FAKE_SHIFT, sizeof(area) };
    source.simple.device = &fake.driver;
    CHECK_EQ(virtio_simple_start(&source.simple), ERR_OK, "it starts");
    source_work(&source, 0);
    next_byte = 0;
}

/* The device answers one request with so many bytes, and says it were `said`. False: it has none. */
static bool device_gives(uint32_t bytes, uint32_t said)
{
    struct fake_request request;

    if (!fake_take(&fake, 0, &request)) {
        return false;
    }
    for (uint32_t i = 0; i < bytes && request.id < SOURCE_SLOTS; i++) {
        area[request.id * SOURCE_BUFFER_BYTES + i] = next_byte++;
    }
    fake_give(&fake, 0, request.id, said);
    return true;
}

TEST(each_byte_of_the_device_is_handed_out_once)
{
    uint32_t seen[256] = { 0 };
    uint8_t bytes[48];
    uint64_t got = 0, gave = 0;

    start();
    for (uint32_t step = 0; step < 20000; step++) {
        uint32_t count = test_random(SOURCE_BUFFER_BYTES + 1);

        if (test_random(2) == 0 && device_gives(count, count)) {
            gave += count;
        }
        source_work(&source, 0);
        count = source_get(&source, bytes, test_random(sizeof(bytes) + 1));
        for (uint32_t i = 0; i < count; i++) {
            seen[bytes[i]]++;
        }
        got += count;
    }
    CHECK_EQ(source.received, gave, "what the device gave");
    CHECK_EQ(got + source.count, gave, "is handed out or there");
    CHECK(gave > 10000, "it went round");
    for (uint32_t i = 0; i < source.count; i++) {
        seen[source.pool[i]]++;
    }
    for (uint32_t i = 0; i < 256; i++) {
        CHECK(seen[i] == gave / 256 || seen[i] == gave / 256 + 1, "each once");
    }
}

TEST(nothing_that_was_handed_out_stays_in_memory)
{
    uint8_t bytes[SOURCE_POOL_BYTES];

    start();
    next_byte = 1;
    while (device_gives(16, 16)) {
    }
    source_work(&source, 0);
    CHECK_EQ(source.count, 16 * SOURCE_SLOTS, "from each request");
    CHECK_EQ(source_get(&source, bytes, sizeof(bytes)), 16 * SOURCE_SLOTS, "all of it");
    for (uint32_t i = 0; i < SOURCE_POOL_BYTES; i++) {
        CHECK(source.pool[i] == 0 && area[i] == 0, "wiped");
    }
}

TEST(no_more_is_asked_for_than_there_is_room)
{
    start();
    CHECK_EQ(source.requests.queue.in_flight, SOURCE_SLOTS, "all is asked for");
    while (device_gives(SOURCE_BUFFER_BYTES, SOURCE_BUFFER_BYTES)) {
    }
    source_work(&source, 0);
    CHECK_EQ(source.count, SOURCE_POOL_BYTES, "the pool is full");
    CHECK_EQ(source.requests.queue.in_flight, 0, "nothing is asked for");
    CHECK_EQ(source_deadline(&source), DEADLINE_NEVER, "and nothing is awaited");
    CHECK(!device_gives(1, 1), "the device has nothing to do");
}

TEST(a_length_that_is_not_possible_gives_nothing)
{
    static const uint32_t lies[] = { SOURCE_BUFFER_BYTES + 1, 1u << 20, UINT32_MAX };

    for (uint32_t i = 0; i < 3; i++) {
        start();
        CHECK(device_gives(8, lies[i]), "it answers");
        source_work(&source, 0);
        CHECK_EQ(source.count, 0, "nothing is believed");
    }
}

TEST(a_device_that_gives_nothing_for_long_is_reset_and_given_up_in_the_end)
{
    ns_t now = 0;
    uint32_t resets = 0;

    start();
    CHECK(source_check(&source, source_deadline(&source) - 1), "not yet");
    CHECK_EQ(source.simple.resets, 0, "not yet");
    while (source_check(&source, now) && resets < 100) {
        now += S(11);
        resets++;
        source_work(&source, now);
    }
    CHECK(source.simple.resets > 2 && source.simple.resets < 20, "a bounded number of times");
    start();
    for (uint32_t i = 0; i < 50; i++) {
        source_work(&source, now);
        now += S(11);
        CHECK(source_check(&source, now), "it is reset");
        source_work(&source, now);
        CHECK(device_gives(1, 1), "and gives something");
        source_work(&source, now);
    }
    CHECK_EQ(source.count, 50, "one each time");
}

TEST(empty_answers_do_not_count_as_giving)
{
    start();
    for (uint32_t i = 1; i <= 11; i++) {
        while (device_gives(0, 0)) {
        }
        for (uint32_t slots = 0; slots < 3; slots++) {
            source_work(&source, i == 1 ? S(1) : S(i));
        }
        if (i == 10) {
            CHECK(source_check(&source, S(i)), "it is believed so far");
        }
    }
    CHECK(source.empty >= 8, "they are counted");
}

TEST(a_device_that_lies_is_reset_and_what_it_gave_before_is_good)
{
    uint8_t bytes[8];

    start();
    CHECK(device_gives(8, 8), "it gives");
    source_work(&source, 0);
    fake_give(&fake, 0, 77777, 5); /* nobody asked */
    source_work(&source, 0);
    CHECK(source.requests.queue.is_stopped, "it is believed no more");
    CHECK(source_check(&source, 0), "it is reset");
    CHECK_EQ(source.simple.resets, 1, "once");
    source_work(&source, 0);
    CHECK_EQ(source.requests.queue.in_flight, SOURCE_SLOTS - 1, "and asked again");
    CHECK_EQ(source_get(&source, bytes, 8), 8, "what it gave before is there");
    CHECK_EQ(source.pool[0], 0, "once");
}

TEST(whatever_the_device_writes_stays_bounded)
{
    uint8_t bytes[48];

    for (uint32_t run = 0; run < 3000; run++) {
        ns_t now = 0;

        start();
        for (uint32_t step = 0; step < 60; step++) {
            struct fake_request request;
            uint16_t *ring = (uint16_t *)(void *)source.requests.queue.device_ring;
            uint32_t words = 2 + 4 * source.requests.queue.size + 1;

            if (test_random(2) == 0 && fake_take(&fake, 0, &request)) {
                fake_give(&fake, 0, test_random(8) == 0 ? (uint32_t)test_random64() : request.id,
                          test_random(4) == 0 ? (uint32_t)test_random64() : test_random(65));
            }
            if (test_random(16) == 0) {
                ring[test_random(words)] = (uint16_t)test_random64();
            }
            now += test_random(2000) * NS_PER_MS;
            source_work(&source, now);
            CHECK(source.count <= SOURCE_POOL_BYTES, "the pool holds it");
            CHECK(source_get(&source, bytes, sizeof(bytes)) <= sizeof(bytes), "bounded");
            if (!source_check(&source, now)) {
                break;
            }
        }
        CHECK_EQ(fake.bad_accesses, 0, "the driver keeps the rules");
        if (test_has_failed()) {
            return;
        }
    }
}
