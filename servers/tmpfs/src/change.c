/* SPDX-License-Identifier: MIT */
/*
 * The operations of the protocol file that change something, and open, which may. A change of names that was made by
 * this server or one before it, and is asked for again, is answered and not made again.
 */
#include "pith/clock.h"
#include "pith/string.h"
#include "tmpfs_server.h"

struct tmpfs_request request_of(const struct client *client, uint64_t sequence)
{
    tmpfs.now = clock_now();
    return (struct tmpfs_request){ .client = client_number(client), .sequence = sequence };
}

/* What was found, or is to be made, against what is asked for. */
static err_t how_check(const struct place *place, uint32_t how, uint32_t kind)
{
    if ((how & FILE_HOW_DIRECTORY) && kind != TMPFS_DIR) {
        return ERR_WRONG_TYPE;
    }
    if (how & FILE_HOW_EXCLUSIVE) {
        return ERR_EXISTS;
    }
    if ((how & FILE_HOW_WRITE) && kind == TMPFS_DIR) {
        return ERR_WRONG_TYPE;
    }
    if ((how & FILE_HOW_TRUNCATE) && !(how & FILE_HOW_WRITE)) {
        return ERR_NO_RIGHT;
    }
    return (how & FILE_HOW_WRITE) && place->is_read_only ? ERR_READ_ONLY : ERR_OK;
}

/* The last name is not there. */
static err_t file_make(struct place *place, const struct tmpfs_request *request, uint32_t *node)
{
    struct tmpfs_place last;
    bool is_there;
    err_t err;

    if (place->is_read_only) {
        return ERR_READ_ONLY;
    }
    place->at = 0;
    err = place_walk_parent(place, &last, &is_there);
    if (err) {
        return err;
    }
    return tmpfs_make(&tmpfs, &last, TMPFS_FILE, request, node);
}

/* Find or make what is to be opened. */
static err_t node_get(struct place *place, uint32_t how, const struct tmpfs_request *request,
                      uint32_t *node)
{
    err_t err = place_walk(place, node);

    if (tmpfs_is_done(&tmpfs, request)) {
        how &= ~(uint32_t)(FILE_HOW_CREATE | FILE_HOW_EXCLUSIVE);
    }
    if (err == ERR_NO_ENTRY && (how & FILE_HOW_CREATE) && place_is_last(place)) {
        how &= ~(uint32_t)FILE_HOW_EXCLUSIVE;
        err = how_check(place, how, TMPFS_FILE);
        if (err == ERR_OK) {
            err = file_make(place, request, node);
        }
    }
    if (err || tmpfs.nodes[*node].kind == TMPFS_LINK) {
        return err;
    }
    err = how_check(place, how, tmpfs.nodes[*node].kind);
    if (err == ERR_OK && (how & FILE_HOW_TRUNCATE) && tmpfs.nodes[*node].bytes != 0) {
        err = tmpfs_truncate(&tmpfs, *node, 0);
    }
    return err;
}

err_t file_on_open(struct client *client, const struct file_open_args *args,
                   struct file_open_results *results)
{
    static struct place place; /* one call at a time */
    struct tmpfs_request request = request_of(client, args->sequence);
    uint32_t id, node;
    err_t err = client_place(client, args->root, args->path, args->length, &place);
    struct handle *handle = handle_new(client, &id);

    if (err || handle == NULL) {
        return err ? err : ERR_NO_MEMORY;
    }
    err = node_get(&place, args->flags, &request, &node);
    if (err == ERR_OK) {
        err = place_walked(&place, &results->walked);
    }
    if (err) {
        return err;
    }
    struct opened *opened = handle->body;

    opened->node = node;
    tmpfs_hold(&tmpfs, node);
    handle->id = id;
    handle->kind = kind_of(&tmpfs.nodes[node]);
    handle->may_write = (args->flags & FILE_HOW_WRITE) != 0 && !place.is_read_only;
    client->open++;
    results->handle = id;
    results->kind = handle->kind;
    results->bytes = tmpfs.nodes[node].bytes;
    results->modified = tmpfs.nodes[node].modified;
    results->inode = inode_of(node);
    results->traits = FILE_TRAIT_CHANGES;
    return ERR_OK;
}

/* A handle through which a file may be changed. */
static err_t writable_find(struct client *client, uint32_t id, struct handle **handle)
{
    *handle = handle_find(client, id);
    if (*handle == NULL) {
        return ERR_NO_ENTRY;
    }
    if ((*handle)->kind != FILE_KIND_REGULAR) {
        return ERR_WRONG_TYPE;
    }
    return (*handle)->may_write ? ERR_OK : ERR_NO_RIGHT;
}

err_t file_on_write(struct client *client, const struct file_write_args *args,
                    struct file_write_results *results)
{
    struct tmpfs_bytes from = { client_data(client, args->offset, args->bytes), args->bytes };
    struct handle *handle;
    uint64_t done = 0;
    err_t err = writable_find(client, args->handle, &handle);

