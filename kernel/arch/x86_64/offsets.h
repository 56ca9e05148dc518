/* SPDX-License-Identifier: MIT */
/* Numbers that assembly and C share; offsets.c asserts those that C could compute. */
#pragma once

/* struct core; gs points to it. */
#define CORE_CURRENT 0
#define CORE_ENTERED 8
#define CORE_ARMED 16
#define CORE_ARCH 64 /* its struct arch_core; what follows is in there */
#define CORE_SELF (CORE_ARCH + 0)
#define CORE_STACK_TOP (CORE_ARCH + 8)
#define CORE_USER_SP (CORE_ARCH + 16)
#define CORE_PENDING_ANY (CORE_ARCH + 24)
#define CORE_FRAME_TOP (CORE_ARCH + 96)
#define CORE_PENDING (CORE_ARCH + 32)
#define CORE_ROOT (CORE_ARCH + 72)
#define CORE_OWN_LOCK (CORE_ARCH + 128)

/* struct arch_entry, the page before the core. */
#define ENTRY_SCRATCH (-4096 + 176)

/* struct arch_registers, which begins struct thread. */
#define REGISTERS_BX 0
#define REGISTERS_R8 8
#define REGISTERS_R9 16
#define REGISTERS_R10 24
#define REGISTERS_R12 32
#define REGISTERS_R13 40
#define REGISTERS_R14 48
#define REGISTERS_R15 56
#define REGISTERS_AX 64
#define REGISTERS_DI 72
#define REGISTERS_SI 80
#define REGISTERS_DX 88
#define REGISTERS_BP 96
#define REGISTERS_IP 104
#define REGISTERS_FLAGS 112
#define REGISTERS_SP 120
#define REGISTERS_PUSHED 128 /* where the part that is pushed and popped in one go ends */
#define REGISTERS_CX 128
#define REGISTERS_R11 136
#define REGISTERS_MUST_IRET 160
#define REGISTERS_ENTER_BITS 160 /* must_iret and is_special as one */
#define REGISTERS_BYTES 168

/* struct thread, behind its registers. */
#define THREAD_STATE (REGISTERS_BYTES + 0) /* and call_is_fault as one */
#define THREAD_TABLE (REGISTERS_BYTES + 8)
#define THREAD_SPACE (REGISTERS_BYTES + 16)
#define THREAD_BUFFER (REGISTERS_BYTES + 24)
#define THREAD_BOUND (REGISTERS_BYTES + 32)
#define THREAD_BOUND_MASK (REGISTERS_BYTES + 40)
#define THREAD_CONTEXT (REGISTERS_BYTES + 48)
#define THREAD_LEND (REGISTERS_BYTES + 56)
#define THREAD_DEADLINE (THREAD_LEND + 96)
#define THREAD_TIMEOUT (THREAD_DEADLINE + 8)
#define THREAD_TIMEOUT_IS_QUEUED (THREAD_TIMEOUT + NODE_IS_QUEUED)
#define THREAD_SERVED_BY (THREAD_TIMEOUT + 64)
#define THREAD_SERVING (THREAD_SERVED_BY + 8)
#define THREAD_REPLIES_TO (THREAD_SERVED_BY + 16)
#define THREAD_RECEIVING_ON (THREAD_SERVED_BY + 24)
#define THREAD_WAIT_MASK (THREAD_SERVED_BY + 32)
#define THREAD_HOME (THREAD_SERVED_BY + 48)

/* struct lend, which begins with its struct queue_node. */
#define NODE_IS_QUEUED 48
#define LEND_KEY 0
#define LEND_TO 56
#define LEND_FROM 64 /* its root */
#define LEND_TOP 80
#define LEND_RANK 89

/* struct endpoint, which begins with its struct lend; struct notification, struct sched_context, struct vspace. */
#define ENDPOINT_PLAIN 96 /* its root */
#define ENDPOINT_HOME 112
#define ENDPOINT_SERVER 120
#define ENDPOINT_WAITER 128
#define NOTIFICATION_BITS 120
#define CONTEXT_PRIORITY 8
#define CONTEXT_HAS_TIME 12
#define VSPACE_ROOT 32

/* A capability, from where the table would be if it had no header; and the table. */
#define TABLE_SLOT_COUNT 0
#define SLOT_SHIFT 7
#define SLOT_TYPE (128 + 32)
#define SLOT_RIGHTS (128 + 36)
#define SLOT_OBJECT (128 + 40)
#define SLOT_BADGE (128 + 48)

/* Numbers of the core and of abi/kernel_calls.h, which assembly cannot read. */
#define FAST_CALL 0
#define FAST_REPLY_RECEIVE 1
#define FAST_ABI_VERSION 8
#define FAST_ENDPOINT 8
#define FAST_RIGHT_CALL 8
#define FAST_RIGHT_RECEIVE 16
#define FAST_READY 1
#define FAST_CALLING 2
#define FAST_RECEIVING 3
#define FAST_KEY_NONE 256
#define FAST_LABEL_FAULT 0xfffe
#define FAST_WORDS_SHIFT 16
#define FAST_INFO_REGISTERS 0x8ffff /* the largest of a message of 8 words without capabilities; */
#define FAST_INFO_LONG 0x40ffff     /* of 64 */
#define FAST_BUFFER_WORDS 64        /* where word 8 lies in a buffer */
#define TRACE_IS_ON 8

/*
 * Segments. sysret wants the order data, code (SDM volume 3, 5.8.8); there is no 32-bit code
 * segment.
 */
#define SEGMENT_KERNEL_CODE 0x08
#define SEGMENT_KERNEL_DATA 0x10
#define SEGMENT_USER_DATA 0x1b
#define SEGMENT_USER_CODE 0x23
#define SEGMENT_TSS 0x28

/* Vectors. The core knows devices by number from 0 on: vector - VECTOR_DEVICES. */
#define VECTOR_EXCEPTIONS 32
#define VECTOR_DEVICES 0x30
#define VECTOR_TIMER 0xe0
#define VECTOR_DMA_FAULT 0xe1
#define VECTOR_POKE 0xe2 /* from another core */
#define VECTOR_SPURIOUS 0xff
#define FATAL_VECTOR_NONE 0x100 /* of a panic that is no exception */
#define VECTOR_COUNT 256
#define VECTOR_STUB_BYTES 16

/* 8, 10 to 14, 17, 21, 29 and 30: SDM volume 3, 6.3.1; AMD's manual volume 2, 8.1. */
#define VECTORS_WITH_ERROR 0x60227d00

/* Where another core begins, in real mode; the pages below the end of this one are kept from everybody. */
#define OTHERS_START 0x8000

#define KERNEL_OFFSET 0xffffffff80000000 /* the image: virtual less physical address */
