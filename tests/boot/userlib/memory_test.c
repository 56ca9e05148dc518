/* SPDX-License-Identifier: MIT */
/* Untyped memory, objects, regions, clock. */
#include "userlib.h"

#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/self.h"
#include "pith/space.h"

static uint64_t bytes_used(void)
{
    const struct boot_info *boot = self()->boot;
    uint64_t sum = 0;

    for (uint32_t i = 0; i < boot->untyped_count; i++) {
        uint64_t base, size, used;
        uint32_t device;

        if (untyped_info(boot->untyped[i].slot, &base, &size, &used, &device) == ERR_OK) {
            sum += used;
        }
    }
    return sum;
}

static void memory_comes_back_whole(void)
{
    enum { RUNS = 64 };
    struct memory *memory = &self()->memory;
    cap_addr_t runs[RUNS] = { 0 };
    uint64_t used = bytes_used();

    for (int step = 0; step < 2000; step++) {
        uint32_t i = random_below(RUNS);

        if (runs[i] != 0) {
            memory_give(memory, runs[i]);
            runs[i] = 0;
        } else {
            uint64_t bytes = 1 + random_below(1u << (12 + random_below(10)));

            if (memory_take(memory, bytes, 7, &runs[i]) == ERR_OK) {
                CHECK(memory_size(memory, runs[i]) >= bytes, "as much as was asked for");
            } else {
                runs[i] = 0;
            }
        }
    }
    CHECK(memory_of_owner(memory, 7) > 0, "the owner is known");
    for (uint32_t i = 0; i < RUNS; i++) {
        if (runs[i] != 0) {
            memory_give(memory, runs[i]);
        }
    }
    CHECK_EQ(memory_of_owner(memory, 7), 0, "the owner has none");
    if (memory->keeps_cuts) {
        memory_join(memory);
    }
    CHECK_EQ(bytes_used(), used, "the kernel says so too");
}

/* The largest that can be had. */
static uint64_t largest(struct memory *memory)
{
    uint64_t bytes = 1ull << 40;
    cap_addr_t untyped;

    while (bytes > PAGE_BYTES && memory_take(memory, bytes, 7, &untyped)) {
        bytes /= 2;
    }
    memory_give(memory, untyped);
    return bytes;
}

static void memory_that_stays_cut_is_joined_when_it_has_to_be(void)
{
    struct memory *memory = &self()->memory;
    uint64_t used = bytes_used(), most = largest(memory);
    uint32_t taken = self()->slots.taken;
    cap_addr_t untyped, again;

    memory->keeps_cuts = true;
    CHECK_EQ(memory_take(memory, 1 << 20, 7, &untyped), ERR_OK, "a piece");
    memory_give(memory, untyped);
    CHECK(self()->slots.taken > taken, "the cuts stay");
    CHECK_EQ(memory_take(memory, 1 << 20, 7, &again), ERR_OK, "another piece");
    CHECK_EQ(again, untyped, "it is the same one");
    memory_give(memory, again);
    CHECK_EQ(largest(memory), most, "all of it, when that is wanted");
    memory_join(memory);
    memory_comes_back_whole();
    memory->keeps_cuts = false;
    CHECK_EQ(bytes_used(), used, "nothing is cut any more");
    CHECK_EQ(self()->slots.taken, taken, "no slot is lost");
}

static void memory_says_when_there_is_none(void)
{
    cap_addr_t untyped;

    CHECK_EQ(memory_take(&self()->memory, 1ull << 50, 7, &untyped), ERR_NO_MEMORY, "too much");
    CHECK_EQ(memory_take(&self()->memory, 0, 7, &untyped), ERR_RANGE, "nothing");
}

static void objects_come_and_go(void)
{
    enum { OBJECTS = 300 };
    static cap_addr_t objects[OBJECTS];
    static const enum object_type types[] = { OBJECT_ENDPOINT, OBJECT_NOTIFICATION, OBJECT_REPLY,
                                              OBJECT_TIMER, OBJECT_THREAD };
    uint64_t used = bytes_used();

    for (uint32_t i = 0; i < OBJECTS; i++) {
        CHECK_EQ(object_create(types[i % 5], 0, &objects[i]), ERR_OK, "an object");
    }
    for (uint32_t i = 0; i < OBJECTS; i++) {
        object_destroy(objects[(i * 7) % OBJECTS]);
    }
    CHECK_EQ(bytes_used(), used, "all memory is unused again");
}

static void regions_hold_what_is_written(void)
{
    enum { REGIONS = 8, BYTES = 5 * 4096 };
    user_addr_t at[REGIONS];
    cap_addr_t frame[REGIONS];

    for (uint64_t i = 0; i < REGIONS; i++) {
        CHECK_EQ(region_create(BYTES, PROT_READ | PROT_WRITE, &at[i], &frame[i]), ERR_OK,
                 "a region");
        for (uint64_t word = 0; word < BYTES / 8; word++) {
            CHECK_EQ(((uint64_t *)at[i])[word], 0, "new memory is zero");
            ((uint64_t *)at[i])[word] = i << 32 | word;
        }
    }
    for (uint64_t i = 0; i < REGIONS; i++) {
        for (uint64_t word = 0; word < BYTES / 8; word++) {
            CHECK_EQ(((uint64_t *)at[i])[word], i << 32 | word, "each has its own");
        }
        region_destroy(at[i], BYTES, frame[i]);
    }
    CHECK_EQ(self()->ranges.count, 1, "the space is whole again");
}

/* More pages than the kernel's map takes in one call. */
static void regions_may_be_large(void)
{
    const uint64_t bytes = 4100 * PAGE_BYTES;
    user_addr_t at;
    cap_addr_t frame;

    CHECK_EQ(region_create(bytes, PROT_READ | PROT_WRITE, &at, &frame), ERR_OK, "a large region");
    *(uint64_t *)(at + bytes - 8) = 1;
    CHECK_EQ(*(uint64_t *)at, 0, "another word");
    region_destroy(at, bytes, frame);
}

static void the_clock_goes_on_and_sleep_lasts(void)
{
    ns_t start = clock_now();

    sleep_until(start + 3 * NS_PER_MS);
    ns_t spent = clock_now() - start;

    CHECK(spent >= 3 * NS_PER_MS, "not before its time");
    CHECK(spent < 500 * NS_PER_MS, "nor long after");
}

const struct userlib_test memory_tests[] = {
    { "memory_comes_back_whole", memory_comes_back_whole },
    { "memory_that_stays_cut_is_joined_when_it_has_to_be",
      memory_that_stays_cut_is_joined_when_it_has_to_be },
    { "memory_says_when_there_is_none", memory_says_when_there_is_none },
    { "objects_come_and_go", objects_come_and_go },
    { "regions_hold_what_is_written", regions_hold_what_is_written },
    { "regions_may_be_large", regions_may_be_large },
    { "the_clock_goes_on_and_sleep_lasts", the_clock_goes_on_and_sleep_lasts },
    { 0 },
};
