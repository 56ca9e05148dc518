/* SPDX-License-Identifier: MIT */
/* With whom a program can talk about files: the servers of its view, or one. */
#include <stddef.h>

#include "client.h"
#include "pith/clock.h"
#include "pith/names_calls.h"
#include "pith/self.h"
#include "pith/string.h"
#include "ring/ring.h"

#define PATIENCE_NS (10 * NS_PER_S)
#define AGAIN_NS (1 * NS_PER_MS)

uint32_t server_epoch(const struct files_server *server)
{
    const struct ring_epoch *epochs = (const struct ring_epoch *)PROGRAM_EPOCHS_ADDR;

    /* Relaxed: one that is old only means that the server refuses the handle once more. */
    return atomic_load_explicit(&epochs[server->session.info->epoch].epoch, memory_order_relaxed);
}

/* Each server once, however many of its directories are mounted. */
static err_t server_add(struct files *files, const char name[PROGRAM_NAME_BYTES],
                        struct files_server **added)
{
    struct files_server *server = files->servers;
    uint32_t number;

    for (; server < files->servers + files->server_count; server++) {
        if (strncmp(server->name, name, PROGRAM_NAME_BYTES) == 0) {
            *added = server;
            return ERR_OK;
        }
    }
    if (files->server_count == FILES_SERVERS_MAX) {
        return ERR_RANGE;
    }
    err_t err = session_find(name, false, 0, &number);

    if (err == ERR_OK) {
        err = session_open(&server->session, number);
    }
    if (err == ERR_OK && server->session.data_bytes < 2ull * FILES_PATH_MAX) {
        err = ERR_RANGE;
    }
    if (err) {
        return err;
    }
    memcpy(server->name, name, PROGRAM_NAME_BYTES);
    server->cap = self_cap(name);
    files->server_count++;
    *added = server;
    return ERR_OK;
}

static err_t connect_alone(struct files *files)
{
    static const char name[PROGRAM_NAME_BYTES] = "file";

    files->mount_count = 1;
    files->has_view = true;
    return server_add(files, name, &files->mounts[0].server);
}

err_t files_connect(struct files *files)
{
    memset(files, 0, sizeof(*files));
    files->names = self_cap("names");
    files->patience_ns = PATIENCE_NS;
    files->sequence = clock_now(); /* greater than all of an earlier life */
    return files->names == 0 ? connect_alone(files) : ERR_OK;
}

/* What a name space said; it ends its texts, or is not believed. */
static err_t mount_add(struct files *files, const uint64_t words[8])
{
    struct files_mount *mount = &files->mounts[files->mount_count];
    char name[PROGRAM_NAME_BYTES];

    memcpy(name, words, sizeof(name));
    memcpy(mount->path, words + 2, sizeof(mount->path));
    if (name[sizeof(name) - 1] != 0 || mount->path[sizeof(mount->path) - 1] != 0) {
        return ERR_IO;
    }
    mount->length = (uint32_t)strlen(mount->path);
    mount->length = mount->length == 1 ? 0 : mount->length; /* "/" */
    mount->root = files->asked + 1;
    err_t err = server_add(files, name, &mount->server);

    files->mount_count += err == ERR_OK;
    /* A process may have been given less than its place may have: then what it may not call is not in its tree. */
    return err == ERR_NO_ENTRY ? ERR_OK : err;
}

err_t mounts_load(struct files *files, ns_t deadline)
{
    while (!files->has_view && files->asked < FILES_MOUNTS_MAX) {
        uint64_t w[8];
        err_t err = names_mount(files->names, deadline, files->asked, &w[0], &w[1], &w[2], &w[3],
                                &w[4], &w[5], &w[6], &w[7]);

        if (err == ERR_NO_ENTRY) {
            break;
        }
        if (err == ERR_OK) {
            err = mount_add(files, w);
            files->asked += err == ERR_OK;
        }
        if (err != ERR_OK && !call_again(files, NULL, deadline, &err)) {
            return err;
        }
    }
    files->has_view = true;
    return ERR_OK;
}

err_t mount_attach(const struct files *files, const struct files_mount *mount, ns_t deadline)
{
    return names_attach(files->names, deadline, mount->root - 1);
}

bool call_again(struct files *files, const struct files_mount *mount, ns_t deadline, err_t *err)
{
    while (*err == ERR_PEER_DIED || *err == ERR_BUSY ||
           (*err == ERR_NO_RIGHT && mount != NULL && mount->root != 0)) {
        if (clock_now() >= deadline) {
            *err = *err == ERR_NO_RIGHT ? ERR_TIMED_OUT
                                        : *err; /* there was no time to be given the root again */
            return false;
        }
        files->repeated++;
        if (*err == ERR_BUSY) {
            sleep_until(clock_now() + AGAIN_NS);
        }
        if (*err != ERR_NO_RIGHT) {
            return true;
        }
        /* The server is new, and knows no root of this program. */
        *err = mount_attach(files, mount, deadline);
        if (*err == ERR_OK) {
            return true;
        }
        *err = *err == ERR_BUSY || *err == ERR_PEER_DIED ? ERR_NO_RIGHT : *err;
        sleep_until(clock_now() + AGAIN_NS);
    }
    return false;
}
