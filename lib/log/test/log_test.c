/* SPDX-License-Identifier: MIT */
#include "log/record.h"

#include <stdio.h>
#include <string.h>

#include "host_test/test.h"
#include "log/ring.h"
#include "log/store.h"

enum { WRITERS = 3, KEPT = 8, NOW = 1000000, ROUNDS = 300, STEPS = 400, FLIPS = 2000 };

static struct log_record memory[WRITERS][LOG_RING_SLOTS];
static struct log_record kept[WRITERS * KEPT];
static struct log_ring rings[WRITERS];
static struct log_taker takers[WRITERS];
static struct log_store store;

static void server_open(void)
{
    store.writer_count = WRITERS;
    for (uint32_t i = 0; i < WRITERS; i++) {
        store.writers[i].program = (uint16_t)i;
    }
    CHECK(log_store_open(&store, kept, sizeof(kept)), "the memory is enough");
    CHECK_EQ(store.slots, KEPT, "all of it is used");
    for (uint32_t i = 0; i < WRITERS; i++) {
        takers[i] =
            (struct log_taker){ memory[i], store.writers[i].taken + 1, store.writers[i].dropped };
    }
}

static void start(void)
{
    memset(memory, 0, sizeof(memory));
    memset(kept, 0, sizeof(kept));
    for (uint32_t i = 0; i < WRITERS; i++) {
        log_ring_open(&rings[i], memory[i]);
    }
    server_open();
}

static void line_write(uint32_t writer, uint64_t time_ns)
{
    char text[LOG_TEXT_BYTES];

    (void)snprintf(text, sizeof(text), "%u says %lu", writer, rings[writer].next);
    log_ring_write(&rings[writer], LOG_INFO, time_ns, text);
}

static uint32_t collect(uint32_t writer)
{
    struct log_record line;
    uint32_t count = 0;

    while (log_ring_take(&takers[writer], &line)) {
        store.writers[writer].dropped = takers[writer].dropped;
        log_store_add(&store, writer, &line, NOW);
        count++;
    }
    return count;
}

static uint32_t read_all(uint16_t program, uint8_t level, struct log_record *lines, uint32_t most)
{
    struct log_record wanted = { .program = program, .level = level };
    uint64_t next;

    return log_store_read(&store, &wanted, lines, most, &next);
}

/* All that is kept of a writer: in order, whole, its last lines. */
static void last_lines_check(uint32_t writer, uint64_t last, uint32_t count)
{
    struct log_record lines[KEPT + 1];
    uint32_t got = read_all((uint16_t)writer, LOG_DETAIL, lines, KEPT + 1);

    CHECK_EQ(got, count, "as many as there is room for");
    for (uint32_t i = 0; i < got && !test_has_failed(); i++) {
        char text[LOG_TEXT_BYTES + 1] = "";
        uint64_t source = last - count + 1 + i;
        int length = snprintf(text, sizeof(text), "%u says %lu", writer, source);

        CHECK(log_record_is_right(&lines[i]), "it is whole");
        CHECK_EQ(lines[i].source, source, "the last ones, in order");
        CHECK(lines[i].length == length && memcmp(lines[i].text, text, (size_t)length) == 0,
              "with their words");
    }
}

TEST(a_line_comes_out_as_it_went_in)
{
    struct log_record lines[2];

    start();
    log_ring_write(&rings[1], LOG_WARNING, 7, "hello\n\x1b[2J\xc3\xa4");
    CHECK_EQ(collect(1), 1, "there is one");
    CHECK_EQ(collect(1), 0, "and no more");
    CHECK_EQ(read_all(LOG_ANYBODY, LOG_DETAIL, lines, 2), 1, "it is kept");
    CHECK(lines[0].length == 12 && memcmp(lines[0].text, "hello??[2J\xc3\xa4", 12) == 0,
          "no control characters, all else as it was");
    CHECK_EQ(lines[0].program, 1, "who");
    CHECK_EQ(lines[0].level, LOG_WARNING, "how");
    CHECK_EQ(lines[0].time_ns, 7, "when");
    CHECK_EQ(lines[0].sequence, 1, "the first of all");
}

