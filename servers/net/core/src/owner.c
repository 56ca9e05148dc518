/* SPDX-License-Identifier: MIT */
/*
 * Whose each TCP connection of the stack is, from its first packet until the stack forgets it, which may be long after the
 * client has closed it. Must stay true: each is counted once, and the stack's pool is never empty, so that the stack never
 * ends a connection of one client to make room for another's.
 */
#include "net_core/net.h"

#include "lwip/memp.h"
#include "lwip/stats.h"

enum { FRAMES_KEPT = NET_POOL_FRAMES / 8 };

static struct {
    uint8_t id;
    bool has_id;
} all;

static void on_destroyed(u8_t id, void *data)
{
    const struct peer *peer = data;

    (void)id;
    quota_give(QUOTA_CONNECTIONS, peer->index);
}

uint8_t connection_owner_id(void)
{
    if (!all.has_id) {
        all.id = tcp_ext_arg_alloc_id();
        all.has_id = true;
    }
    return all.id;
}

static void own(struct peer *peer, struct tcp_pcb *pcb)
{
    static const struct tcp_ext_arg_callbacks callbacks = { .destroy = on_destroyed };

    tcp_ext_arg_set(pcb, connection_owner_id(), peer);
    tcp_ext_arg_set_callbacks(pcb, connection_owner_id(), &callbacks);
}

/* The one of a list that has been silent longest, of those that their client knows no more and that only wait. */
static struct tcp_pcb *oldest_of(struct tcp_pcb *list, const struct peer *peer)
{
    struct tcp_pcb *oldest = NULL;

    for (struct tcp_pcb *pcb = list; pcb != NULL; pcb = pcb->next) {
        bool only_waits =
            pcb->state == TIME_WAIT || pcb->state == LAST_ACK || pcb->state == CLOSING;

        if (only_waits && pcb->callback_arg == NULL &&
            tcp_ext_arg_get(pcb, connection_owner_id()) == peer &&
            (oldest == NULL || tcp_ticks - pcb->tmr > tcp_ticks - oldest->tmr)) {
            oldest = pcb;
        }
    }
    return oldest;
}

/* One more of the client, if need be in place of one that lingers. */
static bool connection_take(const struct peer *peer)
{
    if (quota_room(QUOTA_CONNECTIONS, peer->index) == 0) {
        struct tcp_pcb *oldest = oldest_of(tcp_tw_pcbs, peer);

        oldest = oldest != NULL ? oldest : oldest_of(tcp_active_pcbs, peer);
        if (oldest != NULL) {
            tcp_abandon(oldest, 0);
        }
    }
    return quota_take(QUOTA_CONNECTIONS, peer->index);
}

bool connection_admit(struct peer *peer, struct tcp_pcb *pcb)
{
    if (!connection_take(peer)) {
        return false;
    }
    own(peer, pcb);
    return true;
}

struct tcp_pcb *connection_new(struct peer *peer, uint8_t type)
{
    struct tcp_pcb *pcb;

    if (!connection_take(peer)) {
        return NULL;
    }
    pcb = tcp_new_ip_type(type);
    if (pcb == NULL) {
        quota_give(QUOTA_CONNECTIONS, peer->index);
        return NULL;
    }
    own(peer, pcb);
    return pcb;
}

/* --- What came out of order --- */

static uint32_t early_frames(const struct tcp_pcb *pcb)
{
    uint32_t count = 0;

    for (const struct tcp_seg *segment = pcb->ooseq; segment != NULL; segment = segment->next) {
        count += pbuf_clen(segment->p);
    }
    return count;
}

/* The client whose connections keep most; NULL: none keeps any. */
static const struct peer *greediest_client(void)
{
    uint32_t counts[QUOTA_CLIENTS] = { 0 };
    const struct peer *greediest = NULL;

    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        const struct peer *peer = tcp_ext_arg_get(pcb, connection_owner_id());

        if (pcb->ooseq == NULL) {
            continue;
        }
        counts[peer->index] += early_frames(pcb);
        if (counts[peer->index] > (greediest == NULL ? 0 : counts[greediest->index])) {
            greediest = peer;
        }
    }
    return greediest;
}

/* The connection of that client that keeps most. */
static struct tcp_pcb *greediest_of(const struct peer *client)
{
    uint32_t most = 0;
    struct tcp_pcb *found = NULL;

    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        uint32_t count = early_frames(pcb);

        if (tcp_ext_arg_get(pcb, connection_owner_id()) == client && count > most) {
            most = count;
            found = pcb;
        }
    }
    return found;
}

void connections_relieve(void)
{
    while (memp_pools[MEMP_PBUF_POOL]->stats->used > NET_POOL_FRAMES - FRAMES_KEPT) {
        const struct peer *client = greediest_client();

        if (client == NULL) {
            return;
        }
        tcp_free_ooseq(greediest_of(client)); /* its peer sends that again */
    }
}
