/* SPDX-License-Identifier: MIT */
#include "pith/format.h"
#include "status.h"

enum { BAR_STEP = 7, BAR_WIDTH = 6, TOP = 2 };

void status_bars_put(struct page *page, const char *id, const uint64_t times[SYSTEM_TIMES_BUCKETS],
                     const char *words)
{
    uint8_t bars[SYSTEM_TIMES_BUCKETS];
    uint32_t width = SYSTEM_TIMES_BUCKETS * BAR_STEP, floor = STATUS_BAR_HEIGHT + TOP;

    status_bars(times, bars);
    put(page, "<svg class=\"bars\" id=\"%s\" viewBox=\"0 0 %u %u\" role=\"img\"><title>", id, width,
        floor + 1);
    put_escaped(page, words);
    put(page, "</title><path d=\"M0 %u.5H%u\"/>", floor, width);
    for (uint32_t i = 0; i < SYSTEM_TIMES_BUCKETS; i++) {
        put(page, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\"/>", i * BAR_STEP,
            floor - bars[i], (uint32_t)BAR_WIDTH, (uint32_t)bars[i]);
    }
    put_text(page, "</svg>");
}

static void cell_put(struct page *page, uint32_t program, enum status_text which)
{
    static const char *const labels[STATUS_TEXTS] = { "State",        "Restarts", "CPU",
                                                      "Messages/s",   "Memory",   "Down",
                                                      "Time of calls" };
    char text[STATUS_TEXT_BYTES];

    status_text(program, which, text);
    put(page, "<td role=\"cell\" class=\"%s\" data-label=\"%s\">", status_key(which),
        labels[which]);
    if (which == STATUS_TIMES) {
        char id[STATUS_TEXT_BYTES];

        (void)format(id, sizeof(id), "p%u-bars", program);
        status_bars_put(page, id, sample_latest()->programs[program].times, text);
    }
    put(page, "<span id=\"p%u-%s\">", program, status_key(which));
    put_escaped(page, text);
    put_text(page, "</span></td>");
}

void status_row_put(struct page *page, uint32_t program)
{
    const struct sample_program *about = &sample_latest()->programs[program];

    put(page, "<tr role=\"row\" id=\"p%u\" data-state=\"%s\" data-name=\"", program,
        status_state(about));
    put_escaped(page, about->name);
    put_text(page, "\"><th role=\"rowheader\" scope=\"row\">");
    put_escaped(page, about->name);
    put_text(page, "<small>calls ");
    status_calls_put(page, program);
    put_text(page, "</small></th>");
    for (uint32_t i = 0; i < STATUS_TEXTS; i++) {
        cell_put(page, program, (enum status_text)i);
    }
    put_text(page, "</tr>\n");
}
