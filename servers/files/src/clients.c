/* SPDX-License-Identifier: MIT */
/* Must stay true: a handle belongs to one epoch of its client's session; ids of two epochs are never the same. */
#include "clients.h"

#include "pith/kernel_calls.h"
#include "pith/program_info.h"
#include "pith/space.h"
#include "ring/ring.h"

enum { SERIAL_BITS = 10, EPOCH_BITS = 16, PLACE_BITS = 6 };
_Static_assert(1 << PLACE_BITS == HANDLES_MAX, "the low bits of a handle");

static struct client *clients;
static uint32_t client_count;

static uint32_t epoch_now(const struct client *client)
{
    const struct ring_epoch *epochs = (const struct ring_epoch *)PROGRAM_EPOCHS_ADDR;

    /* Relaxed: it orders nothing here; the call that led here came after it. */
    return atomic_load_explicit(&epochs[client->session.info->epoch].epoch, memory_order_relaxed);
}

err_t clients_init(void)
{
    cap_addr_t frame;
    user_addr_t at;
    uint32_t number;
    err_t err;

    while (session_find("file", true, client_count, &number) == ERR_OK) {
        client_count++;
    }
    uint64_t bytes = (client_count * sizeof(struct client) + PAGE_BYTES) & ~(PAGE_BYTES - 1);

    err = region_create(bytes, PROT_READ | PROT_WRITE, &at, &frame);
    clients = (struct client *)at;
    for (uint32_t i = 0; err == ERR_OK && i < client_count; i++) {
        err = session_find("file", true, i, &number);
        if (err == ERR_OK) {
            err = session_open(&clients[i].session, number);
        }
        if (err == ERR_OK) {
            clients[i].epoch = epoch_now(&clients[i]);
        }
    }
    return err;
}

static void handles_forget(struct client *client)
{
    for (uint32_t i = 0; i < HANDLES_MAX; i++) {
        client->handles[i].id = 0;
    }
    client->open = 0;
}

struct client *client_of(uint64_t badge)
{
    for (uint32_t i = 0; i < client_count; i++) {
        struct client *client = &clients[i];

        if (client->session.info->badge == badge) {
            uint32_t epoch = epoch_now(client);

            if (epoch != client->epoch) {
                handles_forget(client);
                client->epoch = epoch;
            }
            return client;
        }
    }
    return NULL;
}

uint32_t client_handles(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < client_count; i++) {
        count += clients[i].open;
    }
    return count;
}

struct handle *handle_new(struct client *client, uint32_t *id)
{
    for (uint32_t i = 0; i < HANDLES_MAX; i++) {
        if (client->handles[i].id == 0) {
            uint32_t serial = client->serial++ & ((1u << SERIAL_BITS) - 1);
            uint32_t epoch = client->epoch & ((1u << EPOCH_BITS) - 1);

            *id = epoch << (SERIAL_BITS + PLACE_BITS) | serial << PLACE_BITS | i;
            *id = *id != 0 ? *id : HANDLES_MAX; /* 0 is none; place 0, the next serial */
            return &client->handles[i];
        }
    }
    return NULL;
}
