/* SPDX-License-Identifier: MIT */
#include "net_sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/memp.h"
#include "lwip/stats.h"
#include "lwip_port/frame.h"
#include "lwip_port/input.h"
#include "lwip_port/port.h"

#define NS_OF_MS 1000000ull

enum { FRAME_MAX = 1514, LATENCY_US = 200, DELAY_US = 3000, IN_FLIGHT_MAX = 1024 };

struct sim_frame {
    struct sim_frame *next;
    struct sim_end *to;
    uint64_t due_ns;
    size_t length;
    uint8_t *bytes;
};

static struct {
    bool is_started;
    uint64_t now_ns;
    uint64_t random;
    struct sim_faults faults;
    void (*on_failure)(void);
    void (*watcher)(const uint8_t *bytes, size_t length);
    struct sim_frame *first; /* in order of due_ns */
    uint32_t in_flight;
} sim;

static uint64_t sim_random64(void)
{
    uint64_t mixed = sim.random += 0x9e3779b97f4a7c15u;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

uint32_t sim_random(uint32_t below)
{
    return (uint32_t)(((sim_random64() >> 32) * below) >> 32);
}

uint64_t sim_now_ns(void)
{
    return sim.now_ns;
}

static uint32_t port_random(void *context)
{
    (void)context;
    return (uint32_t)sim_random64();
}

static uint64_t port_now_ns(void *context)
{
    (void)context;
    return sim.now_ns;
}

static void port_fail(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "FAIL stack: an assertion of lwIP failed: %s\n", text);
    if (sim.on_failure != NULL) {
        sim.on_failure();
    }
    abort();
}

void sim_start(uint64_t seed)
{
    static const struct lwip_port port = { NULL, port_random, port_now_ns, port_fail };

    sim.random = seed;
    if (!sim.is_started) {
        sim.is_started = true;
        sim.now_ns = NS_OF_MS;
        lwip_port_start(&port);
    }
}

void sim_on_failure(void (*called)(void))
{
    sim.on_failure = called;
}

void sim_watch(void (*watcher)(const uint8_t *bytes, size_t length))
{
    sim.watcher = watcher;
}

void sim_faults(struct sim_faults faults)
{
    sim.faults = faults;
}

static void frame_add(struct sim_end *to, const struct pbuf *pbuf, uint64_t delay_us)
{
    struct sim_frame *frame = calloc(1, sizeof(*frame));
    struct sim_frame **place = &sim.first;

    frame->to = to;
    frame->due_ns = sim.now_ns + delay_us * 1000;
    frame->length = pbuf->tot_len;
    frame->bytes = malloc(frame->length);
    (void)pbuf_copy_partial(pbuf, frame->bytes, pbuf->tot_len, 0);
    if (sim.watcher != NULL) {
        sim.watcher(frame->bytes, frame->length);
    }
    while (*place != NULL && (*place)->due_ns <= frame->due_ns) {
        place = &(*place)->next;
    }
    frame->next = *place;
    *place = frame;
    sim.in_flight++;
}

static lwip_err_t frame_send(struct netif *netif, struct pbuf *pbuf)
{
    struct sim_end *end = netif->state;
    uint32_t copies = 1 + (sim_random(1000) < sim.faults.repeat);

    end->sent++;
    if (end->peer == NULL || sim.in_flight >= IN_FLIGHT_MAX || sim_random(1000) < sim.faults.lose) {
        end->lost++;
        return LWIP_ERR_OK;
    }
    while (copies-- > 0) {
        bool is_late = sim_random(1000) < sim.faults.delay;

        frame_add(end->peer, pbuf, LATENCY_US + (is_late ? sim_random(DELAY_US) : 0));
    }
    return LWIP_ERR_OK;
}

static void frame_free(void *context, uint64_t cookie)
{
    (void)cookie;
    free(context);
}

static void bytes_deliver(struct sim_end *end, uint8_t *bytes, size_t length)
{
    struct pbuf *pbuf = frame_lend(bytes, (u16_t)length, frame_free, bytes, 0);

    if (pbuf == NULL) {
        free(bytes);
    } else {
        (void)end->netif.input(pbuf, &end->netif);
    }
}

void sim_inject(struct sim_end *end, const void *bytes, size_t length)
{
    uint8_t *copy = malloc(length == 0 ? 1 : length);

    memcpy(copy, bytes, length);
    bytes_deliver(end, copy, length);
}

static lwip_err_t end_init(struct netif *netif)
{
    netif->name[0] = 's';
    netif->name[1] = 'm';
    netif->output = etharp_output;
    netif->output_ip6 = ethip6_output;
    netif->linkoutput = frame_send;
    netif->mtu = FRAME_MAX - SIZEOF_ETH_HDR;
    netif->hwaddr_len = ETH_HWADDR_LEN;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
                   NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    return LWIP_ERR_OK;
}

void sim_end_create(struct sim_end *end, uint8_t host)
{
    ip4_addr_t address, mask, gateway;

    memset(end, 0, sizeof(*end));
    IP4_ADDR(&address, 10, 0, 0, host);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    ip4_addr_set_zero(&gateway);
    memcpy(end->netif.hwaddr, (uint8_t[]){ 2, 0, 0, 0, 0, host }, ETH_HWADDR_LEN);
    (void)netif_add(&end->netif, &address, &mask, &gateway, end, end_init, lwip_port_input);
    netif_create_ip6_linklocal_address(&end->netif, 1);
    netif_set_up(&end->netif);
    netif_set_link_up(&end->netif);
}

void sim_join(struct sim_end *left, struct sim_end *right)
{
    left->peer = right;
    right->peer = left;
    left->sent = left->lost = right->sent = right->lost = 0;
}

void sim_end_destroy(struct sim_end *end)
{
    struct sim_frame **place = &sim.first;

    while (*place != NULL) {
        struct sim_frame *frame = *place;

        if (frame->to != end) {
            place = &frame->next;
            continue;
        }
        *place = frame->next;
        sim.in_flight--;
        free(frame->bytes);
        free(frame);
    }
    if (end->peer != NULL) {
        end->peer->peer = NULL;
    }
    netif_remove(&end->netif);
}

static void frames_deliver_due(void)
{
    while (sim.first != NULL && sim.first->due_ns <= sim.now_ns) {
        struct sim_frame *frame = sim.first;

        sim.first = frame->next;
        sim.in_flight--;
        bytes_deliver(frame->to, frame->bytes, frame->length);
        free(frame);
    }
}

bool sim_run(bool (*is_done)(void *context), void *context, uint64_t limit_ms)
{
    uint64_t end_ns = sim.now_ns + limit_ms * NS_OF_MS;

    for (;;) {
        frames_deliver_due();
        lwip_port_poll();
        if (is_done != NULL && is_done(context)) {
            return true;
        }
        uint64_t next_ns = lwip_port_deadline_ns();

        if (sim.first != NULL && sim.first->due_ns < next_ns) {
            next_ns = sim.first->due_ns;
        }
        if (next_ns >= end_ns) {
            sim.now_ns = end_ns;
            return false;
        }
        sim.now_ns = next_ns > sim.now_ns ? next_ns : sim.now_ns;
    }
}

void sim_pass(uint64_t ms)
{
    (void)sim_run(NULL, NULL, ms);
}

uint64_t sim_pools_used(void)
{
    uint64_t used = lwip_stats.mem.used;

    for (int i = 0; i < MEMP_MAX; i++) {
        if (i != MEMP_SYS_TIMEOUT) {
            used += memp_pools[i]->stats->used;
        }
    }
    return used;
}
