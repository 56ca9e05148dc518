/* SPDX-License-Identifier: MIT */
/* Servers that are reached by rings: any entries, any indices, at any time; and calls beside that. */
#include "attacker.h"

#include "block/wire.h"
#include "file/wire.h"
#include "link/wire.h"
#include "pith/clock.h"
#include "pith/file_calls.h"
#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/string.h"
#include "service/service.h"
#include "service/session.h"

enum { ENTRIES_PER_WAIT = 40, SCRIBBLE_IN = 300, CALL_IN = 50, INDEX_WORDS = 32, HANDLE_IN = 200 };

#define WAIT_NS 500000ull
#define CALL_NS (3 * NS_PER_S)

static struct session session;

union entry {
    struct block_request block;
    struct link_entry link;
    struct file_request file;
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

/* Reads of a file that is there, mostly; what calls beside this close is opened again now and then. */
static union entry file_entry(void)
{
    static const char path[] = "/text";
    static uint32_t handle;
    uint32_t kind, walked, traits;
    uint64_t bytes, modified, inode;

    if (handle == 0 || below(HANDLE_IN) == 0) {
        memcpy(session_data(&session), path, sizeof(path));
        (void)!file_open(self_cap("file"), clock_now() + CALL_NS, 0, 0, sizeof(path) - 1, 0, 0,
                         &handle, &kind, &bytes, &modified, &inode, &walked, &traits);
    }
    return (union entry){ .file = { .tag = random64(),
                                    .operation = below(8) == 0 ? below(4) : FILE_REQUEST_READ,
                                    .handle = below(8) == 0 ? (uint32_t)random64() : handle,
                                    .position = random64() >> below(64),
                                    .bytes = below(below(3) == 0 ? 200000 : 5000),
                                    .offset = below(200000) } };
}

static union entry any_entry(const char *interface)
{
    if (strcmp(interface, "block") == 0) {
        return block_entry();
    }
    return strcmp(interface, "file") == 0 ? file_entry() : link_entry();
}

/* Rings' indices, or anything in the memory that both sides share. */
static void scribble(void)
{
    uint64_t *words = (uint64_t *)session.base;
    uint32_t limit = below(2) == 0 ? INDEX_WORDS : (uint32_t)(session.info->bytes / 8);

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
    uint64_t answer[SESSION_ENTRY_BYTES / 8];
    uint32_t number = 0;
    err_t err = session_find(interface, false, 0, &number);

    if (err == ERR_OK) {
        err = session_open(&session, number);
    }
    wants("a session", ERR_OK, err);
    for (uint32_t i = 0; err == ERR_OK && i < count; i++) {
        union entry entry = any_entry(interface);

        if (below(4) == 0) {
            entry.words[below(SESSION_ENTRY_BYTES / 8)] = random64() >> below(64);
        }
        (void)!session_send(&session, &entry);
        while (session_receive(&session, answer) == ERR_OK) {
        }
        if (below(SCRIBBLE_IN) == 0) {
            scribble();
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
