/* SPDX-License-Identifier: MIT */
/* Numbers that assembly and C share. Those that C computes are in offsets_gen.h, which the build makes of offsets.c. */
#pragma once

#define CORE_SELF 64 /* where struct core, to which gs points, says where it is */

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
#define VECTOR_FOREIGN 31 /* a system call that is not native; no exception of the processor's */
#define VECTOR_EXCEPTIONS 32
#define VECTOR_DEVICES 0x30
#define VECTOR_DMA_FAULT 0xe0 /* many may come one after the other: the timer goes before them */
#define VECTOR_TIMER 0xe1
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
