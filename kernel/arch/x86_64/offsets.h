/* SPDX-License-Identifier: MIT */
/* Numbers that assembly and C share; trap.c asserts those that C could compute. */
#pragma once

/* struct core; gs points to it. */
#define CORE_CURRENT 0
#define CORE_SELF 64
#define CORE_STACK_TOP 72
#define CORE_USER_SP 80
#define CORE_PENDING_ANY 88
#define CORE_PENDING 96

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
