/* SPDX-License-Identifier: MIT */
/* Waiting, for programs that do nothing else meanwhile. */
#include "block/client.h"

#include "pith/clock.h"

/* Probes are to be answered even if results never end. */
#define SERVE_NS (2 * NS_PER_MS)

static void serve(struct block_client *client, struct service *service, ns_t deadline_ns)
{
    if (service_wait(service, deadline_ns) == SERVICE_CALL) {
        service->info = MSG_INFO(ERR_BAD_CALL, 0, 0);
    }
    client->served_ns = clock_now();
}

void block_client_start(struct block_client *client, struct service *service)
{
    struct block_result none;

    while (!client->is_ours) {
        (void)!block_client_reap(client, &none); /* nothing was submitted */
        if (!client->is_ours && block_client_rest(client)) {
            serve(client, service, DEADLINE_NEVER);
        }
    }
}

void block_client_wait(struct block_client *client, struct service *service,
                       struct block_result *result)
{
    if (clock_now() - client->served_ns > SERVE_NS) {
        serve(client, service, 0);
    }
    while (block_client_reap(client, result)) {
        if (block_client_rest(client)) {
            serve(client, service, block_client_deadline(client));
        }
    }
}

err_t block_client_transfer(struct block_client *client, struct service *service,
                            const struct block_work *work)
{
    struct block_result result;
    err_t err = block_client_submit(client, work);

    if (err) {
        return err;
    }
    block_client_wait(client, service, &result);
    return result.err;
}
