/* SPDX-License-Identifier: MIT */
/* A client that takes all it can get, of each thing that is shared; another then still gets its share and works. */
#include <string.h>

#include "block_fake/fake.h"
#include "host_test/test.h"
#include "lwip/stats.h"
#include "lwip_port/input.h"
#include "net_bench/bench.h"
#include "net_core/net.h"

enum { GREEDY = 6, LIVES = 40, PORT = 700, BYTES = 30000, LINGER_MS = 200 * 1000 };

static struct raw greedy;

/* --- Client 0 talks to client 1, over the loopback interface --- */

static struct {
    uint32_t listener, caller, server;
    bool has_server;
    uint64_t sent, received, wrong;
} talk;

static uint8_t byte_at(uint64_t position)
{
    return (uint8_t)(position * 31 >> 3);
}

static bool talk_goes_on(void)
{
    uint8_t bytes[1000];
    size_t count;

    talk.has_server =
        talk.has_server || socket_accept(&clients[1], talk.listener, &talk.server) == ERR_OK;
    for (uint32_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = byte_at(talk.sent + i);
    }
    size_t most = BYTES - talk.sent < sizeof(bytes) ? BYTES - talk.sent : sizeof(bytes);

    if (most != 0 && socket_send(&clients[0], talk.caller, bytes, most, &count) == ERR_OK) {
        talk.sent += count;
    }
    if (talk.has_server &&
        socket_receive(&clients[1], talk.server, bytes, sizeof(bytes), &count) == ERR_OK) {
        for (size_t i = 0; i < count; i++) {
            talk.wrong += bytes[i] != byte_at(talk.received + i);
        }
        talk.received += count;
    }
    return talk.received == BYTES;
}

static bool is_listening(void)
{
    return socket_state_of(&clients[1], talk.listener) == ERR_OK;
}

/* Everything that a client needs: a listener, a connection both ends of which are clients', datagrams. */
static void others_work(void)
{
    struct socket_address to = loopback();
    uint32_t udp;

    memset(&talk, 0, sizeof(talk));
    CHECK_EQ(socket_listen(&clients[1], PORT, 4, &talk.listener), ERR_OK, "a number");
    CHECK(bench_until(is_listening), "another listens");
    CHECK_EQ(socket_connect(&clients[0], &to, PORT, &talk.caller), ERR_OK, "a number");
    CHECK(bench_until(talk_goes_on), "and all arrives");
    CHECK_EQ(talk.wrong, 0, "as it was sent");
    CHECK_EQ(socket_datagrams(&clients[0], 0, &udp), ERR_OK, "a number");
    bench_steps(10);
    CHECK_EQ(socket_state_of(&clients[0], udp), ERR_OK, "and datagrams");
    socket_close(&clients[0], udp);
    socket_abort(&clients[0], talk.caller);
    socket_abort(&clients[1], talk.server);
    socket_abort(&clients[1], talk.listener);
    bench_steps(20);
}

static uint32_t used(enum quota_kind kind)
{
    struct quota_use use = { 0 };

    CHECK(quota_use(kind, GREEDY, &use), "there is such a one");
    return use.used;
}

static uint32_t most(enum quota_kind kind)
{
    struct quota_use use = { 0 };

    CHECK(quota_use(kind, GREEDY, &use), "there is such a one");
    return use.pool - (QUOTA_CLIENTS - 1) * use.share;
}

static void all_was_given_back(void)
{
    sim_pass(LINGER_MS);
    for (uint32_t kind = 0; kind < QUOTA_KINDS; kind++) {
        CHECK_EQ(used(kind), 0, "nothing of it is left when it has died");
    }
}

static void greedy_starts(void)
{
    bench_start();
    raw_start(&greedy, GREEDY);
    all_was_given_back();
}

static void greedy_dies(void)
{
    raw_start(&greedy, GREEDY);
    all_was_given_back();
}

TEST(listeners)
{
    greedy_starts();
    for (uint32_t i = 0; i < SOCKETS_MAX; i++) {
        raw_ask(&greedy,
                (struct socket_request){
                    .operation = SOCKET_LISTEN, .socket = i, .port = 2000 + i, .number = 64 });
    }
    bench_steps(10);
    raw_hear(&greedy);
    CHECK_EQ(used(QUOTA_LISTENERS), most(QUOTA_LISTENERS), "it has as many as it may");
    CHECK_EQ(greedy.errors[ERR_NO_MEMORY], SOCKETS_MAX - most(QUOTA_LISTENERS), "it is told");
    others_work();
    greedy_dies();
}

