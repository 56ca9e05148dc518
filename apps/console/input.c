/* SPDX-License-Identifier: MIT */
/* The line that is typed: lib/line between the terminal and the commands. */
#include "console.h"

#include "complete.h"
#include "io.h"
#include "line/line.h"
#include "pith/clock.h"

enum { SCREEN_COLUMNS = 80 };

static struct line line;

static void out(void *context, const char *bytes, size_t length)
{
    (void)context;
    console_write(bytes, length);
}

static enum line_event event_wait(void)
{
    bool is_amid = line_is_amid(&line);
    char byte;
    err_t err = console_read(is_amid ? clock_now() + LINE_IDLE_NS : DEADLINE_NEVER, &byte);

    if (err == ERR_OK) {
        return line_byte(&line, byte);
    }
    if (is_amid) {
        line_idle(&line);
    }
    return LINE_MORE;
}

const char *line_read(const char *prompt)
{
    static const struct line_spec spec = { .write = out,
                                           .complete = completions_offer,
                                           .columns = SCREEN_COLUMNS };
    enum line_event event = LINE_MORE;

    if (line.spec.write == NULL) {
        line_init(&line, &spec);
    }
    line_begin(&line, prompt);
    while (event == LINE_MORE) {
        event = event_wait();
    }
    if (event == LINE_CANCELLED) {
        return "";
    }
    line_remember(&line, line_text(&line));
    return line_text(&line);
}

void command_history(const char *argument)
{
    const char *text;

    (void)argument;
    for (uint32_t i = 0; (text = line_remembered(&line, i)) != NULL; i++) {
        console_printf("%3u  %s\n", i + 1, text);
    }
}
