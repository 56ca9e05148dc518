/* SPDX-License-Identifier: MIT */
#include "pith/format.h"
#include "status.h"

enum {
    FREE_OWNER = 0,
    TIME_BYTES = 24,
    MEBI = 1024,
    FEW = 10,
    SHORTEST_NS = 1024,
    HALF = 50,
    MOST = 99
};

const char *status_key(enum status_text which)
{
    static const char *const keys[STATUS_TEXTS] = { "state",  "restarts", "cpu",  "messages",
                                                    "memory", "down",     "times" };

    return keys[which];
}

const char *status_state(const struct sample_program *program)
{
    static const char *const names[] = { "stopped", "running", "faulted",
                                         "ended",   "waiting", "degraded" };
    uint64_t state = program->program[SYSTEM_PROGRAM_STATE] & UINT32_MAX;

    return state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

/* Two or three digits and a unit. */
static const char *time_text(uint64_t ns, char text[TIME_BYTES])
{
    static const char *const units[] = { "ns", "µs", "ms", "s" };
    uint64_t unit_ns = 1;
    uint32_t unit = 0;

    while (unit < 3 && ns >= unit_ns * 1000) {
        unit_ns *= 1000;
        unit++;
    }
    uint64_t whole = ns / unit_ns, tenth = ns % unit_ns * 10 / unit_ns;

    if (unit != 0 && whole < FEW) {
        (void)format(text, TIME_BYTES, "%lu.%lu %s", whole, tenth, units[unit]);
    } else {
        (void)format(text, TIME_BYTES, "%lu %s", whole, units[unit]);
    }
    return text;
}

static void memory_text(uint64_t bytes, char *text, size_t size)
{
    uint64_t kib = bytes / 1024;

    if (kib < FEW * MEBI) {
        (void)format(text, size, "%lu KiB", kib);
    } else {
        (void)format(text, size, "%lu MiB", kib / MEBI);
    }
}

static void rate_text(uint64_t tenths, char *text, size_t size)
{
    if (tenths < FEW * 10) {
        (void)format(text, size, "%lu.%lu", tenths / 10, tenths % 10);
    } else {
        (void)format(text, size, "%lu", tenths / 10);
    }
}

static void percent_text(uint64_t hundredths, char *text, size_t size)
{
    if (hundredths < FEW * 100) {
        (void)format(text, size, "%lu.%02lu %%", hundredths / 100, hundredths % 100);
    } else {
        (void)format(text, size, "%lu.%lu %%", hundredths / 100, hundredths % 100 / 10);
    }
}

/* --- Histograms --- */

static uint64_t sum_of(const uint64_t times[SYSTEM_TIMES_BUCKETS])
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < SYSTEM_TIMES_BUCKETS; i++) {
        sum += times[i];
    }
    return sum;
}

/* So many of a hundred took less than this; in the last bucket, the longest of all. */
static uint64_t within_ns(const uint64_t times[SYSTEM_TIMES_BUCKETS], uint64_t percent,
                          uint64_t worst_ns)
{
    uint64_t sum = sum_of(times), so_far = 0;

    for (uint32_t i = 0; i + 1 < SYSTEM_TIMES_BUCKETS; i++) {
        so_far += times[i];
        if (so_far >= sum - sum * (100 - percent) / 100) {
            return (uint64_t)SHORTEST_NS << i;
        }
    }
    return worst_ns;
}

void status_times(const uint64_t times[SYSTEM_TIMES_BUCKETS], uint64_t worst_ns,
                  char text[STATUS_TEXT_BYTES])
{
    char half[TIME_BYTES], most[TIME_BYTES], worst[TIME_BYTES];
    uint64_t sum = sum_of(times);

    if (sum == 0) {
        (void)format(text, STATUS_TEXT_BYTES, "none yet");
        return;
    }
    (void)format(text, STATUS_TEXT_BYTES, "%lu: half < %s, 99 %% < %s, longest %s", sum,
                 time_text(within_ns(times, HALF, worst_ns), half),
                 time_text(within_ns(times, MOST, worst_ns), most), time_text(worst_ns, worst));
}

void status_bars(const uint64_t times[SYSTEM_TIMES_BUCKETS], uint8_t bars[SYSTEM_TIMES_BUCKETS])
{
    uint64_t most = 1;

    for (uint32_t i = 0; i < SYSTEM_TIMES_BUCKETS; i++) {
        most = times[i] > most ? times[i] : most;
    }
    uint32_t shift = most >> 32 != 0 ? 32 : 0; /* so that the product fits, whatever they say */

    for (uint32_t i = 0; i < SYSTEM_TIMES_BUCKETS; i++) {
        uint64_t height = (times[i] >> shift) * STATUS_BAR_HEIGHT / (most >> shift);

        bars[i] = (uint8_t)(times[i] != 0 && height < 2 ? 2 : height);
    }
}

/* --- Programs --- */

static void down_text(const uint64_t recovery[8], char text[STATUS_TEXT_BYTES])
{
    char last[TIME_BYTES], worst[TIME_BYTES];
    uint64_t died = recovery[SYSTEM_RECOVERY_DIED], ran = recovery[SYSTEM_RECOVERY_RAN];

    if (died == 0) {
        (void)format(text, STATUS_TEXT_BYTES, "never");
    } else if (ran < died) {
        (void)format(text, STATUS_TEXT_BYTES, "down now");
    } else {
        (void)format(text, STATUS_TEXT_BYTES, "last %s, longest %s", time_text(ran - died, last),
                     time_text(recovery[SYSTEM_RECOVERY_WORST], worst));
    }
}