TEST(sockets_of_datagrams)
{
    greedy_starts();
    for (uint32_t i = 0; i < SOCKETS_MAX; i++) {
        raw_ask(&greedy, (struct socket_request){ .operation = SOCKET_DATAGRAMS, .socket = i });
    }
    bench_steps(10);
    raw_hear(&greedy);
    CHECK_EQ(used(QUOTA_DATAGRAMS), most(QUOTA_DATAGRAMS), "it has as many as it may");
    CHECK_EQ(greedy.errors[ERR_NO_MEMORY], SOCKETS_MAX - most(QUOTA_DATAGRAMS), "it is told");
    others_work();
    greedy_dies();
}

/* The stack has each connection of this much longer than the client has: they linger in all states there are. */
TEST(connections_that_linger)
{
    greedy_starts();
    raw_ask(&greedy, (struct socket_request){
                         .operation = SOCKET_LISTEN, .socket = 63, .port = 900, .number = 64 });
    for (uint32_t life = 0; life < LIVES; life++) {
        for (uint32_t i = 0; i < 30; i++) {
            raw_ask(&greedy, (struct socket_request){ .operation = SOCKET_CONNECT,
                                                      .socket = i,
                                                      .life = life,
                                                      .port = 900,
                                                      .address = loopback() });
        }
        for (uint32_t i = 30; i < 60; i++) {
            raw_ask(&greedy,
                    (struct socket_request){
                        .operation = SOCKET_ACCEPT, .socket = i, .life = life, .number = 63 });
        }
        raw_steps(&greedy, 10);
        for (uint32_t i = 0; i < 60; i++) {
            raw_ask(&greedy, (struct socket_request){ .operation = SOCKET_UPDATE,
                                                      .socket = i,
                                                      .life = life,
                                                      .flags = SOCKET_CLOSE });
        }
        raw_steps(&greedy, 20);
        CHECK(used(QUOTA_CONNECTIONS) <= most(QUOTA_CONNECTIONS), "never more than it may have");
        CHECK(memp_pools[MEMP_TCP_PCB]->stats->used < NET_TCP_MAX, "the pool is never empty");
    }
    for (uint32_t i = 0; i < 60; i++) {
        raw_ask(&greedy, (struct socket_request){ .operation = SOCKET_CONNECT,
                                                  .socket = i,
                                                  .life = LIVES,
                                                  .port = 900,
                                                  .address = loopback() });
    }
    bench_step();
    CHECK_EQ(used(QUOTA_CONNECTIONS), most(QUOTA_CONNECTIONS), "it has as many as it may");
    raw_steps(&greedy, 20);
    CHECK_EQ(greedy.errors[ERR_NO_MEMORY], 0, "new ones took the places of those that linger");
    CHECK(greedy.errors[ERR_BAD_CALL] == 0, "and kept the rules");
    others_work();
    greedy_dies();
}

/* SYNs of half a thousand connections to one client's listeners. */
TEST(connections_that_come)
{
    struct raw caller;

    greedy_starts();
    for (uint32_t i = 0; i < 30; i++) {
        raw_ask(&greedy,
                (struct socket_request){
                    .operation = SOCKET_LISTEN, .socket = i, .port = 2000 + i, .number = 64 });
    }
    raw_start(&caller, GREEDY + 1);
    for (uint32_t life = 0; life < LIVES; life++) {
        for (uint32_t i = 0; i < SOCKETS_MAX; i++) {
            raw_ask(&caller, (struct socket_request){ .operation = SOCKET_CONNECT,
                                                      .socket = i,
                                                      .life = life,
                                                      .port = 2000 + i % 30,
                                                      .address = loopback() });
        }
        raw_steps(&caller, 10);
        for (uint32_t i = 0; i < SOCKETS_MAX; i++) {
            raw_ask(&caller, (struct socket_request){ .operation = SOCKET_UPDATE,
                                                      .socket = i,
                                                      .life = life,
                                                      .flags = SOCKET_CLOSE });
        }
        raw_steps(&caller, 10);
        CHECK(memp_pools[MEMP_TCP_PCB]->stats->used < NET_TCP_MAX, "the pool is never empty");
        CHECK(used(QUOTA_WAITING) <= most(QUOTA_WAITING), "never more than it may have");
    }
    CHECK_EQ(used(QUOTA_WAITING), most(QUOTA_WAITING), "it did have them");
    others_work();
    raw_start(&caller, GREEDY + 1);
    greedy_dies();
}

/* --- What is sent to a machine that reads nothing --- */

static lwip_err_t on_stuck_data(void *argument, struct tcp_pcb *pcb, struct pbuf *pbuf,
                                lwip_err_t error)
{
    (void)argument;
    (void)pcb;
    (void)error;
    return pbuf == NULL ? LWIP_ERR_OK : LWIP_ERR_MEM;
}

static lwip_err_t on_stuck(void *argument, struct tcp_pcb *pcb, lwip_err_t error)
{
    (void)argument;
    (void)error;
    tcp_recv(pcb, on_stuck_data);
    return LWIP_ERR_OK;
}

