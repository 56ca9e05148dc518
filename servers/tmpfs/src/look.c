/* SPDX-License-Identifier: MIT */
/* The operations of the protocol file that change nothing, and the way along a path. */
#include "fileserve/listing.h"
#include "pith/string.h"
#include "tmpfs_server.h"

enum { MODE_REGULAR = 0100666, MODE_DIRECTORY = 0040777, MODE_SYMLINK = 0120777 };

uint32_t kind_of(const struct tmpfs_node *node)
{
    static const uint32_t kinds[] = { FILE_KIND_NONE, FILE_KIND_REGULAR, FILE_KIND_DIRECTORY,
                                      FILE_KIND_SYMLINK };

    return kinds[node->kind];
}

uint64_t inode_of(uint32_t node)
{
    return (uint64_t)tmpfs.nodes[node].generation << 32 | node;
}

err_t place_walk(struct place *place, uint32_t *node)
{
    struct place_name name;
    err_t err = ERR_OK;

    *node = TMPFS_ROOT;
    while (err == ERR_OK && tmpfs.nodes[*node].kind != TMPFS_LINK && place_next(place, &name)) {
        struct tmpfs_place step = { *node, name.length, name.start };

        err = tmpfs_find(&tmpfs, &step, node);
    }
    return err;
}

err_t place_walk_parent(struct place *place, struct tmpfs_place *last, bool *is_there)
{
    struct place_name name;
    uint32_t node = TMPFS_ROOT;
    err_t err = ERR_OK;

    *is_there = true;
    if (!place_next(place, &name)) {
        return ERR_RANGE;
    }
    while (!place_is_last(place)) {
        struct tmpfs_place step = { node, name.length, name.start };

        err = tmpfs_find(&tmpfs, &step, &node);
        if (err) {
            return err;
        }
        if (tmpfs.nodes[node].kind == TMPFS_LINK) {
            *is_there = false;
            return ERR_OK;
        }
        (void)place_next(place, &name);
    }
    *last = (struct tmpfs_place){ node, name.length, name.start };
    return place->at <= place->base_length ? ERR_RANGE : ERR_OK;
}

void opened_drop(struct handle *handle)
{
    tmpfs_drop(&tmpfs, node_of(handle));
}

err_t file_on_read(struct client *client, const struct file_read_args *args,
                   struct file_read_results *results)
{
    struct handle *handle = handle_find(client, args->handle);
    struct tmpfs_bytes into = { client_data(client, args->offset, args->bytes), args->bytes };
    uint64_t done;

    if (handle == NULL) {
        return ERR_NO_ENTRY;
    }
    if (handle->kind != FILE_KIND_REGULAR) {
        return ERR_WRONG_TYPE;
    }
    if (into.start == NULL) {
        return ERR_RANGE;
    }
    err_t err = tmpfs_read(&tmpfs, node_of(handle), args->position, into, &done);

    results->done = (uint32_t)done;
    return err;
}

err_t request_read(struct client *client, struct request *request, uint64_t *done)
{
    struct tmpfs_bytes into = { (unsigned char *)session_data(&client->session) + request->offset,
                                request->bytes };

    return tmpfs_read(&tmpfs, node_of(request->handle), request->position, into, done);
}

/* Positions 0 and 1 are "." and "..", behind them are those of lib/tmpfs. False: there is no room. */
static bool entry_next(struct listing *listing, uint32_t dir, uint64_t *position, bool *is_end)
{
    uint64_t at = *position < LISTING_DOTS ? 0 : *position - LISTING_DOTS;

    if (*position < LISTING_DOTS) {
        uint32_t parent = tmpfs.nodes[dir].parent;
        bool is_up = *position == 1 && parent != 0;

        if (!listing_add_dots(listing, *position, inode_of(is_up ? parent : dir))) {
            return false;
        }
        ++*position;
        return true;
    }
    uint32_t node = tmpfs_list(&tmpfs, dir, &at);

    const struct tmpfs_node *found = &tmpfs.nodes[node];

    *is_end = node == 0;
    if (node != 0 && !listing_add(listing, inode_of(node), kind_of(found),
                                  (struct listing_name){ found->name, found->name_length })) {
        return false;
    }
    *position = at + LISTING_DOTS;
    return true;
}

err_t file_on_list(struct client *client, const struct file_list_args *args,
                   struct file_list_results *results)
{
    struct handle *handle = handle_find(client, args->handle);
    struct listing listing = { client_data(client, args->offset, args->bytes), args->bytes };
    uint64_t position = args->position;
    bool is_end = false;

    if (handle == NULL) {
        return ERR_NO_ENTRY;
    }
    if (handle->kind != FILE_KIND_DIRECTORY) {
        return ERR_WRONG_TYPE;
    }
    if (listing.at == NULL) {
        return ERR_RANGE;
    }
    while (!is_end && entry_next(&listing, node_of(handle), &position, &is_end)) {
    }
    *results = (struct file_list_results){ .used = args->bytes - listing.left,
                                           .next = position,
                                           .end = is_end };
    return ERR_OK;
}

err_t file_on_link(struct client *client, const struct file_link_args *args,
                   struct file_link_results *results)
{
    struct handle *handle = handle_find(client, args->handle);
    struct tmpfs_bytes into = { client_data(client, args->offset, args->bytes), args->bytes };
    uint64_t done;

    if (handle == NULL) {
        return ERR_NO_ENTRY;
    }
    if (handle->kind != FILE_KIND_SYMLINK) {
        return ERR_WRONG_TYPE;
    }
    if (into.start == NULL || opened_node(handle)->bytes > args->bytes) {
        return ERR_RANGE;
    }
    err_t err = tmpfs_read(&tmpfs, node_of(handle), 0, into, &done);

    results->length = (uint32_t)done;
    return err;
}

err_t file_on_stat(struct client *client, const struct file_stat_args *args,
                   struct file_stat_results *results)
{
    static const uint32_t modes[] = { 0, MODE_REGULAR, MODE_DIRECTORY, MODE_SYMLINK };
    const struct handle *handle = handle_find(client, args->handle);

    if (handle == NULL) {
        return ERR_NO_ENTRY;
    }
    const struct tmpfs_node *node = opened_node(handle);

    *results =
        (struct file_stat_results){ .kind = handle->kind,
                                    .mode = modes[node->kind],
                                    .bytes = node->bytes,
                                    .modified = node->modified,
                                    .links = node->parent != 0 || node == &tmpfs.nodes[TMPFS_ROOT],
                                    .inode = inode_of(node_of(handle)) };
    return ERR_OK;
}

err_t file_on_info(struct client *client, struct file_info_results *results)
{
    (void)client;
    *results = (struct file_info_results){ .block_bytes = 4096,
                                           .blocks = tmpfs.page_count,
                                           .cache_pages = tmpfs.page_count,
                                           .handles = client_handles() };
    return ERR_OK;
}

err_t file_on_space(struct client *client, struct file_space_results *results)
{
    (void)client;
    *results =
        (struct file_space_results){ .bytes = 4096ull * (tmpfs.page_count - tmpfs.page_first),
                                     .unused = 4096ull * tmpfs.free_page_count,
                                     .names = tmpfs.node_count - 2,
                                     .names_unused = tmpfs.free_node_count };
    return ERR_OK;
}
