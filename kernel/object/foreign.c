/* SPDX-License-Identifier: MIT */
/*
 * Foreign threads: system calls and faults that go back to the program, to a place of its own. docs/kernel/foreign.md
 * Must stay true: the entry lies in the native range, so the frame is not written again before the program has left that.
 */
#include <stddef.h>

#include "core/core.h"
#include "kernel_gen/methods.h"
#include "object/thread_life.h"

err_t thread_on_set_foreign(struct invocation *inv, const struct thread_set_foreign_args *args)
{
    struct thread *thread = inv->target->object;
    bool is_foreign = args->frame != NULL;
    void *start;
    err_t err;

    if (is_foreign && (args->size > ARCH_USER_END || args->start > ARCH_USER_END - args->size ||
                       args->entry - args->start >= args->size)) {
        return ERR_RANGE;
    }
    if (thread->state != THREAD_STATE_INACTIVE) {
        return ERR_BUSY;
    }
    err = thread_pin(thread, args->frame, args->offset, &thread->frame_cap, &start);
    if (err) {
        return err;
    }
    thread->foreign_frame = start;
    thread->foreign_entry = args->entry;
    thread->foreign_stack = args->stack;
    thread->native_start = is_foreign ? args->start + ARCH_SYSCALL_BYTES : 0;
    thread->native_bytes = is_foreign ? args->size : UINT64_MAX;
    thread->reflects = is_foreign ? args->faults | 1u << FAULT_SYSCALL : 0;
    return ERR_OK;
}

/* The common case of a system call is in fast.S, too. */
bool thread_reflect(struct thread *thread, const struct arch_fault *fault)
{
    struct arch_registers *registers = &thread->registers;
    struct foreign_frame *frame = thread->foreign_frame;

    if (frame == NULL || thread_is_native_at(thread, registers->ip)) {
        return false;
    }
    frame->rip = registers->ip;
    frame->rflags = registers->flags;
    frame->rsp = registers->sp;
    frame->kind = fault->kind;
    if (fault->kind == FAULT_SYSCALL) {
        frame->rip += ARCH_SYSCALL_BYTES;
    } else {
        frame->address = fault->address;
        frame->detail = fault->detail;
    }
    registers->ip = thread->foreign_entry;
    registers->flags = ARCH_FLAGS_PLAIN;
    registers->sp = thread->foreign_stack;
    return true;
}
