/* SPDX-License-Identifier: MIT */
/* The stack with our options: two of its interfaces joined by a cable, and its loopback interface. */
#include "lwip_port/lwip.h"

#include <string.h>

#include "host_test/test.h"
#include "lwip_port/frame.h"
#include "lwip_port/port.h"
#include "net_sim/sim.h"
#include "net_sim/transfer.h"

enum { MINUTES_MS = 60 * 1000, TIME_WAIT_MS = 150 * 1000 };

static const struct sim_faults no_faults = { 0, 0, 0 };

/* A cable with something at each end. What the stack holds must be the same when it is gone. */
struct cable {
    struct sim_end left, right;
    uint64_t used_before;
};

static void cable_create(struct cable *cable)
{
    sim_start(test_seed());
    sim_faults(no_faults);
    cable->used_before = sim_pools_used();
    sim_end_create(&cable->left, 1);
    sim_end_create(&cable->right, 2);
    sim_join(&cable->left, &cable->right);
    sim_pass(5000); /* duplicate address detection */
}

static void cable_destroy(struct cable *cable)
{
    sim_faults(no_faults);
    sim_pass(TIME_WAIT_MS);
    sim_end_destroy(&cable->left);
    sim_end_destroy(&cable->right);
    CHECK_EQ(sim_pools_used(), cable->used_before, "nothing is left in the pools");
    CHECK_EQ(frames_lent(), 0, "every frame was given back");
}

static ip_addr_t right_v4(const struct cable *cable)
{
    return cable->right.netif.ip_addr;
}

/* A link-local address, as the left end sees it; the right end has to bind to anything. */
static ip_addr_t right_v6(const struct cable *cable)
{
    ip_addr_t address;

    ip_addr_copy_from_ip6(address, *netif_ip6_addr(&cable->right.netif, 0));
    ip6_addr_set_zone(ip_2_ip6(&address), netif_get_index(&cable->left.netif));
    return address;
}

static void transfer_check(struct cable *cable, const ip_addr_t *to, uint64_t bytes)
{
    static struct transfer transfer;
    uint64_t start_ns = sim_now_ns();

    if (!CHECK(transfer_begin(&transfer, bytes, to, &cable->left.netif, &cable->right.netif),
               "it begins")) {
        return;
    }
    CHECK(sim_run(transfer_is_done, &transfer, (uint64_t)30 * MINUTES_MS), "it ends");
    CHECK_EQ(transfer.client.received, bytes, "all arrives at the client");
    CHECK_EQ(transfer.server.received, bytes, "all arrives at the server");
    CHECK_EQ(transfer.client.wrong, 0, "the client gets the right bytes");
    CHECK_EQ(transfer.server.wrong, 0, "the server gets the right bytes");
    CHECK_EQ(transfer.client.error, 0, "the client is not cut off");
    CHECK_EQ(transfer.server.error, 0, "the server is not cut off");
    CHECK(sim_now_ns() > start_ns, "time passed");
    transfer_end(&transfer);
}

TEST(tcp_carries_bytes_both_ways_over_a_good_cable)
{
    static struct cable cable;

    cable_create(&cable);
    ip_addr_t v4 = right_v4(&cable);
    ip_addr_t v6 = right_v6(&cable);

    transfer_check(&cable, &v4, 1 << 20);
    transfer_check(&cable, &v6, 1 << 20);
    CHECK_EQ(cable.left.lost, 0, "no frame was lost");
    CHECK_EQ(lwip_stats.tcp.chkerr, 0, "no checksum was wrong");
    cable_destroy(&cable);
}

TEST(tcp_carries_bytes_both_ways_when_frames_are_lost_repeated_and_late)
{
    static const struct sim_faults faults[] = {
        { 20, 0, 0 }, { 0, 100, 0 }, { 0, 0, 200 }, { 30, 30, 100 }
    };
    static struct cable cable;

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        cable_create(&cable);
        ip_addr_t v4 = right_v4(&cable);
        ip_addr_t v6 = right_v6(&cable);

        sim_faults(faults[i]);
        transfer_check(&cable, &v4, 300000);
        transfer_check(&cable, &v6, 300000);
        CHECK(cable.left.lost > 0 || faults[i].lose == 0, "frames were lost");
        cable_destroy(&cable);
    }
}

