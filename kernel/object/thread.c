/* SPDX-License-Identifier: MIT */
/* Threads: creation, the kernel's references from a thread, destruction. */
#include <stddef.h>

#include "cap/revoke.h"
#include "ipc/ipc.h"
#include "object/thread_life.h"
#include "sched/sched.h"

_Static_assert(sizeof(struct thread) <= 4096, "a thread fills one page");

void thread_init(struct thread *thread, struct core *home, uint32_t rank, bool has_fpu)
{
    lend_init(&thread->lend, LEND_THREAD, rank);
    thread->home = home;
    thread->has_fpu = has_fpu;
    thread->native_bytes = UINT64_MAX;
    thread->state = THREAD_STATE_INACTIVE;
    thread->timeout.kind = TIMED_DEADLINE;
    thread->deadline_ns = DEADLINE_NEVER;
    cap_sweep_init(&thread->doomed);
    arch_registers_init(&thread->registers, has_fpu);
}

/* Without table or space a thread cannot go on. */
static void stop(struct core *core, struct thread *thread)
{
    if (thread->state != THREAD_STATE_INACTIVE) {
        ipc_abandon(core, thread);
    }
}

static void table_gone(struct core *core, struct cap *cap)
{
    struct thread *thread = cap->holder;

    stop(core, thread);
    thread->table = NULL;
}

static void space_gone(struct core *core, struct cap *cap)
{
    struct thread *thread = cap->holder;

    stop(core, thread);
    thread->space = NULL;
}

static void pin_gone(struct core *core, struct cap *cap)
{
    struct thread *thread = cap->holder;

    (void)core;
    if (cap == &thread->buffer_cap) {
        thread->buffer = NULL;
    } else {
        thread->foreign_frame = NULL;
    }
}

err_t thread_configure(struct core *core, struct thread *thread, struct cap *table_cap,
                       struct cap *space_cap)
{
    err_t err = cap_may_derive(space_cap);

    if (!err) {
        err = cap_embed(table_cap, &thread->table_cap, thread, table_gone);
    }
    if (err) {
        return err;
    }

    /* Commit. */
    core_forget_entered(core_of(core, thread->home), thread);
    err = cap_embed(space_cap, &thread->space_cap, thread, space_gone);
    assert(!err); /* asked above, and embedding takes nothing away from the sources */
    thread->table = table_cap->object;
    thread->space = space_cap->object;
    return ERR_OK;
}

err_t thread_pin(struct thread *thread, struct cap *frame, uint32_t offset, struct cap *pinned,
                 void **start)
{
    *start = NULL;
    if (frame == NULL) {
        return cap_embed(NULL, pinned, thread, NULL);
    }
    if (offset % MSG_BUFFER_BYTES != 0 || offset >= frame->run.size_bytes) {
        return ERR_RANGE;
    }
    if ((~frame->rights & (RIGHT_READ | RIGHT_WRITE)) != 0) {
        return ERR_NO_RIGHT;
    }
    if (frame->run.is_device) {
        return ERR_WRONG_TYPE;
    }
    *start = (uint8_t *)arch_phys_to_ptr(frame->run.base) + offset;
    return cap_embed(frame, pinned, thread, pin_gone);
}

err_t thread_buffer_set(struct thread *thread, struct cap *frame, uint32_t offset)
{
    void *start;
    err_t err = thread_pin(thread, frame, offset, &thread->buffer_cap, &start);

    if (!err) {
        thread->buffer = start;
    }
    return err;
}

void thread_unbind(struct thread *thread)
{
    if (thread->bound != NULL) {
        thread->bound->bound = NULL;
        thread->bound = NULL;
    }
}

static void unbind_all(struct core *core, struct thread *thread)
{
    if (thread->context != NULL) {
        context_unbind(core, thread->context);
    }
    thread_unbind(thread);
    cap_unembed(&thread->bound_cap);
    cap_unembed(&thread->table_cap);
    cap_unembed(&thread->space_cap);
    cap_unembed(&thread->handler_cap);
    cap_unembed(&thread->buffer_cap);
    cap_unembed(&thread->frame_cap);
    thread->table = NULL;
    thread->space = NULL;
    thread->buffer = NULL;
    thread->foreign_frame = NULL;
}

/* One thing that still refers to the thread; false when nothing does. */
static bool cut_one(struct core *core, struct thread *thread)
{
    struct queue_node *lender;

    if (thread->serving != NULL) {
        ipc_fail(core, thread->serving, ERR_PEER_DIED);
    } else if (thread->deferred != NULL) {
        ipc_fail(core, thread->deferred->caller, ERR_PEER_DIED);
    } else if (thread->endpoints != NULL) {
        endpoint_server_set(core, thread->endpoints, NULL);
    } else {
        /* What is left are notifications whose waiters lend to it: they wait on and lend to nobody. */
        lender = thread->lend.from.first;
        if (lender == NULL) {
            return false;
        }
        lend_detach(core, (struct lend *)(void *)lender);
    }
    return true;
}

/*
 * Another thread is stopped first, so that nothing new comes to it. One that destroys itself stays able to run
 * until all others have been told: it must come back from preemption points.
 */
err_t thread_destroy(struct core *core, struct thread *thread)
{
    if (core->current != thread) {
        ipc_abandon(core, thread);
    }
    while (cut_one(core, thread)) {
        if (arch_interrupt_pending(core)) {
            return KERNEL_RESTART;
        }
    }
    ipc_abandon(core, thread);
    unbind_all(core, thread);
    cap_sweep_inherit(core, thread);
    core = core_of(core, thread->home);
    if (ARCH_CORES > 1) {
        thread_settle(core, thread);
    }
    arch_thread_forget(core, thread);
    core_expel(core, thread);
    return ERR_OK;
}
