/* SPDX-License-Identifier: MIT */
/* The operations of the protocol file. One that says WOULD_BLOCK has changed nothing that matters, and runs again. */
#include "files.h"

#include "ext4/names.h"
#include "file/wire.h"
#include "opened.h"
#include "pith/clock.h"
#include "pith/file_serve.h"
#include "pith/string.h"

enum {
    MODE_FORMAT = 0xf000,
    MODE_REGULAR = 0x8000,
    MODE_DIRECTORY = 0x4000,
    MODE_SYMLINK = 0xa000,
};

static uint32_t kind_of_mode(uint32_t mode)
{
    switch (mode & MODE_FORMAT) {
    case MODE_REGULAR:
        return FILE_KIND_REGULAR;
    case MODE_DIRECTORY:
        return FILE_KIND_DIRECTORY;
    case MODE_SYMLINK:
        return FILE_KIND_SYMLINK;
    default:
        return FILE_KIND_OTHER;
    }
}

static uint64_t nanoseconds(struct ext4_time time)
{
    return time.seconds < 0 ? 0 : (uint64_t)time.seconds * NS_PER_S + time.nanoseconds;
}

/* As far as names lead, or to the first symbolic link. */
static err_t place_walk(struct place *place, struct ext4_file *file)
{
    struct place_name name;
    err_t err = ext4_open(&files.fs, EXT4_ROOT_INODE, file);

    while (err == ERR_OK && kind_of_mode(file->inode.mode) != FILE_KIND_SYMLINK &&
           place_next(place, &name)) {
        err = ext4_step(&files.fs, file, name.start, name.length, file);
    }
    return err;
}

err_t file_on_open(struct client *client, const struct file_open_args *args,
                   struct file_open_results *results)
{
    static struct place place; /* one call at a time */
    struct ext4_file file = { 0 };
    uint32_t id;

    if (!files.is_mounted) {
        return files.mount_error;
    }
    err_t err = client_place(client, args->root, args->path, args->length, &place);
    struct handle *handle = handle_new(client, &id);

    if (err || handle == NULL) {
        return err ? err : ERR_NO_MEMORY;
    }
    err = place_walk(&place, &file);
    uint32_t kind = kind_of_mode(file.inode.mode);

    err = read_only_open(args->flags, err, kind);
    if (err == ERR_OK) {
        err = place_walked(&place, &results->walked);
    }
    if (err) {
        return err;
    }
    *opened_of(handle) = (struct opened){ .file = file };
    handle->id = id;
    handle->kind = kind;
    client->open++;
    files.attempt.is_told = true;
    results->handle = id;
    results->kind = kind;
    results->bytes = file.inode.size_bytes;
    results->modified = nanoseconds(file.inode.modified);
    results->inode = file.inode.number;
    return ERR_OK;
}

err_t file_on_read(struct client *client, const struct file_read_args *args,
                   struct file_read_results *results)
{
    struct handle *handle = handle_find(client, args->handle);
    struct ext4_memory into = { client_data(client, args->offset, args->bytes), args->bytes };
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
    err_t err = file_copy(opened_of(handle), args->position, into, &done);

    results->done = (uint32_t)done;
    return err;
}

/* --- Directories --- */

struct listing {
    unsigned char *at;
    uint32_t left;
    uint32_t used;
};

static uint32_t kind_of_type(uint8_t type)
{
    switch (type) {
    case EXT4_TYPE_FILE:
        return FILE_KIND_REGULAR;
    case EXT4_TYPE_DIR:
        return FILE_KIND_DIRECTORY;
    case EXT4_TYPE_SYMLINK:
        return FILE_KIND_SYMLINK;
    case EXT4_TYPE_UNKNOWN:
        return FILE_KIND_NONE;
    default:
        return FILE_KIND_OTHER;
    }
}

static bool entry_write(void *context, const struct ext4_entry *entry)
{
    struct listing *listing = context;
    struct file_entry out = { .inode = entry->inode,
                              .kind = (uint8_t)kind_of_type(entry->type),
                              .name_length = entry->name_length };
    uint32_t bytes = (uint32_t)sizeof(out) + entry->name_length;

    bytes = (bytes + FILE_ENTRY_ALIGN - 1) & ~(FILE_ENTRY_ALIGN - 1);
    if (bytes > listing->left) {
        return false;
    }
    out.bytes = (uint16_t)bytes;
    memcpy(listing->at, &out, sizeof(out));
    memcpy(listing->at + sizeof(out), entry->name, entry->name_length);
    listing->at += bytes;
    listing->left -= bytes;
    listing->used += bytes;
    return true;
}

err_t file_on_list(struct client *client, const struct file_list_args *args,
                   struct file_list_results *results)
{
    struct handle *handle = handle_find(client, args->handle);
    struct listing listing = { .at = client_data(client, args->offset, args->bytes),
                               .left = args->bytes };
    uint64_t position = args->position;

    if (handle == NULL) {
        return ERR_NO_ENTRY;
    }
    if (listing.at == NULL) {
        return ERR_RANGE;
    }
    err_t err =
        ext4_dir_read(&files.fs, &opened_of(handle)->file, &position, entry_write, &listing);

    if (err) {
        return err;
    }
    *results =
        (struct file_list_results){ .used = listing.used,
                                    .next = position,
                                    .end = position >= opened_of(handle)->file.inode.size_bytes };
    return ERR_OK;
}

/* --- The rest --- */

err_t file_on_link(struct client *client, const struct file_link_args *args,
                   struct file_link_results *results)
{
    static char target[PLACE_PATH_MAX]; /* a target is shorter than a block */
    struct handle *handle = handle_find(client, args->handle);
    void *into = client_data(client, args->offset, args->bytes);
    size_t length;

    if (handle == NULL) {
        return ERR_NO_ENTRY;
    }
    if (into == NULL) {
        return ERR_RANGE;
    }
    err_t err = ext4_symlink_read(&files.fs, &opened_of(handle)->file,
                                  (struct ext4_memory){ target, args->bytes }, &length);

    if (err) {
        return err;
    }
    memcpy(into, target, length);
    results->length = (uint32_t)length;
    return ERR_OK;
}

err_t file_on_stat(struct client *client, const struct file_stat_args *args,
                   struct file_stat_results *results)
{
    const struct handle *handle = handle_find(client, args->handle);

    if (handle == NULL) {
        return ERR_NO_ENTRY;
    }
    const struct ext4_inode *inode = &opened_of(handle)->file.inode;

    *results = (struct file_stat_results){ .kind = handle->kind,
                                           .mode = inode->mode,
                                           .bytes = inode->size_bytes,
                                           .modified = nanoseconds(inode->modified),
                                           .links = inode->links,
                                           .owner = inode->uid | (uint64_t)inode->gid << 32,
                                           .inode = inode->number };
    return ERR_OK;
}

err_t file_on_info(struct client *client, struct file_info_results *results)
{
    (void)client;
    *results = (struct file_info_results){
        .block_bytes = files.is_mounted ? files.fs.super.block_bytes : 0,
        .blocks = files.is_mounted ? files.fs.super.block_count : 0,
        .cache_pages = disk.cache.page_count,
        .hits = disk.hits,
        .misses = disk.misses,
        .damaged = atomic_load_explicit(&files.fs.damage.count, memory_order_relaxed),
        .handles = client_handles(),
        .granted = grants_pages(),
    };
    return ERR_OK;
}

err_t file_on_space(struct client *client, struct file_space_results *results)
{
    (void)client;
    if (files.is_mounted) {
        results->bytes = files.fs.super.block_count * files.fs.super.block_bytes;
    }
    return ERR_OK;
}
