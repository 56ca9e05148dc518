/* SPDX-License-Identifier: MIT */
/*
 * A writer's own lines, in memory that outlives it and that the log server collects from. A writer never waits: if
 * nobody collects, its newest lines take the place of its oldest. No index lies in shared memory: what is there
 * follows from the lines that are right, so nothing that dies or lies in the middle of a line can spoil the others.
 */
#pragma once

#include "log/record.h"

struct log_ring {
    struct log_record *slots; /* LOG_RING_SLOTS of them */
    uint64_t next;            /* number of the next line */
};

/** log_ring_open() - go on after the last line that is right. Borrows the memory. */
void log_ring_open(struct log_ring *ring, void *memory);

/** log_ring_write() - one line; what is too long is cut. */
void log_ring_write(struct log_ring *ring, enum log_level level, uint64_t time_ns,
                    const char *text);

/* The other side. */
struct log_taker {
    const struct log_record *slots; /* others write there */
    uint64_t next;                  /* the line that is expected */
    uint64_t dropped;               /* lines that were gone before they were taken */
};

/** log_ring_take() - the next line, as a copy that is right. False: there is none now. */
bool log_ring_take(struct log_taker *taker, struct log_record *line);
