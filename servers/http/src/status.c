/* SPDX-License-Identifier: MIT */
/* The page about the system: what the warden says of each program. */
#include "system/protocol.h"

#include "http.h"
#include "pith/format.h"
#include "pith/self.h"
#include "pith/string.h"
#include "pith/syscall.h"

enum { PROGRAMS_MAX = 64 };

static const char page_begin[] =
    "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" "
    "content=\"2\">"
    "<title>Status</title>\n<style>body{font-family:sans-serif;margin:2em}"
    "td,th{padding:.2em .8em;text-align:right}td:first-child,th:first-child{text-align:left}"
    "tr:nth-child(even){background:#eee}</style></head><body>\n";

__attribute__((format(printf, 2, 3))) static void put(struct page *page, const char *text, ...)
{
    struct http_page *html = &page->html;
    size_t room = html->size - html->used;
    va_list list;

    va_start(list, text);
    size_t length = format_list(html->text + html->used, room, text, list);

    va_end(list);
    html->used += length < room ? length : 0; /* what does not fit is left out whole */
}

/* RANGE: past the last. */
static err_t system_ask(enum system_op op, uint64_t number, uint64_t words[8])
{
    msg_info_t info = MSG_INFO(op, 8, 0);

    memset(words, 0, 8 * sizeof(words[0]));
    words[0] = number;
    err_t err = ipc_call(self_cap("system"), &info, words, clock_now() + CALL_NS);

    return err ? err : (err_t)MSG_LABEL(info);
}

static const char *state_name(uint64_t state)
{
    static const char *const names[] = { "stopped", "running", "faulted",
                                         "ended",   "waiting", "degraded" };

    return state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

static void row_put(struct page *page, const uint64_t program[8], const uint64_t recovery[8])
{
    char name[SYSTEM_NAME_BYTES + 1];

    memcpy(name, program, SYSTEM_NAME_BYTES);
    name[SYSTEM_NAME_BYTES] = 0;
    put(page,
        "<tr><td>%s</td><td>%s</td><td>%lu</td><td>%lu</td><td>%lu</td><td>%lu</td><td>%lu</td>"
        "<td>%lu</td></tr>\n",
        name, state_name(program[SYSTEM_PROGRAM_STATE] & 0xffffffff),
        program[SYSTEM_PROGRAM_STATE] >> 32, recovery[SYSTEM_RECOVERY_DEATHS] & 0xffffffff,
        recovery[SYSTEM_RECOVERY_DEATHS] >> 32, program[SYSTEM_PROGRAM_USED] / NS_PER_MS,
        program[SYSTEM_PROGRAM_MEMORY] / 1024, recovery[SYSTEM_RECOVERY_WORST] / NS_PER_US);
}

static err_t programs_put(struct page *page, uint64_t *wardens)
{
    uint64_t program[8];
    uint64_t recovery[8];

    for (uint64_t i = 0; i < PROGRAMS_MAX; i++) {
        err_t err = system_ask(SYSTEM_PROGRAM, i, program);

        if (err == ERR_OK) {
            err = system_ask(SYSTEM_RECOVERY, i, recovery);
        }
        if (err) {
            return err;
        }
        *wardens = recovery[SYSTEM_RECOVERY_WARDEN];
        row_put(page, program, recovery);
    }
    return ERR_RANGE;
}

static err_t owners_put(struct page *page)
{
    uint64_t words[9] = { 0 };

    for (uint64_t i = 0; i < PROGRAMS_MAX; i++) {
        err_t err = system_ask(SYSTEM_OWNER, i, words);

        if (err) {
            return err;
        }
        uint64_t bytes = words[SYSTEM_OWNER_BYTES];

        words[SYSTEM_OWNER_BYTES] = 0; /* ends the name */
        put(page, "<tr><td>%s</td><td>%lu</td></tr>\n", (const char *)words, bytes / 1024);
    }
    return ERR_RANGE;
}

static void counts_put(struct page *page)
{
    const struct web_counts *counts = &web.counts;

    put(page,
        "<p>This server: %lu connections, %lu requests, %lu bytes of files; %lu errors answered, "
        "%lu times busy, "
        "%lu clients stalled, %lu connections lost, %lu answers given up, %lu repeats, %lu files "
        "opened again.</p>\n",
        counts->connections, counts->requests, counts->bytes, counts->refused, counts->busy,
        counts->stalled, counts->lost, counts->given_up, counts->repeats, web.files.reopened);
}

enum step status_write(struct page *page)
{
    uint64_t wardens = 0;
    err_t err;

    page->html = (struct http_page){ page->text, sizeof(page->text), 0, 0 };
    put(page,
        "%s<h1>Status</h1>\n<table><tr><th>Program</th><th>State</th><th>Restarts</th>"
        "<th>Faults</th><th>Hangs</th><th>CPU, ms</th><th>Memory, KiB</th>"
        "<th>Longest down, us</th></tr>\n",
        page_begin);
    err = programs_put(page, &wardens);
    if (err == ERR_RANGE) {
        put(page, "</table>\n<h2>Memory</h2>\n<table><tr><th>Owner</th><th>KiB</th></tr>\n");
        err = owners_put(page);
    }
    if (err != ERR_RANGE) {
        return source_judge(err);
    }
    put(page, "</table>\n<p>%lu s since boot. The warden itself was started anew %lu times.</p>\n",
        clock_now() / NS_PER_S, wardens);
    counts_put(page);
    put(page, "</body></html>\n");
    return STEP_DONE;
}
