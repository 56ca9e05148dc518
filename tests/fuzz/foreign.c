/* SPDX-License-Identifier: MIT */
#include "foreign.h"

#include <string.h>

#include "abi/kernel_calls.h"
#include "sched/sched.h"

enum { SYSCALL_BYTES = 2 };

bool foreign_is_native(const struct thread *thread, uint64_t ip)
{
    if (thread->native_bytes == UINT64_MAX) {
        return true;
    }
    uint64_t start = thread->native_start - SYSCALL_BYTES;

    return ip >= start && ip < start + thread->native_bytes;
}

void foreign_foresee(struct foreign *foreign, struct thread *thread, const struct arch_fault *fault,
                     uint64_t ip)
{
    bool is_syscall = fault->kind == FAULT_SYSCALL;

    memset(foreign, 0, sizeof(*foreign));
    foreign->thread = thread;
    foreign->fault = *fault;
    foreign->registers = thread->registers;
    foreign->registers.ip = ip;
    foreign->is_reflected = thread->foreign_frame != NULL && !foreign_is_native(thread, ip) &&
                            (is_syscall || (thread->reflects & 1u << fault->kind) != 0);
    if (!foreign->is_reflected) {
        return;
    }
    foreign->frame = *thread->foreign_frame;
    foreign->frame.rip = ip + (is_syscall ? SYSCALL_BYTES : 0);
    foreign->frame.rflags = thread->registers.flags;
    foreign->frame.rsp = thread->registers.sp;
    foreign->frame.kind = fault->kind;
    if (!is_syscall) {
        foreign->frame.address = fault->address;
        foreign->frame.detail = fault->detail;
    }
    foreign->registers.ip = thread->foreign_entry;
    foreign->registers.sp = thread->foreign_stack;
    foreign->registers.flags = 0;
}

bool foreign_agrees(const struct foreign *foreign, const struct thread *current, const char **why)
{
    const struct thread *thread = foreign->thread;
    uint8_t state = thread->state;

    if (memcmp(&thread->registers, &foreign->registers, sizeof(thread->registers)) != 0) {
        *why = "registers of a thread that faulted are not as they should be";
    } else if (foreign->is_reflected &&
               (state != THREAD_STATE_READY ||
                (thread != current && lend_key(&current->lend) >= lend_key(&thread->lend)))) {
        /* On its way out the core may have found somebody more important in its inbox. */
        *why = "a thread whose fault was reflected does not go on";
    } else if (foreign->is_reflected &&
               memcmp(thread->foreign_frame, &foreign->frame, sizeof(foreign->frame)) != 0) {
        *why = "a foreign frame is not as it should be";
    } else if (!foreign->is_reflected &&
               (thread->fault != foreign->fault.kind ||
                (state != THREAD_STATE_FAULTED && state != THREAD_STATE_INACTIVE))) {
        *why = "a fault that is not reflected is no message";
    } else {
        return true;
    }
    return false;
}