TEST(what_waits_to_be_acknowledged)
{
    struct tcp_pcb *listener = tcp_new_ip_type(IPADDR_TYPE_ANY);

    greedy_starts();
    CHECK_EQ(tcp_bind(listener, &other.netif.ip_addr, 800), LWIP_ERR_OK, "there is room");
    tcp_bind_netif(listener, &other.netif);
    listener = tcp_listen(listener);
    tcp_accept(listener, on_stuck);
    for (uint32_t i = 0; i < 60; i++) {
        raw_ask(&greedy,
                (struct socket_request){
                    .operation = SOCKET_CONNECT, .socket = i, .port = 800, .address = ipv4(0, 2) });
    }
    bench_steps(50);
    for (uint32_t i = 0; i < 60; i++) {
        raw_ask(&greedy, (struct socket_request){ .operation = SOCKET_UPDATE,
                                                  .socket = i,
                                                  .written = FAKE_DATA_BYTES / 2 });
    }
    bench_steps(3000);
    raw_hear(&greedy);
    CHECK_EQ(greedy.errors[ERR_BAD_CALL], 0, "it kept the rules");
    CHECK(used(QUOTA_PIECES) > most(QUOTA_PIECES) / 2, "it took what it could");
    CHECK(used(QUOTA_PIECES) <= most(QUOTA_PIECES), "and no more than it may");
    CHECK(memp_pools[MEMP_PBUF]->stats->used < NET_REFERENCES, "the pool is not empty");
    others_work();
    greedy_dies();
    (void)tcp_close(listener);
    bench_steps(200);
}

/* --- Neighbours where nobody is --- */

static bool is_connected(void)
{
    return socket_state_of(&clients[0], talk.caller) == ERR_OK;
}

static void datagram_to(uint64_t *written, struct socket_address address)
{
    struct socket_datagram header = { .bytes = 8, .port = 9, .address = address };
    uint8_t *ring = (uint8_t *)session_data(&greedy.session) + FAKE_DATA_BYTES / 2;

    memcpy(ring + *written % (FAKE_DATA_BYTES / 2), &header, sizeof(header));
    *written += sizeof(header) + 8;
}

TEST(neighbours_that_do_not_answer)
{
    struct tcp_pcb *listener = tcp_new_ip_type(IPADDR_TYPE_ANY);
    uint64_t written = 0;

    greedy_starts();
    tcp_bind_netif(listener, &other.netif);
    CHECK_EQ(tcp_bind(listener, &other.netif.ip_addr, 801), LWIP_ERR_OK, "there is room");
    listener = tcp_listen(listener);
    tcp_accept(listener, on_stuck);
    raw_ask(&greedy, (struct socket_request){ .operation = SOCKET_DATAGRAMS });
    for (uint32_t n = 0; n < 10; n++) {
        for (uint32_t i = 0; i < 100; i++) {
            datagram_to(&written, ipv4(0, (uint8_t)(100 + i)));
        }
        raw_ask(&greedy, (struct socket_request){ .operation = SOCKET_UPDATE, .written = written });
        bench_step();
        raw_hear(&greedy);
    }
    for (uint32_t i = 1; i < 30; i++) {
        raw_ask(&greedy, (struct socket_request){ .operation = SOCKET_CONNECT,
                                                  .socket = i,
                                                  .port = 9,
                                                  .address = ipv4(0, (uint8_t)(60 + i)) });
    }
    struct socket_address to = ipv4(0, 2);

    CHECK_EQ(socket_connect(&clients[0], &to, 801, &talk.caller), ERR_OK, "a number");
    CHECK(bench_until(is_connected), "another finds its neighbour");
    raw_hear(&greedy);
    CHECK_EQ(greedy.last[0].taken, written, "what could not be sent was dropped");
    CHECK_EQ(greedy.errors[ERR_NO_MEMORY], 29, "connections are refused, and say why");
    CHECK(memp_pools[MEMP_ARP_QUEUE]->stats->used <= LOOKUPS_MAX * 3, "few packets wait");
    others_work();
    socket_abort(&clients[0], talk.caller);
    greedy_dies();
    (void)tcp_close(listener);
    bench_steps(200);
}

/* Each datagram is little work for the client, and much for the server. */
TEST(datagrams_of_a_round_are_bounded)
{
    uint64_t written = 0;

    greedy_starts();
    raw_ask(&greedy, (struct socket_request){ .operation = SOCKET_DATAGRAMS });
    for (uint32_t i = 0; i < 1000; i++) {
        datagram_to(&written, loopback());
    }
    raw_ask(&greedy, (struct socket_request){ .operation = SOCKET_UPDATE, .written = written });
    uint64_t before = lwip_stats.udp.xmit;

    (void)peers_work();
    CHECK(lwip_stats.udp.xmit - before <= 128, "in one round");
    (void)peers_work();
    CHECK(lwip_stats.udp.xmit - before > 128, "it goes on in the next, unasked");
    raw_ask(&greedy, (struct socket_request){
                         .operation = SOCKET_UPDATE, .written = written, .flags = SOCKET_CLOSE });
    bench_steps(20);
    raw_hear(&greedy);
    CHECK_EQ(lwip_stats.udp.xmit - before, 1000, "all before it closes");
    CHECK_EQ(greedy.ended, 1, "and then it closes");
    greedy_dies();
}

