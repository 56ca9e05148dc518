/* SPDX-License-Identifier: MIT */
#include "log/log.h"

#include "log/ring.h"
#include "pith/clock.h"
#include "pith/format.h"
#include "pith/kernel_calls.h"
#include "pith/log_calls.h"
#include "pith/self.h"
#include "service/session.h"

static struct {
    bool is_tried, is_open;
    struct session session;
    struct log_ring ring;
} client;

/* Once. Without a log, lines go nowhere. */
static bool is_open(void)
{
    uint32_t number;

    if (client.is_tried) {
        return client.is_open;
    }
    client.is_tried = true;
    if (session_find("log", false, 0, &number) || session_open(&client.session, number) ||
        client.session.data_bytes < LOG_READ_AT + LOG_READ_MAX * sizeof(struct log_record)) {
        return false;
    }
    log_ring_open(&client.ring, session_data(&client.session));
    client.is_open = true;
    return true;
}

void log_write(enum log_level level, const char *text, ...)
{
    char line[LOG_TEXT_BYTES + 1];
    va_list list;

    if (!is_open()) {
        return;
    }
    va_start(list, text);
    (void)format_list(line, sizeof(line), text, list);
    va_end(list);
    log_ring_write(&client.ring, level, clock_now(), line);
    (void)!notification_signal(client.session.info->bell);
}

err_t log_flush(ns_t deadline_ns, uint64_t *dropped)
{
    uint64_t kept = 0, lost = 0;

    if (!is_open()) {
        return ERR_GONE;
    }
    while (kept + 1 < client.ring.next) {
        err_t err = clock_now() < deadline_ns ? log_sync(self_cap("log"), deadline_ns, &kept, &lost)
                                              : ERR_TIMED_OUT;

        if (err) {
            return err;
        }
    }
    if (dropped != NULL) {
        *dropped = lost;
    }
    return ERR_OK;
}

err_t log_lines(struct log_reading *reading, uint32_t most, ns_t deadline_ns)
{
    uint32_t count = 0;
    err_t err;

    if (!is_open()) {
        return ERR_GONE;
    }
    err = log_read(self_cap("log"), deadline_ns, reading->from, reading->program, reading->level,
                   most, &count, &reading->from, &reading->newest);
    if (err) {
        return err;
    }
    reading->count = count < LOG_READ_MAX ? count : LOG_READ_MAX;
    reading->lines =
        (const struct log_record *)((const char *)session_data(&client.session) + LOG_READ_AT);
    return ERR_OK;
}
