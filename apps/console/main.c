/* SPDX-License-Identifier: MIT */
/* A small console on the debug UART. */
#include "console.h"
#include "io.h"

enum { LINE_BYTES = 128 };

int main(void)
{
    char line[LINE_BYTES];

    console_printf("Pith console; help lists the commands.\n");
    for (;;) {
        line_read("pith> ", line, sizeof(line));
        command_run(line);
    }
}