/* --- Frames that wait for those before them --- */

enum { SENDERS = 16, STREAM_BYTES = 32000, FRAMES_HELD = NET_POOL_FRAMES - 34, FIRST_BYTE = 77 };

static struct {
    bool is_first_lost; /* the first segment of each stream, however often it is sent */
} frames;

/* As servers/net/netif.c does it. */
static lwip_err_t frame_take(struct pbuf *lent, struct netif *netif)
{
    uint16_t data_at = SIZEOF_ETH_HDR + IP_HLEN;

    data_at += (uint16_t)((pbuf_get_at(lent, data_at + 12) >> 4) * 4);
    if (frames.is_first_lost && pbuf_get_at(lent, data_at) == FIRST_BYTE) {
        (void)pbuf_free(lent);
        return LWIP_ERR_OK;
    }
    connections_relieve();
    struct pbuf *pbuf = pbuf_alloc(PBUF_RAW, lent->tot_len, PBUF_POOL);

    if (pbuf != NULL) {
        (void)pbuf_copy(pbuf, lent);
        (void)lwip_port_input(pbuf, netif);
    }
    (void)pbuf_free(lent);
    return LWIP_ERR_OK;
}

static lwip_err_t on_sender(void *argument, struct tcp_pcb *pcb, lwip_err_t error)
{
    static const uint8_t bytes[STREAM_BYTES] = { FIRST_BYTE };

    (void)argument;
    (void)error;
    CHECK_EQ(tcp_write(pcb, bytes, sizeof(bytes), 0), LWIP_ERR_OK, "it is sent");
    return LWIP_ERR_OK;
}

static uint64_t frames_out_of_order(void)
{
    uint64_t count = 0;

    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        for (const struct tcp_seg *segment = pcb->ooseq; segment != NULL; segment = segment->next) {
            count += pbuf_clen(segment->p);
        }
    }
    return count;
}

static void senders_start(struct tcp_pcb *senders[SENDERS])
{
    for (uint32_t i = 0; i < SENDERS; i++) {
        senders[i] = tcp_new_ip_type(IPADDR_TYPE_V4);
        tcp_bind_netif(senders[i], &other.netif);
        CHECK_EQ(tcp_connect(senders[i], &us.netif.ip_addr, 900, on_sender), LWIP_ERR_OK,
                 "it goes");
    }
}

TEST(what_comes_out_of_order)
{
    struct tcp_pcb *senders[SENDERS];
    struct pbuf *held[FRAMES_HELD];
    uint64_t kept_most = 0;
    uint64_t got = 0;

    greedy_starts();
    us.netif.input = frame_take;
    other.netif.mtu = 576; /* many small frames */
    raw_ask(&greedy, (struct socket_request){
                         .operation = SOCKET_LISTEN, .socket = 63, .port = 900, .number = 64 });
    for (uint32_t i = 0; i < SENDERS; i++) {
        raw_ask(&greedy,
                (struct socket_request){ .operation = SOCKET_ACCEPT, .socket = i, .number = 63 });
    }
    for (uint32_t i = 0; i < FRAMES_HELD; i++) { /* as if the link were faster than we */
        held[i] = pbuf_alloc(PBUF_RAW, 1, PBUF_POOL);
    }
    uint64_t refused = memp_pools[MEMP_PBUF_POOL]->stats->err;

    frames.is_first_lost = true;
    senders_start(senders);
    for (uint32_t i = 0; i < 6000; i++) {
        raw_steps(&greedy, 1);
        kept_most = frames_out_of_order() > kept_most ? frames_out_of_order() : kept_most;
    }
    CHECK(kept_most > 0, "there was something to keep");
    CHECK_EQ(memp_pools[MEMP_PBUF_POOL]->stats->err, refused, "there always was a frame");
    frames.is_first_lost = false;
    raw_steps(&greedy, 10000);
    for (uint32_t i = 0; i < SENDERS; i++) {
        got += greedy.last[i].received;
        tcp_abort(senders[i]);
    }
    CHECK_EQ(got, SENDERS * STREAM_BYTES, "what was thrown away was sent again");
    for (uint32_t i = 0; i < FRAMES_HELD; i++) {
        (void)pbuf_free(held[i]);
    }
    us.netif.input = lwip_port_input;
    other.netif.mtu = us.netif.mtu;
    greedy_dies();
}
