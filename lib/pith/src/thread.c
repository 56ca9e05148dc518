/* SPDX-License-Identifier: MIT */
#include "pith/thread.h"

#include <stddef.h>

#include "pith/kernel_calls.h"
#include "pith/lock.h"
#include "pith/object.h"
#include "pith/self.h"
#include "pith/space.h"
#include "thread_entry.h"

enum { REGISTER_RIP = 0, HAS_FPU = 0x100 };

_Noreturn void thread_begin(struct thread_block *block)
{
    block->entry(block->argument);
    event_signal(&block->done);
    for (;;) {
        (void)!thread_suspend(block->thread);
    }
}

/* With a second thread the library's own lock needs something to wait on. */
static err_t self_lock_prepare(void)
{
    struct self *me = self();
    struct event event;
    uint32_t state, fault, rank;
    uint64_t address, ip, switches;
    err_t err;

    if (me->lock.event.cap != 0) {
        return ERR_OK;
    }
    err = thread_info(me->thread, &state, &fault, &address, &ip, &rank, &switches);
    if (err) {
        return err;
    }
    err = event_create(&event, rank > 0 ? rank - 1 : 0);
    if (err == ERR_OK) {
        me->lock.event = event;
    }
    return err;
}

/* The place: buffer page first, then nothing, then the stack up to the end. */
static err_t stack_map(const struct thread_handle *handle)
{
    uint32_t pages = (uint32_t)(handle->frame_bytes / PAGE_BYTES);
    uint64_t stack_bytes = handle->frame_bytes - PAGE_BYTES;
    err_t err = region_map(handle->place, handle->frame, 0, 1, PROT_READ | PROT_WRITE);

    if (err) {
        return err;
    }
    return region_map(handle->place + THREAD_PLACE_BYTES - stack_bytes, handle->frame, 1, pages - 1,
                      PROT_READ | PROT_WRITE);
}

static err_t place_reserve(user_addr_t *place)
{
    self_lock();
    err_t err = ranges_reserve(&self()->ranges, THREAD_PLACE_BYTES, THREAD_PLACE_BYTES, place);

    self_unlock();
    return err;
}

static err_t thread_set_up(const struct thread_spec *spec, const struct thread_handle *handle)
{
    user_addr_t top = handle->place + THREAD_PLACE_BYTES - THREAD_BLOCK_BYTES;
    err_t err = thread_configure(handle->thread, self()->table, self()->space);

    *(struct thread_block *)top = (struct thread_block){
        .thread = handle->thread,
        .done = handle->done,
        .buffer = (struct msg_buffer *)handle->place,
        .entry = spec->entry,
        .argument = spec->argument,
    };
    if (err == ERR_OK) {
        err = thread_set_buffer(handle->thread, handle->buffer, 0);
    }
    if (err == ERR_OK && spec->handler != 0) {
        err = thread_set_handler(handle->thread, spec->handler);
    }
    if (err == ERR_OK && spec->context != 0) {
        err = sched_context_bind(spec->context, handle->thread);
    }
    if (err == ERR_OK) {
        err = thread_write_registers(handle->thread, REGISTER_RIP, 2, (uintptr_t)thread_entry, top,
                                     0, 0, 0, 0);
    }
    return err;
}

err_t thread_start(const struct thread_spec *spec, struct thread_handle *handle)
{
    uint32_t stack_bytes = spec->stack_bytes != 0 ? spec->stack_bytes : THREAD_STACK_BYTES;
    struct thread_handle made = { .frame_bytes = stack_bytes + PAGE_BYTES };
    err_t err;

    if (stack_bytes % PAGE_BYTES != 0 || stack_bytes > THREAD_PLACE_BYTES - 2 * PAGE_BYTES) {
        return ERR_RANGE;
    }
    err = self_lock_prepare();
    if (err) {
        return err;
    }
    err = object_create(OBJECT_THREAD, spec->rank | (spec->has_fpu ? (uint64_t)HAS_FPU : 0),
                        &made.thread);
    if (err) {
        return err;
    }
    err = event_create(&made.done, spec->rank);
    if (err) {
        goto destroy_thread;
    }
    err = object_create(OBJECT_FRAME, made.frame_bytes / PAGE_BYTES << 8 | PAGE_CLASS_4K,
                        &made.frame);
    if (err) {
        goto destroy_done;
    }
    err = cap_copy(made.frame, RIGHT_READ | RIGHT_WRITE, &made.buffer);
    if (err) {
        goto destroy_frame;
    }
    err = place_reserve(&made.place);
    if (err) {
        goto drop_buffer;
    }
    err = stack_map(&made);
    if (err == ERR_OK) {
        err = thread_set_up(spec, &made);
    }
    if (err == ERR_OK) {
        err = thread_resume(made.thread);
    }
    if (err) {
        goto release_place;
    }
    *handle = made;
    return ERR_OK;

release_place:
    region_release(made.place, THREAD_PLACE_BYTES);
drop_buffer:
    cap_drop(made.buffer);
destroy_frame:
    object_destroy(made.frame);
destroy_done:
    event_destroy(&made.done);
destroy_thread:
    object_destroy(made.thread);
    return err;
}

err_t thread_join(struct thread_handle *handle, ns_t deadline_ns)
{
    err_t err = event_wait(&handle->done, handle->thread, deadline_ns, NULL);

    if (err == ERR_OK) {
        thread_destroy(handle);
    }
    return err;
}

void thread_destroy(struct thread_handle *handle)
{
    object_destroy(handle->thread);
    event_destroy(&handle->done);
    cap_drop(handle->buffer);
    object_destroy(handle->frame);
    region_release(handle->place, THREAD_PLACE_BYTES);
    *handle = (struct thread_handle){ 0 };
}
