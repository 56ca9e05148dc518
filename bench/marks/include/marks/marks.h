/* SPDX-License-Identifier: MIT */
/*
 * The marks that bench/plugin looks for, in programs of any system. A mark is one instruction that does nothing and is
 * not counted.
 */
#pragma once

#define MARK_FIRST 0x50490000

/* Memory is named so that the compiler moves nothing across. */
#define MARK_BEGIN(row) __asm__ volatile("nopl %c0(%%rax)" ::"i"(MARK_FIRST + 2 * (row)) : "memory")
#define MARK_END(row)                                                                              \
    __asm__ volatile("nopl %c0(%%rax)" ::"i"(MARK_FIRST + 2 * (row) + 1) : "memory")

/* Within a loop: what is counted is the whole of it, from one turn to the next. */
#define MARK_TURN(row)                                                                             \
    do {                                                                                           \
        MARK_END(row);                                                                             \
        MARK_BEGIN(row);                                                                           \
    } while (0)

/* In a loop that burns time while others wait for a device: the block of code around it is not counted. */
#define MARK_SPIN() __asm__ volatile("nopl %c0(%%rax)" ::"i"(MARK_FIRST + 0xffff) : "memory")

/* Rows that begin or end after it are those 64 higher: the same code once more, under other circumstances. */
#define MARK_HIGHER() __asm__ volatile("nopl %c0(%%rax)" ::"i"(MARK_FIRST + 0xfffe) : "memory")
