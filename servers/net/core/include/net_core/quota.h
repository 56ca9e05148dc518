/* SPDX-License-Identifier: MIT */
/*
 * Who may have how much of what all clients share: the stack's pools, none of which grows. Each client has a share that no other
 * can take; what is beyond the shares goes to whoever asks first, as long as enough is left for every share.
 * Must stay true: taken by all + what is missing to the shares of those below them <= pool.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define QUOTA_CLIENTS 8u

enum quota_kind {
    QUOTA_CONNECTIONS, /* of TCP, those that linger after a close among them */
    QUOTA_LISTENERS,
    QUOTA_DATAGRAMS, /* sockets of UDP */
    QUOTA_WAITING,   /* connections that nobody has accepted */
    QUOTA_PIECES,    /* packet buffers of what was sent and not acknowledged */
    QUOTA_KINDS
};

struct quota_use {
    uint32_t used;    /* by that client */
    uint32_t share;   /* that it can always have */
    uint32_t pool;    /* of all */
    uint64_t refused; /* requests of that client, since the server started */
};

/** quota_room() - how many more that client may take now. */
uint32_t quota_room(enum quota_kind kind, uint32_t client);

/** quota_take() - one more; false, counted: it may not. */
bool quota_take(enum quota_kind kind, uint32_t client);

/** quota_give() - one back. */
void quota_give(enum quota_kind kind, uint32_t client);

/** quota_change() - what a client used as @before of its pieces is @after now, which is a fact, and is not refused. */
void quota_change(enum quota_kind kind, uint32_t client, uint32_t before, uint32_t after);

/** quota_refuse() - count what was refused for another reason than quota_take(). */
void quota_refuse(enum quota_kind kind, uint32_t client);

/** quota_use() - for people. False: there is no such kind or client. */
bool quota_use(uint32_t kind, uint32_t client, struct quota_use *use);
