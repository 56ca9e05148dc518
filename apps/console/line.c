/* SPDX-License-Identifier: MIT */
/* Lines from the debug UART. It is polled: between polls the program sleeps. */
#include "console.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/program_info.h"
#include "pith/string.h"

enum { POLL_MS = 10, DELETE = 0x7f, BACKSPACE = 8, CTRL_U = 21, CTRL_C = 3, FIRST_PRINTED = ' ' };

static char char_wait(void)
{
    uint32_t character;

    while (machine_debug_read(PROGRAM_SLOT_MACHINE, &character)) {
        sleep_until(clock_now() + POLL_MS * NS_PER_MS);
    }
    return (char)character;
}

static void erase(size_t *length, size_t count)
{
    for (; count > 0 && *length > 0; count--) {
        (*length)--;
        debug_write("\b \b", 3);
    }
}

void line_read(const char *prompt, char *line, size_t size)
{
    size_t length = 0;

    debug_write(prompt, strlen(prompt));
    for (;;) {
        char c = char_wait();

        if (c == '\r' || c == '\n') {
            break;
        }
        if (c == BACKSPACE || c == DELETE) {
            erase(&length, 1);
        } else if (c == CTRL_U) {
            erase(&length, length);
        } else if (c == CTRL_C) {
            length = 0;
            debug_write("^C", 2);
            break;
        } else if (c >= FIRST_PRINTED && length + 1 < size) {
            line[length++] = c;
            debug_write(&c, 1);
        }
    }
    line[length] = 0;
    debug_write("\n", 1);
}
