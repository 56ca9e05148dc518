/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: a handle is used only in the epoch that it was given in, or refused by the server (its handles carry
 * the epoch). So a call never reaches another file than the one that was opened.
 */
#include "file/file.h"

#include <stddef.h>

#include "list.h"
#include "pith/clock.h"
#include "pith/file_calls.h"
#include "pith/program_info.h"
#include "pith/self.h"
#include "pith/string.h"
#include "ring/ring.h"

#define PATIENCE_NS (10 * NS_PER_S)
#define AGAIN_NS (1 * NS_PER_MS)

enum { VIEW_OFFSET = FILES_PATH_MAX, READ_MAX = 1 << 20 };

err_t files_connect(struct files *files)
{
    uint32_t number;
    err_t err = session_find("file", false, 0, &number);

    *files = (struct files){ .server = self_cap("file"), .patience_ns = PATIENCE_NS };
    if (err == ERR_OK) {
        err = session_open(&files->session, number);
    }
    if (err == ERR_OK && files->session.data_bytes < 2ull * FILES_PATH_MAX) {
        err = ERR_RANGE;
    }
    return err;
}

static uint32_t epoch_now(const struct files *files)
{
    const struct ring_epoch *epochs = (const struct ring_epoch *)PROGRAM_EPOCHS_ADDR;

    /* Relaxed: one that is old only means that the server refuses the handle once more. */
    return atomic_load_explicit(&epochs[files->session.info->epoch].epoch, memory_order_relaxed);
}

static unsigned char *data_of(const struct files *files)
{
    return session_data(&files->session);
}

static ns_t deadline_of(const struct files *files)
{
    ns_t now = clock_now();

    return files->patience_ns < DEADLINE_NEVER - now ? now + files->patience_ns : DEADLINE_NEVER;
}

/* One try. */
static err_t open_once(ns_t deadline, struct file *file)
{
    const struct files *files = file->files;
    size_t length = strlen(file->path);

    file->epoch = epoch_now(files);
    memcpy(data_of(files), file->path, length);
    return file_open(files->server, deadline, 0, (uint32_t)length, file->flags, &file->handle,
                     &file->kind, &file->bytes, &file->modified, &file->inode);
}

static err_t open_again(ns_t deadline, struct file *file)
{
    struct files *files = file->files;
    struct file found = *file;
    err_t err = open_once(deadline, &found);

    if (err == ERR_NO_ENTRY || err == ERR_WRONG_TYPE) {
        return ERR_GONE;
    }
    if (err) {
        return err;
    }
    files->reopened++;
    if (found.kind != file->kind || found.bytes != file->bytes ||
        found.modified != file->modified || found.inode != file->inode) {
        (void)!file_close(files->server, deadline, found.handle);
        return ERR_GONE;
    }
    *file = found;
    return ERR_OK;
}

/* After a call that gave *err. True: make it again, the file is open. @file: NULL: it needs none. */
static bool is_to_repeat(struct files *files, struct file *file, ns_t deadline, err_t *err)
{
    while (*err == ERR_PEER_DIED || *err == ERR_BUSY ||
           (*err == ERR_NO_ENTRY && file != NULL && file->epoch != epoch_now(files))) {
        bool was_busy = *err == ERR_BUSY;

        if (clock_now() >= deadline) {
            return false;
        }
        files->repeated++;
        if (was_busy) {
            sleep_until(clock_now() + AGAIN_NS);
        }
        *err = file == NULL || was_busy ? ERR_OK : open_again(deadline, file);
        if (*err == ERR_OK) {
            return true;
        }
    }
    return false;
}

err_t files_open(struct files *files, const char *path, uint32_t flags, struct file *file)
{
    struct file made = { .files = files, .path = path, .flags = flags };
    ns_t deadline = deadline_of(files);
    size_t length = strlen(path);
    err_t err;

    if (length == 0 || length > FILES_PATH_MAX) {
        return ERR_RANGE;
    }
    do {
        err = open_once(deadline, &made);
    } while (err != ERR_OK && is_to_repeat(files, NULL, deadline, &err));
    if (err == ERR_OK) {
        *file = made;
    }
    return err;
}

void files_close(struct file *file)
{
    /* If the server is dead, so is the handle. */
    (void)!file_close(file->files->server, deadline_of(file->files), file->handle);
    *file = (struct file){ 0 };
}

err_t files_close_now(struct file *file)
{
    err_t err = ERR_OK;

    /* Once the server is dead, so is the handle. */
    if (file->epoch == epoch_now(file->files)) {
        err = file_close(file->files->server, deadline_of(file->files), file->handle);
    }
    if (err == ERR_TIMED_OUT || err == ERR_BUSY) {
        return err;
    }
    *file = (struct file){ 0 };
    return ERR_OK;
}

uint32_t files_view_bytes(const struct files *files)
{
    uint64_t bytes = files->session.data_bytes - VIEW_OFFSET;

    return bytes < READ_MAX ? (uint32_t)bytes : READ_MAX;
}

