/* SPDX-License-Identifier: MIT */
/*
 * The driver of virtio's random number generators: serves the protocol random. Who asks while there is nothing waits in
 * a reply object, and is answered in turn.
 */
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/random_serve.h"
#include "pith/string.h"
#include "service/service.h"
#include "service/stats.h"
#include "virtio_random/source.h"

#include "abi/names.h"

enum { WAITERS_MAX = 16, TAKE_BYTES = 48, TAKE_WORDS = 1 + TAKE_BYTES / 8 };

struct client {
    uint64_t badge;
};

static struct driver driver;
static struct virtio_pci virtio;
static struct source source;
static struct service service;
static uint64_t given;

/* First come, first served. */
static struct {
    cap_addr_t reply;
    uint32_t most;
    uint64_t arrived;
} waiters[WAITERS_MAX];
static uint32_t first, waiting;

static uint32_t give(uint32_t most, struct random_take_results *results)
{
    uint64_t words[TAKE_BYTES / 8] = { 0 };

    *results = (struct random_take_results){ .count = source_get(&source, words, most) };
    results->w0 = words[0];
    results->w1 = words[1];
    results->w2 = words[2];
    results->w3 = words[3];
    results->w4 = words[4];
    results->w5 = words[5];
    given += results->count;
    return results->count;
}

static void waiters_serve(void)
{
    struct random_take_results got;

    while (waiting != 0 && give(waiters[first].most, &got) != 0) {
        uint64_t words[8] = { got.count, got.w0, got.w1, got.w2, got.w3, got.w4, got.w5 };

        /* What was for somebody who no longer waits is gone. */
        if (ipc_reply(waiters[first].reply, MSG_INFO(ERR_OK, TAKE_WORDS, 0), words) == ERR_OK) {
            stats_answered(waiters[first].arrived);
        }
        first = (first + 1) % WAITERS_MAX;
        waiting--;
    }
}

err_t random_on_take(struct client *client, const struct random_take_args *args,
                     struct random_take_results *results)
{
    uint32_t last = (first + waiting) % WAITERS_MAX;

    (void)client;
    if (waiting == 0 && give(args->most, results) != 0) {
        return ERR_OK;
    }
    if (waiting == WAITERS_MAX) {
        return ERR_BUSY;
    }
    waiters[last].most = args->most;
    waiters[last].arrived = service.arrived;
    if (service_defer(&service, waiters[last].reply)) {
        return ERR_BUSY; /* unless it has given up already */
    }
    waiting++;
    return ERR_OK; /* nobody is told that: the call is no longer in our hands */
}

err_t random_on_info(struct client *client, struct random_info_results *results)
{
    (void)client;
    *results = (struct random_info_results){
        .received = source.received,
        .given = given,
        .ready = source.count,
        .waiting = waiting,
        .resets = source.simple.resets,
        .refused = source.requests.queue.lies + source.empty,
    };
    return ERR_OK;
}

/* True: an interrupt came, or none in time. */
static bool wait(ns_t deadline_ns)
{
    switch (service_wait(&service, deadline_ns)) {
    case SERVICE_CALL: {
        struct client client = { .badge = service.badge };

        random_dispatch(&client, &service.info, service.words);
        return false;
    }
    case SERVICE_SIGNALS:
        if (service.bits & DRIVER_IRQ_BIT(0)) {
            driver_irq_ack(&driver, 0);
        }
        return true;
    case SERVICE_TIME:
        return deadline_ns != 0;
    }
    return false;
}

static err_t waiters_init(void)
{
    err_t err = ERR_OK;

    for (uint32_t i = 0; i < WAITERS_MAX && err == ERR_OK; i++) {
        err = object_create(OBJECT_REPLY, 0, &waiters[i].reply);
    }
    return err;
}

int main(void)
{
    const char *why = "memory";
    err_t err = waiters_init();

    source_init(&source);
    if (err == ERR_OK) {
        err = virtio_simple_open(&source.simple, &driver, &virtio, &why);
    }
    if (err) {
        debug_printf("virtio_random: %s: %s\n", why, error_name(err));
        return 1;
    }
    for (bool is_suspicious = true; !is_suspicious || source_check(&source, clock_now());) {
        source_work(&source, clock_now());
        waiters_serve();
        source_work(&source, clock_now()); /* there is room again */
        is_suspicious = wait(virtio_simple_rest(&source.simple) ? source_deadline(&source) : 0) ||
                        source.requests.queue.is_stopped;
    }
    debug_printf("virtio_random: the device is beyond help\n");
    return 1;
}
