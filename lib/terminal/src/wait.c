/* SPDX-License-Identifier: MIT */
/* Waiting, for programs that do nothing else meanwhile. */
#include "pith/clock.h"
#include "terminal/client.h"

/* Until the driver may have something to say. False: the deadline has passed. */
static bool serve(struct terminal *terminal, struct service *service, ns_t deadline_ns)
{
    if (service_wait(service, terminal_rest(terminal) ? deadline_ns : 0) == SERVICE_CALL) {
        service->info = MSG_INFO(ERR_BAD_CALL, 0, 0);
    }
    return clock_now() < deadline_ns;
}

uint32_t terminal_read_wait(struct terminal *terminal, struct service *service, void *bytes,
                            uint32_t max, ns_t deadline_ns)
{
    uint32_t count = terminal_read(terminal, bytes, max);

    while (count == 0 && serve(terminal, service, deadline_ns)) {
        count = terminal_read(terminal, bytes, max);
    }
    return count;
}

static uint64_t shown_now(struct terminal *terminal)
{
    return terminal->written - terminal_unshown(terminal);
}

/* True: something was shown meanwhile. */
static bool wait_shown(struct terminal *terminal, struct service *service)
{
    uint64_t before = shown_now(terminal);
    ns_t deadline_ns = clock_now() + TERMINAL_PATIENCE_NS;

    if (terminal->is_deaf && terminal->deaf_at == before) {
        return false;
    }
    terminal->is_deaf = false;
    while (shown_now(terminal) == before && !terminal->is_deaf) {
        terminal->is_deaf = !serve(terminal, service, deadline_ns);
    }
    terminal->deaf_at = before;
    return !terminal->is_deaf;
}

void terminal_show(struct terminal *terminal, struct service *service, const void *bytes,
                   uint32_t count)
{
    const char *next = bytes;

    for (;;) {
        uint32_t done = terminal_write(terminal, next, count);

        next += done;
        count -= done;
        if (terminal_unshown(terminal) == 0) {
            break;
        }
        if (!wait_shown(terminal, service)) {
            terminal->dropped += count;
            break;
        }
    }
}
