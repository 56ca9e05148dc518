/* SPDX-License-Identifier: MIT */
/*
 * The name space: says which directories of which file servers are where in a program's tree, and gives it the roots
 * for them. Must stay true: nothing is in here but what the boot archive says, so a successor knows as much; and no
 * call waits for anybody longer than GIVE_NS. docs/names.md.
 */
#include <stddef.h>

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/file_calls.h"
#include "pith/kernel_calls.h"
#include "pith/names_serve.h"
#include "pith/self.h"
#include "pith/space.h"
#include "pith/string.h"
#include "service/service.h"
#include "system/description.h"

#include "abi/names.h"

#define GIVE_NS (2 * NS_PER_MS)

struct client {
    uint64_t badge; /* number of the program + 1, here and at the file servers */
};

static struct description_view views[DESCRIPTION_VIEWS];
static uint32_t view_count;

/* NULL: the client's view has fewer. */
static const struct description_view *view_of(const struct client *client, uint32_t number)
{
    for (uint32_t i = 0; i < view_count; i++) {
        if (views[i].program + 1ull == client->badge && number-- == 0) {
            return &views[i];
        }
    }
    return NULL;
}

err_t names_on_mount(struct client *client, const struct names_mount_args *args,
                     struct names_mount_results *results)
{
    const struct description_view *view = view_of(client, args->number);
    char words[sizeof(*results)];
    _Static_assert(sizeof(words) == sizeof(view->server) + sizeof(view->path), "all of the words");

    if (view == NULL) {
        return ERR_NO_ENTRY;
    }
    memcpy(words, view->server, sizeof(view->server));
    memcpy(words + sizeof(view->server), view->path, sizeof(view->path));
    memcpy(results, words, sizeof(words));
    return ERR_OK;
}

err_t names_on_attach(struct client *client, const struct names_attach_args *args)
{
    const struct description_view *view = view_of(client, args->number);
    uint64_t base[5];
    _Static_assert(sizeof(base) == sizeof(view->base), "all of the words");

    if (view == NULL) {
        return ERR_NO_ENTRY;
    }
    memcpy(base, view->base, sizeof(base));
    uint32_t flags = view->flags & DESCRIPTION_VIEW_READ_ONLY ? FILE_ROOT_READ_ONLY : 0;
    err_t err =
        file_give_root(self_cap(view->server), clock_now() + GIVE_NS, client->badge,
                       args->number + 1, flags, base[0], base[1], base[2], base[3], base[4]);

    switch (err) {
    case ERR_OK:
        return ERR_OK;
    case ERR_TIMED_OUT:
    case ERR_PEER_DIED:
    case ERR_BUSY:
        return ERR_BUSY;
    default:
        return ERR_GONE;
    }
}

static err_t views_read(void)
{
    cap_addr_t frame = self_cap("archive");
    uint64_t base;
    uint32_t pages, class, cache;
    user_addr_t at = 0;
    err_t err = frame == 0 ? ERR_NO_ENTRY : frame_info(frame, &base, &pages, &class, &cache);

    if (err == ERR_OK) {
        err = region_reserve(pages * PAGE_BYTES, &at);
    }
    if (err == ERR_OK) {
        err = region_map(at, frame, 0, pages, PROT_READ);
    }
    return err ? err : description_views((const void *)at, pages * PAGE_BYTES, views, &view_count);
}

int main(void)
{
    static struct service service;
    err_t err = views_read();

    if (err) {
        debug_printf("names: the views cannot be read: %s (it needs resources = [\"archive\"])\n",
                     error_name(err));
        return 1;
    }
    for (;;) {
        if (service_wait(&service, DEADLINE_NEVER) == SERVICE_CALL) {
            struct client client = { .badge = service.badge };

            names_dispatch(&client, &service.info, service.words);
        }
    }
}
