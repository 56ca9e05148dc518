/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: a capability that came is mapped, or deleted. Of the server nothing more is wanted than that it hears of
 * that soon: it finds out by itself, if it must.
 */
#include "file/map.h"

#include "client.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/space.h"
#include "pith/thread.h"

#define UNMAP_NS (100 * NS_PER_MS)

/* Ask, with a slot for the answer. */
static err_t grant_ask(struct file *file, uint64_t position, uint32_t pages, struct files_map *map)
{
    uint32_t *slots = thread_self()->buffer->receive_slots;
    ns_t deadline = files_deadline(file->files);
    err_t err;

    do {
        slots[0] = map->cap;
        slots[1] = 0;
        err = file_map(file->server->cap, deadline, file->handle, position, pages, &map->grant,
                       &map->pages);
        slots[0] = 0;
    } while (err != ERR_OK && file_again(file, deadline, &err));
    return err == ERR_OK && map->pages > pages ? ERR_IO : err;
}

static void grant_end(struct files *files, const struct files_server *server, uint32_t grant)
{
    ns_t deadline = clock_now() + UNMAP_NS;
    err_t err;

    do {
        err = file_unmap(server->cap, deadline, grant);
    } while (err != ERR_OK && call_again(files, NULL, deadline, &err));
}

static err_t place_fill(struct files_map *map, user_addr_t at)
{
    err_t err = at == 0 ? region_reserve((uint64_t)map->pages * PAGE_BYTES, &at) : ERR_OK;

    if (err) {
        return err;
    }
    map->start = (const void *)at;
    err = region_map(at, map->cap, 0, map->pages, PROT_READ);
    if (err && map->has_place) {
        region_release(at, (uint64_t)map->pages * PAGE_BYTES);
    }
    return err;
}

err_t files_map(struct file *file, uint64_t position, uint32_t pages, user_addr_t at,
                struct files_map *map)
{
    struct files_map made = { .server = file->server, .has_place = at == 0 };
    err_t err;

    *map = (struct files_map){ 0 };
    if (file->server == NULL) {
        return ERR_WRONG_TYPE;
    }
    err = cap_place(&made.cap);
    if (err) {
        return err;
    }
    err = grant_ask(file, position, pages < FILES_MAP_PAGES ? pages : FILES_MAP_PAGES, &made);
    if (err == ERR_OK && made.pages != 0) {
        err = place_fill(&made, at);
        if (err == ERR_OK) {
            *map = made;
            return ERR_OK;
        }
        cap_drop(made.cap);
        grant_end(file->files, file->server, made.grant);
        return err;
    }
    cap_drop(made.cap);
    return err == ERR_WRONG_TYPE ? ERR_OK : err;
}

void files_unmap(struct files *files, struct files_map *map)
{
    if (map->pages == 0) {
        return;
    }
    cap_drop(map->cap); /* and with it all that was mapped */
    if (map->has_place) {
        region_forget((user_addr_t)map->start, (uint64_t)map->pages * PAGE_BYTES);
    }
    grant_end(files, map->server, map->grant);
    *map = (struct files_map){ 0 };
}
