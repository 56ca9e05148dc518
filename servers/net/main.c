/* SPDX-License-Identifier: MIT */
/*
 * The network server: one thread, one stack, the link of a driver on one side and sessions of clients on the other.
 * Each round is bounded, so that probes are answered under any load.
 */
#include "net.h"

#include "lwip/stats.h"
#include "lwip_port/port.h"
#include "net_core/net.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/net_serve.h"
#include "pith/start.h"
#include "service/service.h"

#include "abi/names.h"

enum { STATUS_ASSERTION = 3 };

struct client {
    uint64_t badge;
};

static uint64_t word_of(const uint8_t *bytes)
{
    uint64_t word = 0;

    for (uint32_t i = 0; i < 8; i++) {
        word = word << 8 | bytes[i];
    }
    return word;
}

err_t net_on_info(struct client *client, const struct net_info_args *args,
                  struct net_info_results *results)
{
    struct socket_address address;
    uint32_t prefix;
    uint32_t flags;
    err_t err = address_get(args->index, &address, &prefix, &flags);

    (void)client;
    if (err == ERR_OK) {
        *results = (struct net_info_results){ .address_high = word_of(address.bytes),
                                              .address_low = word_of(address.bytes + 8),
                                              .prefix = prefix,
                                              .flags = flags };
    }
    return err;
}

err_t net_on_counts(struct client *client, struct net_counts_results *results)
{
    struct link_counts counts = link_counts();

    (void)client;
    *results = (struct net_counts_results){
        .frames_received = counts.received,
        .frames_sent = counts.sent,
        .frames_dropped = counts.dropped,
        .connections = memp_pools[MEMP_TCP_PCB]->stats->used,
        .refused = counts.refused + peers_refused(),
        .epochs = counts.epochs,
    };
    return ERR_OK;
}

err_t net_on_segments(struct client *client, struct net_segments_results *results)
{
    (void)client;
    *results = (struct net_segments_results){
        .sent = lwip_stats.tcp.xmit,
        .received = lwip_stats.tcp.recv,
    };
    return ERR_OK;
}

err_t net_on_quota(struct client *client, const struct net_quota_args *args,
                   struct net_quota_results *results)
{
    struct quota_use use;

    (void)client;
    if (!quota_use(args->kind, args->whose, &use)) {
        return ERR_RANGE;
    }
    *results = (struct net_quota_results){
        .used = use.used, .share = use.share, .pool = use.pool, .refused = use.refused
    };
    return ERR_OK;
}

err_t net_on_name_server(struct client *client, const struct net_name_server_args *args,
                         struct net_name_server_results *results)
{
    struct socket_address address;
    err_t err = address_of_name_server(args->index, &address);

    (void)client;
    if (err == ERR_OK) {
        *results = (struct net_name_server_results){ .address_high = word_of(address.bytes),
                                                     .address_low = word_of(address.bytes + 8) };
    }
    return err;
}

/* --- The stack's needs --- */

static uint64_t now_ns(void *unused)
{
    (void)unused;
    return clock_now();
}

static void assertion_failed(void *unused, const char *text)
{
    (void)unused;
    debug_printf("net: an assertion of the stack failed: %s\n", text);
    program_exit(STATUS_ASSERTION);
}

/* --- The loop --- */

static void wait(struct service *service, ns_t deadline)
{
    switch (service_wait(service, deadline)) {
    case SERVICE_CALL: {
        struct client client = { .badge = service->badge };

        net_dispatch(&client, &service->info, service->words);
        break;
    }
    case SERVICE_SIGNALS:
        peers_heard(service->bits);
        break;
    case SERVICE_TIME:
        break;
    }
}

static _Noreturn void serve(void)
{
    static struct service service;

    for (;;) {
        uint32_t done = link_work();

        done += peers_work();
        lwip_port_poll();
        addresses_say();
        bool is_quiet = peers_rest() && done == 0;

        is_quiet &= link_rest();
        wait(&service, is_quiet ? lwip_port_deadline_ns() : 0);
    }
}

int main(void)
{
    static const struct lwip_port port = { NULL, random_next, now_ns, assertion_failed };
    err_t err;

    random_start();
    lwip_port_start(&port);
    err = peers_open();
    if (err) {
        debug_printf("net: a session: %s\n", error_name(err));
        return 1;
    }
    err = link_start();
    if (err) {
        debug_printf("net: no link: %s; only loopback\n", error_name(err));
    }
    serve();
}
