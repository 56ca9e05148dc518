/* SPDX-License-Identifier: MIT */
#include "net_core/quota.h"

#include "lwip_port/limits.h"
#include "pith/debug.h"

/* What the stack takes for itself: a connection that is being refused; DHCP, DHCPv6, DNS. */
enum { OWN_CONNECTIONS = 2, OWN_DATAGRAMS = 8 };

/*
 * Each segment has one buffer for its headers, and one or two that refer to the client's ring (two where it wraps):
 * so two thirds of all pieces are of the pool of references at most. One segment of each connection is not counted (stream.c).
 */
#define REFERENCES (NET_REFERENCES - 2 * NET_TCP_MAX)

static const uint32_t pools[QUOTA_KINDS] = {
    [QUOTA_CONNECTIONS] = NET_TCP_MAX - OWN_CONNECTIONS,
    [QUOTA_LISTENERS] = NET_TCP_LISTEN_MAX,
    [QUOTA_DATAGRAMS] = NET_UDP_MAX - OWN_DATAGRAMS,
    [QUOTA_WAITING] = NET_TCP_WAITING,
    [QUOTA_PIECES] = REFERENCES / 2 * 3,
};

static struct {
    uint32_t used[QUOTA_CLIENTS];
    uint64_t refused[QUOTA_CLIENTS];
    uint32_t total;
    uint32_t kept; /* missing to the shares of those who have less */
    bool has_begun;
} quotas[QUOTA_KINDS];

/* Half of a pool is shared out. */
static uint32_t share_of(enum quota_kind kind)
{
    return pools[kind] / (2 * QUOTA_CLIENTS);
}

static uint32_t missing(enum quota_kind kind, uint32_t used)
{
    uint32_t share = share_of(kind);

    return used < share ? share - used : 0;
}

static uint32_t kept(enum quota_kind kind)
{
    if (!quotas[kind].has_begun) {
        quotas[kind].has_begun = true;
        quotas[kind].kept = QUOTA_CLIENTS * share_of(kind);
    }
    return quotas[kind].kept;
}

uint32_t quota_room(enum quota_kind kind, uint32_t client)
{
    uint32_t own = missing(kind, quotas[kind].used[client]);
    uint32_t bound = quotas[kind].total + kept(kind) - own;

    return bound < pools[kind] ? pools[kind] - bound : 0;
}

void quota_change(enum quota_kind kind, uint32_t client, uint32_t before, uint32_t after)
{
    uint32_t used = quotas[kind].used[client];

    assert(before <= used);
    quotas[kind].kept = kept(kind) - missing(kind, used) + missing(kind, used - before + after);
    quotas[kind].used[client] = used - before + after;
    quotas[kind].total = quotas[kind].total - before + after;
}

bool quota_take(enum quota_kind kind, uint32_t client)
{
    if (quota_room(kind, client) == 0) {
        quota_refuse(kind, client);
        return false;
    }
    quota_change(kind, client, 0, 1);
    return true;
}

void quota_give(enum quota_kind kind, uint32_t client)
{
    quota_change(kind, client, 1, 0);
}

void quota_refuse(enum quota_kind kind, uint32_t client)
{
    quotas[kind].refused[client]++;
}

bool quota_use(uint32_t kind, uint32_t client, struct quota_use *use)
{
    if (kind >= QUOTA_KINDS || client >= QUOTA_CLIENTS) {
        return false;
    }
    *use = (struct quota_use){
        .used = quotas[kind].used[client],
        .share = share_of(kind),
        .pool = pools[kind],
        .refused = quotas[kind].refused[client],
    };
    return true;
}
