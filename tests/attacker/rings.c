/* SPDX-License-Identifier: MIT */
/* Servers that are reached by rings: any entries, any indices, at any time; and calls beside that. */
#include "attacker.h"

#include "block/wire.h"
#include "link/wire.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/string.h"
#include "service/service.h"
#include "service/session.h"
#include "socket/wire.h"

enum { ENTRIES_PER_WAIT = 40, SCRIBBLE_IN = 300, CALL_IN = 50, INDEX_WORDS = 32 };

#define WAIT_NS 500000ull

union entry {
    struct block_request block;
    struct link_entry link;
    struct socket_request socket;
    uint64_t words[SESSION_ENTRY_BYTES / 8];
};

static union entry block_entry(void)
{
    return (
        union entry){ .block = { .tag = random64(),
                                 .operation = below(6),
                                 .bytes = 512 * below(below(3) == 0 ? 100000 : 8),
                                 .sector = below(3) == 0 ? random64() >> below(64) : below(1000),
                                 .offset = 512ull * below(4000) } };
}

static union entry link_entry(void)
{
    union entry entry = { .link = { .operation = below(6), .count = below(9) } };

    for (uint32_t i = 0; i < LINK_FRAMES && entry.link.operation != LINK_BEGIN; i++) {
        entry.link.frames[i] = (struct link_frame){ .offset = below(2000000),
                                                    .bytes = (uint16_t)below(3000),
                                                    .flags = (uint16_t)(below(8) == 0) };
    }
    return entry;
}

static union entry socket_entry(void)
{
    return (union entry){ .socket = { .operation = 1 + below(6),
                                      .socket = below(8),
                                      .life = below(3),
                                      .flags = below(4) == 0 ? below(8) : 0,
                                      .consumed = below(3) == 0 ? below(100000) : 0,
                                      .written = below(2) == 0 ? below(9000) : 0,
                                      .offset = below(100) * 4096,
                                      .bytes = 4096u << below(3),
                                      .port = 1000 + below(40),
                                      .number = 1 + below(8),
                                      .address = { { [10] = 0xff,
                                                     [11] = 0xff,
                                                     [12] = 127,
                                                     [15] = (uint8_t)below(3) } } } };
}

static union entry entry_of(const char *interface)
{
    switch (interface[0]) {
    case 'b':
        return block_entry();
    case 'l':
        return link_entry();
    default:
        return socket_entry();
    }
}

/* Rings' indices, or anything in the memory that both sides share. */
static void scribble(const struct session *session)
{
    uint64_t *words = (uint64_t *)session->base;
    uint32_t limit = below(2) == 0 ? INDEX_WORDS : (uint32_t)(session->info->bytes / 8);

    words[below(limit) + (below(4) == 0 && limit == INDEX_WORDS ? SESSION_REPLIES / 8 : 0)] =
        random64() >> below(64);
}

static void calls_make(cap_addr_t server)
{
    uint64_t words[8];

    for (uint32_t i = 0; i < 8; i++) {
        words[i] = random64() >> below(64);
    }
    wants_listed("a call of a server with rings", raw_call(server, below(6), words));
}

void attack_rings(const char *interface, uint32_t count)
{
    static struct service service;
    static struct session session;
    uint64_t answer[SESSION_ENTRY_BYTES / 8];
    uint32_t number = 0;
    err_t err = session_find(interface, false, 0, &number);

    if (err == ERR_OK) {
        err = session_open(&session, number);
    }
    wants("a session", ERR_OK, err);
    for (uint32_t i = 0; err == ERR_OK && i < count; i++) {
        union entry entry = entry_of(interface);

        if (below(4) == 0) {
            entry.words[below(SESSION_ENTRY_BYTES / 8)] = random64() >> below(64);
        }
        (void)!session_send(&session, &entry);
        while (session_receive(&session, answer) == ERR_OK) {
        }
        if (below(SCRIBBLE_IN) == 0) {
            scribble(&session);
        }
        if (below(CALL_IN) == 0) {
            calls_make(self_cap(interface));
        }
        if (i % ENTRIES_PER_WAIT == 0) {
            (void)session_rest(&session);
            (void)!notification_signal(session.info->bell);
            if (service_wait(&service, clock_now() + WAIT_NS) == SERVICE_CALL) {
                service.info = MSG_INFO(ERR_BAD_CALL, 0, 0);
            }
        }
    }
}
