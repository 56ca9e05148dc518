/* SPDX-License-Identifier: MIT */
/* From a path to a file: over mounts, "..", and symbolic links, which servers only point out. */
#include <stddef.h>

#include "client.h"
#include "path.h"
#include "pith/clock.h"
#include "pith/string.h"

#define CLOSE_NS                                                                                   \
    (1 *                                                                                           \
     NS_PER_MS) /* at least, whatever is left of the time for the call: what is open must be closed */

uint32_t mount_place(const struct files_mount *mount, const char *path, uint32_t length,
                     uint32_t offset)
{
    unsigned char *data = server_data(mount->server) + offset;

    if (length == mount->length) {
        data[0] = '/';
        return 1;
    }
    memcpy(data, path + mount->length, length - mount->length);
    return length - mount->length;
}

/* A directory in which nothing is but the way to mounts. */
static err_t way_open(struct file *file, uint32_t how)
{
    if (file->mounts == 0) {
        return ERR_NO_ENTRY;
    }
    if (how & (FILE_HOW_WRITE | FILE_HOW_CREATE)) {
        return ERR_WRONG_TYPE;
    }
    file->mount = NULL;
    file->server = NULL;
    file->kind = FILE_KIND_DIRECTORY;
    file->bytes = 0;
    file->modified = 0;
    file->inode = 0;
    file->traits = 0;
    return ERR_OK;
}

/* Open what the first @length bytes of walk.done lead to. @walked: up to where that led. */
static err_t done_open(struct file *file, uint32_t length, uint32_t how, ns_t deadline,
                       uint32_t *walked)
{
    struct files *files = file->files;
    const char *done = files->walk.done;
    uint64_t sequence = ++files->sequence;
    err_t err;

    file->mount = mount_of(files, done, length);
    file->mounts = mounts_below(files, done, length);
    file->length = length;
    *walked = length;
    if (file->mount == NULL) {
        return way_open(file, how);
    }
    const struct files_server *server = file->mount->server;

    file->server = server;
    do {
        uint32_t sent = mount_place(file->mount, done, length, 0);

        file->epoch = server_epoch(server);
        err = file_open(server->cap, deadline, file->mount->root, 0, sent, how, sequence,
                        &file->handle, &file->kind, &file->bytes, &file->modified, &file->inode,
                        walked, &file->traits);
        if (err == ERR_OK && *walked > sent) {
            return ERR_IO;
        }
    } while (err != ERR_OK && call_again(files, file->mount, deadline, &err));
    if (err == ERR_OK) {
        *walked = length == file->mount->length ? length : file->mount->length + *walked;
    }
    return err == ERR_NO_ENTRY && file->mounts != 0 ? way_open(file, how) : err;
}

/* False: it may still be open. */
static bool leftover_close(const struct files_leftover *leftover, ns_t deadline)
{
    ns_t soon = clock_now() + CLOSE_NS;
    err_t err = ERR_OK;

    /* Once the server is dead, so is the handle. */
    if (leftover->epoch == server_epoch(leftover->server)) {
        err =
            file_close(leftover->server->cap, deadline > soon ? deadline : soon, leftover->handle);
    }
    return err != ERR_TIMED_OUT && err != ERR_BUSY;
}

void handle_end(const struct file *file, ns_t deadline)
{
    struct files *files = file->files;
    struct files_leftover leftover = { file->server, file->handle, file->epoch };

    if (file->server != NULL && !leftover_close(&leftover, deadline) &&
        files->leftover_count < FILES_LEFTOVERS_MAX) {
        files->leftovers[files->leftover_count++] = leftover;
    }
}

/* Handles that could not be closed when they should have been. */
static void leftovers_close(struct files *files, ns_t deadline)
{
    while (files->leftover_count != 0 &&
           leftover_close(&files->leftovers[files->leftover_count - 1], deadline)) {
        files->leftover_count--;
    }
}

