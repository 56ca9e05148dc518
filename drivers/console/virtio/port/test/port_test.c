/* SPDX-License-Identifier: MIT */
/* The port against a fake device that is slow, lies or fails, and a client that reads and writes as it likes. */
#include "virtio_console/port.h"

#include <stdlib.h>
#include <string.h>

#include "block_fake/fake.h"
#include "host_test/test.h"
#include "terminal/client.h"
#include "virtio/registers.h"
#include "virtio_fake/fake.h"

enum { WIRE_MAX = 1 << 16 };

static struct fake_virtio fake;
static struct port port;
static struct terminal terminal;
static uint8_t input_area[PORT_SLOTS * PORT_INPUT_BYTES], output_area[PORT_OUTPUT_BYTES];
static uint32_t typed;         /* bytes that the device gave */
static uint8_t wire[WIRE_MAX]; /* what it showed */
static uint32_t wire_count;

static uint8_t byte_at(uint32_t position)
{
    return (uint8_t)(position * 7 + position / 251);
}

static struct virtio_memory area_of(uint8_t *area, uint64_t bytes)
{
    return (struct virtio_memory){ area, (uint64_t)(uintptr_t)area + FAKE_SHIFT, bytes };
}

static void start(void)
{
    static struct virtio_memory rings[2];

    fake_virtio_start(&fake);
    fake_links_start();
    port_init(&port);
    for (uint32_t i = 0; i < 2; i++) {
        free(rings[i].at);
        rings[i] = fake_memory(PORT_SLOTS, 1);
        port.simple.buffers[i]->rings = rings[i];
    }
    port.input.area = area_of(input_area, sizeof(input_area));
    port.output.area = area_of(output_area, sizeof(output_area));
    port.simple.device = &fake.driver;
    CHECK_EQ(terminal_server_open(&port.terminal, 0), ERR_OK, "the session opens");
    CHECK_EQ(terminal_open(&terminal, FAKE_CLIENT), ERR_OK, "the client opens");
    CHECK_EQ(virtio_simple_start(&port.simple), ERR_OK, "it starts");
    typed = wire_count = 0;
    (void)port_work(&port);
}

/* A driver that was replaced: its memory is new, the session is not. */
static void restart(void)
{
    struct virtio_memory rings[2] = { port.input.rings, port.output.rings };

    fake_virtio_start(&fake);
    fake_epoch_begin(0);
    port_init(&port);
    port.input.rings = rings[0];
    port.output.rings = rings[1];
    port.input.area = area_of(input_area, sizeof(input_area));
    port.output.area = area_of(output_area, sizeof(output_area));
    port.simple.device = &fake.driver;
    CHECK_EQ(terminal_server_open(&port.terminal, 0), ERR_OK, "the session opens");
    CHECK_EQ(virtio_simple_start(&port.simple), ERR_OK, "it starts");
}

static bool device_types(uint32_t count)
{
    struct fake_request request;

    if (!fake_take(&fake, 0, &request)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        input_area[request.id * PORT_INPUT_BYTES + i] = byte_at(typed++);
    }
    fake_give(&fake, 0, request.id, count);
    return true;
}

static void device_shows(void)
{
    struct fake_request request;

    if (fake_take(&fake, 1, &request)) {
        CHECK(request.readable <= PORT_OUTPUT_BYTES, "no more than the buffer holds");
        for (uint32_t i = 0; i < request.readable && wire_count < WIRE_MAX; i++) {
            wire[wire_count++] = output_area[i];
        }
        fake_give(&fake, 1, request.id, 0);
    }
}

TEST(bytes_come_through_both_ways)
{
    uint32_t taken = 0, written = 0;
    uint8_t bytes[3000];

    start();
    for (uint32_t step = 0; step < 20000 && wire_count < WIRE_MAX - 20000; step++) {
        uint32_t count = test_random(200);

        switch (test_random(5)) {
        case 0:
            (void)device_types(count < PORT_INPUT_BYTES ? count : PORT_INPUT_BYTES);
            break;
        case 1:
            device_shows();
            break;
        case 2:
            count = terminal_read(&terminal, bytes, count);
            for (uint32_t i = 0; i < count; i++, taken++) {
                CHECK_EQ(bytes[i], byte_at(taken), "what was typed is read");
            }
            break;
        case 3:
            count = test_random(10) == 0 ? sizeof(bytes) : count;
            for (uint32_t i = 0; i < count; i++) {
                bytes[i] = byte_at(written + i);
            }
            written += terminal_write(&terminal, bytes, count);
            break;
        default:
            (void)port_work(&port);
        }
        if (test_has_failed()) {
            return;
        }
    }
    for (uint32_t i = 0; i < 100; i++) {
        (void)port_work(&port);
        device_shows();
        taken += terminal_read(&terminal, bytes, sizeof(bytes));
    }
    CHECK_EQ(taken, typed, "all that was typed");
    CHECK_EQ(wire_count, written, "all that was written");
    CHECK(typed > 10000 && written > 10000, "it went round");
    for (uint32_t i = 0; i < wire_count; i++) {
        CHECK_EQ(wire[i], byte_at(i), "in order");
    }
    CHECK_EQ(fake.bad_requests + fake.bad_accesses, 0, "the driver keeps the rules");
}

