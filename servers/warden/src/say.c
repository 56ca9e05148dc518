/* SPDX-License-Identifier: MIT */
/*
 * What the warden has to say: to the debug UART, and into a ring that outlives it, from which the log server collects.
 * The warden only writes and rings: it never waits for the log server, nor needs one. The hand's alone.
 */
#include "say.h"

#include "log/ring.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/format.h"
#include "pith/kernel_calls.h"
#include "pith/string.h"
#include "warden.h"

enum { LINE_BYTES = 160, RING_PAGES = 2 };

_Static_assert(LOG_RING_SLOTS * sizeof(struct log_record) <= RING_PAGES * PAGE_BYTES, "it fits");

static struct log_ring ring;

bool is_log_server(uint32_t program)
{
    const struct description *description = &warden()->description;

    for (uint32_t i = 0; i < description->header.interface_count; i++) {
        if (strcmp(description->interfaces[i].name, "log") == 0) {
            return description->interfaces[i].server == program;
        }
    }
    return false;
}

err_t log_keep(uint32_t program)
{
    cap_addr_t slot = slot_of(program, PART_LOG);
    user_addr_t at = 0;
    err_t err = object_keep(slot, OBJECT_FRAME, (uint64_t)RING_PAGES << 8 | PAGE_CLASS_4K);

    if (err == ERR_OK) {
        err = frame_map(slot, RING_PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE, &at);
    }
    if (err == ERR_OK) {
        log_ring_open(&ring, (void *)at);
        warden()->log_bell = slot_of(program, PART_BELL);
    }
    return err;
}

void say(enum log_level level, const char *text, ...)
{
    char line[LINE_BYTES];
    va_list list;

    va_start(list, text);
    (void)format_list(line, sizeof(line), text, list);
    va_end(list);
    debug_printf("warden: %s\n", line);
    if (ring.slots != NULL) {
        log_ring_write(&ring, level, clock_now(), line);
        (void)!notification_signal(warden()->log_bell);
    }
}
