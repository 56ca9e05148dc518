/* SPDX-License-Identifier: MIT */
/* DHCP, stateless DHCPv6 and DNS, with the smallest servers at the other end of the cable. */
#include "lwip_port/lease.h"

#include <string.h>

#include "host_test/test.h"
#include "lwip_port/port.h"
#include "net_sim/sim.h"

enum { DHCP_SERVER_PORT = 67, DHCP_CLIENT_PORT = 68, DHCP6_SERVER_PORT = 547, DNS_PORT = 53 };
enum { DISCOVER = 1, OFFER = 2, REQUEST = 3, DECLINE = 4, ACKNOWLEDGE = 5 };

static struct {
    struct sim_end left, right;
    uint32_t asked[16]; /* by kind of message */
    uint32_t probes;    /* for 10.0.0.77, from nobody */
    bool declined_as_somebody;
} net;

static void net_create(void)
{
    sim_start(test_seed());
    sim_faults((struct sim_faults){ 0, 0, 0 });
    memset(net.asked, 0, sizeof(net.asked));
    sim_end_create(&net.left, 1);
    sim_end_create(&net.right, 2);
    sim_join(&net.left, &net.right);
    sim_pass(5000);
}

static void net_destroy(void)
{
    sim_end_destroy(&net.left);
    sim_end_destroy(&net.right);
}

/* Serve a port of the right end. */
static struct udp_pcb *server_create(uint16_t port, uint8_t type, udp_recv_fn serve)
{
    struct udp_pcb *pcb = udp_new_ip_type(type);

    ip_set_option(pcb, SOF_BROADCAST);
    udp_bind_netif(pcb, &net.right.netif);
    CHECK_EQ(udp_bind(pcb, type == IPADDR_TYPE_V6 ? IP6_ADDR_ANY : IP4_ADDR_ANY, port), LWIP_ERR_OK,
             "the port is free");
    udp_recv(pcb, serve, NULL);
    return pcb;
}

static void answer(struct udp_pcb *pcb, const void *bytes, size_t length, const ip_addr_t *to,
                   uint16_t port)
{
    struct pbuf *pbuf = pbuf_alloc(PBUF_TRANSPORT, (u16_t)length, PBUF_RAM);

    (void)pbuf_take(pbuf, bytes, (u16_t)length);
    CHECK_EQ(udp_sendto_if(pcb, pbuf, to, port, &net.right.netif), LWIP_ERR_OK, "it is sent");
    (void)pbuf_free(pbuf);
}

/* The value of an option of one byte in a message of DHCP; 0: it is not there. */
static uint8_t dhcp_option(const uint8_t *message, size_t length, uint8_t wanted)
{
    for (size_t at = 240; at + 2 < length && message[at] != 255;
         at += 2 + (size_t)message[at + 1]) {
        if (message[at] == wanted) {
            return message[at + 2];
        }
    }
    return 0;
}

static void dhcp_serve(void *argument, struct udp_pcb *pcb, struct pbuf *pbuf,
                       const ip_addr_t *from, u16_t port)
{
    static const uint8_t options[] = { 54, 4, 10,  0,   0,   2,          /* the server */
                                       51, 4, 0,   0,   14,  16,         /* an hour */
                                       1,  4, 255, 255, 255, 0,          /* the mask */
                                       3,  4, 10,  0,   0,   254,        /* the router */
                                       6,  4, 10,  0,   0,   53,  255 }; /* the name server */
    uint8_t message[300] = { 0 };
    size_t length = pbuf_copy_partial(pbuf, message, sizeof(message), 0);
    uint8_t kind = dhcp_option(message, length, 53);
    const ip_addr_t everybody = IPADDR4_INIT(IPADDR_BROADCAST);

    (void)argument;
    (void)from;
    (void)port;
    (void)pbuf_free(pbuf);
    net.asked[kind & 15]++;
    net.declined_as_somebody |= kind == DECLINE && (message[12] != 0 || message[15] != 0);
    message[0] = 2; /* an answer */
    memcpy(message + 16, (const uint8_t[]){ 10, 0, 0, 77 }, 4);
    memcpy(message + 240, (const uint8_t[]){ 53, 1, kind == DISCOVER ? OFFER : ACKNOWLEDGE }, 3);
    memcpy(message + 243, options, sizeof(options));
    answer(pcb, message, sizeof(message), &everybody, DHCP_CLIENT_PORT);
}

TEST(dhcp_takes_what_a_server_offers)
{
    net_create();
    struct udp_pcb *server = server_create(DHCP_SERVER_PORT, IPADDR_TYPE_V4, dhcp_serve);

    CHECK_EQ(dhcp_start(&net.left.netif), LWIP_ERR_OK, "it begins");
    sim_pass(20000);
    CHECK(dhcp_supplied_address(&net.left.netif) != 0, "it has an address");
    CHECK_EQ(netif_ip4_addr(&net.left.netif)->addr, PP_HTONL(0x0a00004d), "the one offered");
    CHECK_EQ(netif_ip4_gw(&net.left.netif)->addr, PP_HTONL(0x0a0000fe), "and a router");
    CHECK_EQ(ip_2_ip4(dns_getserver(0))->addr, PP_HTONL(0x0a000035), "and a name server");
    CHECK(net.asked[DISCOVER] == 1 && net.asked[REQUEST] == 1, "with one question each");
    sim_pass((uint64_t)1900 * 1000);
    CHECK(net.asked[REQUEST] >= 2, "half an hour later it asks again");
    dhcp_release_and_stop(&net.left.netif);
    dhcp_cleanup(&net.left.netif);
    udp_remove(server);
    net_destroy();
}

