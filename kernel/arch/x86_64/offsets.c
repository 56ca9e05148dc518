/* SPDX-License-Identifier: MIT */
/* The numbers of offsets.h, which assembly goes by, against what they stand for. */
#include "offsets.h"

#include "abi/kernel_calls.h"
#include "arch_private.h"
#include "cap/cap.h"
#include "core/core.h"
#include "core/trace.h"
#include "object/ipc_objects.h"
#include "object/vspace.h"

#define ASSERT_OFFSET(number, type, member)                                                        \
    _Static_assert((number) == __builtin_offsetof(type, member), "offsets.h")

ASSERT_OFFSET(CORE_CURRENT, struct core, current);
ASSERT_OFFSET(CORE_ENTERED, struct core, entered);
ASSERT_OFFSET(CORE_ARMED, struct core, armed_ns);
ASSERT_OFFSET(CORE_SELF, struct core, arch.self);
ASSERT_OFFSET(CORE_STACK_TOP, struct core, arch.stack_top);
ASSERT_OFFSET(CORE_USER_SP, struct core, arch.user_sp);
ASSERT_OFFSET(CORE_PENDING_ANY, struct core, arch.pending_any);
ASSERT_OFFSET(CORE_PENDING, struct core, arch.pending);
ASSERT_OFFSET(CORE_FRAME_TOP, struct core, arch.frame_top);
ASSERT_OFFSET(ENTRY_SCRATCH + (int)sizeof(struct arch_entry), struct arch_entry, stack);
ASSERT_OFFSET(REGISTERS_BX, struct arch_registers, words[0]);
ASSERT_OFFSET(REGISTERS_R15, struct arch_registers, words[7]);
ASSERT_OFFSET(REGISTERS_AX, struct arch_registers, op);
ASSERT_OFFSET(REGISTERS_DI, struct arch_registers, info);
ASSERT_OFFSET(REGISTERS_SI, struct arch_registers, time);
ASSERT_OFFSET(REGISTERS_DX, struct arch_registers, bits);
ASSERT_OFFSET(REGISTERS_BP, struct arch_registers, rbp);
ASSERT_OFFSET(REGISTERS_IP, struct arch_registers, ip);
ASSERT_OFFSET(REGISTERS_FLAGS, struct arch_registers, flags);
ASSERT_OFFSET(REGISTERS_SP, struct arch_registers, sp);
ASSERT_OFFSET(REGISTERS_PUSHED, struct arch_registers, rcx);
ASSERT_OFFSET(REGISTERS_R11, struct arch_registers, r11);
ASSERT_OFFSET(REGISTERS_MUST_IRET, struct arch_registers, must_iret);
ASSERT_OFFSET(REGISTERS_ENTER_BITS, struct arch_registers, must_iret);
ASSERT_OFFSET(REGISTERS_ENTER_BITS + 1, struct arch_registers, is_special);
_Static_assert(REGISTERS_BYTES == sizeof(struct arch_registers), "offsets.h");
ASSERT_OFFSET(0, struct thread, registers);

