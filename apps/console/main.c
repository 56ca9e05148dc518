/* SPDX-License-Identifier: MIT */
/* A small console on the debug UART. */
#include "console.h"

#include "pith/debug.h"

enum { LINE_BYTES = 128 };

int main(void)
{
    char line[LINE_BYTES];

    debug_printf("Pith console; help lists the commands.\n");
    for (;;) {
        line_read("pith> ", line, sizeof(line));
        command_run(line);
    }
}
