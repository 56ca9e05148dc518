/* SPDX-License-Identifier: MIT */
/* One line, as it lies in memory that outlives writers and readers. Its sum covers all of it: half a line is none. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LOG_TEXT_BYTES 80u
#define LOG_WARDEN 0u      /* as program */
#define LOG_ANYBODY 65535u /* as a filter */

/* Where things are in the data area of a session of "log". */
#define LOG_RING_SLOTS 64u
#define LOG_READ_AT 8192u
#define LOG_READ_MAX 64u

#define LOG_NUMBER_MAX ((1ull << 56) - 1) /* nobody counts as far; so one more never wraps */

enum log_level { LOG_ERROR = 0, LOG_WARNING = 1, LOG_INFO = 2, LOG_DETAIL = 3 };

struct log_record {
    uint32_t sum; /* of all that follows */
    uint8_t length;
    uint8_t level;
    uint16_t program;  /* number + 1, by the badge; set when it is collected */
    uint64_t sequence; /* in the whole log, from 1; 0: not collected yet */
    uint64_t number;   /* among the kept lines of its writer, from 1 */
    uint64_t source;   /* the writer's own count, from 1 */
    uint64_t time_ns;  /* as the writer says, brought between the line before it and now */
    uint64_t dropped;  /* lines of its writer that were lost, up to this one */
    char text[LOG_TEXT_BYTES];
};
_Static_assert(sizeof(struct log_record) == 128, "slots of this size lie in shared memory");
_Static_assert(LOG_RING_SLOTS * sizeof(struct log_record) <= LOG_READ_AT,
               "rings end before answers");

/** log_record_seal() - set the sum, last. */
void log_record_seal(struct log_record *record);

/** log_record_is_right() - whether it is whole: a copy, since others may write to where it came from. */
bool log_record_is_right(const struct log_record *record);

/** log_level_name() - "error" and so on. */
const char *log_level_name(uint32_t level);
