/* SPDX-License-Identifier: MIT */
/* The debug UART is the root program's machine capability, or what the parent gave of it: the same slot. */
#include "pith/debug.h"

#include <stdarg.h>

#include "pith/format.h"
#include "pith/kernel_calls.h"
#include "pith/program_info.h"
#include "pith/start.h"
#include "pith/string.h"

enum { WRITE_BYTES = 48, LINE_BYTES = 512, PANIC_STATUS = 255 };

_Static_assert((int)PROGRAM_SLOT_MACHINE == (int)ROOT_SLOT_MACHINE, "one place for every program");

void debug_write(const char *text, size_t length)
{
    while (length > 0) {
        uint64_t words[WRITE_BYTES / 8] = { 0 };
        uint32_t count = length < WRITE_BYTES ? (uint32_t)length : WRITE_BYTES;

        memcpy(words, text, count);
        if (machine_debug_write(PROGRAM_SLOT_MACHINE, count, words[0], words[1], words[2], words[3],
                                words[4], words[5])) {
            return; /* no such capability: nobody is to hear it */
        }
        text += count;
        length -= count;
    }
}

void debug_printf(const char *text, ...)
{
    char line[LINE_BYTES];
    va_list list;

    va_start(list, text);
    size_t length = format_list(line, sizeof(line), text, list);

    va_end(list);
    debug_write(line, length < sizeof(line) ? length : sizeof(line) - 1);
}

_Noreturn void program_panic(const char *text, const char *file, unsigned line)
{
    debug_printf("panic: %s (%s:%u)\n", text, file, line);
    program_exit(PANIC_STATUS);
}
