/* SPDX-License-Identifier: MIT */
/*
 * What changes files. Each change of names carries a number of its own, with which it is repeated: a server that has
 * done it answers the repetition, and does not do it twice.
 */
#include "file/change.h"

#include <stddef.h>

#include "client.h"
#include "pith/clock.h"
#include "pith/file_calls.h"
#include "pith/string.h"

/* One call, of at most files_view_bytes(). */
static err_t piece_write(struct file *file, uint64_t position, const void *from, uint32_t bytes,
                         uint32_t *done)
{
    ns_t deadline = files_deadline(file->files);
    err_t err;

    do {
        const struct files_server *server = file->server;

        memcpy(server_data(server) + FILES_VIEW_OFFSET, from, bytes);
        err = file_write(server->cap, deadline, file->handle, position, bytes, FILES_VIEW_OFFSET,
                         done);
    } while (err != ERR_OK && file_again(file, deadline, &err));
    return err == ERR_OK && (*done > bytes || *done == 0) ? ERR_IO : err;
}

err_t files_write(struct file *file, uint64_t position, const void *from, uint64_t bytes,
                  uint64_t *done)
{
    uint32_t most = files_view_bytes(file);
    uint64_t at = 0;

    if (file->server == NULL) {
        return ERR_WRONG_TYPE;
    }
    while (at < bytes) {
        uint32_t part = bytes - at < most ? (uint32_t)(bytes - at) : most;
        uint32_t got = 0;
        err_t err = piece_write(file, position + at, (const unsigned char *)from + at, part, &got);

        if (err && at != 0) {
            break; /* who writes on from there is told */
        }
        if (err) {
            return err;
        }
        at += got;
    }
    *done = at;
    return ERR_OK;
}

err_t files_truncate(struct file *file, uint64_t bytes)
{
    ns_t deadline = files_deadline(file->files);
    err_t err;

    if (file->server == NULL) {
        return ERR_WRONG_TYPE;
    }
    do {
        err = file_truncate(file->server->cap, deadline, file->handle, bytes);
    } while (err != ERR_OK && file_again(file, deadline, &err));
    return err;
}

err_t files_refresh(struct file *file)
{
    struct files_status status;
    err_t err = files_stat(file, &status);

    if (err == ERR_OK) {
        file->bytes = status.bytes;
        file->modified = status.modified;
    }
    return err;
}

/* --- Names --- */

enum change { MAKE_DIRECTORY, MAKE_LINK, REMOVE, REMOVE_DIRECTORY };

/* The path is in walk.done, the target behind the place of the path. */
static err_t change_once(const struct files *files, const struct files_mount *mount,
                         enum change change, uint32_t target_length, ns_t deadline)
{
    cap_addr_t cap = mount->server->cap;
    uint32_t length = mount_place(mount, files->walk.done, files->walk.length, 0);
    uint32_t walked = 0;
    err_t err;

    switch (change) {
    case MAKE_DIRECTORY:
        err = file_make_directory(cap, deadline, mount->root, 0, length, files->sequence, &walked);
        break;
    case MAKE_LINK:
        err = file_make_link(cap, deadline, mount->root, 0, length, FILES_VIEW_OFFSET,
                             target_length, files->sequence, &walked);
        break;
    default:
        err = file_remove(cap, deadline, mount->root, 0, length, change == REMOVE_DIRECTORY,
                          files->sequence, &walked);
        break;
    }
    /* A link came to be on the way, after that was checked: go there again. */
    return err == ERR_OK && walked < length ? ERR_BUSY : err;
}

static err_t change_make(struct files *files, const char *path, enum change change,
                         const char *target)
{
    ns_t deadline = files_deadline(files);
    uint32_t target_length = target != NULL ? (uint32_t)strlen(target) : 0;
    const struct files_mount *mount = NULL;
    err_t err;

    if (target != NULL && (target_length == 0 || target_length >= FILES_PATH_MAX)) {
        return ERR_RANGE;
    }
    files->sequence++;
    uint64_t sequence = files->sequence;

    do {
        err = path_settle(files, path, deadline, &mount);
        if (err) {
            return err;
        }
        files->sequence = sequence; /* finding the way used numbers, too */
        if (target != NULL) {
            memcpy(server_data(mount->server) + FILES_VIEW_OFFSET, target, target_length);
        }
        err = change_once(files, mount, change, target_length, deadline);
    } while (err != ERR_OK && call_again(files, mount, deadline, &err));
    return err;
}

err_t files_make_directory(struct files *files, const char *path)
{
    return change_make(files, path, MAKE_DIRECTORY, NULL);
}

err_t files_make_link(struct files *files, const char *path, const char *target)
{
    return change_make(files, path, MAKE_LINK, target);
}

err_t files_remove(struct files *files, const char *path, bool is_directory)
{
    return change_make(files, path, is_directory ? REMOVE_DIRECTORY : REMOVE, NULL);
}

err_t files_rename(struct files *files, const char *from, const char *to)
{
    ns_t deadline = files_deadline(files);
    uint64_t sequence = ++files->sequence;
    const struct files_mount *mounts[2] = { NULL, NULL };
    err_t err;

    do {
        uint32_t walked = 0, walked_to = 0;

        err = path_settle(files, to, deadline, &mounts[1]);
        if (err) {
            return err;
        }
        uint32_t length_to = files->walk.length;

        memcpy(files->second, files->walk.done, length_to);
        err = path_settle(files, from, deadline, &mounts[0]);
        if (err) {
            return err;
        }
        if (mounts[0]->server != mounts[1]->server) {
            return ERR_RANGE;
        }
        files->sequence = sequence;
        uint32_t length = mount_place(mounts[0], files->walk.done, files->walk.length, 0);

        length_to = mount_place(mounts[1], files->second, length_to, FILES_VIEW_OFFSET);
        err = file_rename(mounts[0]->server->cap, deadline, mounts[0]->root, 0, length,
                          mounts[1]->root, FILES_VIEW_OFFSET, length_to, sequence, &walked,
                          &walked_to);
        if (err == ERR_OK && (walked < length || walked_to < length_to)) {
            err = ERR_BUSY;
        }
    } while (err != ERR_OK && call_again(files, mounts[0], deadline, &err));
    return err;
}

err_t files_space(struct files *files, const char *path, struct files_space *space)
{
    struct file file;
    ns_t deadline = files_deadline(files);
    err_t err = files_open(files, path, 0, &file);

    if (err) {
        return err;
    }
    if (file.server == NULL) {
        *space = (struct files_space){ 0 };
        return ERR_OK;
    }
    do {
        err = file_space(file.server->cap, deadline, &space->bytes, &space->unused, &space->names,
                         &space->names_unused);
    } while (err != ERR_OK && call_again(files, file.mount, deadline, &err));
    files_close(&file);
    return err;
}
