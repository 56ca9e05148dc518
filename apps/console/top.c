/* SPDX-License-Identifier: MIT */
/* `top`: what each program uses, as the warden says it. /status shows the same (servers/http). */
#include "console.h"

#include "io.h"
#include "pith/clock.h"
#include "pith/format.h"
#include "pith/string.h"
#include "system/ask.h"
#include "system/description.h"

#include "abi/names.h"

enum { HUNDREDTHS = 100, TENTHS = 10 };

#define PERIOD_NS (1 * NS_PER_S)
#define PATIENCE_NS (2 * NS_PER_S)

#define SCREEN_CLEAR "\x1b[H\x1b[2J"
#define SCREEN_HOME "\x1b[H"
#define LINE_END_CLEAR "\x1b[K"
#define BELOW_CLEAR "\x1b[J"

struct row {
    system_name_t name;
    uint64_t state, restarts, memory_bytes, priority;
    struct system_usage usage;
};

struct sample {
    uint32_t count;
    struct row rows[DESCRIPTION_PROGRAMS];
    struct system_rates rates[DESCRIPTION_PROGRAMS];
    uint32_t order[DESCRIPTION_PROGRAMS]; /* of rows: by processor time, then as in the system */
};

static err_t row_take(uint64_t number, struct row *row)
{
    uint64_t words[8] = { number };
    ns_t deadline_ns = clock_now() + PATIENCE_NS;
    err_t err = system_ask(SYSTEM_PROGRAM, words, deadline_ns);

    if (err) {
        return err;
    }
    system_name(words, row->name);
    row->state = words[SYSTEM_PROGRAM_STATE] & UINT32_MAX;
    row->restarts = words[SYSTEM_PROGRAM_STATE] >> 32;
    row->memory_bytes = words[SYSTEM_PROGRAM_MEMORY];
    row->usage =
        (struct system_usage){ .taken = clock_now(), .used_ns = words[SYSTEM_PROGRAM_USED] };
    words[0] = number;
    err = system_ask(SYSTEM_COUNTS, words, deadline_ns);
    if (err == ERR_OK) {
        row->usage.messages = system_messages(words);
    } else if (err != ERR_GONE) { /* a child of init counts nothing */
        return err;
    }
    words[0] = number;
    err = system_ask(SYSTEM_SHAPE, words, deadline_ns);
    row->priority = words[SYSTEM_SHAPE_RANK] >> 32;
    return err;
}

static err_t sample_take(struct sample *sample)
{
    err_t err = ERR_OK;

    for (sample->count = 0; sample->count < DESCRIPTION_PROGRAMS; sample->count++) {
        err = row_take(sample->count, &sample->rows[sample->count]);
        if (err) {
            break;
        }
    }
    return err == ERR_RANGE ? ERR_OK : err;
}

static void sample_compare(struct sample *now, const struct sample *before)
{
    for (uint32_t i = 0; i < now->count; i++) {
        uint32_t at = i;

        now->rates[i] = system_rates(&now->rows[i].usage, &before->rows[i].usage);
        for (; at > 0 && now->rates[now->order[at - 1]].cpu < now->rates[i].cpu; at--) {
            now->order[at] = now->order[at - 1];
        }
        now->order[at] = i;
    }
}

static void head_show(const struct sample *sample, const char *end)
{
    uint64_t words[8] = { 0 };
    uint64_t cpu = 0, running = 0;
    ns_t now = clock_now();

    for (uint32_t i = 0; i < sample->count; i++) {
        cpu += sample->rates[i].cpu;
        running += sample->rows[i].state == SYSTEM_STATE_RUNNING;
    }
    if (system_ask(SYSTEM_OWNER, words, now + PATIENCE_NS)) {
        words[SYSTEM_OWNER_BYTES] = 0;
    }
    console_printf(
        "%lu.%lu s since boot; %u programs, %lu running; processor %lu.%02lu %%; %lu KiB "
        "of memory free%s\n",
        now / NS_PER_S, now % NS_PER_S / (NS_PER_S / TENTHS), sample->count, running,
        cpu / HUNDREDTHS, cpu % HUNDREDTHS, words[SYSTEM_OWNER_BYTES] / 1024, end);
    console_printf("%-12s %-8s %7s %10s %11s %8s %8s%s\n", "program", "state", "cpu %",
                   "memory KiB", "messages/s", "restarts", "priority", end);
}

static void sample_show(const struct sample *sample, const char *end)
{
    char cpu[16], messages[24];

    head_show(sample, end);
    for (uint32_t i = 0; i < sample->count; i++) {
        const struct row *row = &sample->rows[sample->order[i]];
        const struct system_rates *rates = &sample->rates[sample->order[i]];

        (void)format(cpu, sizeof(cpu), "%lu.%02lu", rates->cpu / HUNDREDTHS,
                     rates->cpu % HUNDREDTHS);
        (void)format(messages, sizeof(messages), "%lu.%lu", rates->messages / TENTHS,
                     rates->messages % TENTHS);
        console_printf("%-12s %-8s %7s %10lu %11s %8lu %8lu%s\n", row->name,
                       system_state_name(row->state), cpu, row->memory_bytes / 1024, messages,
                       row->restarts, row->priority, end);
    }
}

/* With a number, tables one below the other, for who reads along; else one in the place of the other. */
void command_top(const char *argument)
{
    static struct sample samples[2]; /* large */
    uint64_t times = console_number(argument);
    bool is_counted = argument[0] != 0;
    const char *end = is_counted ? "" : LINE_END_CLEAR;
    err_t err = sample_take(&samples[0]);
    char key;

    if (is_counted && times == 0) {
        console_printf("top: `%s` is no number of times; write `top 3`, or `top` alone\n",
                       argument);
        return;
    }
    console_write(SCREEN_CLEAR, is_counted ? 0 : sizeof(SCREEN_CLEAR) - 1);
    for (uint64_t i = 1; err == ERR_OK && (!is_counted || i <= times); i++) {
        struct sample *now = &samples[i % 2];

        if (console_read(clock_now() + PERIOD_NS, &key) == ERR_OK) {
            break;
        }
        err = sample_take(now);
        if (err == ERR_OK) {
            sample_compare(now, &samples[(i + 1) % 2]);
            console_write(SCREEN_HOME, is_counted ? 0 : sizeof(SCREEN_HOME) - 1);
            sample_show(now, end);
            console_write(BELOW_CLEAR, is_counted ? 0 : sizeof(BELOW_CLEAR) - 1);
        }
    }
    if (err) {
        console_printf("top: the warden does not answer: %s\n", error_text(err));
    }
}
