/* SPDX-License-Identifier: MIT */
/*
 * The lines that are kept: as many slots for each writer, so that nobody pushes out another's lines. Everything is in
 * the lines themselves, each with its sum: whoever opens the memory again finds all that is right, and goes on.
 */
#pragma once

#include <stddef.h>

#include "log/record.h"

#define LOG_WRITERS 40u

struct log_writer {
    uint16_t program;
    uint64_t kept;    /* lines, ever */
    uint64_t taken;   /* the writer's number of the last of them */
    uint64_t time_ns; /* of the last of them */
    uint64_t dropped;
};

struct log_store {
    struct log_record *records; /* slots for the first writer, then for the second, ... */
    uint32_t writer_count, slots;
    uint64_t newest;  /* sequence number */
    uint64_t damaged; /* lines that were not right when it was opened */
    struct log_writer writers[LOG_WRITERS];
};

/**
 * log_store_open() - find what is there. store->writer_count and the writers' programs are set by the caller, who
 * gives the same ones each time. False: the memory is too small. Borrows the memory.
 */
bool log_store_open(struct log_store *store, void *memory, size_t bytes);

/** log_store_add() - keep a line of that writer. dropped: how many of its lines were lost, ever. */
void log_store_add(struct log_store *store, uint32_t writer, const struct log_record *line,
                   uint64_t now_ns);

/** log_store_read() - lines in order from a number on; which, says protocol log. *next: where to go on. Gives how many. */
uint32_t log_store_read(const struct log_store *store, const struct log_record *wanted,
                        struct log_record *lines, uint32_t most, uint64_t *next);

/** log_store_lines() - how many are kept now. */
uint64_t log_store_lines(const struct log_store *store);
