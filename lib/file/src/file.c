/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: a handle is used only in the epoch that it was given in, or refused by the server (its handles carry
 * the epoch). So a call never reaches another file than the one that was opened.
 */
#include "file/file.h"

#include <stddef.h>

#include "client.h"
#include "list.h"
#include "pith/clock.h"
#include "pith/file_calls.h"
#include "pith/string.h"

#define AGAIN_NS (1 * NS_PER_MS)

enum {
    READ_MAX = 1 << 20,
    PIECE_LEAST = 4096, /* what a server reads at once */
    MODE_WAY = 0040555, /* of a directory that only mounts are in */
};

/* What was done once, when it was opened first, is not done again. */
#define FLAGS_ONCE (uint32_t)(FILES_CREATE | FILES_EXCLUSIVE | FILES_TRUNCATE)

static err_t open_again(ns_t deadline, struct file *file)
{
    struct file found = *file;

    found.flags &= ~FLAGS_ONCE;
    err_t err = file_find(&found, deadline);

    if (err == ERR_NO_ENTRY || err == ERR_WRONG_TYPE) {
        return ERR_GONE;
    }
    if (err) {
        return err;
    }
    found.flags = file->flags;
    file->files->reopened++;
    bool is_same = found.kind == file->kind && found.inode == file->inode;

    if ((found.traits & FILE_TRAIT_CHANGES) == 0) {
        is_same = is_same && found.bytes == file->bytes && found.modified == file->modified;
    }
    if (!is_same) {
        files_close(&found);
        return ERR_GONE;
    }
    *file = found;
    return ERR_OK;
}

bool file_again(struct file *file, ns_t deadline, err_t *err)
{
    struct files *files = file->files;

    while (*err == ERR_PEER_DIED || *err == ERR_BUSY ||
           (*err == ERR_NO_ENTRY && file->epoch != server_epoch(file->server))) {
        bool was_busy = *err == ERR_BUSY;

        if (clock_now() >= deadline) {
            return false;
        }
        files->repeated++;
        if (was_busy) {
            sleep_until(clock_now() + AGAIN_NS);
        }
        *err = was_busy ? ERR_OK : open_again(deadline, file);
        if (*err == ERR_OK) {
            return true;
        }
    }
    return false;
}

err_t files_open(struct files *files, const char *path, uint32_t flags, struct file *file)
{
    struct file made = { .files = files, .path = path, .flags = flags };
    err_t err = file_find(&made, files_deadline(files));

    if (err == ERR_OK) {
        *file = made;
    }
    return err;
}

void files_close(struct file *file)
{
    if (file->files != NULL) {
        handle_end(file, files_deadline(file->files));
    }
    *file = (struct file){ 0 };
}

err_t files_close_now(struct file *file)
{
    err_t err = ERR_OK;

    /* Once the server is dead, so is the handle. */
    if (file->server != NULL && file->epoch == server_epoch(file->server)) {
        err = file_close(file->server->cap, files_deadline(file->files), file->handle);
    }
    if (err == ERR_TIMED_OUT || err == ERR_BUSY) {
        return err;
    }
    *file = (struct file){ 0 };
    return ERR_OK;
}

uint32_t files_view_bytes(const struct file *file)
{
    if (file->server == NULL) {
        return FILES_PATH_MAX;
    }
    uint64_t bytes = file->server->session.data_bytes - FILES_VIEW_OFFSET;

    return bytes < READ_MAX ? (uint32_t)bytes : READ_MAX;
}

/* Bytes of a file to that offset of the data area, at most 1 MiB. */
static err_t read_at(struct file *file, uint64_t position, uint32_t bytes, uint32_t offset,
                     uint32_t *done)
{
    ns_t deadline = files_deadline(file->files);
    err_t err;

    do {
        err = file_read(file->server->cap, deadline, file->handle, position, bytes, offset, done);
    } while (err != ERR_OK && file_again(file, deadline, &err));
    return err == ERR_OK && *done > bytes ? ERR_IO : err;
}

err_t files_view(struct file *file, uint64_t position, uint32_t bytes, const void **data,
                 uint32_t *done)
{
    uint32_t most = files_view_bytes(file);

    if (file->server == NULL) {
        return ERR_WRONG_TYPE;
    }
    *data = server_data(file->server) + FILES_VIEW_OFFSET;
    return read_at(file, position, bytes < most ? bytes : most, FILES_VIEW_OFFSET, done);
}

void *files_buffer(const struct files *files, uint64_t *bytes)
{
    const struct files_server *server = &files->servers[0];

    if (files->server_count == 0) {
        *bytes = 0;
        return NULL;
    }
    *bytes = server->session.data_bytes - FILES_VIEW_OFFSET;
    return server_data(server) + FILES_VIEW_OFFSET;
}

uint32_t offset_in_buffer(const struct file *file, const void *into, uint64_t bytes)
{
    if (file->server == NULL) {
        return 0;
    }
    const struct files_server *server = file->server;
    uint64_t offset = (user_addr_t)into - (user_addr_t)server_data(server);
    uint64_t end = server->session.data_bytes;

    return offset >= FILES_VIEW_OFFSET && offset <= end && bytes <= end - offset ? (uint32_t)offset
                                                                                 : 0;
}

