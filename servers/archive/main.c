/* SPDX-License-Identifier: MIT */
/*
 * The boot archive as files: serves the protocol file, read-only, from the memory that the system was booted from.
 * One directory; a member is a file in it. Nothing is kept. docs/files.md.
 */
#include "fileserve/clients.h"
#include "fileserve/listing.h"
#include "members.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/space.h"
#include "pith/string.h"

#include "abi/names.h"

enum { MODE_FILE = 0100444, MODE_DIRECTORY = 0040555 };
enum { INODE_TOP = 1, INODE_FIRST = 2, BLOCK_BYTES = 4096 };

static uint64_t archive_bytes;

/* What a handle holds: a member's number; the directory: TOP. */
#define TOP UINT32_MAX

static uint32_t *member_of(const struct handle *handle)
{
    return handle->body;
}

static uint64_t inode_of(uint32_t number)
{
    return number == TOP ? INODE_TOP : INODE_FIRST + number;
}

static err_t place_walk(struct place *place, uint32_t *number)
{
    struct place_name name;

    *number = TOP;
    while (place_next(place, &name)) {
        err_t err = *number == TOP ? member_find(name.start, name.length, number) : ERR_WRONG_TYPE;

        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

err_t file_on_open(struct client *client, const struct file_open_args *args,
                   struct file_open_results *results)
{
    static struct place place; /* one call at a time */
    uint32_t id, number = TOP;
    struct handle *handle = handle_new(client, &id);
    err_t err = client_place(client, args->root, args->path, args->length, &place);

    if (err == ERR_OK) {
        err = handle != NULL ? place_walk(&place, &number) : ERR_NO_MEMORY;
    }
    uint32_t kind = number == TOP ? FILE_KIND_DIRECTORY : FILE_KIND_REGULAR;

    err = read_only_open(args->flags, err, kind);
    if (err == ERR_OK) {
        err = place_walked(&place, &results->walked);
    }
    if (err) {
        return err;
    }
    *member_of(handle) = number;
    handle->id = id;
    handle->kind = kind;
    client->open++;
    results->handle = id;
    results->kind = kind;
    results->bytes = number == TOP ? 0 : members[number].bytes;
    results->inode = inode_of(number);
    return ERR_OK;
}

/* Gives how much there was. */
static uint32_t member_copy(const struct handle *handle, uint64_t position, void *into,
                            uint32_t bytes)
{
    const struct archive_member *member = &members[*member_of(handle)];

    if (position >= member->bytes) {
        return 0;
    }
    if (bytes > member->bytes - position) {
        bytes = (uint32_t)(member->bytes - position);
    }
    memcpy(into, (const char *)member->data + position, bytes);
    return bytes;
}

err_t file_on_read(struct client *client, const struct file_read_args *args,
                   struct file_read_results *results)
{
    struct handle *handle = handle_find(client, args->handle);
    void *into = client_data(client, args->offset, args->bytes);

    if (handle == NULL) {
        return ERR_NO_ENTRY;
    }
    if (handle->kind != FILE_KIND_REGULAR) {
        return ERR_WRONG_TYPE;
    }
    if (into == NULL) {
        return ERR_RANGE;
    }
    results->done = member_copy(handle, args->position, into, args->bytes);
    return ERR_OK;
}

static err_t request_read(struct client *client, struct request *request, uint64_t *done)
{
    unsigned char *into = (unsigned char *)session_data(&client->session) + request->offset;

    *done = member_copy(request->handle, request->position, into, request->bytes);
    return ERR_OK;
}

/* Positions 0 and 1 are "." and "..", of which there is nothing above here; then the members. */
static bool entry_next(struct listing *listing, uint64_t position)
{
    if (position < LISTING_DOTS) {
        return listing_add_dots(listing, position, INODE_TOP);
    }
    uint32_t number = (uint32_t)(position - LISTING_DOTS);
    struct listing_name name = { members[number].name, members[number].name_length };

    return listing_add(listing, inode_of(number), FILE_KIND_REGULAR, name);
}

err_t file_on_list(struct client *client, const struct file_list_args *args,
                   struct file_list_results *results)
{
    struct handle *handle = handle_find(client, args->handle);
    struct listing listing = { client_data(client, args->offset, args->bytes), args->bytes };
    uint64_t end = LISTING_DOTS + member_count;
    uint64_t position = args->position;

    if (handle == NULL) {
        return ERR_NO_ENTRY;
    }
    if (handle->kind != FILE_KIND_DIRECTORY) {
        return ERR_WRONG_TYPE;
    }
    if (listing.at == NULL) {
        return ERR_RANGE;
    }
    while (position < end && entry_next(&listing, position)) {
        position++;
    }
    *results = (struct file_list_results){ .used = args->bytes - listing.left,
                                           .next = position,
                                           .end = position >= end };
    return ERR_OK;
}

err_t file_on_link(struct client *client, const struct file_link_args *args,
                   struct file_link_results *results)
{
    (void)results;
    return handle_find(client, args->handle) == NULL ? ERR_NO_ENTRY : ERR_WRONG_TYPE;
}

err_t file_on_stat(struct client *client, const struct file_stat_args *args,
                   struct file_stat_results *results)
{
    const struct handle *handle = handle_find(client, args->handle);

    if (handle == NULL) {
        return ERR_NO_ENTRY;
    }
    uint32_t number = *member_of(handle);

    *results = (struct file_stat_results){ .kind = handle->kind,
                                           .mode = number == TOP ? MODE_DIRECTORY : MODE_FILE,
                                           .bytes = number == TOP ? 0 : members[number].bytes,
                                           .links = 1,
                                           .inode = inode_of(number) };
    return ERR_OK;
}

err_t file_on_info(struct client *client, struct file_info_results *results)
{
    (void)client;
    *results = (struct file_info_results){ .block_bytes = BLOCK_BYTES,
                                           .blocks = archive_bytes / BLOCK_BYTES,
                                           .handles = client_handles() };
    return ERR_OK;
}

err_t file_on_space(struct client *client, struct file_space_results *results)
{
    (void)client;
    *results = (struct file_space_results){ .bytes = archive_bytes, .names = member_count };
    return ERR_OK;
}

static err_t archive_map(user_addr_t *at)
{
    cap_addr_t frame = self_cap("archive");
    uint64_t base;
    uint32_t pages, class, cache;
    err_t err = frame == 0 ? ERR_NO_ENTRY : frame_info(frame, &base, &pages, &class, &cache);

    if (err == ERR_OK) {
        archive_bytes = pages * PAGE_BYTES;
        err = region_reserve(archive_bytes, at);
    }
    return err ? err : region_map(*at, frame, 0, pages, PROT_READ);
}

static void members_tell(err_t err, uint32_t left_out)
{
    debug_printf("archive: %u files\n", member_count);
    if (left_out != 0) {
        debug_printf("archive: %u left out: no names, the same names, or too many\n", left_out);
    }
    if (err) {
        debug_printf("archive: damaged behind them (%s)\n", error_name(err));
    }
}

int main(void)
{
    uint32_t left_out;
    user_addr_t at = 0;
    err_t err = archive_map(&at);

    if (err == ERR_OK) {
        err = clients_init(sizeof(uint32_t), NULL);
    }
    if (err) {
        debug_printf("archive: it cannot start: %s (it needs resources = [\"archive\"])\n",
                     error_name(err));
        return 1;
    }
    err = members_read((const void *)at, archive_bytes, &left_out);
    members_tell(err, left_out);
    clients_serve(request_read);
}
