/* SPDX-License-Identifier: MIT */
/* The shell: docs/shell.md. */
#include "console.h"

#include "io.h"

int main(void)
{
    console_printf("Pith console; help lists the commands.\n");
    for (;;) {
        command_run(line_read("pith> "));
    }
}
