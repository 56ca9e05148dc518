/* SPDX-License-Identifier: MIT */
/*
 * Hostile packets into the stack, while it works: connections, datagrams, DHCP, DHCPv6, DNS and what a
 * router says. Half of them are frames that were really sent, damaged; half are made from scratch. No
 * packet may make it fail an assertion, touch memory that is not its own, hang, or keep memory for good.
 *
 *     hostile_packets --rounds 1000 [--seed 7] [--seconds 600]
 *
 * Each round has its own seed, which a failure names; --first ROUND begins there.
 */
#include <inttypes.h>
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lwip_port/frame.h"
#include "net_packets/packet.h"
#include "net_sim/sim.h"
#include "net_sim/transfer.h"

enum { KEPT = 64, PACKETS_PER_ROUND = 2000, TIME_WAIT_MS = 150 * 1000 };

static struct {
    struct packet kept[KEPT]; /* frames really sent */
    uint32_t seen;
    uint64_t round;
    uint64_t injected;
    struct sim_end us, peer;
    struct transfer transfers[2];
} fuzz;

static void keep(const uint8_t *bytes, size_t length)
{
    struct packet *kept = &fuzz.kept[fuzz.seen++ % KEPT];

    kept->length = length <= PACKET_MAX ? length : PACKET_MAX;
    memcpy(kept->bytes, bytes, kept->length);
}

static void on_name(const char *name, const ip_addr_t *address, void *context)
{
    (void)name;
    (void)address;
    (void)context;
}

static void work_begin(void)
{
    ip_addr_t v4 = fuzz.peer.netif.ip_addr;
    ip_addr_t v6, address;

    ip_addr_copy_from_ip6(v6, *netif_ip6_addr(&fuzz.peer.netif, 0));
    (void)transfer_begin(&fuzz.transfers[0], 1 << 20, &v4, &fuzz.us.netif, &fuzz.peer.netif);
    (void)transfer_begin(&fuzz.transfers[1], 1 << 20, &v6, &fuzz.us.netif, &fuzz.peer.netif);
    netif_set_ip6_autoconfig_enabled(&fuzz.us.netif, 1);
    (void)dhcp6_enable_stateless(&fuzz.us.netif);
    if (sim_random(2) == 0) {
        (void)dhcp_start(&fuzz.us.netif);
    }
    dns_setserver(0, &v4);
    (void)dns_gethostbyname("host.test", &address, on_name, NULL);
}

static void work_end(void)
{
    transfer_end(&fuzz.transfers[0]);
    transfer_end(&fuzz.transfers[1]);
    dhcp_release_and_stop(&fuzz.us.netif);
    dhcp_cleanup(&fuzz.us.netif);
    dhcp6_disable(&fuzz.us.netif);
    dhcp6_cleanup(&fuzz.us.netif);
}

static void packet_next(struct packet *packet)
{
    uint32_t count = fuzz.seen < KEPT ? fuzz.seen : KEPT;

    if (count > 0 && sim_random(2) == 0) {
        *packet = fuzz.kept[sim_random(count)];
    } else {
        packet_make(packet);
    }
    packet_mutate(packet);
}

static bool round_run(uint64_t seed)
{
    struct packet packet;

    sim_start(seed);
    fuzz.seen = 0;
    uint64_t used = sim_pools_used();

    sim_end_create(&fuzz.us, 1);
    sim_end_create(&fuzz.peer, 2);
    sim_join(&fuzz.us, &fuzz.peer);
    /* More is lost than repeated: who puts bytes into a connection makes its ends acknowledge each other for ever. */
    sim_faults((struct sim_faults){ 50 + sim_random(50), sim_random(30), sim_random(100) });
    sim_watch(keep);
    work_begin();
    for (int i = 0; i < PACKETS_PER_ROUND; i++, fuzz.injected++) {
        packet_next(&packet);
        sim_inject(sim_random(4) == 0 ? &fuzz.peer : &fuzz.us, packet.bytes, packet.length);
        if (sim_random(4) == 0) {
            sim_pass(sim_random(20) == 0 ? sim_random(2000) : sim_random(3));
        }
    }
    sim_watch(NULL);
    work_end();
    sim_pass(TIME_WAIT_MS);
    sim_end_destroy(&fuzz.us);
    sim_end_destroy(&fuzz.peer);
    sim_pass(TIME_WAIT_MS);
    if (sim_pools_used() != used || frames_lent() != 0) {
        printf("FAIL hostile_packets: the stack kept memory: wanted: %" PRIu64 " got: %" PRIu64
               " and %" PRIu32 " frames\n",
               used, sim_pools_used(), frames_lent());
        return false;
    }
    return true;
}

/* Called before the sanitizers or an assertion of the stack end the program. */
static void round_name(void)
{
    fprintf(stderr,
            "FAIL hostile_packets: in round %" PRIu64 " (--first %" PRIu64 " --rounds %" PRIu64
            ")\n",
            fuzz.round, fuzz.round, fuzz.round + 1);
}

struct options {
    uint64_t seed, rounds, first, seconds;
};

static struct options options_read(int count, char **words)
{
    struct options options = { .seed = 1, .rounds = 100 };

    for (int i = 1; i + 1 < count; i += 2) {
        uint64_t value = strtoull(words[i + 1], NULL, 0);

        if (strcmp(words[i], "--seed") == 0) {
            options.seed = value;
        } else if (strcmp(words[i], "--rounds") == 0) {
            options.rounds = value;
        } else if (strcmp(words[i], "--first") == 0) {
            options.first = value;
        } else if (strcmp(words[i], "--seconds") == 0) {
            options.seconds = value;
        } else {
            fprintf(stderr, "hostile_packets: what is %s?\n", words[i]);
            exit(2);
        }
    }
    return options;
}

int main(int count, char **words)
{
    struct options options = options_read(count, words);
    time_t end = time(NULL) + (time_t)options.seconds;
    uint64_t round = options.first;
    bool is_good = true;

    __sanitizer_set_death_callback(round_name);
    sim_on_failure(round_name);
    for (; is_good && (options.seconds != 0 ? time(NULL) < end : round < options.rounds); round++) {
        fuzz.round = round;
        is_good = round_run(options.seed * 1000003 + round);
    }
    printf("%s hostile_packets: %" PRIu64 " packets in %" PRIu64 " rounds of seed %" PRIu64 "\n",
           is_good ? "ok" : "FAIL", fuzz.injected, round - options.first, options.seed);
    return is_good ? 0 : 1;
}
