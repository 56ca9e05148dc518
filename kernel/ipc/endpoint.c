/* SPDX-License-Identifier: MIT */
/* Endpoints: the queue of callers, the server, and the one edge between them. */
#include <stddef.h>

#include "ipc/homes.h"
#include "ipc/ipc.h"
#include "sched/sched.h"

void endpoint_init(struct endpoint *endpoint, struct core *home, uint32_t rank)
{
    lend_init(&endpoint->lend, LEND_ENDPOINT, rank);
    endpoint->home = home;
}

/* While somebody lends to the endpoint, and its server is on the same core, the endpoint lends to that. */
static void edge_make(struct core *core, struct endpoint *endpoint)
{
    struct thread *server = endpoint->server;

    if (endpoint->lend.to == NULL && server != NULL && !queue_is_empty(&endpoint->lend.from) &&
        core_is_same(endpoint->home, server->home)) {
        lend_attach(core, &endpoint->lend, &server->lend);
    }
}

void endpoint_enqueue(struct core *core, struct endpoint *endpoint, struct thread *caller)
{
    /* Nobody lends: it may live anywhere, so where it is served, or where it is called from. */
    endpoint_come_home(endpoint, endpoint->server != NULL ? endpoint->server->home : caller->home);
    if (!core_is_same(endpoint->home, caller->home)) {
        caller->plain_on = endpoint;
        caller->is_away = true;
        queue_insert(&endpoint->plain, &caller->lend.node, lend_key(&caller->lend));
        return;
    }
    lend_attach(core, &caller->lend, &endpoint->lend);
    edge_make(core, endpoint);
}

struct thread *endpoint_first(const struct endpoint *endpoint)
{
    struct queue_node *first = endpoint->lend.from.first;

    if (ARCH_CORES > 1) {
        struct queue_node *plain = endpoint->plain.first;

        if (first == NULL ||
            (plain != NULL && plain->key < first->key + endpoint->lender_was_last)) {
            first = plain;
        }
    }
    return first == NULL ? NULL : thread_of_lend((struct lend *)(void *)first);
}

void endpoint_dequeue(struct core *core, struct endpoint *endpoint, struct thread *caller)
{
    if (ARCH_CORES > 1 && caller->plain_on != NULL) {
        queue_remove(&endpoint->plain, &caller->lend.node);
        caller->plain_on = NULL;
        return;
    }
    lend_detach(core, &caller->lend);
    if (queue_is_empty(&endpoint->lend.from)) {
        lend_detach(core, &endpoint->lend);
    }
}

static void server_leave(struct core *core, struct endpoint *endpoint)
{
    struct thread *server = endpoint->server;

    lend_detach(core, &endpoint->lend);
    if (endpoint->previous_of_server != NULL) {
        endpoint->previous_of_server->next_of_server = endpoint->next_of_server;
    } else {
        server->endpoints = endpoint->next_of_server;
    }
    if (endpoint->next_of_server != NULL) {
        endpoint->next_of_server->previous_of_server = endpoint->previous_of_server;
    }
    endpoint->server = NULL;
    if (server->state == THREAD_STATE_RECEIVING && server->receiving_on == endpoint) {
        ipc_fail(core, server, ERR_CANCELLED);
    }
}

void endpoint_server_set(struct core *core, struct endpoint *endpoint, struct thread *server)
{
    if (endpoint->server == server) {
        return;
    }
    if (endpoint->server != NULL) {
        server_leave(core, endpoint);
    }
    if (server == NULL) {
        return;
    }
    endpoint->server = server;
    endpoint->previous_of_server = NULL;
    endpoint->next_of_server = server->endpoints;
    if (server->endpoints != NULL) {
        server->endpoints->previous_of_server = endpoint;
    }
    server->endpoints = endpoint;
    endpoint_come_home(endpoint, server->home);
    edge_make(core, endpoint);
}

bool endpoint_fail_first(struct core *core, struct endpoint *endpoint, err_t err)
{
    struct thread *first = endpoint_first(endpoint);

    if (first == NULL) {
        return false;
    }
    ipc_fail(core, first, err);
    return true;
}
