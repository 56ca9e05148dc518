/* SPDX-License-Identifier: MIT */
#include "block_fake/fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/boot_info.h"

struct fake_link fake_links[FAKE_LINKS];

static struct fake_link *link_of(const struct session *session)
{
    return &fake_links[session->number % FAKE_CLIENT];
}

static uint32_t side_of(const struct session *session)
{
    return session->number >= FAKE_CLIENT;
}

void fake_links_start(void)
{
    memset(fake_links, 0, sizeof(fake_links));
    for (uint32_t i = 0; i < FAKE_LINKS; i++) {
        fake_links[i].infos[0] =
            (struct program_session){ .badge = 100 + i, .role = PROGRAM_SESSION_SERVER };
        atomic_store(&fake_links[i].epoch.epoch, 1);
    }
}

void fake_epoch_begin(uint32_t number)
{
    atomic_fetch_add(&fake_links[number].epoch.epoch, 1);
}

void fake_time_set(ns_t now)
{
    static struct clock_page *page;

    if (page == NULL) {
        page = mmap((void *)BOOT_CLOCK_ADDR, 4096, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        if (page != (void *)BOOT_CLOCK_ADDR) {
            printf("FAIL fake_time_set: no page at the clock's place\n");
            exit(1);
        }
    }
    *page = (struct clock_page){ .base_ns = now }; /* ticks count nothing */
}

/* --- In place of lib/service/src/session.c --- */

static void begin(struct session *session)
{
    struct fake_link *link = link_of(session);
    struct ring_setup requests = { (void *)link->memory, &link->epoch, SESSION_SLOTS,
                                   SESSION_ENTRY_BYTES };
    struct ring_setup replies = requests;

    replies.shared = (void *)(link->memory + SESSION_REPLIES);
    (void)!ring_producer_init(&session->out, side_of(session) ? &requests : &replies);
    (void)!ring_consumer_init(&session->in, side_of(session) ? &replies : &requests);
}

static err_t result(struct session *session, err_t err)
{
    if (err == ERR_GONE) {
        begin(session);
        session->epochs++;
    }
    return err;
}

static void ring_bell(struct session *session, bool is_wanted)
{
    if (is_wanted) {
        session->bells++;
        link_of(session)->bells[side_of(session)]++;
    }
}

err_t session_find(const char *interface, bool is_server, uint32_t index, uint32_t *number)
{
    (void)interface;
    if (index >= FAKE_LINKS) {
        return ERR_NO_ENTRY;
    }
    *number = is_server ? index : index + FAKE_CLIENT;
    return ERR_OK;
}

err_t session_open(struct session *session, uint32_t number)
{
    *session = (struct session){ .number = number, .data_bytes = FAKE_DATA_BYTES };
    session->info = &link_of(session)->infos[side_of(session)];
    session->base = (user_addr_t)(uintptr_t)link_of(session)->memory;
    begin(session);
    return ERR_OK;
}

err_t session_send(struct session *session, const void *entry)
{
    return result(session, ring_push(&session->out, entry));
}

void session_flush(struct session *session)
{
    ring_bell(session, ring_publish(&session->out));
}

err_t session_receive(struct session *session, void *entry)
{
    return result(session, ring_pop(&session->in, entry));
}

bool session_rest(struct session *session)
{
    session_flush(session);
    ring_bell(session, ring_release(&session->in));
    return ring_consumer_ask(&session->in);
}

bool session_rest_full(struct session *session)
{
    session_flush(session);
    ring_bell(session, ring_release(&session->in));
    return ring_producer_ask(&session->out);
}
