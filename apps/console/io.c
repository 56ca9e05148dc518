/* SPDX-License-Identifier: MIT */
/*
 * By a terminal, if the system gives us one. Else by the debug UART, which the kernel polls and which tells nobody that a
 * byte has come: between looks we sleep. All waits are in service_wait(), so that probes are answered meanwhile.
 */
#include "io.h"

#include <stdarg.h>
#include <stdbool.h>

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/format.h"
#include "pith/kernel_calls.h"
#include "pith/program_info.h"
#include "pith/string.h"
#include "service/service.h"
#include "terminal/client.h"

enum { POLL_MS = 10, TEXT_BYTES = 512 };

static struct service service;
static struct terminal terminal;
static uint64_t lost; /* as last told */

static bool has_terminal(void)
{
    static bool is_known;
    static bool is_there;
    uint32_t number;

    if (!is_known) {
        is_known = true;
        is_there = session_find("terminal", false, 0, &number) == ERR_OK &&
                   terminal_open(&terminal, number) == ERR_OK;
    }
    return is_there;
}

void console_pause(ns_t deadline_ns)
{
    while (clock_now() < deadline_ns) {
        if (service_wait(&service, deadline_ns) == SERVICE_CALL) {
            service.info = MSG_INFO(ERR_BAD_CALL, 0, 0);
        }
    }
}

static err_t debug_read(ns_t deadline_ns, char *byte)
{
    uint32_t character;

    while (machine_debug_read(PROGRAM_SLOT_MACHINE, &character)) {
        ns_t now = clock_now();
        ns_t next = now + POLL_MS * NS_PER_MS;

        if (now >= deadline_ns) {
            return ERR_TIMED_OUT;
        }
        console_pause(next < deadline_ns ? next : deadline_ns);
    }
    *byte = (char)character;
    return ERR_OK;
}

static void lost_tell(void)
{
    uint64_t now = terminal_lost(&terminal);

    if (now > lost) {
        console_printf("\n(typed too fast: the terminal has lost input)\n");
    }
    lost = now;
}

/* No more than is asked for: what was typed ahead is our successor's. */
err_t console_read(ns_t deadline_ns, char *byte)
{
    if (!has_terminal()) {
        return debug_read(deadline_ns, byte);
    }
    uint32_t count = terminal_read_wait(&terminal, &service, byte, 1, deadline_ns);

    lost_tell();
    return count != 0 ? ERR_OK : ERR_TIMED_OUT;
}

/* A terminal wants a line to end with CR LF. */
static void terminal_write_text(const char *text, size_t length)
{
    size_t from = 0;

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            terminal_show(&terminal, &service, text + from, (uint32_t)(i - from));
            terminal_show(&terminal, &service, "\r\n", 2);
            from = i + 1;
        }
    }
    terminal_show(&terminal, &service, text + from, (uint32_t)(length - from));
}

void console_write(const char *text, size_t length)
{
    if (has_terminal()) {
        terminal_write_text(text, length);
    } else {
        debug_write(text, length);
    }
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
