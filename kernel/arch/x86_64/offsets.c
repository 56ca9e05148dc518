/* SPDX-License-Identifier: MIT */
/*
 * Where assembly finds what C keeps: the build makes offsets_gen.h of this, for the kernel for one core and for that for several (mk/rules.mk); nothing
 * of it is linked.
 */
#include "offsets.h"

#include "abi/kernel_calls.h"
#include "cap/cap.h"
#include "core/core.h"
#include "core/trace.h"
#include "object/ipc_objects.h"
#include "object/vspace.h"

#define NUMBER(name, value) __asm__ volatile(".ascii \"->" #name " %c0\"" ::"i"(value))
#define OFFSET(name, type, member) NUMBER(name, __builtin_offsetof(type, member))
#define NUMBERS __attribute__((used)) static void

_Static_assert(CORE_SELF == __builtin_offsetof(struct core, arch.self), "offsets.h");
_Static_assert(__builtin_offsetof(struct arch_registers, must_iret) + 1 ==
                   __builtin_offsetof(struct arch_registers, is_special),
               "REGISTERS_ENTER_BITS");
_Static_assert(__builtin_offsetof(struct thread, state) + 1 ==
                   __builtin_offsetof(struct thread, call_is_fault),
               "THREAD_STATE");
_Static_assert(__builtin_offsetof(struct core, must_look) % 4 == 3, "CORE_LEFT");
_Static_assert(DEADLINE_NEVER == UINT64_MAX, "fast.S compares with -1");

NUMBERS of_core_and_registers(void)
{
    /* gs points to it. */
    OFFSET(CORE_CURRENT, struct core, current);
    OFFSET(CORE_ENTERED, struct core, entered);
    OFFSET(CORE_ARMED, struct core, armed_ns);
    OFFSET(CORE_STACK_TOP, struct core, arch.stack_top);
    OFFSET(CORE_SCRATCH, struct core, arch.scratch);
    OFFSET(CORE_PENDING_ANY, struct core, arch.pending_any);
    OFFSET(CORE_PENDING, struct core, arch.pending);
    OFFSET(CORE_ROOT, struct core, arch.root);
    OFFSET(CORE_FRAME_TOP, struct core, arch.frame_top);
    NUMBER(ENTRY_SCRATCH,
           (long)__builtin_offsetof(struct arch_entry, stack) - (long)sizeof(struct arch_entry));
    OFFSET(CORE_OWN_LOCK, struct core, arch.own_lock);
    OFFSET(CORE_LEFT, struct core, gives_all); /* and the three behind it, as one */
    OFFSET(CORE_INBOX, struct core, inbox);
    OFFSET(CORE_RUNNING_KEY, struct core, running_key);

    OFFSET(REGISTERS_BX, struct arch_registers, words[0]);
    OFFSET(REGISTERS_R8, struct arch_registers, words[1]);
    OFFSET(REGISTERS_R9, struct arch_registers, words[2]);
    OFFSET(REGISTERS_R10, struct arch_registers, words[3]);
    OFFSET(REGISTERS_R12, struct arch_registers, words[4]);
    OFFSET(REGISTERS_R13, struct arch_registers, words[5]);
    OFFSET(REGISTERS_R14, struct arch_registers, words[6]);
    OFFSET(REGISTERS_R15, struct arch_registers, words[7]);
    OFFSET(REGISTERS_AX, struct arch_registers, op);
    OFFSET(REGISTERS_DI, struct arch_registers, info);
    OFFSET(REGISTERS_SI, struct arch_registers, time);
    OFFSET(REGISTERS_DX, struct arch_registers, bits);
    OFFSET(REGISTERS_BP, struct arch_registers, rbp);
    OFFSET(REGISTERS_IP, struct arch_registers, ip);
    OFFSET(REGISTERS_FLAGS, struct arch_registers, flags);
    OFFSET(REGISTERS_SP, struct arch_registers, sp);
    OFFSET(REGISTERS_PUSHED, struct arch_registers, rcx); /* popped in one go up to here */
    OFFSET(REGISTERS_CX, struct arch_registers, rcx);
    OFFSET(REGISTERS_R11, struct arch_registers, r11);
    OFFSET(REGISTERS_TRAP, struct arch_registers, trap);
    OFFSET(REGISTERS_MUST_IRET, struct arch_registers, must_iret);
    OFFSET(REGISTERS_ENTER_BITS, struct arch_registers, must_iret); /* and is_special, as one */
}