/* --- The address is used before lwIP has listened for another who has it (lwip_port/lease.h) --- */

static const ip4_addr_t leased = { PP_HTONL(0x0a00004d) };

/* An ARP packet, from its type on: a request of @sender's, by 10.0.0.77 or by nobody. */
static bool is_arp_request(const uint8_t *frame, size_t length, const void *sender)
{
    static const uint8_t head[10] = { 8, 6, 0, 1, 8, 0, 6, 4, 0, 1 };

    return length >= 42 && memcmp(frame + 12, head, sizeof(head)) == 0 &&
           memcmp(frame + 28, sender, 4) == 0 && memcmp(frame + 38, &leased, 4) == 0;
}

static void probe_count(const uint8_t *frame, size_t length)
{
    net.probes += is_arp_request(frame, length, "\0\0\0\0");
}

/* A neighbour with that hardware address speaks as 10.0.0.77. */
static void claim_inject(const uint8_t *address)
{
    uint8_t frame[42] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0,
                          0,    8,    6,    0,    1,    8,    0, 6, 4, 0, 1 };

    memcpy(frame + 6, address, 6);
    memcpy(frame + 22, address, 6);
    memcpy(frame + 28, &leased, 4);
    memcpy(frame + 38, &leased, 4);
    CHECK(is_arp_request(frame, sizeof(frame), &leased), "it is a request");
    sim_inject(&net.left, frame, sizeof(frame));
}

static const uint8_t stranger[6] = { 2, 0, 0, 0, 0, 99 };

static bool has_leased(void)
{
    return ip4_addr_cmp(netif_ip4_addr(&net.left.netif), &leased) && lease_is_held(&net.left.netif);
}

static bool has_none(void)
{
    return ip4_addr_isany(netif_ip4_addr(&net.left.netif)) && !lease_is_held(&net.left.netif) &&
           ip4_addr_isany(netif_ip4_gw(&net.left.netif));
}

/* The left end has no address and asks for one; 20 ms later it has it. */
static struct udp_pcb *lease_begin(void)
{
    net_create();
    netif_set_addr(&net.left.netif, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4);
    net.probes = 0;
    net.declined_as_somebody = false;
    sim_watch(probe_count);
    struct udp_pcb *server = server_create(DHCP_SERVER_PORT, IPADDR_TYPE_V4, dhcp_serve);

    CHECK_EQ(dhcp_start(&net.left.netif), LWIP_ERR_OK, "it begins");
    sim_pass(20);
    return server;
}

static void lease_end(struct udp_pcb *server)
{
    sim_watch(NULL);
    dhcp_release_and_stop(&net.left.netif);
    dhcp_cleanup(&net.left.netif);
    sim_pass(1);
    CHECK(has_none(), "what DHCP gave went with it");
    udp_remove(server);
    net_destroy();
}

TEST(dhcp_address_is_used_at_once)
{
    struct udp_pcb *server = lease_begin();

    CHECK(has_leased(), "it has the address");
    CHECK(!dhcp_supplied_address(&net.left.netif), "while the stack listens for others");
    CHECK_EQ(net.probes, 1, "and has asked");
    sim_pass(700);
    CHECK_EQ(net.probes, 2, "it asks once more, as nobody");
    claim_inject(net.left.netif.hwaddr);
    CHECK(has_leased(), "an echo of our own is nobody else");
    sim_pass(1000);
    CHECK(dhcp_supplied_address(&net.left.netif) && has_leased(), "nobody was heard: it stays");
    sim_pass(2000);
    CHECK(net.probes == 2 && net.asked[DECLINE] == 0, "and that was all");
    lease_end(server);
}

TEST(dhcp_address_of_another_is_given_back)
{
    struct udp_pcb *server = lease_begin();

    sim_pass(700);
    claim_inject(stranger);
    CHECK(has_none() && lease_contested(&net.left.netif) != NULL, "given back at once");
    sim_pass(100);
    CHECK(net.asked[DECLINE] == 1 && !net.declined_as_somebody, "and declined");
    sim_pass(9000);
    CHECK(has_none() && net.asked[DISCOVER] == 1, "it does not ask for ten seconds");
    sim_pass(1500);
    CHECK(has_leased() && net.asked[DISCOVER] == 2, "then it does");
    lease_end(server);
}