TEST(long_lines_are_cut)
{
    struct log_record line;
    char text[LOG_TEXT_BYTES * 2];

    start();
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = 0;
    log_ring_write(&rings[0], LOG_INFO, 0, text);
    CHECK(log_ring_take(&takers[0], &line), "it is there");
    CHECK_EQ(line.length, LOG_TEXT_BYTES, "as much as fits");
}

TEST(a_flood_pushes_out_its_own_lines_only)
{
    start();
    line_write(0, 1);
    line_write(0, 1);
    (void)collect(0);
    for (uint32_t i = 0; i < 1000; i++) {
        line_write(1, 2);
    }
    CHECK_EQ(collect(1), LOG_RING_SLOTS, "what the ring still holds");
    last_lines_check(1, 1000, KEPT);
    last_lines_check(0, 2, 2);
    CHECK_EQ(store.writers[1].dropped, 1000 - LOG_RING_SLOTS, "the rest is counted");
    CHECK_EQ(store.writers[0].dropped, 0, "nothing of the other");
    server_open();
    CHECK_EQ(store.writers[1].dropped, 1000 - LOG_RING_SLOTS, "also after the server's death");
}

TEST(a_writers_last_words_are_read_after_its_death)
{
    start();
    line_write(2, 1);
    line_write(2, 1);
    memset(&rings[2], 0, sizeof(rings[2])); /* it died; what it had in its hand is half written */
    memset(&memory[2][3].source, 0xaa, 40);
    CHECK_EQ(collect(2), 2, "all that was whole");
    log_ring_open(&rings[2], memory[2]);
    line_write(2, 3);
    CHECK_EQ(collect(2), 1, "the successor goes on");
    last_lines_check(2, 3, 3);
    CHECK_EQ(store.writers[2].dropped, 0, "half a line is none");
}

/* A line of that number, right in all else. */
static void line_claim(uint32_t writer, uint64_t source)
{
    struct log_record *slot = &memory[writer][source % LOG_RING_SLOTS];

    /* Something stands where the next line is expected, so all of the ring is looked at. */
    memory[writer][takers[writer].next % LOG_RING_SLOTS].source = LOG_NUMBER_MAX / 2;
    *slot = (struct log_record){ .level = LOG_INFO, .source = source };
    log_record_seal(slot);
}

/* What one life wrote into its memory must not silence those after it: a process leaves its place to the next. */
TEST(a_writer_whose_count_is_at_its_end_begins_anew)
{
    start();
    line_claim(1, LOG_NUMBER_MAX);
    CHECK_EQ(collect(1), 1, "a number like any other");
    log_ring_open(&rings[1], memory[1]);
    line_write(1, 1);
    line_write(1, 2);
    CHECK_EQ(collect(1), 2, "its successor is heard");
    server_open();
    line_write(1, 3);
    CHECK_EQ(collect(1), 1, "also by another server");
    CHECK_EQ(store.damaged, 0, "nothing of it is damaged");
}

TEST(a_writer_whose_memory_was_cleared_is_heard)
{
    start();
    for (uint32_t i = 0; i < LOG_RING_SLOTS + 5; i++) {
        line_write(1, i);
        (void)collect(1);
    }
    memset(memory[1], 0, sizeof(memory[1]));
    log_ring_open(&rings[1], memory[1]);
    line_write(1, 1);
    CHECK_EQ(collect(1), 1, "at its first line");
}

/* It counts what it never wrote as dropped, as often as it likes. */
TEST(a_liar_about_its_count_loses_nothing_that_is_kept)
{
    start();
    for (uint32_t i = 0; i < 4; i++) {
        line_claim(1, LOG_NUMBER_MAX - 4 + i);
        CHECK_EQ(collect(1), 1, "far away");
        memset(memory[1], 0, sizeof(memory[1]));
        line_claim(1, 1 + i);
        CHECK_EQ(collect(1), 1, "and near again");
        memset(memory[1], 0, sizeof(memory[1]));
    }
    server_open();
    CHECK_EQ(store.damaged, 0, "all lines are right");
    CHECK_EQ(store.newest, 8, "and counted on");
}

TEST(times_are_brought_into_order)
{
    struct log_record lines[3];

    start();
    line_write(0, 500);
    line_write(0, 400);
    line_write(0, NOW * 5ul);
    (void)collect(0);
    CHECK_EQ(read_all(0, LOG_DETAIL, lines, 3), 3, "three lines");
    CHECK_EQ(lines[1].time_ns, 500, "not before the one before it");
    CHECK_EQ(lines[2].time_ns, NOW, "not after now");
}

