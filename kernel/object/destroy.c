/* SPDX-License-Identifier: MIT */
/* The end of objects, by type: see object/destroy.h. */
#include "object/destroy.h"

#include <stddef.h>

#include "ipc/ipc.h"
#include "mm/vspace.h"
#include "object/io_space.h"
#include "object/thread_life.h"
#include "object/timer.h"
#include "sched/sched.h"

static err_t endpoint_destroy(struct core *core, struct endpoint *endpoint)
{
    while (endpoint_fail_first(core, endpoint, ERR_GONE)) {
        if (arch_interrupt_pending(core)) {
            return KERNEL_RESTART;
        }
    }
    if (endpoint->server != NULL && endpoint->server->receiving_on == endpoint) {
        ipc_fail(core, endpoint->server, ERR_GONE);
    }
    endpoint_server_set(core, endpoint, NULL);
    return ERR_OK;
}

static err_t notification_destroy(struct core *core, struct notification *notification)
{
    while (notification_fail_first(core, notification, ERR_GONE)) {
        if (arch_interrupt_pending(core)) {
            return KERNEL_RESTART;
        }
    }
    return ERR_OK;
}

static void context_destroy(struct core *core, struct sched_context *context)
{
    context_unbind(core, context);
    group_leave(core, context);
    if (context->core != NULL) {
        context_leave(core_of(core, context->core), context);
    }
}

static void reply_destroy(struct core *core, struct reply *reply)
{
    if (reply->caller != NULL) {
        ipc_fail(core, reply->caller, ERR_PEER_DIED);
    }
}

static err_t original_destroy(struct core *core, struct cap *leaf)
{
    switch (leaf->type) {
    case OBJECT_VSPACE:
        return vspace_destroy(core, leaf->object);
    case OBJECT_THREAD:
        return thread_destroy(core, leaf->object);
    case OBJECT_ENDPOINT:
        return endpoint_destroy(core, leaf->object);
    case OBJECT_NOTIFICATION:
        return notification_destroy(core, leaf->object);
    case OBJECT_SCHED_CONTEXT:
        context_destroy(core, leaf->object);
        return ERR_OK;
    case OBJECT_REPLY:
        reply_destroy(core, leaf->object);
        return ERR_OK;
    case OBJECT_TIMER:
        timer_destroy(core, leaf->object);
        return ERR_OK;
    case OBJECT_IRQ:
        irq_destroy(core, leaf->object);
        return ERR_OK;
    case OBJECT_IO_PORT:
        io_port_destroy(core, leaf->object);
        return ERR_OK;
    case OBJECT_IO_SPACE:
        return io_space_destroy(core, leaf->object);
    default: /* memory, the machine; tables are emptied by revoke.c */
        return ERR_OK;
    }
}

err_t object_destroy(struct core *core, struct cap *leaf)
{
    if (cap_is_attached(leaf)) {
        err_t err = vspace_run_detach(core, leaf);

        if (err) {
            return err;
        }
    }
    return leaf->flags & CAP_ORIGINAL ? original_destroy(core, leaf) : ERR_OK;
}

uint64_t object_detail(const struct cap *cap)
{
    switch (cap->type) {
    case OBJECT_FRAME:
        return cap->run.page_class | (uint64_t)cap->run.cache << 8;
    case OBJECT_THREAD:
        return ((const struct thread *)cap->object)->lend.rank;
    case OBJECT_ENDPOINT:
        return ((const struct endpoint *)cap->object)->lend.rank;
    case OBJECT_NOTIFICATION:
        return ((const struct notification *)cap->object)->lend.rank;
    case OBJECT_CAP_TABLE:
        return ((const struct cap_table *)cap->object)->slot_count;
    default:
        return 0;
    }
}
