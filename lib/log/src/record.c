/* SPDX-License-Identifier: MIT */
#include "log/record.h"

enum { WORDS = sizeof(struct log_record) / sizeof(uint32_t) };

/* FNV-1a over words: every change of one word is found. Memory of nothing but 0 is no record. */
static uint32_t sum_of(const struct log_record *record)
{
    const uint32_t *words = (const uint32_t *)(const void *)record;
    uint32_t sum = 0x811c9dc5u;

    for (uint32_t i = 1; i < WORDS; i++) {
        sum = (sum ^ words[i]) * 0x01000193u;
    }
    return sum;
}

void log_record_seal(struct log_record *record)
{
    uint32_t sum = sum_of(record);

    /* Release: a reader that sees the sum of a line that is not whole refuses it, and looks again later. */
    __atomic_store_n(&record->sum, sum, __ATOMIC_RELEASE);
}

bool log_record_is_right(const struct log_record *record)
{
    uint64_t numbers = record->sequence | record->number | record->source | record->dropped;

    return record->source != 0 && numbers <= LOG_NUMBER_MAX && record->length <= LOG_TEXT_BYTES &&
           record->level <= LOG_DETAIL && record->sum == sum_of(record);
}

const char *log_level_name(uint32_t level)
{
    static const char *const names[] = { "error", "warning", "info", "detail" };

    return level <= LOG_DETAIL ? names[level] : "?";
}