static err_t read_part(struct file *file, uint64_t position, void *into, uint32_t bytes,
                       uint32_t *done)
{
    uint32_t offset = offset_in_buffer(file, into, bytes);
    const void *data;

    if (offset != 0) {
        return read_at(file, position, bytes, offset, done);
    }
    err_t err = files_view(file, position, bytes, &data, done);

    if (err == ERR_OK) {
        memcpy(into, data, *done);
    }
    return err;
}

/*
 * A part that could not be read, as that of a disk may be: less of it, up to the end of a page, may be what can be. 0: it is one
 * page. So what stands before a bad page is read, at the cost of a few calls.
 */
static uint32_t part_less(uint64_t position, uint32_t part, err_t err)
{
    uint32_t first = PIECE_LEAST - (uint32_t)(position % PIECE_LEAST);

    if ((err != ERR_IO && err != ERR_DAMAGED) || part <= first) {
        return 0;
    }
    uint64_t end = (position + part / 2) & ~(uint64_t)(PIECE_LEAST - 1);

    return end > position + first ? (uint32_t)(end - position) : first;
}

/* Apart, so that files_read() saves no registers for it. */
static __attribute__((noinline)) err_t read_parts(struct file *file, uint64_t position,
                                                  unsigned char *into, uint64_t bytes,
                                                  uint64_t *done)
{
    uint32_t most = files_view_bytes(file);
    uint64_t at = 0;

    while (at < bytes) {
        uint32_t part = bytes - at < most ? (uint32_t)(bytes - at) : most;
        uint32_t got;
        err_t err = read_part(file, position + at, into + at, part, &got);

        if (err) {
            most = part_less(position + at, part, err);
            if (most != 0) {
                continue;
            }
            if (at != 0) {
                break; /* it is told when it is met first */
            }
            return err;
        }
        at += got;
        if (got < part) {
            break;
        }
    }
    *done = at;
    return ERR_OK;
}

err_t files_read(struct file *file, uint64_t position, void *into, uint64_t bytes, uint64_t *done)
{
    uint32_t offset = offset_in_buffer(file, into, bytes);
    uint32_t got;
    err_t err;

    if (offset == 0 || bytes - 1 >= READ_MAX) {
        return read_parts(file, position, into, bytes, done);
    }
    err = read_at(file, position, (uint32_t)bytes, offset, &got);
    if (err) {
        return err == ERR_IO || err == ERR_DAMAGED ? read_parts(file, position, into, bytes, done)
                                                   : err;
    }
    *done = got;
    return ERR_OK;
}

err_t files_link(struct file *file, char *into, uint32_t bytes)
{
    ns_t deadline = files_deadline(file->files);
    uint32_t length = 0;
    err_t err;

    if (file->server == NULL) {
        return ERR_WRONG_TYPE;
    }
    if (bytes < 2) {
        return ERR_RANGE;
    }
    bytes = bytes - 1 < FILES_PATH_MAX ? bytes - 1 : FILES_PATH_MAX;
    do {
        err =
            file_link(file->server->cap, deadline, file->handle, bytes, FILES_VIEW_OFFSET, &length);
    } while (err != ERR_OK && file_again(file, deadline, &err));
    if (err == ERR_OK && length > bytes) {
        err = ERR_IO;
    }
    if (err == ERR_OK) {
        memcpy(into, server_data(file->server) + FILES_VIEW_OFFSET, length);
        into[length] = 0;
    }
    return err;
}

err_t files_stat(struct file *file, struct files_status *status)
{
    struct files_status found = { .kind = file->kind, .mode = MODE_WAY };
    ns_t deadline = files_deadline(file->files);
    err_t err = ERR_OK;

    if (file->server != NULL) {
        do {
            err =
                file_stat(file->server->cap, deadline, file->handle, &found.kind, &found.mode,
                          &found.bytes, &found.modified, &found.links, &found.owner, &found.inode);
        } while (err != ERR_OK && file_again(file, deadline, &err));
    }
    if (err == ERR_OK) {
        *status = found;
    }
    return err;
}

err_t files_list_part(struct files_list *list)
{
    struct file *dir = list->dir;
    ns_t deadline = files_deadline(dir->files);
    uint64_t next = list->next;
    uint32_t used = 0;
    uint32_t end = 0;
    err_t err;

    if (dir->server == NULL) {
        list->is_last = true;
        return ERR_OK;
    }
    do {
        err = file_list(dir->server->cap, deadline, dir->handle, list->next, sizeof(list->part),
                        FILES_VIEW_OFFSET, &used, &next, &end);
    } while (err != ERR_OK && file_again(dir, deadline, &err));
    if (err == ERR_OK && (used > sizeof(list->part) || (end == 0 && next <= list->next))) {
        err = ERR_IO;
    }
    if (err) {
        return err;
    }
    memcpy(list->part, server_data(dir->server) + FILES_VIEW_OFFSET, used);
    list->at = 0;
    list->used = used;
    list->next = next;
    list->is_last = end != 0;
    return ERR_OK;
}

err_t files_all(struct files *files, const char *path, files_visit_t *visit, void *context)
{
    struct file file;
    uint64_t position = 0;
    err_t err = files_open(files, path, 0, &file);

    if (err) {
        return err;
    }
    for (;;) {
        const void *data;
        uint32_t done;

        err = files_view(&file, position, files_view_bytes(&file), &data, &done);
        if (err || done == 0) {
            break;
        }
        if (!visit(context, &file, position, data, done)) {
            err = ERR_CANCELLED;
            break;
        }
        position += done;
    }
    files_close(&file);
    return err;
}
