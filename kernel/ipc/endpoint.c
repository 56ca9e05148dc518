/* SPDX-License-Identifier: MIT */
/* Endpoints: the queue of callers, the server, and the one edge between them. */
#include <stddef.h>

#include "ipc/ipc.h"
#include "sched/sched.h"

void endpoint_init(struct endpoint *endpoint, struct core *home, uint32_t rank)
{
    lend_init(&endpoint->lend, LEND_ENDPOINT, rank);
    endpoint->home = home;
}

void endpoint_dequeue(struct core *core, struct endpoint *endpoint, struct thread *caller)
{
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
    if (!queue_is_empty(&endpoint->lend.from)) {
        lend_attach(core, &endpoint->lend, &server->lend);
    }
}

bool endpoint_fail_first(struct core *core, struct endpoint *endpoint, err_t err)
{
    struct queue_node *first = queue_first(&endpoint->lend.from);

    if (first == NULL) {
        return false;
    }
    ipc_fail(core, thread_of_lend((struct lend *)(void *)first), err);
    return true;
}