/* What is open is a link, named by the first @at bytes of walk.done: go on at its target. */
static err_t link_take(const struct file *file, uint32_t at, ns_t deadline)
{
    const struct files_server *server = file->server;
    const char *target = (const char *)server_data(server) + FILES_VIEW_OFFSET;
    uint32_t length = 0;
    err_t err =
        file_link(server->cap, deadline, file->handle, FILES_PATH_MAX, FILES_VIEW_OFFSET, &length);

    handle_end(file, deadline);
    if (err == ERR_OK && length > FILES_PATH_MAX) {
        return ERR_IO;
    }
    return err == ERR_OK ? path_link(&file->files->walk, at, target, length) : err;
}

/* The link was lost with its server: begin again. */
static err_t link_lost(struct file *file, ns_t deadline, err_t err)
{
    bool is_lost = err == ERR_PEER_DIED || err == ERR_BUSY ||
                   (err == ERR_NO_ENTRY && file->epoch != server_epoch(file->server));

    return is_lost && clock_now() < deadline ? path_begin(&file->files->walk, file->path) : err;
}

/* One step of file_find(). *is_found: that was the last. */
static err_t step_make(struct file *file, bool *wants_directory, ns_t deadline, bool *is_found)
{
    struct files_walk *walk = &file->files->walk;
    uint32_t how = file->flags & ~FILES_NO_FOLLOW;
    enum path_step step;
    uint32_t walked;
    err_t err = path_advance(walk, &step);

    if (err) {
        return err;
    }
    *wants_directory |= step == PATH_END && path_wants_directory(walk);
    if (step == PATH_CHECK || *wants_directory) {
        how = FILE_HOW_DIRECTORY;
    }
    err = done_open(file, walk->length, how, deadline, &walked);
    if (err) {
        return err;
    }
    bool is_link = file->kind == FILE_KIND_SYMLINK;

    if (is_link && (step == PATH_CHECK || walked < walk->length || *wants_directory ||
                    !(file->flags & FILES_NO_FOLLOW))) {
        err = link_take(file, walked, deadline);
        return err == ERR_OK ? ERR_OK : link_lost(file, deadline, err);
    }
    if (step == PATH_CHECK) {
        handle_end(file, deadline);
        path_checked(walk);
    } else {
        *is_found = true;
    }
    return ERR_OK;
}

err_t file_find(struct file *file, ns_t deadline)
{
    bool wants_directory = false;
    bool is_found = false;
    err_t err = mounts_load(file->files, deadline);

    leftovers_close(file->files, deadline);
    if (err == ERR_OK) {
        err = path_begin(&file->files->walk, file->path);
    }
    while (err == ERR_OK && !is_found) {
        err = step_make(file, &wants_directory, deadline, &is_found);
    }
    return err;
}

/* Check the first @length bytes of walk.done, or go on at the link that is met there. */
static err_t done_check(struct file *dir, uint32_t length, ns_t deadline)
{
    struct files_walk *walk = &dir->files->walk;
    uint32_t walked;
    err_t err = done_open(dir, length, FILE_HOW_DIRECTORY, deadline, &walked);

    if (err) {
        return err;
    }
    if (dir->kind == FILE_KIND_SYMLINK) {
        err = link_take(dir, walked, deadline);
        return err == ERR_OK ? ERR_OK : link_lost(dir, deadline, err);
    }
    handle_end(dir, deadline);
    walk->checked = length;
    return ERR_OK;
}

err_t path_settle(struct files *files, const char *path, ns_t deadline,
                  const struct files_mount **mount)
{
    struct files_walk *walk = &files->walk;
    struct file dir = { .files = files, .path = path };
    err_t err = mounts_load(files, deadline);

    leftovers_close(files, deadline);
    if (err == ERR_OK) {
        err = path_begin(walk, path);
    }
    while (err == ERR_OK) {
        enum path_step step;

        err = path_advance(walk, &step);
        if (err) {
            break;
        }
        uint32_t length = step == PATH_CHECK ? walk->length : path_parent(walk);

        if (step == PATH_END && walk->checked >= length) {
            *mount = mount_of(files, walk->done, walk->length);
            return walk->length == 0 || *mount == NULL || (*mount)->length == walk->length
                       ? ERR_RANGE
                       : ERR_OK;
        }
        err = done_check(&dir, length, deadline);
    }
    return err;
}