TEST(tcp_offers_a_window_of_a_megabyte_and_fills_it)
{
    static struct cable cable;
    static struct transfer transfer;

    cable_create(&cable);
    ip_addr_t to = right_v4(&cable);

    CHECK(transfer_begin(&transfer, 4 << 20, &to, &cable.left.netif, &cable.right.netif), "begins");
    CHECK(sim_run(transfer_is_done, &transfer, MINUTES_MS), "ends");
    if (CHECK(transfer.client.pcb != NULL, "the client is there")) {
        const struct tcp_pcb *pcb = transfer.client.pcb;

        CHECK(pcb->snd_scale == NET_WINDOW_SHIFT && pcb->rcv_scale == NET_WINDOW_SHIFT,
              "both scale their windows");
        CHECK(pcb->snd_wnd_max > 900 * 1024, "the peer's window was nearly a megabyte");
        CHECK((pcb->flags & TF_TIMESTAMP) != 0, "time stamps are in use");
        CHECK((pcb->flags & TF_SACK) != 0, "selective acknowledgements are in use");
    }
    transfer_end(&transfer);
    cable_destroy(&cable);
}

TEST(tcp_talks_to_itself_over_the_loopback_interface)
{
    static struct cable none;
    static struct transfer transfer;
    ip_addr_t loops[] = { IPADDR4_INIT_BYTES(127, 0, 0, 1), IPADDR6_INIT_HOST(0, 0, 0, 1) };

    cable_create(&none);
    uint32_t sent = none.left.sent + none.right.sent;

    for (int i = 0; i < 2; i++) {
        CHECK(transfer_begin(&transfer, 1 << 20, &loops[i], NULL, NULL), "it begins");
        CHECK(sim_run(transfer_is_done, &transfer, MINUTES_MS), "it ends");
        CHECK_EQ(transfer.client.wrong + transfer.server.wrong, 0, "the bytes are right");
        CHECK_EQ(transfer.client.received, 1 << 20, "all of them");
        transfer_end(&transfer);
    }
    CHECK_EQ(none.left.sent + none.right.sent, sent, "nothing went over the cable");
    cable_destroy(&none);
}

TEST(tcp_refuses_when_nobody_listens)
{
    static struct cable cable;
    static struct transfer transfer;

    cable_create(&cable);
    ip_addr_t to = right_v4(&cable);

    CHECK(transfer_begin(&transfer, 1, &to, &cable.left.netif, &cable.right.netif), "it begins");
    (void)tcp_close(transfer.listener);
    transfer.listener = NULL;
    sim_pass(1000);
    CHECK_EQ(transfer.client.pcb, NULL, "the connection is gone");
    CHECK_EQ(transfer.client.error, LWIP_ERR_RST, "it was reset");
    transfer_end(&transfer);
    cable_destroy(&cable);
}

struct datagrams {
    uint32_t received, wrong;
    uint16_t length; /* of the one expected */
};

static void on_datagram(void *argument, struct udp_pcb *pcb, struct pbuf *pbuf,
                        const ip_addr_t *address, u16_t port)
{
    struct datagrams *got = argument;

    (void)pcb;
    (void)address;
    (void)port;
    got->received++;
    got->wrong += pbuf->tot_len != got->length;
    for (u16_t i = 0; i < pbuf->tot_len; i++) {
        got->wrong += pbuf_get_at(pbuf, i) != (u8_t)(i * 7 + got->length);
    }
    (void)pbuf_free(pbuf);
}

