/* SPDX-License-Identifier: MIT */
/* The numbers of the rows: those of bench/rows.tsv. */
#pragma once

#include "marks/marks.h"

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
    ROW_GRANT = 17,
    ROW_GRANT_PAGE = 18,
    ROW_CALL_8W_ARMED = 19,
    ROW_CALL_8W_FPU = 20,
    ROW_FOREIGN = 21,
    ROW_SHARE = 22,
    ROW_SHARE_SAME_SPACE = 23,
    /* From 64 on the same once more, with all peers in one space: bench/marks, MARK_HIGHER(). */
};
