/* SPDX-License-Identifier: MIT */
/*
 * For programs that use the interface "log". Writing never waits and needs no server: lines lie in memory that
 * outlives the program, and are collected when the server gets to it. docs/log.md.
 */
#pragma once

#include <stdbool.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "log/record.h"

/** log_write() - a line, without an end of line; too long ones are cut. Nothing in a system without a log. One thread. */
__attribute__((format(printf, 2, 3))) void log_write(enum log_level level, const char *text, ...);

/**
 * log_flush() - wait until all lines of this program are kept by the server. @dropped: of its lines, ever; may be NULL.
 * Errors: ERR_GONE  there is no log; those of ipc_call().
 */
MUST_CHECK err_t log_flush(ns_t deadline_ns, uint64_t *dropped);

struct log_reading {
    uint64_t from;    /* sequence number; moved on by log_lines() */
    uint32_t program; /* number + 1, LOG_WARDEN, LOG_ANYBODY */
    uint32_t level;   /* this one and more important ones */
    uint64_t newest;  /* set by log_lines() */
    uint32_t count;
    const struct log_record *lines; /* in shared memory until the next log_lines(): count of them */
};

/** log_lines() - the next lines. Errors: as log_flush(). */
MUST_CHECK err_t log_lines(struct log_reading *reading, uint32_t most, ns_t deadline_ns);