static void datagrams_check(struct cable *cable, const ip_addr_t *to)
{
    static const uint16_t lengths[] = { 0, 1, 1472, 1473, 2000, 9000, 60000 };
    struct datagrams got = { 0, 0, 0 };
    struct udp_pcb *from = udp_new_ip_type(IP_GET_TYPE(to));
    struct udp_pcb *at = udp_new_ip_type(IP_GET_TYPE(to));

    udp_bind_netif(from, &cable->left.netif);
    udp_bind_netif(at, &cable->right.netif);
    CHECK_EQ(udp_bind(at, IP_IS_V6(to) ? IP6_ADDR_ANY : IP4_ADDR_ANY, 7000), LWIP_ERR_OK,
             "the port is free");
    udp_recv(at, on_datagram, &got);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct pbuf *pbuf = pbuf_alloc(PBUF_TRANSPORT, lengths[i], PBUF_RAM);

        got.length = lengths[i];
        for (u16_t at_byte = 0; at_byte < lengths[i]; at_byte++) {
            pbuf_put_at(pbuf, at_byte, (u8_t)(at_byte * 7 + lengths[i]));
        }
        CHECK_EQ(udp_sendto(from, pbuf, to, 7000), LWIP_ERR_OK, "it is sent");
        (void)pbuf_free(pbuf);
        sim_pass(100);
        CHECK_EQ(got.received, i + 1, "it arrives, in one piece");
    }
    CHECK_EQ(got.wrong, 0, "with the right bytes");
    udp_remove(from);
    udp_remove(at);
}

TEST(udp_carries_datagrams_of_every_size_in_fragments_where_needed)
{
    static struct cable cable;

    cable_create(&cable);
    ip_addr_t v4 = right_v4(&cable);
    ip_addr_t v6 = right_v6(&cable);

    datagrams_check(&cable, &v4);
    datagrams_check(&cable, &v6);
    cable_destroy(&cable);
}

static u8_t on_echo(void *argument, struct raw_pcb *pcb, struct pbuf *pbuf, const ip_addr_t *from)
{
    uint32_t *echoes = argument;
    u16_t header = IP_IS_V6(from) ? 40 : 20;
    u8_t type = pbuf_get_at(pbuf, header);

    (void)pcb;
    if (type != ICMP_ER && type != ICMP6_TYPE_EREP) {
        return 0;
    }
    *echoes += pbuf_get_at(pbuf, (u16_t)(header + 8)) == 0x5a;
    (void)pbuf_free(pbuf);
    return 1;
}

static void ping_check(struct cable *cable, const ip_addr_t *to)
{
    uint8_t request[16] = { IP_IS_V6(to) ? ICMP6_TYPE_EREQ : ICMP_ECHO, 0, 0, 0, 0, 1, 0, 1, 0x5a };
    struct raw_pcb *pcb =
        raw_new_ip_type(IP_GET_TYPE(to), IP_IS_V6(to) ? IP6_NEXTH_ICMP6 : IP_PROTO_ICMP);
    struct pbuf *pbuf = pbuf_alloc(PBUF_IP, sizeof(request), PBUF_RAM);
    uint32_t echoes = 0;

    raw_bind_netif(pcb, &cable->left.netif);
    raw_recv(pcb, on_echo, &echoes);
    if (IP_IS_V4(to)) {
        u16_t sum = inet_chksum(request, sizeof(request));

        memcpy(request + 2, &sum, 2);
    } else {
        pcb->chksum_reqd = 1;
        pcb->chksum_offset = 2;
    }
    (void)pbuf_take(pbuf, request, sizeof(request));
    CHECK_EQ(raw_sendto(pcb, pbuf, to), LWIP_ERR_OK, "the request is sent");
    (void)pbuf_free(pbuf);
    sim_pass(100);
    CHECK_EQ(echoes, 1, "the answer comes, with what was sent");
    raw_remove(pcb);
}

TEST(ping_is_answered)
{
    static struct cable cable;

    cable_create(&cable);
    ip_addr_t v4 = right_v4(&cable);
    ip_addr_t v6 = right_v6(&cable);

    ping_check(&cable, &v4);
    ping_check(&cable, &v6);
    cable_destroy(&cable);
}

