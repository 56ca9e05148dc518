/* SPDX-License-Identifier: MIT */
/* The file server: serves the protocol file from an ext4 file system. docs/files.md says how and why. */
#include "files.h"

#include "opened.h"
#include "pith/debug.h"

#include "abi/names.h"

enum { DAMAGE_LINES_MAX = 50 };

struct server files;

/* Damage is told to people once for each time that the count has moved, up to a limit. */
static void damage_tell(uint64_t count)
{
    static uint32_t lines;
    uint64_t where;

    if (lines++ < DAMAGE_LINES_MAX) {
        const char *text = ext4_damage_last(&files.fs.damage, &where);

        debug_printf("files: damage number %lu: %s %lu\n", (unsigned long)count, text,
                     (unsigned long)where);
    }
}

static void damage_report(void)
{
    static uint64_t told;
    uint64_t count = atomic_load_explicit(&files.fs.damage.count, memory_order_relaxed);

    if (count != told) {
        told = count;
        damage_tell(count);
    }
}

static _Noreturn void serve(void)
{
    for (;;) {
        bool is_quiet = disk_is_quiet();

        /* What came makes calls ready: they are served at once, since a look at who calls without waiting costs as much. */
        if (files.ready != 0) {
            ops_run();
            async_run();
            is_quiet = disk_is_quiet();
        }
        bool may_sleep = is_quiet && files.ready == 0;

        switch (service_wait(&files.service, may_sleep ? DEADLINE_NEVER : 0)) {
        case SERVICE_CALL:
            call_try();
            break;
        case SERVICE_SIGNALS:
            disk.is_resting = false;
            async_hear(files.service.bits);
            grants_look();
            break;
        case SERVICE_TIME:
            break;
        }
        damage_report();
    }
}

int main(void)
{
    err_t err = ops_init();

    if (err == ERR_OK) {
        err = clients_init(sizeof(struct opened), NULL);
    }
    if (err == ERR_OK) {
        err = disk_open();
    }
    if (err == ERR_OK) {
        err = grants_open();
    }
    if (err) {
        debug_printf("files: it cannot start: %s\n", error_name(err));
        return 1;
    }
    disk_mount();
    damage_report();
    async_hear(UINT64_MAX); /* what was asked for before it listened */
    serve();
}
