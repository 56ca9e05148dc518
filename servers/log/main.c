/* SPDX-License-Identifier: MIT */
/*
 * The log: collects lines from its clients' sessions and from the warden's ring, and keeps them in memory that outlives
 * it. Must stay true: what is known of a writer follows from its kept lines, so a successor goes on where
 * its predecessor was cut off. Nobody waits for it but who reads. docs/log.md.
 */
#include "log/ring.h"
#include "log/store.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/log_serve.h"
#include "pith/self.h"
#include "pith/space.h"
#include "pith/string.h"
#include "service/service.h"
#include "service/session.h"

#include "abi/names.h"

enum { LINES_A_TURN = 32, WARDEN_WRITER = 0, WARDEN_RING_BYTES = 8192 };

/* The warden is writer 0; session i is that of writer i + 1. */
struct client {
    struct session session;
};

static struct client clients[LOG_WRITERS - 1];
static struct log_taker takers[LOG_WRITERS];
static struct log_store store;

static err_t frame_map(const char *name, uint64_t most, uint32_t prot, user_addr_t *at,
                       uint64_t *bytes)
{
    uint32_t type, rights, depth, flags;
    uint64_t badge, detail;
    cap_addr_t frame = self_cap(name);
    err_t err = ERR_NO_ENTRY;

    if (frame != 0) {
        err = cap_table_identify(PROGRAM_SLOT_TABLE, frame, &type, &rights, &badge, &depth, &flags,
                                 bytes, &detail);
    }
    if (err == ERR_OK) {
        *bytes = *bytes < most ? *bytes : most;
        err = region_reserve(*bytes, at);
    }
    if (err == ERR_OK) {
        err = region_map(*at, frame, 0, (uint32_t)(*bytes / PAGE_BYTES), prot);
    }
    return err;
}

/* Lines of one writer. True: there may be more. */
static bool writer_collect(uint32_t writer)
{
    struct log_record line;

    for (uint32_t i = 0; i < LINES_A_TURN; i++) {
        if (!log_ring_take(&takers[writer], &line)) {
            return false;
        }
        store.writers[writer].dropped = takers[writer].dropped;
        log_store_add(&store, writer, &line, clock_now());
    }
    return true;
}

/* Each in turn, so that one who floods keeps nobody else waiting. */
static bool all_collect(void)
{
    bool has_more = false;

    for (uint32_t i = 0; i < store.writer_count; i++) {
        has_more |= takers[i].slots != NULL && writer_collect(i);
    }
    return has_more;
}

err_t log_on_read(struct client *client, const struct log_read_args *args,
                  struct log_read_results *results)
{
    struct log_record wanted = { .sequence = args->from,
                                 .program = (uint16_t)args->program,
                                 .level = (uint8_t)args->level };
    struct log_record *lines =
        (struct log_record *)((char *)session_data(&client->session) + LOG_READ_AT);

    results->count = log_store_read(&store, &wanted, lines, args->most, &results->next);
    results->newest = store.newest;
    return ERR_OK;
}

err_t log_on_sync(struct client *client, struct log_sync_results *results)
{
    uint32_t writer = (uint32_t)(client - clients) + 1;

    (void)writer_collect(writer);
    results->kept = store.writers[writer].taken;
    results->dropped = store.writers[writer].dropped;
    return ERR_OK;
}

err_t log_on_counts(struct client *client, struct log_counts_results *results)
{
    (void)client;
    results->newest = store.newest;
    results->lines = log_store_lines(&store);
    results->room = store.slots;
    results->damaged = store.damaged;
    for (uint32_t i = 0; i < store.writer_count; i++) {
        results->dropped += store.writers[i].dropped;
    }
    return ERR_OK;
}

static struct client *client_of(uint64_t badge)
{
    for (uint32_t i = 0; i + 1 < store.writer_count; i++) {
        if (clients[i].session.info->badge == badge) {
            return &clients[i];
        }
    }
    return NULL;
}

static void call_handle(struct service *service)
{
    struct client *client = client_of(service->badge);

    if (client == NULL) {
        service->info = MSG_INFO(ERR_NO_RIGHT, 0, 0);
        return;
    }
    log_dispatch(client, &service->info, service->words);
}

static err_t sessions_open(void)
{
    uint32_t number;

    store.writers[WARDEN_WRITER].program = LOG_WARDEN;
    store.writer_count = 1;
    while (store.writer_count < LOG_WRITERS &&
           session_find("log", true, store.writer_count - 1, &number) == ERR_OK) {
        struct client *client = &clients[store.writer_count - 1];
        err_t err = session_open(&client->session, number);

        if (err) {
            return err;
        }
        if (client->session.data_bytes < LOG_READ_AT + LOG_READ_MAX * sizeof(struct log_record)) {
            return ERR_RANGE;
        }
        store.writers[store.writer_count].program = (uint16_t)client->session.info->badge;
        takers[store.writer_count].slots = session_data(&client->session);
        store.writer_count++;
    }
    return ERR_OK;
}

static err_t start(void)
{
    user_addr_t kept = 0, warden = 0;
    uint64_t bytes = 0, warden_bytes = 0;
    err_t err = sessions_open();

    if (err == ERR_OK) {
        err = frame_map("kept", UINT64_MAX, PROT_READ | PROT_WRITE, &kept, &bytes);
    }
    if (err == ERR_OK && !log_store_open(&store, (void *)kept, bytes)) {
        err = ERR_NO_MEMORY;
    }
    if (err) {
        return err;
    }
    if (frame_map("warden_log", WARDEN_RING_BYTES, PROT_READ, &warden, &warden_bytes) == ERR_OK &&
        warden_bytes == WARDEN_RING_BYTES) {
        takers[WARDEN_WRITER].slots = (const struct log_record *)warden;
    }
    for (uint32_t i = 0; i < store.writer_count; i++) {
        takers[i].next = store.writers[i].taken + 1;
        takers[i].dropped = store.writers[i].dropped;
    }
    return ERR_OK;
}

int main(void)
{
    static struct service service;
    err_t err = start();

    if (err) {
        debug_printf("log: %s\n", error_name(err));
        return 1;
    }
    debug_printf("log: %lu lines kept, %lu damaged\n", log_store_lines(&store), store.damaged);
    debug_printf("log: room for %u of each of %u writers\n", store.slots, store.writer_count);
    for (;;) {
        bool has_more = all_collect();

        if (service_wait(&service, has_more ? 0 : DEADLINE_NEVER) == SERVICE_CALL) {
            call_handle(&service);
        }
    }
}