    if (err || from.start == NULL) {
        return err ? err : ERR_RANGE;
    }
    tmpfs.now = clock_now();
    err = tmpfs_write(&tmpfs, node_of(handle), args->position, from, &done);
    results->done = (uint32_t)done;
    return err;
}

err_t file_on_truncate(struct client *client, const struct file_truncate_args *args)
{
    struct handle *handle;
    err_t err = writable_find(client, args->handle, &handle);

    if (err) {
        return err;
    }
    tmpfs.now = clock_now();
    return tmpfs_truncate(&tmpfs, node_of(handle), args->bytes);
}

/* --- Names --- */

/* A path whose last name is to be changed. *is_there: false: a symbolic link stands in the way, *walked says where. */
static err_t last_find(struct place *place, struct tmpfs_place *last, bool *is_there,
                       uint32_t *walked)
{
    err_t err = place_walk_parent(place, last, is_there);

    return err == ERR_OK ? place_walked(place, walked) : err;
}

static err_t last_of(struct client *client, const struct file_make_directory_args *args,
                     struct place *place, struct tmpfs_place *last, uint32_t *walked)
{
    bool is_there;
    err_t err = client_place(client, args->root, args->path, args->length, place);

    if (err == ERR_OK && place->is_read_only) {
        err = ERR_READ_ONLY;
    }
    if (err == ERR_OK) {
        err = last_find(place, last, &is_there, walked);
    }
    if (err == ERR_OK && !is_there) {
        last->dir = 0;
    }
    return err;
}

err_t file_on_make_directory(struct client *client, const struct file_make_directory_args *args,
                             struct file_make_directory_results *results)
{
    static struct place place;
    struct tmpfs_request request = request_of(client, args->sequence);
    struct tmpfs_place last;
    uint32_t node;

    if (tmpfs_is_done(&tmpfs, &request)) {
        results->walked = args->length;
        return ERR_OK;
    }
    err_t err = last_of(client, args, &place, &last, &results->walked);

    if (err || last.dir == 0) {
        return err;
    }
    return tmpfs_make(&tmpfs, &last, TMPFS_DIR, &request, &node);
}

err_t file_on_make_link(struct client *client, const struct file_make_link_args *args,
                        struct file_make_link_results *results)
{
    static struct place place;
    static char text[TMPFS_TARGET_MAX];
    struct file_make_directory_args path = { args->root, args->path, args->length, args->sequence };
    struct tmpfs_request request = request_of(client, args->sequence);
    const char *target = client_data(client, args->target, args->target_length);
    struct tmpfs_place last;

    if (tmpfs_is_done(&tmpfs, &request)) {
        results->walked = args->length;
        return ERR_OK;
    }
    if (target == NULL) {
        return ERR_RANGE;
    }
    memcpy(text, target, args->target_length);
    err_t err = last_of(client, &path, &place, &last, &results->walked);

    if (err || last.dir == 0) {
        return err;
    }
    return tmpfs_make_link(&tmpfs, &last, &(struct tmpfs_place){ 0, args->target_length, text },
                           &request);
}

err_t file_on_remove(struct client *client, const struct file_remove_args *args,
                     struct file_remove_results *results)
{
    static struct place place;
    struct file_make_directory_args path = { args->root, args->path, args->length, args->sequence };
    struct tmpfs_request request = request_of(client, args->sequence);
    struct tmpfs_place last;

    if (tmpfs_is_done(&tmpfs, &request)) {
        results->walked = args->length;
        return ERR_OK;
    }
    err_t err = last_of(client, &path, &place, &last, &results->walked);

    if (err || last.dir == 0) {
        return err;
    }
    return tmpfs_remove(&tmpfs, &last, args->directory != 0, &request);
}

err_t file_on_rename(struct client *client, const struct file_rename_args *args,
                     struct file_rename_results *results)
{
    static struct place from, to;
    struct file_make_directory_args paths[2] = {
        { args->root, args->path, args->length, args->sequence },
        { args->root_to, args->path_to, args->length_to, args->sequence },
    };
    struct tmpfs_request request = request_of(client, args->sequence);
    struct tmpfs_place last[2];

    if (tmpfs_is_done(&tmpfs, &request)) {
        *results = (struct file_rename_results){ args->length, args->length_to };
        return ERR_OK;
    }
    err_t err = last_of(client, &paths[0], &from, &last[0], &results->walked);

    if (err == ERR_OK) {
        err = last_of(client, &paths[1], &to, &last[1], &results->walked_to);
    }
    if (err || last[0].dir == 0 || last[1].dir == 0) {
        return err;
    }
    return tmpfs_rename(&tmpfs, &last[0], &last[1], &request);
}
