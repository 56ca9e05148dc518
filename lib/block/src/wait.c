/* SPDX-License-Identifier: MIT */
/* Waiting, for programs that do nothing else meanwhile. */
#include "block/client.h"

void block_client_wait(struct block_client *client, struct service *service,
                       struct block_result *result)
{
    while (block_client_reap(client, result)) {
        if (!block_client_rest(client)) {
            continue;
        }
        if (service_wait(service, block_client_deadline(client)) == SERVICE_CALL) {
            service->info = MSG_INFO(ERR_BAD_CALL, 0, 0);
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