TEST(a_client_that_does_not_read_makes_the_device_wait)
{
    uint8_t bytes[256];
    uint32_t taken = 0;

    start();
    while (device_types(PORT_INPUT_BYTES) && typed < 100000) {
        (void)port_work(&port);
    }
    CHECK(typed < TERMINAL_INPUT_BYTES + (PORT_SLOTS + 2) * PORT_INPUT_BYTES,
          "it gets no more buffers");
    CHECK(port_rest(&port) || port_rest(&port), "and the driver sleeps");
    while (taken < typed) {
        uint32_t count = terminal_read(&terminal, bytes, sizeof(bytes));

        for (uint32_t i = 0; i < count; i++, taken++) {
            CHECK_EQ(bytes[i], byte_at(taken), "nothing is lost");
        }
        CHECK(count != 0 || port_work(&port) != 0, "it goes on");
        if (test_has_failed()) {
            return;
        }
        (void)port_work(&port);
    }
}

TEST(what_a_dead_driver_had_not_shown_is_shown_again)
{
    uint8_t bytes[5000];

    start();
    for (uint32_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = byte_at(i);
    }
    CHECK_EQ(terminal_write(&terminal, bytes, sizeof(bytes)), sizeof(bytes), "there is room");
    (void)port_work(&port);
    device_shows();
    (void)port_work(&port);
    CHECK_EQ(wire_count, PORT_OUTPUT_BYTES, "a piece is shown");
    restart();
    for (uint32_t i = 0; i < 10; i++) {
        (void)port_work(&port);
        device_shows();
    }
    (void)port_work(&port);
    CHECK_EQ(wire_count, sizeof(bytes), "and then the rest");
    CHECK(memcmp(wire, bytes, sizeof(bytes)) == 0, "in order");
    CHECK_EQ(terminal_unshown(&terminal), 0, "and the client knows");
}

TEST(a_length_that_is_not_possible_is_not_believed)
{
    static const uint32_t lies[] = { PORT_INPUT_BYTES + 1, 1u << 20, UINT32_MAX };
    struct fake_request request;
    uint8_t bytes[16];

    for (uint32_t i = 0; i < 3; i++) {
        start();
        CHECK(fake_take(&fake, 0, &request), "it has a buffer");
        fake_give(&fake, 0, request.id, lies[i]);
        (void)port_work(&port);
        CHECK_EQ(terminal_read(&terminal, bytes, sizeof(bytes)), 0, "nothing was typed");
    }
}

TEST(a_device_that_lies_is_reset_and_goes_on)
{
    uint8_t bytes[16] = "hello";

    start();
    CHECK_EQ(terminal_write(&terminal, bytes, 5), 5, "something to show");
    (void)port_work(&port);
    fake_give(&fake, 1, 31337, 0); /* nobody asked */
    (void)port_work(&port);
    CHECK(!port_rest(&port), "nobody sleeps before it was checked");
    CHECK(virtio_simple_check(&port.simple, false), "it is reset");
    CHECK_EQ(port.simple.resets, 1, "once");
    for (uint32_t i = 0; i < 3; i++) {
        (void)port_work(&port);
        device_shows();
    }
    CHECK(wire_count == 5 && memcmp(wire, "hello", 5) == 0, "what it had is shown");
    CHECK(device_types(3), "it has buffers");
    (void)port_work(&port);
    CHECK_EQ(terminal_read(&terminal, bytes, sizeof(bytes)), 3, "and what is typed comes");
}

TEST(whatever_the_device_writes_stays_bounded)
{
    uint8_t bytes[512] = { 0 };

    for (uint32_t run = 0; run < 2000; run++) {
        start();
        for (uint32_t step = 0; step < 60; step++) {
            uint32_t number = test_random(2);
            struct virtio_queue *queue = &port.simple.buffers[number]->queue;
            uint16_t *ring = (uint16_t *)(void *)queue->device_ring;
            struct fake_request request;

            if (test_random(2) == 0 && fake_take(&fake, number, &request)) {
                fake_give(&fake, number,
                          test_random(8) == 0 ? (uint32_t)test_random64() : request.id,
                          test_random(4) == 0 ? (uint32_t)test_random64() : test_random(129));
            }
            if (test_random(16) == 0) {
                ring[test_random(2 + 4 * queue->size + 1)] = (uint16_t)test_random64();
            }
            (void)terminal_write(&terminal, bytes, test_random(sizeof(bytes)));
            CHECK(terminal_read(&terminal, bytes, sizeof(bytes)) <= sizeof(bytes), "bounded");
            (void)port_work(&port);
            (void)port_rest(&port);
            if (!virtio_simple_check(&port.simple, false)) {
                break;
            }
        }
        CHECK_EQ(fake.bad_accesses, 0, "the driver keeps the rules");
        CHECK_EQ(port.terminal.end.refused + terminal.end.refused, 0,
                 "the client sees nothing of it");
        if (test_has_failed()) {
            return;
        }
    }
}