/* A thread begins with its registers. */
NUMBERS of_thread(void)
{
    OFFSET(THREAD_NATIVE_START, struct thread, native_start);
    OFFSET(THREAD_NATIVE_BYTES, struct thread, native_bytes);
    OFFSET(THREAD_STATE, struct thread, state); /* and call_is_fault as one */
    OFFSET(THREAD_TABLE, struct thread, table);
    OFFSET(THREAD_SPACE, struct thread, space);
    OFFSET(THREAD_BUFFER, struct thread, buffer);
    OFFSET(THREAD_BOUND, struct thread, bound);
    OFFSET(THREAD_BOUND_MASK, struct thread, bound_mask);
    OFFSET(THREAD_CONTEXT, struct thread, context);
    OFFSET(THREAD_LEND, struct thread, lend);
    OFFSET(THREAD_DEADLINE, struct thread, deadline_ns);
    OFFSET(THREAD_TIMEOUT, struct thread, timeout);
    OFFSET(THREAD_TIMEOUT_IS_QUEUED, struct thread, timeout.node.is_queued);
    OFFSET(THREAD_SERVED_BY, struct thread, served_by);
    OFFSET(THREAD_SERVING, struct thread, serving);
    OFFSET(THREAD_REPLIES_TO, struct thread, replies_to);
    OFFSET(THREAD_RECEIVING_ON, struct thread, receiving_on);
    OFFSET(THREAD_WAIT_MASK, struct thread, wait_mask);
    OFFSET(THREAD_HOME, struct thread, home);
    OFFSET(THREAD_FOREIGN_FRAME, struct thread, foreign_frame);
    OFFSET(THREAD_FOREIGN_ENTRY, struct thread, foreign_entry);
    OFFSET(THREAD_FOREIGN_STACK, struct thread, foreign_stack);
}

NUMBERS of_others(void)
{
    /* A lend begins with its queue node, an endpoint with its lend. */
    OFFSET(LEND_KEY, struct queue_node, key);
    OFFSET(NODE_IS_QUEUED, struct queue_node, is_queued);
    OFFSET(LEND_TO, struct lend, to);
    OFFSET(LEND_FROM, struct lend, from.first);
    OFFSET(LEND_TOP, struct lend, top);
    OFFSET(LEND_RANK, struct lend, rank);
    OFFSET(ENDPOINT_PLAIN, struct endpoint, plain.first);
    OFFSET(ENDPOINT_HOME, struct endpoint, home);
    OFFSET(ENDPOINT_SERVER, struct endpoint, server);
    OFFSET(ENDPOINT_WAITER, struct endpoint, waiter);
    OFFSET(NOTIFICATION_BITS, struct notification, bits);
    OFFSET(CONTEXT_PRIORITY, struct sched_context, priority);
    OFFSET(CONTEXT_HAS_TIME, struct sched_context, has_time);
    OFFSET(VSPACE_ROOT, struct vspace, root);
    OFFSET(TABLE_SLOT_COUNT, struct cap_table, slot_count);

    /* A capability, from where the table would be if it had no header. */
    NUMBER(SLOT_SHIFT, __builtin_ctz(CAP_SLOT_BYTES));
    NUMBER(SLOT_TYPE, CAP_TABLE_HEADER_BYTES + __builtin_offsetof(struct cap, type));
    NUMBER(SLOT_RIGHTS, CAP_TABLE_HEADER_BYTES + __builtin_offsetof(struct cap, rights));
    NUMBER(SLOT_OBJECT, CAP_TABLE_HEADER_BYTES + __builtin_offsetof(struct cap, object));
    NUMBER(SLOT_BADGE, CAP_TABLE_HEADER_BYTES + __builtin_offsetof(struct cap, badge));

    OFFSET(FRAME_IP, struct foreign_frame, rip);
    OFFSET(FRAME_FLAGS, struct foreign_frame, rflags);
    OFFSET(FRAME_SP, struct foreign_frame, rsp);
    OFFSET(FRAME_KIND, struct foreign_frame, kind);
    NUMBER(FOREIGN_SYSCALL_BYTES, ARCH_SYSCALL_BYTES);
    NUMBER(FOREIGN_FLAGS, ARCH_FLAGS_PLAIN);
    NUMBER(FOREIGN_KIND, FAULT_SYSCALL);

    /* FAST_INFO: the largest of a message of so many words without capabilities. */
    NUMBER(FAST_CALL, SYSCALL_CALL);
    NUMBER(FAST_REPLY_RECEIVE, SYSCALL_REPLY_RECEIVE);
    NUMBER(FAST_ABI_VERSION, SYSCALL_ABI_VERSION);
    NUMBER(FAST_ENDPOINT, OBJECT_ENDPOINT);
    NUMBER(FAST_RIGHT_CALL, RIGHT_CALL);
    NUMBER(FAST_RIGHT_RECEIVE, RIGHT_RECEIVE);
    NUMBER(FAST_READY, THREAD_STATE_READY);
    NUMBER(FAST_CALLING, THREAD_STATE_CALLING);
    NUMBER(FAST_RECEIVING, THREAD_STATE_RECEIVING);
    NUMBER(FAST_KEY_NONE, LEND_KEY_NONE);
    NUMBER(FAST_LABEL_FAULT, MSG_LABEL_FAULT);
    NUMBER(FAST_WORDS_SHIFT, __builtin_ctz(MSG_INFO(0, 1, 0)));
    NUMBER(FAST_INFO_REGISTERS, MSG_INFO(0xffff, MSG_REGISTER_WORDS, 0));
    NUMBER(FAST_INFO_LONG, MSG_INFO(0xffff, MSG_WORDS_MAX, 0));
    OFFSET(FAST_BUFFER_WORDS, struct msg_buffer, words[MSG_REGISTER_WORDS]);
    OFFSET(TRACE_IS_ON, struct trace, is_on);
}
