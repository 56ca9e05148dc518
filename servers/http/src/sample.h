/* SPDX-License-Identifier: MIT */
/*
 * What the warden says of the system, taken piece by piece and kept for all who ask: however many look at the page, the
 * warden is asked at most every SAMPLE_FRESH_NS. Two samples make rates; they are at most SAMPLE_WINDOW_NS apart.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "http.h"
#include "log/log.h"
#include "system/ask.h"

enum { SAMPLE_PROGRAMS = 32, SAMPLE_INTERFACES = 64, SAMPLE_OWNERS = 40, SAMPLE_LINES = 30 };

#define SAMPLE_FRESH_NS (700 * NS_PER_MS)
#define SAMPLE_WINDOW_NS (5 * NS_PER_S)
#define SAMPLE_APART_NS                                                                            \
    (250 * NS_PER_MS) /* at least: after a while without visitors, two are taken */

struct sample_program {
    system_name_t name;
    bool is_counted; /* it has a page to count in */
    ns_t taken;
    /* The words of the operations of these names. */
    uint64_t program[8], recovery[8], shape[8], counts[8];
    uint64_t times[SYSTEM_TIMES_BUCKETS];
};

struct sample_interface {
    system_name_t name;
    uint64_t server; /* number of the program; SYSTEM_NOBODY: the warden */
};

struct sample_owner {
    system_name_t name;
    uint64_t bytes;
    uint64_t used_bytes; /* the most of them, as it says */
};

struct sample {
    ns_t taken; /* 0: never */
    uint32_t program_count, interface_count, owner_count;
    struct sample_program programs[SAMPLE_PROGRAMS];
    struct sample_interface interfaces[SAMPLE_INTERFACES];
    struct sample_owner owners[SAMPLE_OWNERS];
    uint64_t recoveries[SYSTEM_TIMES_BUCKETS];
    uint32_t line_count; /* the last of the log; 0 also if it does not answer */
    struct log_record lines[SAMPLE_LINES];
};

/** sample_step() - a piece of work. DONE: *is_ready says whether all is fresh now. LATER: the warden does not answer, or it is too early. */
enum step sample_step(bool *is_ready);

/** sample_latest(), sample_before() - two whole ones, after sample_step() was ready. */
const struct sample *sample_latest(void);
const struct sample *sample_before(void);

/** sample_rates() - of a program, between the two. */
struct system_rates sample_rates(uint32_t program);

/** sample_writer() - the name of who wrote a line. */
const char *sample_writer(const struct sample *sample, const struct log_record *line);

/** sample_server() - the number of the program that serves an interface, or program_count for the warden. */
uint32_t sample_server(const struct sample *sample, uint32_t interface);
