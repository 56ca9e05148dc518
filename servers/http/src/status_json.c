/* SPDX-License-Identifier: MIT */
/*
 * What the script of the page asks for each second; for other readers, too. "text" is what the page shows, "bars" are
 * heights; the numbers beside them are what was counted since boot.
 */
#include "status.h"

static void list_put(struct page *page, const char *key, const uint64_t *numbers)
{
    put(page, ",\"%s\":[", key);
    for (uint32_t i = 0; i < SYSTEM_TIMES_BUCKETS; i++) {
        put(page, "%s%lu", i == 0 ? "" : ",", numbers[i]);
    }
    put_text(page, "]");
}

static void bars_put(struct page *page, const uint64_t times[SYSTEM_TIMES_BUCKETS])
{
    uint8_t bars[SYSTEM_TIMES_BUCKETS];

    status_bars(times, bars);
    put_text(page, ",\"bars\":[");
    for (uint32_t i = 0; i < SYSTEM_TIMES_BUCKETS; i++) {
        put(page, "%s%u", i == 0 ? "" : ",", (uint32_t)bars[i]);
    }
    put_text(page, "]");
}

static void numbers_put(struct page *page, const struct sample_program *about)
{
    put(page,
        ",\"restarts\":%lu,\"faults\":%lu,\"hangs\":%lu,\"used_ns\":%lu,\"switches\":%lu,"
        "\"memory\":%lu",
        about->program[SYSTEM_PROGRAM_STATE] >> 32,
        about->recovery[SYSTEM_RECOVERY_DEATHS] & UINT32_MAX,
        about->recovery[SYSTEM_RECOVERY_DEATHS] >> 32, about->program[SYSTEM_PROGRAM_USED],
        about->program[SYSTEM_PROGRAM_SWITCHES], about->program[SYSTEM_PROGRAM_MEMORY]);
    put(page,
        ",\"worst_down_ns\":%lu,\"worst_probe_ns\":%lu,\"calls\":%lu,\"entries_in\":%lu,"
        "\"entries_out\":%lu,\"signals\":%lu,\"serving_ns\":%lu,\"worst_call_ns\":%lu",
        about->recovery[SYSTEM_RECOVERY_WORST], about->recovery[SYSTEM_RECOVERY_PROBE],
        about->counts[SYSTEM_COUNTS_CALLS], about->counts[SYSTEM_COUNTS_IN],
        about->counts[SYSTEM_COUNTS_OUT], about->counts[SYSTEM_COUNTS_SIGNALS],
        about->counts[SYSTEM_COUNTS_SERVING], about->counts[SYSTEM_COUNTS_WORST]);
}

static void program_put(struct page *page, uint32_t number)
{
    const struct sample_program *about = &sample_latest()->programs[number];
    char text[STATUS_TEXT_BYTES];

    put_text(page, number == 0 ? "\n{\"name\":" : ",\n{\"name\":");
    put_quoted(page, about->name);
    put(page, ",\"state\":\"%s\",\"text\":{", status_state(about));
    for (uint32_t i = 0; i < STATUS_TEXTS; i++) {
        status_text(number, (enum status_text)i, text);
        put(page, "%s\"%s\":", i == 0 ? "" : ",", status_key((enum status_text)i));
        put_quoted(page, text);
    }
    put_text(page, "}");
    bars_put(page, about->times);
    list_put(page, "times", about->times);
    numbers_put(page, about);
    put_text(page, "}");
}

static void head_put(struct page *page)
{
    const struct sample *sample = sample_latest();
    char text[4 * STATUS_TEXT_BYTES];

    put(page, "{\"time_ns\":%lu,\"window_ns\":%lu,\"text\":{", sample->taken,
        sample->taken - sample_before()->taken);
    for (uint32_t i = 0; i < STATUS_TOTALS; i++) {
        status_total((enum status_total)i, text, sizeof(text));
        put(page, "%s\"%s\":", i == 0 ? "" : ",", status_total_key((enum status_total)i));
        put_quoted(page, text);
    }
    put_text(page, "}");
    bars_put(page, sample->recoveries);
    list_put(page, "times", sample->recoveries);
    put_text(page, ",\"programs\":[");
}

bool status_json_put(struct page *page, uint32_t part)
{
    uint32_t count = sample_latest()->program_count;

    if (part == 0) {
        head_put(page);
    } else if (part <= count) {
        program_put(page, part - 1);
    } else if (part == count + 1) {
        status_lines_json_put(page);
    } else {
        return false;
    }
    return true;
}
