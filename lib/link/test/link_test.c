/* SPDX-License-Identifier: MIT */
/* Both sides of the link against each other over plain memory, with deaths, full rings and lies. */
#include <string.h>

#include "block_fake/fake.h"
#include "host_test/test.h"
#include "link/client.h"
#include "link/server.h"

enum { DEVICE_MAX = 64 };

static struct link_client client;
static struct link_server server;
static const struct link_state state = {
    .mtu = 1500, .flags = LINK_IS_UP, .receive_max = 8, .send_max = 8
};

/* What the driver has given its device. */
static struct {
    uint32_t operation;
    struct link_frame frame;
} device[DEVICE_MAX];
static uint32_t in_device;
static uint32_t resets;

static void server_start(void)
{
    CHECK_EQ(link_server_open(&server, 0), ERR_OK, "it opens");
    in_device = 0;
}

static void start(void)
{
    fake_links_start();
    server_start();
    CHECK_EQ(link_client_open(&client, FAKE_CLIENT), ERR_OK, "it opens");
    resets = 0;
}

static void server_work(void)
{
    struct link_frame frame;
    uint32_t operation;

    while (in_device < DEVICE_MAX && link_server_has_room(&server) &&
           link_server_next(&server, &operation, &frame)) {
        if (operation == LINK_BEGIN) {
            in_device = 0;
            resets++;
            link_server_begin(&server, &state);
        } else {
            device[in_device].operation = operation;
            device[in_device++].frame = frame;
        }
    }
    (void)link_server_rest(&server);
}

/* The device is done with one: the index-th. */
static void device_finish(uint32_t index, uint16_t bytes)
{
    struct link_frame frame = device[index].frame;
    uint32_t operation = device[index].operation;

    if (link_server_has_room(&server)) {
        frame.bytes = bytes;
        device[index] = device[--in_device];
        link_server_answer(&server, operation, &frame);
    }
}

static uint32_t client_work(void)
{
    const void *data;
    uint32_t bytes;
    uint32_t count = 0;

    while (link_client_receive(&client, &data, &bytes)) {
        count++;
    }
    (void)link_client_rest(&client);
    return count;
}

static void exchange(void)
{
    for (uint32_t i = 0; i < 4; i++) {
        (void)client_work();
        server_work();
    }
}

static bool frame_send(void)
{
    void *data = link_client_buffer(&client);

    if (data != NULL) {
        memset(data, 1, 60);
        link_client_send(&client, 60);
    }
    return data != NULL;
}

TEST(the_device_is_reset_before_buffers_are_given)
{
    start();
    CHECK(!frame_send(), "there is no link yet");
    (void)client_work();
    CHECK(!link_client_is_up(&client), "not before the answer");
    server_work();
    CHECK_EQ(resets, 1, "reset");
    exchange();
    CHECK(link_client_is_up(&client), "up");
    CHECK_EQ(in_device, 8, "as many buffers as the driver takes");
    CHECK_EQ(server.refused + client.refused, 0, "nobody lied");
}

TEST(frames_go_both_ways_and_buffers_come_back)
{
    uint32_t received = 0;
    uint32_t sent = 0;

    start();
    exchange();
    for (uint32_t i = 0; i < 2000; i++) {
        sent += frame_send();
        (void)link_client_rest(&client);
        server_work();
        if (in_device > 0) {
            device_finish(test_random(in_device), 100);
        }
        (void)link_server_rest(&server);
        received += client_work();
    }
    exchange();
    CHECK(sent > 100, "many were sent");
    CHECK(received > 100, "many were received");
    CHECK_EQ(client.send.given + client.receive.given, in_device, "the rest is in the device");
    CHECK_EQ(server.refused + client.refused, 0, "nobody lied");
}

TEST(a_dead_driver_has_nothing_any_more)
{
    start();
    exchange();
    CHECK(frame_send(), "there is room");
    exchange();
    fake_epoch_begin(0);
    server_start();
    (void)client_work();
    CHECK(!link_client_is_up(&client), "down");
    CHECK_EQ(client.lost, 1, "the frame under way");
    exchange();
    CHECK(link_client_is_up(&client), "up again");
    CHECK_EQ(in_device, 8, "supplied again");
    CHECK_EQ(client.receive.given, 8, "and no more");
}

TEST(a_dead_client_leaves_nothing_in_the_device)
{
    start();
    exchange();
    fake_epoch_begin(0);
    CHECK_EQ(link_client_open(&client, FAKE_CLIENT), ERR_OK, "a successor");
    device_finish(0, 100); /* of the old one: nobody hears of it */
    exchange();
    CHECK_EQ(resets, 2, "reset before the successor gives buffers");
    CHECK_EQ(in_device, 8, "all are the successor's");
    CHECK_EQ(client.refused, 0, "it heard of nothing old");
}

static void ask(uint32_t operation, uint32_t offset, uint16_t bytes)
{
    struct link_entry entry = { .operation = operation, .count = 1 };

    entry.frames[0] = (struct link_frame){ .offset = offset, .bytes = bytes };
    CHECK_EQ(session_send(&client.session, &entry), ERR_OK, "there is room");
    session_flush(&client.session);
}

TEST(frames_outside_the_data_area_are_refused)
{
    static const struct {
        const char *why;
        uint32_t operation, offset;
        uint16_t bytes;
    } cases[] = {
        { "behind the area", LINK_SEND, FAKE_DATA_BYTES, 60 },
        { "over its end", LINK_RECEIVE, FAKE_DATA_BYTES - 59, 60 },
        { "far away", LINK_SEND, UINT32_MAX, 60 },
        { "too short", LINK_SEND, 0, 13 },
        { "no operation", 9, 0, 60 },
        { "from the driver only", LINK_STATE, 0, 60 },
    };

    start();
    exchange();
    uint32_t before = in_device;

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask(cases[i].operation, cases[i].offset, cases[i].bytes);
        server_work();
        CHECK_EQ(server.refused, i + 1, cases[i].why);
        CHECK_EQ(in_device, before, cases[i].why);
    }
    ask(LINK_SEND, FAKE_DATA_BYTES - 60, 60);
    server_work();
    CHECK_EQ(in_device, before + 1, "the last bytes of the area");
}

TEST(answers_for_buffers_that_were_not_given_are_refused)
{
    struct link_frame frame;

    start();
    exchange();
    frame = device[0].frame;
    device_finish(0, 100);
    frame.bytes = 100;
    link_server_answer(&server, LINK_RECEIVE, &frame); /* twice */
    frame.offset += 1;
    link_server_answer(&server, LINK_RECEIVE, &frame); /* within a buffer */
    frame.offset = UINT32_MAX & ~(LINK_BUFFER_BYTES - 1);
    link_server_answer(&server, LINK_RECEIVE, &frame); /* nowhere */
    link_server_answer(&server, LINK_SEND, &frame);
    frame = device[0].frame;
    frame.bytes = LINK_BUFFER_BYTES + 1;
    link_server_answer(&server, LINK_RECEIVE, &frame); /* longer than the buffer */
    (void)link_server_rest(&server);
    CHECK_EQ(client_work(), 1, "one is right");
    CHECK_EQ(client.refused, 5, "the others are not");
}
