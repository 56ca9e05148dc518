/* SPDX-License-Identifier: MIT */
/*
 * The marks that bench/plugin looks for, and the numbers of the rows: those of bench/rows.tsv.
 * A mark is one instruction that does nothing and is not counted.
 */
#pragma once

enum row {
    ROW_EMPTY = 0,
    ROW_CALL_0W = 1,
    ROW_CALL_8W = 2,
    ROW_CALL_64W = 3,
    ROW_NULL_SYSCALL = 4,
    ROW_SIGNAL = 5,
    ROW_SIGNAL_IDLE = 6,
    ROW_YIELD = 7,
    ROW_FAULT = 8,
    ROW_IRQ = 9,
    ROW_MAP = 10,
    ROW_UNMAP = 11,
    ROW_CALL_8W_SOON = 12,
    ROW_CALL_ACTIVE = 13,
    ROW_SIGNAL_SPORADIC = 14,
    ROW_IRQ_ACK = 15,
    ROW_CONFIGURE = 16,
};

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
