/* SPDX-License-Identifier: MIT */
/*
 * The driver of virtio block devices: serves the protocol block to the program's sessions. Works on interrupts and
 * bells alone; each round is bounded, so that probes are answered under any load.
 */
#include "block/server.h"
#include "pith/block_serve.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/self.h"
#include "pith/string.h"
#include "service/service.h"
#include "virtio_block/disk.h"

#include "abi/names.h"

enum { ROUND_MAX = 64, QUOTA = 32, FLAG_READ_ONLY = 1, FLAG_HAS_CACHE = 2 };

struct client {
    uint64_t badge;
};

static struct disk disk;
static struct block_server server;

/* Jobs that are done go out, new ones come in. Gives how many; ROUND_MAX: perhaps there are more. */
static uint32_t work(void)
{
    struct block_job job;
    err_t result;
    uint32_t done = 0;

    while (done < ROUND_MAX && disk_finish(&disk, &job, &result)) {
        block_server_done(&server, &job, result);
        done++;
    }
    for (uint32_t i = 0; i < ROUND_MAX && !disk_is_full(&disk); i++, done++) {
        if (!block_server_next(&server, &job)) {
            break;
        }
        if (job.operation == BLOCK_FLUSH && !disk.has_cache) {
            block_server_done(&server, &job, ERR_OK); /* what it has completed is on the medium */
            continue;
        }
        disk_start(&disk, &job);
    }
    disk_publish(&disk);
    return done;
}

/* --- The protocol's calls --- */

err_t block_on_info(struct client *client, struct block_info_results *results)
{
    (void)client;
    *results = (struct block_info_results){
        .sectors = disk.limits.sectors,
        .flags = (disk.limits.is_read_only ? FLAG_READ_ONLY : 0u) |
                 (disk.has_cache ? FLAG_HAS_CACHE : 0u),
        .block_bytes = disk.block_bytes,
        .request_max = disk.limits.request_max,
        .served = server.served,
        .refused = server.refused,
    };
    return ERR_OK;
}

err_t block_on_kick(struct client *client, struct block_kick_results *results)
{
    const struct block_peer *peer = block_server_peer(&server, client->badge);

    if (peer == NULL) {
        return ERR_GONE;
    }
    uint64_t before = peer->taken;

    (void)work();
    (void)block_server_rest(&server);
    results->taken = (uint32_t)(peer->taken - before);
    return ERR_OK;
}

/* --- The loop --- */

static void handle_signals(uint64_t bits)
{
    block_server_heard(&server, bits);
    if (bits & DRIVER_IRQ_BIT(0)) {
        driver_irq_ack(&disk.driver, 0);
    }
}

static int serve(void)
{
    static struct service service;
    bool is_suspicious = false;

    for (;;) {
        uint32_t done = work();

        /* An interrupt for nothing may mean that the device wants to say something else. */
        if ((disk_is_stopped(&disk) || (is_suspicious && done == 0)) && !disk_check(&disk)) {
            break;
        }
        bool is_quiet = block_server_rest(&server) || disk_is_full(&disk);
        bool may_sleep = disk_rest(&disk) && is_quiet && done < ROUND_MAX;

        is_suspicious = false;
        switch (service_wait(&service, may_sleep ? disk_deadline(&disk) : 0)) {
        case SERVICE_CALL: {
            struct client client = { .badge = service.badge };

            block_dispatch(&client, &service.info, service.words);
            break;
        }
        case SERVICE_SIGNALS:
            is_suspicious = (service.bits & DRIVER_IRQ_BIT(0)) != 0;
            handle_signals(service.bits);
            break;
        case SERVICE_TIME:
            is_suspicious = may_sleep;
            break;
        }
    }
    debug_printf("virtio_block: the device is beyond help\n");
    return 1;
}

static err_t sessions_open(void)
{
    uint32_t number;

    for (uint32_t i = 0; session_find("block", true, i, &number) == ERR_OK; i++) {
        err_t err = block_server_add(&server, number);

        if (err == ERR_OK) {
            err = disk_share(&disk, i, &server.peers[i].session);
        }
        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

int main(void)
{
    const char *why = "";
    err_t err = disk_open(&disk, &why);

    if (err == ERR_OK) {
        disk.limits.is_read_only |= strcmp(self_args(), "read-only") == 0;
        block_server_init(&server, &disk.limits, QUOTA);
        why = "a session";
        err = sessions_open();
    }
    if (err) {
        debug_printf("virtio_block: %s: %s\n", why, error_name(err));
        return 1;
    }
    debug_printf("virtio_block: %lu sectors%s\n", (unsigned long)disk.limits.sectors,
                 disk.limits.is_read_only ? ", read-only" : "");
    debug_printf("virtio_block: %u sessions, %u requests at once\n", server.peer_count,
                 disk.queue.slots);
    return serve();
}
