/* SPDX-License-Identifier: MIT */
/* Between the files of the status page. Each piece that goes into a page either fits whole or is left out whole. */
#pragma once

#include <stdint.h>

#include "http.h"
#include "sample.h"

enum { STATUS_BAR_HEIGHT = 28, STATUS_TEXT_BYTES = 96 };

/* --- status_put.c --- */

/** put() - formatted; only for numbers and texts of ours. */
__attribute__((format(printf, 2, 3))) void put(struct page *page, const char *text, ...);

/** put_text() - a text as it is, long ones too. */
void put_text(struct page *page, const char *text);

/** put_escaped() - a name, for HTML: between tags, or as the value of an attribute. */
void put_escaped(struct page *page, const char *text);

/** put_quoted() - a text for JSON, in its quotes. */
void put_quoted(struct page *page, const char *text);

/* --- status_texts.c: what people read, the same in page and JSON --- */

/* What changes about a program. */
enum status_text {
    STATUS_STATE,
    STATUS_RESTARTS,
    STATUS_CPU,
    STATUS_MESSAGES,
    STATUS_MEMORY,
    STATUS_DOWN,
    STATUS_TIMES,
    STATUS_TEXTS,
};

/** status_key() - the name of one, in ids and in JSON. */
const char *status_key(enum status_text which);

/** status_text() - what it is now. */
void status_text(uint32_t program, enum status_text which, char text[STATUS_TEXT_BYTES]);

const char *status_state(const struct sample_program *program);

/** status_times() - a histogram in words. */
void status_times(const uint64_t times[SYSTEM_TIMES_BUCKETS], uint64_t worst_ns,
                  char text[STATUS_TEXT_BYTES]);

/** status_bars() - heights of its bars; one that is not empty can be seen. */
void status_bars(const uint64_t times[SYSTEM_TIMES_BUCKETS], uint8_t bars[SYSTEM_TIMES_BUCKETS]);

/* What changes about the system. */
enum status_total {
    STATUS_UPTIME,
    STATUS_RUNNING,
    STATUS_ALL_CPU,
    STATUS_ALL_MESSAGES,
    STATUS_FREE,
    STATUS_RECOVERIES,
    STATUS_WARDENS,
    STATUS_WINDOW,
    STATUS_SERVER,
    STATUS_TOTALS,
};

const char *status_total_key(enum status_total which);
void status_total(enum status_total which, char *text, size_t size);

/* --- pieces --- */

/** status_graph_put() - the drawing. */
void status_graph_put(struct page *page);

/** status_row_put() - a program's row of the table. */
void status_row_put(struct page *page, uint32_t program);

/** status_calls_put() - whom it calls, in words. */
void status_calls_put(struct page *page, uint32_t program);

/** status_bars_put() - a histogram. @id: of the picture. */
void status_bars_put(struct page *page, const char *id, const uint64_t times[SYSTEM_TIMES_BUCKETS],
                     const char *words);

/** status_lines_put(), status_lines_json_put() - the last lines of the log, newest first. */
void status_lines_put(struct page *page);
void status_lines_json_put(struct page *page);

/** status_json_put() - piece @part of the answer for the script; false: there is none. */
bool status_json_put(struct page *page, uint32_t part);

/* --- status_assets.c --- */

extern const char status_style[];
extern const char status_script[];