TEST(dhcp_address_of_another_who_answers_is_given_back)
{
    struct udp_pcb *server = lease_begin();

    dhcp_release_and_stop(&net.left.netif);
    netif_set_ipaddr(&net.right.netif, &leased);
    sim_pass(10);
    CHECK(has_none(), "it begins anew");
    CHECK_EQ(dhcp_start(&net.left.netif), LWIP_ERR_OK, "it asks");
    sim_pass(20);
    CHECK(has_none() && net.asked[DECLINE] == 1, "the probe was answered");
    CHECK_EQ(lease_contested(&net.left.netif)->addr, leased.addr, "so the address is not ours");
    lease_end(server);
}

TEST(dhcp_address_goes_with_its_link)
{
    struct udp_pcb *server = lease_begin();

    CHECK(has_leased(), "it has the address");
    netif_set_link_down(&net.left.netif);
    netif_set_link_up(&net.left.netif);
    lwip_port_poll();
    CHECK(has_none(), "which may be another's on another link");
    sim_pass(20);
    CHECK(has_leased(), "it is given again");
    sim_pass(2000);
    CHECK(dhcp_supplied_address(&net.left.netif) && has_leased(), "and stays");
    claim_inject(stranger);
    CHECK(has_leased(), "once nobody was heard, it is ours");
    lease_end(server);
}

/* An answer with one name server, to whatever is asked (RFC 8415, 18.3.6). */
static void dhcp6_serve(void *argument, struct udp_pcb *pcb, struct pbuf *pbuf,
                        const ip_addr_t *from, u16_t port)
{
    static const uint8_t server[] = { 0x20, 1, 0xd, 0xb8, [15] = 0x53 };
    uint8_t message[64] = { 7, 0, 0, 0 };
    size_t used = 4;

    (void)argument;
    net.asked[pbuf_get_at(pbuf, 0) & 15]++;
    (void)pbuf_copy_partial(pbuf, message + 1, 3, 1);
    (void)pbuf_free(pbuf);
    memcpy(message + used, (const uint8_t[]){ 0, 2, 0, 2, 9, 9, 0, 23, 0, 16 }, 10);
    memcpy(message + used + 10, server, sizeof(server));
    answer(pcb, message, used + 26, from, port);
}

TEST(dhcp6_asks_for_name_servers_when_a_router_says_so)
{
    enum { INFORMATION_REQUEST = 11 };

    net_create();
    struct udp_pcb *server = server_create(DHCP6_SERVER_PORT, IPADDR_TYPE_V6, dhcp6_serve);
    ip6_addr_t group;

    /* All DHCPv6 servers: ff02::1:2. */
    IP6_ADDR(&group, PP_HTONL(0xff020000), 0, 0, PP_HTONL(0x00010002));
    ip6_addr_assign_zone(&group, IP6_MULTICAST, &net.right.netif);
    CHECK_EQ(mld6_joingroup_netif(&net.right.netif, &group), LWIP_ERR_OK, "the server's group");
    CHECK_EQ(dhcp6_enable_stateless(&net.left.netif), LWIP_ERR_OK, "it waits for a router");
    dhcp6_nd6_ra_trigger(&net.left.netif, 0, 1);
    sim_pass(10000);
    CHECK(net.asked[INFORMATION_REQUEST] >= 1, "it asks");
    const ip_addr_t *taken = dns_getserver(DNS_MAX_SERVERS / 2); /* lwip_port/names.h */

    CHECK(IP_IS_V6(taken) && ip_2_ip6(taken)->addr[0] == PP_HTONL(0x20010db8),
          "and takes the answer");
    dhcp6_disable(&net.left.netif);
    dhcp6_cleanup(&net.left.netif);
    udp_remove(server);
    net_destroy();
}

static void dns_serve(void *argument, struct udp_pcb *pcb, struct pbuf *pbuf, const ip_addr_t *from,
                      u16_t port)
{
    static const uint8_t record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7 };
    uint8_t message[128];
    size_t length = pbuf_copy_partial(pbuf, message, sizeof(message) - sizeof(record), 0);

    (void)argument;
    (void)pbuf_free(pbuf);
    net.asked[0]++;
    message[2] = 0x81; /* an answer, */
    message[3] = 0x80; /* without an error, */
    message[7] = 1;    /* with one record */
    memcpy(message + length, record, sizeof(record));
    answer(pcb, message, length + sizeof(record), from, port);
}

static void on_name(const char *name, const ip_addr_t *address, void *context)
{
    (void)name;
    *(uint32_t *)context = address != NULL ? ip_2_ip4(address)->addr : 1;
}

TEST(dns_finds_a_name_once_and_remembers_it)
{
    net_create();
    struct udp_pcb *server = server_create(DNS_PORT, IPADDR_TYPE_V4, dns_serve);
    ip_addr_t address;
    uint32_t found = 0;

    dns_setserver(0, &net.right.netif.ip_addr);
    CHECK_EQ(dns_gethostbyname("some.test", &address, on_name, &found), LWIP_ERR_INPROGRESS,
             "it asks");
    sim_pass(5000);
    CHECK_EQ(found, PP_HTONL(0xc0000207), "the address comes");
    CHECK_EQ(dns_gethostbyname("some.test", &address, on_name, &found), LWIP_ERR_OK, "again");
    CHECK_EQ(net.asked[0], 1, "without a question");
    udp_remove(server);
    net_destroy();
}
