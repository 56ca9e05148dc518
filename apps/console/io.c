/* SPDX-License-Identifier: MIT */
/* By the debug UART, which the kernel polls and which tells nobody that a byte has come: between looks we sleep. */
#include "io.h"

#include <stdarg.h>

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/format.h"
#include "pith/kernel_calls.h"
#include "pith/program_info.h"

enum { POLL_MS = 10, TEXT_BYTES = 512 };

err_t console_read(ns_t deadline_ns, char *byte)
{
    uint32_t character;

    while (machine_debug_read(PROGRAM_SLOT_MACHINE, &character)) {
        ns_t now = clock_now();
        ns_t next = now + POLL_MS * NS_PER_MS;

        if (now >= deadline_ns) {
            return ERR_TIMED_OUT;
        }
        sleep_until(next < deadline_ns ? next : deadline_ns);
    }
    *byte = (char)character;
    return ERR_OK;
}

void console_write(const char *text, size_t length)
{
    debug_write(text, length);
}

void console_printf(const char *text, ...)
{
    char buffer[TEXT_BYTES];
    va_list list;

    va_start(list, text);
    size_t length = format_list(buffer, sizeof(buffer), text, list);

    va_end(list);
    console_write(buffer, length < sizeof(buffer) ? length : sizeof(buffer) - 1);
}
