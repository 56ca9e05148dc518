/* SPDX-License-Identifier: MIT */
/* What the log has kept: `log [PROGRAM]`. */
#include "log/log.h"

#include "console.h"
#include "io.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/string.h"
#include "system/protocol.h"

#include "abi/names.h"

enum { LINES_AT_ONCE = 16 };

#define PATIENCE_NS (2 * NS_PER_S)

/* The name of a line's writer. */
static void writer_name(uint32_t program, char name[SYSTEM_NAME_BYTES + 1])
{
    uint64_t words[8] = { (uint64_t)program - 1 };
    msg_info_t info = MSG_INFO(SYSTEM_PROGRAM, 8, 0);

    memset(name, 0, SYSTEM_NAME_BYTES + 1);
    memcpy(name, "warden", sizeof("warden"));
    if (program != LOG_WARDEN &&
        ipc_call(self_cap("system"), &info, words, clock_now() + PATIENCE_NS) == ERR_OK &&
        MSG_LABEL(info) == ERR_OK) {
        memcpy(name, words, SYSTEM_NAME_BYTES);
    }
}

static err_t writer_find(const char *wanted, uint32_t *program)
{
    char name[SYSTEM_NAME_BYTES + 1];

    for (uint32_t i = 1; i < LOG_ANYBODY; i++) {
        writer_name(i, name);
        if (strcmp(name, wanted) == 0) {
            *program = strcmp(wanted, "warden") == 0 ? LOG_WARDEN : i;
            return ERR_OK;
        }
        if (strcmp(name, "warden") == 0) {
            break; /* past the last program */
        }
    }
    return ERR_NO_ENTRY;
}

static void line_show(const struct log_record *shared)
{
    struct log_record line = *shared;
    char name[SYSTEM_NAME_BYTES + 1];

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