/* A router on the cable says: prefix 2001:db8::/64, stateless DHCPv6 too (RFC 4861, 4.2 and 4.6.2). */
static void router_advertise(struct sim_end *end)
{
    uint8_t packet[14 + 40 + 16 + 32] = {
        0x33,
        0x33,
        0,
        0,
        0,
        1,
        2,
        0,
        0,
        0,
        0,
        9,
        0x86,
        0xdd, /* Ethernet */
        0x60,
        0,
        0,
        0,
        0,
        48,
        58,
        255,
        0xfe,
        0x80,
        [14 + 23] = 9,
        0xff,
        2,
        [14 + 39] = 1,
        134,
        0,
        0,
        0,
        64,
        0x40,
        7,
        8,
    };
    static const uint8_t prefix[] = { 3, 4, 64, 0xc0, 0, 1, 0,    0, 0,   1,
                                      0, 0, 0,  0,    0, 0, 0x20, 1, 0xd, 0xb8 };
    ip6_addr_t source, target;
    struct pbuf *pbuf = pbuf_alloc(PBUF_RAW, 48, PBUF_RAM);

    memcpy(packet + 14 + 40 + 16, prefix, sizeof(prefix));
    memset(&source, 0, sizeof(source));
    memset(&target, 0, sizeof(target));
    memcpy(source.addr, packet + 14 + 8, 16);
    memcpy(target.addr, packet + 14 + 24, 16);
    (void)pbuf_take(pbuf, packet + 54, 48);
    u16_t sum = ip6_chksum_pseudo(pbuf, 58, 48, &source, &target);

    memcpy(packet + 56, &sum, 2);
    (void)pbuf_free(pbuf);
    sim_inject(end, packet, sizeof(packet));
}

TEST(ipv6_configures_itself_from_what_a_router_says)
{
    static struct cable cable;

    cable_create(&cable);
    netif_set_ip6_autoconfig_enabled(&cable.left.netif, 1);
    router_advertise(&cable.left);
    sim_pass(5000);
    const ip6_addr_t *address = netif_ip6_addr(&cable.left.netif, 1);

    CHECK_EQ(netif_ip6_addr_state(&cable.left.netif, 1), IP6_ADDR_PREFERRED, "a second address");
    CHECK_EQ(address->addr[0], PP_HTONL(0x20010db8), "with the router's prefix");
    CHECK_EQ(address->addr[3], netif_ip6_addr(&cable.left.netif, 0)->addr[3],
             "and the interface's own end");
    cable_destroy(&cable);
}

static void frame_counted(void *context, uint64_t cookie)
{
    (void)cookie;
    ++*(uint32_t *)context;
}

TEST(frames_are_lent_until_the_stack_is_done_with_them_and_refused_when_too_many)
{
    static uint8_t bytes[NET_BORROWED_FRAMES][1];
    static struct pbuf *pbufs[NET_BORROWED_FRAMES];
    static uint32_t released;

    sim_start(test_seed());
    released = 0;
    for (int i = 0; i < NET_BORROWED_FRAMES; i++) {
        pbufs[i] = frame_lend(bytes[i], 1, frame_counted, &released, 0);
        CHECK(pbufs[i] != NULL, "there is a descriptor");
    }
    CHECK(frame_lend(bytes[0], 1, frame_counted, &released, 0) == NULL, "the pool is bounded");
    CHECK_EQ(released, 0, "none was given back yet");
    for (int i = 0; i < NET_BORROWED_FRAMES; i++) {
        (void)pbuf_free(pbufs[i]);
    }
    CHECK_EQ(released, NET_BORROWED_FRAMES, "each was given back once");
    CHECK_EQ(frames_lent(), 0, "and none is lent");
}

/* The peer offers no window at first, then one that is smaller than half of what waits for it. */
TEST(tcp_survives_a_window_that_opens_a_little)
{
    static struct cable cable;
    static const uint8_t bytes[1400];

    cable_create(&cable);
    ip_addr_t to = right_v4(&cable);
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_V4);

    tcp_bind_netif(pcb, &cable.left.netif);
    CHECK_EQ(tcp_connect(pcb, &to, 9, NULL), LWIP_ERR_OK, "it connects");
    pcb->state = ESTABLISHED; /* as if the answer had come, and sent nothing yet */
    pcb->mss = NET_MSS;
    pcb->snd_wnd = pcb->snd_wnd_max = 0;
    CHECK_EQ(tcp_write(pcb, bytes, sizeof(bytes), TCP_WRITE_FLAG_COPY), LWIP_ERR_OK, "it waits");
    pcb->snd_wnd = pcb->snd_wnd_max = 100;
    CHECK_EQ(tcp_write(pcb, bytes, sizeof(bytes), TCP_WRITE_FLAG_COPY), LWIP_ERR_MEM, "not now");
    tcp_abort(pcb);
    cable_destroy(&cable);
}
