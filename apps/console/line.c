/* SPDX-License-Identifier: MIT */
/* Lines, edited a little. */
#include "console.h"

#include "io.h"
#include "pith/string.h"

enum { DELETE = 0x7f, BACKSPACE = 8, CTRL_U = 21, CTRL_C = 3, FIRST_PRINTED = ' ' };

static char char_wait(void)
{
    char c = 0;

    while (console_read(DEADLINE_NEVER, &c)) {
        /* Whoever reads for us was replaced. */
    }
    return c;
}

static void erase(size_t *length, size_t count)
{
    for (; count > 0 && *length > 0; count--) {
        (*length)--;
        console_write("\b \b", 3);
    }
}

void line_read(const char *prompt, char *line, size_t size)
{
    size_t length = 0;

    console_write(prompt, strlen(prompt));
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
            console_write("^C", 2);
            break;
        } else if (c >= FIRST_PRINTED && length + 1 < size) {
            line[length++] = c;
            console_write(&c, 1);
        }
    }
    line[length] = 0;
    console_write("\n", 1);
}
