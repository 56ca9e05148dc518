/* SPDX-License-Identifier: MIT */
/* A caller, a server and an endpoint between them: what most tests of messages begin with. */
#pragma once

#include "boot_test/make.h"
#include "boot_test/worker.h"

struct pair {
    cap_addr_t endpoint;   /* rank 5 */
    struct worker *server; /* rank 3 */
    struct worker *caller; /* rank 8 */
};

static inline struct pair pair_make(void)
{
    struct pair pair;

    pair.endpoint = make(OBJECT_ENDPOINT, 5);
    pair.server = worker_actor(3, 100);
    pair.caller = worker_actor(8, 90);
    return pair;
}

/** pair_connected() - the server holds a call of the caller. */
static inline struct pair pair_connected(void)
{
    struct pair pair = pair_make();

    worker_act(pair.server, receive_from(pair.endpoint));
    worker_act(pair.caller, call_to(pair.endpoint, 1, DEADLINE_NEVER));
    return pair;
}