TEST(readers_get_what_they_ask_for_in_order)
{
    struct log_record wanted = { .sequence = 3, .program = LOG_ANYBODY, .level = LOG_DETAIL };
    struct log_record lines[4];
    uint64_t next;

    start();
    for (uint32_t i = 0; i < 6; i++) {
        log_ring_write(&rings[i % WRITERS], i == 4 ? LOG_ERROR : LOG_INFO, i, "x");
        (void)collect(i % WRITERS);
    }
    CHECK_EQ(log_store_read(&store, &wanted, lines, 2, &next), 2, "no more than asked for");
    CHECK_EQ(lines[0].sequence, 3, "from there on");
    CHECK_EQ(lines[1].sequence, 4, "in order, whoever wrote them");
    CHECK_EQ(next, 5, "and where to go on");
    CHECK_EQ(read_all(LOG_ANYBODY, LOG_ERROR, lines, 4), 1, "errors only");
    CHECK_EQ(lines[0].sequence, 5, "that one");
    CHECK_EQ(read_all(2, LOG_DETAIL, lines, 4), 2, "of one program");
}

TEST(nothing_is_lost_or_said_twice_whoever_dies_when)
{
    for (uint32_t round = 0; round < ROUNDS && !test_has_failed(); round++) {
        uint64_t written[WRITERS] = { 0 }, collected[WRITERS] = { 0 };

        start();
        for (uint32_t step = 0; step < STEPS; step++) {
            uint32_t writer = test_random(WRITERS);

            switch (test_random(8)) {
            case 0:
                server_open();
                CHECK_EQ(store.damaged, 0, "a death in between damages nothing");
                break;
            case 1:
                log_ring_open(&rings[writer], memory[writer]);
                break;
            case 2:
                collected[writer] += collect(writer);
                break;
            default:
                line_write(writer, step);
                written[writer]++;
            }
        }
        for (uint32_t i = 0; i < WRITERS; i++) {
            collected[i] += collect(i);
            CHECK_EQ(collected[i] + takers[i].dropped, written[i], "each line once, or counted");
            last_lines_check(i, written[i], written[i] < KEPT ? (uint32_t)written[i] : KEPT);
        }
    }
}

/* The server died in the middle of a line of its own memory: the writer still has it. */
TEST(a_line_that_is_half_kept_is_taken_again)
{
    start();
    for (uint32_t i = 0; i < 3; i++) {
        line_write(1, i);
    }
    (void)collect(1);
    memset(kept[KEPT + 3].text, 0, LOG_TEXT_BYTES);
    server_open();
    CHECK_EQ(store.damaged, 1, "it is found");
    CHECK_EQ(collect(1), 1, "and taken again");
    last_lines_check(1, 3, 3);
}

TEST(damage_is_found_and_the_rest_is_kept)
{
    struct log_record lines[WRITERS * KEPT], before[WRITERS * KEPT];

    for (uint32_t round = 0; round < FLIPS && !test_has_failed(); round++) {
        start();
        for (uint32_t i = 0; i < WRITERS; i++) {
            for (uint32_t k = 0; k < KEPT + 3; k++) {
                line_write(i, k);
            }
            (void)collect(i);
        }
        uint32_t count = read_all(LOG_ANYBODY, LOG_DETAIL, before, WRITERS * KEPT);
        uint32_t spoilt = test_random(WRITERS * KEPT);
        unsigned char *byte = (unsigned char *)&kept[spoilt] + test_random(sizeof(kept[0]));
        uint64_t sequence = kept[spoilt].sequence;

        *byte ^= (unsigned char)(1u << test_random(8));
        server_open();
        CHECK_EQ(store.damaged, 1, "it is found");
        uint32_t got = read_all(LOG_ANYBODY, LOG_DETAIL, lines, WRITERS * KEPT);

        CHECK_EQ(got, count - 1, "and only that one is gone");
        for (uint32_t i = 0, k = 0; i < got && !test_has_failed(); i++, k++) {
            k += before[k].sequence == sequence;
            CHECK(memcmp(&lines[i], &before[k], sizeof(lines[i])) == 0, "the others are the same");
        }
    }
}
