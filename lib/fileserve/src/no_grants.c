/* SPDX-License-Identifier: MIT */
/* For a server that grants no pages of a cache: linked where there is no other. */
#include "fileserve/clients.h"

err_t file_on_map(struct client *client, const struct file_map_args *args,
                  struct file_map_results *results)
{
    (void)client;
    (void)args;
    (void)results;
    return ERR_WRONG_TYPE;
}

err_t file_on_unmap(struct client *client, const struct file_unmap_args *args)
{
    (void)client;
    (void)args;
    return ERR_NO_ENTRY;
}