/* What fast.S knows. */
ASSERT_OFFSET(CORE_ROOT, struct core, arch.root);
ASSERT_OFFSET(CORE_OWN_LOCK, struct core, arch.own_lock);
ASSERT_OFFSET(ENDPOINT_PLAIN, struct endpoint, plain.root);
ASSERT_OFFSET(ENDPOINT_HOME, struct endpoint, home);
ASSERT_OFFSET(THREAD_HOME, struct thread, home);
ASSERT_OFFSET(THREAD_STATE, struct thread, state);
ASSERT_OFFSET(THREAD_STATE + 1, struct thread, call_is_fault);
ASSERT_OFFSET(THREAD_TABLE, struct thread, table);
ASSERT_OFFSET(THREAD_SPACE, struct thread, space);
ASSERT_OFFSET(THREAD_BUFFER, struct thread, buffer);
ASSERT_OFFSET(THREAD_BOUND, struct thread, bound);
ASSERT_OFFSET(THREAD_BOUND_MASK, struct thread, bound_mask);
ASSERT_OFFSET(THREAD_CONTEXT, struct thread, context);
ASSERT_OFFSET(THREAD_LEND, struct thread, lend);
ASSERT_OFFSET(THREAD_DEADLINE, struct thread, deadline_ns);
ASSERT_OFFSET(THREAD_TIMEOUT_IS_QUEUED, struct thread, timeout.node.is_queued);
ASSERT_OFFSET(THREAD_SERVED_BY, struct thread, served_by);
ASSERT_OFFSET(THREAD_SERVING, struct thread, serving);
ASSERT_OFFSET(THREAD_REPLIES_TO, struct thread, replies_to);
ASSERT_OFFSET(THREAD_RECEIVING_ON, struct thread, receiving_on);
ASSERT_OFFSET(THREAD_WAIT_MASK, struct thread, wait_mask);
ASSERT_OFFSET(0, struct lend, node);
ASSERT_OFFSET(LEND_KEY, struct queue_node, key);
ASSERT_OFFSET(NODE_IS_QUEUED, struct queue_node, is_queued);
ASSERT_OFFSET(LEND_TO, struct lend, to);
ASSERT_OFFSET(LEND_FROM, struct lend, from.root);
ASSERT_OFFSET(LEND_TOP, struct lend, top);
ASSERT_OFFSET(LEND_RANK, struct lend, rank);
ASSERT_OFFSET(0, struct endpoint, lend);
ASSERT_OFFSET(ENDPOINT_SERVER, struct endpoint, server);
ASSERT_OFFSET(ENDPOINT_WAITER, struct endpoint, waiter);
ASSERT_OFFSET(NOTIFICATION_BITS, struct notification, bits);
ASSERT_OFFSET(CONTEXT_PRIORITY, struct sched_context, priority);
ASSERT_OFFSET(CONTEXT_HAS_TIME, struct sched_context, has_time);
ASSERT_OFFSET(VSPACE_ROOT, struct vspace, root);
ASSERT_OFFSET(TABLE_SLOT_COUNT, struct cap_table, slot_count);
_Static_assert(1u << SLOT_SHIFT == CAP_SLOT_BYTES, "offsets.h");
ASSERT_OFFSET(SLOT_TYPE - CAP_TABLE_HEADER_BYTES, struct cap, type);
ASSERT_OFFSET(SLOT_RIGHTS - CAP_TABLE_HEADER_BYTES, struct cap, rights);
ASSERT_OFFSET(SLOT_OBJECT - CAP_TABLE_HEADER_BYTES, struct cap, object);
ASSERT_OFFSET(SLOT_BADGE - CAP_TABLE_HEADER_BYTES, struct cap, badge);
ASSERT_OFFSET(TRACE_IS_ON, struct trace, is_on);
ASSERT_OFFSET(FAST_BUFFER_WORDS, struct msg_buffer, words[MSG_REGISTER_WORDS]);
_Static_assert(FAST_CALL == SYSCALL_CALL && FAST_REPLY_RECEIVE == SYSCALL_REPLY_RECEIVE &&
                   FAST_ABI_VERSION == SYSCALL_ABI_VERSION && FAST_ENDPOINT == OBJECT_ENDPOINT &&
                   FAST_RIGHT_CALL == RIGHT_CALL && FAST_RIGHT_RECEIVE == RIGHT_RECEIVE &&
                   FAST_READY == THREAD_STATE_READY && FAST_CALLING == THREAD_STATE_CALLING &&
                   FAST_RECEIVING == THREAD_STATE_RECEIVING && FAST_KEY_NONE == LEND_KEY_NONE &&
                   FAST_LABEL_FAULT == MSG_LABEL_FAULT &&
                   FAST_INFO_REGISTERS == MSG_INFO(0xffff, MSG_REGISTER_WORDS, 0) &&
                   FAST_INFO_LONG == MSG_INFO(0xffff, MSG_WORDS_MAX, 0) &&
                   DEADLINE_NEVER == UINT64_MAX,
               "offsets.h");

const uint64_t arch_abi_hash = ABI_HASH;
