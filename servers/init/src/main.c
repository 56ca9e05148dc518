/* SPDX-License-Identifier: MIT */
/*
 * The root program, and with the kernel the trusted base: makes the warden and then watches it. That is done by
 * a thread of rank 0, since everybody above may fault to it and it calls nobody; the first thread only waits.
 */
#include "init.h"

#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/self.h"
#include "pith/start.h"
#include "pith/thread.h"

#include "abi/names.h"

enum { STATUS_NOTHING_BUILT = 1, STATUS_CANNOT_GUARD = 2 };
enum { PRIORITY = WARDEN_PRIORITY + 1, PERIOD_NS = 10000000 }; /* above the warden */

static struct init the_init;

struct init *init(void)
{
    return &the_init;
}

static err_t guard_start(struct thread_handle *handle)
{
    struct thread_spec spec = { .entry = guard, .rank = 0 };
    err_t err = object_create(OBJECT_SCHED_CONTEXT, 0, &spec.context);

    if (err == ERR_OK) {
        err = sched_context_configure(spec.context, ROOT_SLOT_MACHINE, PRIORITY, PERIOD_NS,
                                      PERIOD_NS, 0);
    }
    if (err == ERR_OK) {
        err = thread_start(&spec, handle);
    }
    return err;
}

int main(void)
{
    struct thread_handle handle;

    if (self()->boot == NULL) {
        debug_printf("init: this is the root program; another one cannot start it\n");
        return STATUS_NOTHING_BUILT;
    }
    if (init_build()) {
        return STATUS_NOTHING_BUILT;
    }
    /* This thread only waits from now on, and lends to the guard: it must not have more than that. */
    err_t err = sched_context_configure(ROOT_SLOT_CONTEXT, ROOT_SLOT_MACHINE, PRIORITY, PERIOD_NS,
                                        PERIOD_NS, 0);

    if (err == ERR_OK) {
        err = guard_start(&handle);
    }

    if (err == ERR_OK) {
        err = thread_join(&handle, DEADLINE_NEVER);
    }
    debug_printf("init: the guardian ended: %s\n", error_name(err));
    return STATUS_CANNOT_GUARD;
}