static void restarts_text(const struct sample_program *program, char text[STATUS_TEXT_BYTES])
{
    uint64_t deaths = program->recovery[SYSTEM_RECOVERY_DEATHS];

    uint64_t restarts = program->program[SYSTEM_PROGRAM_STATE] >> 32;

    if (deaths == 0) {
        (void)format(text, STATUS_TEXT_BYTES, "%lu", restarts);
    } else {
        (void)format(text, STATUS_TEXT_BYTES, "%lu (faults %lu, hangs %lu)", restarts,
                     deaths & UINT32_MAX, deaths >> 32);
    }
}

void status_text(uint32_t number, enum status_text which, char text[STATUS_TEXT_BYTES])
{
    const struct sample_program *program = &sample_latest()->programs[number];

    text[0] = 0;
    switch (which) {
    case STATUS_STATE:
        (void)format(text, STATUS_TEXT_BYTES, "%s", status_state(program));
        break;
    case STATUS_RESTARTS:
        restarts_text(program, text);
        break;
    case STATUS_CPU:
        percent_text(sample_rates(number).cpu, text, STATUS_TEXT_BYTES);
        break;
    case STATUS_MESSAGES:
        rate_text(sample_rates(number).messages, text, STATUS_TEXT_BYTES);
        break;
    case STATUS_MEMORY:
        memory_text(program->program[SYSTEM_PROGRAM_MEMORY], text, STATUS_TEXT_BYTES);
        break;
    case STATUS_DOWN:
        down_text(program->recovery, text);
        break;
    default:
        status_times(program->times, program->counts[SYSTEM_COUNTS_WORST], text);
    }
}

/* --- All --- */

const char *status_total_key(enum status_total which)
{
    static const char *const keys[STATUS_TOTALS] = { "uptime",       "running", "all-cpu",
                                                     "all-messages", "free",    "recoveries",
                                                     "wardens",      "window",  "server" };

    return keys[which];
}

struct totals {
    uint64_t running, cpu, messages, recoveries, worst_ns, wardens;
};

static struct totals totals_of(const struct sample *sample)
{
    struct totals totals = { .recoveries = sum_of(sample->recoveries) };

    for (uint32_t i = 0; i < sample->program_count; i++) {
        const struct sample_program *program = &sample->programs[i];
        struct system_rates rates = sample_rates(i);
        uint64_t worst = program->recovery[SYSTEM_RECOVERY_WORST];

        totals.running +=
            (program->program[SYSTEM_PROGRAM_STATE] & UINT32_MAX) == SYSTEM_STATE_RUNNING;
        totals.cpu += rates.cpu;
        totals.messages += rates.messages;
        totals.worst_ns = worst > totals.worst_ns ? worst : totals.worst_ns;
        totals.wardens = program->recovery[SYSTEM_RECOVERY_WARDEN];
    }
    return totals;
}

static void uptime_text(ns_t ns, char *text, size_t size)
{
    uint64_t s = ns / NS_PER_S, minutes = s / 60;

    if (minutes == 0) {
        (void)format(text, size, "%lu s", s);
    } else if (minutes < 60) {
        (void)format(text, size, "%lu min %lu s", minutes, s % 60);
    } else {
        (void)format(text, size, "%lu h %lu min", minutes / 60, minutes % 60);
    }
}

static void server_text(char *text, size_t size)
{
    const struct web_counts *counts = &web.counts;

    (void)format(
        text, size,
        "%lu connections, %lu requests, %lu bytes of files; %lu errors answered, %lu times "
        "busy, %lu clients stalled, %lu connections lost, %lu answers given up, %lu "
        "repeats, %lu files opened again",
        counts->connections, counts->requests, counts->bytes, counts->refused, counts->busy,
        counts->stalled, counts->lost, counts->given_up, counts->repeats, web.files.reopened);
}

void status_total(enum status_total which, char *text, size_t size)
{
    const struct sample *sample = sample_latest();
    struct totals totals = totals_of(sample);
    char times[STATUS_TEXT_BYTES];

    switch (which) {
    case STATUS_UPTIME:
        uptime_text(sample->taken, text, size);
        break;
    case STATUS_RUNNING:
        (void)format(text, size, "%lu of %u", totals.running, sample->program_count);
        break;
    case STATUS_ALL_CPU:
        percent_text(totals.cpu, text, size);
        break;
    case STATUS_ALL_MESSAGES:
        rate_text(totals.messages, text, size);
        break;
    case STATUS_FREE:
        memory_text(sample->owner_count != 0 ? sample->owners[FREE_OWNER].bytes : 0, text, size);
        break;
    case STATUS_RECOVERIES:
        status_times(sample->recoveries, totals.worst_ns, times);
        (void)format(text, size, "%s", times);
        break;
    case STATUS_WARDENS:
        (void)format(text, size, "%lu", totals.wardens);
        break;
    case STATUS_WINDOW:
        (void)time_text(sample->taken - sample_before()->taken, times);
        (void)format(text, size, "%s", times);
        break;
    default:
        server_text(text, size);
    }
}
