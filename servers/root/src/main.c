/* SPDX-License-Identifier: MIT */
/*
 * The root program: builds the system that the boot archive describes, then waits at one endpoint for
 * faults of its programs and for calls on the interface "system". That is done by a thread of rank 0,
 * since everybody above may call it and it calls nobody; the first thread only waits for it to end.
 */
#include "root.h"

#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/self.h"
#include "pith/start.h"
#include "pith/thread.h"

#include "abi/names.h"

enum { STATUS_NOTHING_BUILT = 1, STATUS_CANNOT_SERVE = 2 };
enum { PRIORITY = 255, PERIOD_NS = 10000000 }; /* above all that it supervises */

static struct root the_root;

struct root *root(void)
{
    return &the_root;
}

static uint32_t message_handle(msg_info_t info, uint64_t badge, uint64_t words[8])
{
    uint32_t label = MSG_LABEL(info);

    if (label == MSG_LABEL_FAULT && (badge & BADGE_FAULT) != 0) {
        root_fault(badge);
        return 1; /* if it still waits, it stays stopped */
    }
    if (MSG_WORDS(info) < 8) {
        for (uint32_t i = MSG_WORDS(info); i < 8; i++) {
            words[i] = 0;
        }
    }
    root_query(badge, &label, words);
    return label;
}

static void serve(void *unused)
{
    uint64_t words[8] = { 0 };
    msg_info_t info = 0;
    uint64_t badge = 0;
    uint64_t bits;

    (void)unused;
    err_t err = ipc_receive(the_root.endpoint, &info, words, &badge, &bits, DEADLINE_NEVER, 0);

    for (;;) {
        if (err == ERR_OK) {
            info = MSG_INFO(message_handle(info, badge, words), 8, 0);
            err = ipc_reply_receive(the_root.endpoint, &info, words, &badge, &bits, DEADLINE_NEVER,
                                    0);
        } else if (err == ERR_CALLER_GONE || err == ERR_CANCELLED) {
            err = ipc_receive(the_root.endpoint, &info, words, &badge, &bits, DEADLINE_NEVER, 0);
        } else {
            debug_printf("root: cannot serve: %s\n", error_name(err));
            return;
        }
    }
}

static err_t server_start(struct thread_handle *handle)
{
    struct thread_spec spec = { .entry = serve, .rank = 0 };
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
        debug_printf("root: this is the root program; another one cannot start it\n");
        return STATUS_NOTHING_BUILT;
    }
    if (root_build()) {
        return STATUS_NOTHING_BUILT;
    }
    err_t err = server_start(&handle);

    if (err == ERR_OK) {
        err = thread_join(&handle, DEADLINE_NEVER);
    }
    debug_printf("root: the server ended: %s\n", error_name(err));
    return STATUS_CANNOT_SERVE;
}