/* Bytes of a file to that offset of the data area, at most 1 MiB. */
static err_t read_at(struct file *file, uint64_t position, uint32_t bytes, uint32_t offset,
                     uint32_t *done)
{
    struct files *files = file->files;
    ns_t deadline = deadline_of(files);
    err_t err;

    do {
        err = file_read(files->server, deadline, file->handle, position, bytes, offset, done);
    } while (err != ERR_OK && is_to_repeat(files, file, deadline, &err));
    return err == ERR_OK && *done > bytes ? ERR_IO : err;
}

err_t files_view(struct file *file, uint64_t position, uint32_t bytes, const void **data,
                 uint32_t *done)
{
    uint32_t most = files_view_bytes(file->files);

    *data = data_of(file->files) + VIEW_OFFSET;
    return read_at(file, position, bytes < most ? bytes : most, VIEW_OFFSET, done);
}

void *files_buffer(const struct files *files, uint64_t *bytes)
{
    *bytes = files->session.data_bytes - VIEW_OFFSET;
    return data_of(files) + VIEW_OFFSET;
}

/* Where in the data area it is; 0: it is not in the buffer. */
static uint32_t offset_in_buffer(const struct files *files, const void *into, uint64_t bytes)
{
    uint64_t offset = (user_addr_t)into - (user_addr_t)data_of(files);
    uint64_t end = files->session.data_bytes;

    return offset >= VIEW_OFFSET && offset <= end && bytes <= end - offset ? (uint32_t)offset : 0;
}

static err_t read_part(struct file *file, uint64_t position, void *into, uint32_t bytes,
                       uint32_t *done)
{
    uint32_t offset = offset_in_buffer(file->files, into, bytes);
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

/* Apart, so that files_read() saves no registers for it. */
static __attribute__((noinline)) err_t read_parts(struct file *file, uint64_t position,
                                                  unsigned char *into, uint64_t bytes,
                                                  uint64_t *done)
{
    uint32_t most = files_view_bytes(file->files);
    uint64_t at = 0;

    while (at < bytes) {
        uint32_t part = bytes - at < most ? (uint32_t)(bytes - at) : most;
        uint32_t got;
        err_t err = read_part(file, position + at, into + at, part, &got);

        if (err) {
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
    uint32_t offset = offset_in_buffer(file->files, into, bytes);
    uint32_t got;
    err_t err;

    if (offset == 0 || bytes - 1 >= READ_MAX) {
        return read_parts(file, position, into, bytes, done);
    }
    err = read_at(file, position, (uint32_t)bytes, offset, &got);
    if (err == ERR_OK) {
        *done = got;
    }
    return err;
}

err_t files_link(struct file *file, char *into, uint32_t bytes)
{
    struct files *files = file->files;
    ns_t deadline = deadline_of(files);
    uint32_t length = 0;
    err_t err;

    if (bytes < 2) {
        return ERR_RANGE;
    }
    bytes = bytes - 1 < FILES_PATH_MAX ? bytes - 1 : FILES_PATH_MAX;
    do {
        err = file_link(files->server, deadline, file->handle, bytes, VIEW_OFFSET, &length);
    } while (err != ERR_OK && is_to_repeat(files, file, deadline, &err));
    if (err == ERR_OK && length > bytes) {
        err = ERR_IO;
    }
    if (err == ERR_OK) {
        memcpy(into, data_of(files) + VIEW_OFFSET, length);
        into[length] = 0;
    }
    return err;
}

err_t files_stat(struct file *file, struct files_status *status)
{
    struct files *files = file->files;
    struct files_status found = { 0 };
    ns_t deadline = deadline_of(files);
    err_t err;

    do {
        err = file_stat(files->server, deadline, file->handle, &found.kind, &found.mode,
                        &found.bytes, &found.modified, &found.links, &found.owner, &found.inode);
    } while (err != ERR_OK && is_to_repeat(files, file, deadline, &err));
    if (err == ERR_OK) {
        *status = found;
    }
    return err;
}

err_t files_list_part(struct files_list *list)
{
    struct files *files = list->dir->files;
    ns_t deadline = deadline_of(files);
    uint64_t next = list->next;
    uint32_t used = 0;
    uint32_t end = 0;
    err_t err;

    do {
        err = file_list(files->server, deadline, list->dir->handle, list->next, sizeof(list->part),
                        VIEW_OFFSET, &used, &next, &end);
    } while (err != ERR_OK && is_to_repeat(files, list->dir, deadline, &err));
    if (err == ERR_OK && (used > sizeof(list->part) || (end == 0 && next <= list->next))) {
        err = ERR_IO;
    }
    if (err) {
        return err;
    }
    memcpy(list->part, data_of(files) + VIEW_OFFSET, used);
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

        err = files_view(&file, position, files_view_bytes(files), &data, &done);
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
