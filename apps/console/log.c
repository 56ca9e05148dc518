/* SPDX-License-Identifier: MIT */
/* What the log has kept: `log [PROGRAM]`. */
#include "log/log.h"

#include "console.h"
#include "io.h"
#include "pith/clock.h"
#include "pith/string.h"
#include "system/ask.h"

#include "abi/names.h"

enum { LINES_AT_ONCE = 16 };

#define PATIENCE_NS (2 * NS_PER_S)

/* The name of a line's writer. */
static void writer_name(uint32_t program, system_name_t name)
{
    uint64_t words[8] = { (uint64_t)program - 1 };

    memset(name, 0, sizeof(system_name_t));
    memcpy(name, "warden", sizeof("warden"));
    if (program != LOG_WARDEN &&
        system_ask(SYSTEM_PROGRAM, words, clock_now() + PATIENCE_NS) == ERR_OK) {
        system_name(words, name);
    }
}

static err_t writer_find(const char *wanted, uint32_t *program)
{
    uint64_t number;

    if (strcmp(wanted, "warden") == 0) {
        *program = LOG_WARDEN;
        return ERR_OK;
    }
    err_t err = system_find(wanted, clock_now() + PATIENCE_NS, &number);

    *program = err ? 0 : (uint32_t)number + 1;
    return err;
}

static void line_show(const struct log_record *shared)
{
    struct log_record line = *shared;
    system_name_t name;

    if (!log_record_is_right(&line)) {
        return;
    }
    writer_name(line.program, name);
    console_printf("%6lu.%06lu %-10s %-7s %.*s\n", line.time_ns / NS_PER_S,
                   line.time_ns % NS_PER_S / NS_PER_US, name, log_level_name(line.level),
                   (int)line.length, line.text);
}

void command_log(const char *argument)
{
    struct log_reading reading = { .from = 0, .program = LOG_ANYBODY, .level = LOG_DETAIL };
    err_t err = argument[0] != 0 ? writer_find(argument, &reading.program) : ERR_OK;

    while (err == ERR_OK) {
        err = log_lines(&reading, LINES_AT_ONCE, clock_now() + PATIENCE_NS);
        if (err == ERR_OK && reading.count == 0) {
            return;
        }
        for (uint32_t i = 0; err == ERR_OK && i < reading.count; i++) {
            line_show(&reading.lines[i]);
        }
    }
    console_printf("%s\n", error_text(err));
}
