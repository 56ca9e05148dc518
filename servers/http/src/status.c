/* SPDX-License-Identifier: MIT */
/* The page about the system, piece by piece, so that probes are answered in between. docs/web.md, "The status page". */
#include "status.h"

/* Pieces of the page; from PIECE_ROWS on one for each program, then the end. */
enum { PIECE_HEAD, PIECE_GRAPH, PIECE_ROWS };

static const char page_begin[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
    "<meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\">"
    "<title>Pith: status</title>\n"
    "<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n<style>\n";

static const char table_begin[] =
    "<section class=\"programs\"><h2 id=\"programs\">Programs</h2>\n"
    "<table role=\"table\" aria-labelledby=\"programs\"><thead role=\"rowgroup\"><tr role=\"row\">"
    "<th role=\"columnheader\">Program</th><th role=\"columnheader\">State</th>"
    "<th role=\"columnheader\">Restarts</th><th role=\"columnheader\">CPU</th>"
    "<th role=\"columnheader\">Messages/s</th><th role=\"columnheader\">Memory</th>"
    "<th role=\"columnheader\">Down</th><th role=\"columnheader\">Time of calls</th>"
    "</tr></thead><tbody role=\"rowgroup\">\n";

static const char legend[] =
    "</tbody></table>\n<p class=\"note\">Bars: how many calls took less than 1, 2, 4, 8 &micro;s "
    "and so on, from arrival to answer; the last bar is 17 ms and more. <b>CPU</b>: time on "
    "the program's own budget, of one processor; what a server does during a call is on the "
    "caller's. <b>Messages</b>: calls answered, ring entries and signals taken. Messages and "
    "times are as each program counts them, in a page that only it writes; all else is the "
    "kernel's word and the warden's.</p></section></div>\n";

static void total_put(struct page *page, enum status_total which, const char *before,
                      const char *after)
{
    char text[4 * STATUS_TEXT_BYTES];

    status_total(which, text, sizeof(text));
    put_text(page, before);
    put(page, "<span id=\"%s\">", status_total_key(which));
    put_escaped(page, text);
    put_text(page, "</span>");
    put_text(page, after);
}

static void head_put(struct page *page)
{
    static const struct {
        enum status_total which;
        const char *name;
    } cards[] = {
        { STATUS_RUNNING, "programs running" }, { STATUS_ALL_MESSAGES, "messages per second" },
        { STATUS_ALL_CPU, "of the processor" }, { STATUS_FREE, "memory free" },
        { STATUS_UPTIME, "since boot" },        { STATUS_WARDENS, "warden restarts" },
    };

    put_text(page, page_begin);
    put_text(page, status_style);
    put_text(page,
             "</style></head><body>\n<header><h1>Pith</h1><p id=\"live\" role=\"status\">as of "
             "when this page was fetched</p></header>\n<main>\n<dl class=\"cards\">");
    for (uint32_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++) {
        put(page, "<div><dt>%s</dt>", cards[i].name);
        total_put(page, cards[i].which, "<dd>", "</dd></div>\n");
    }
    put_text(page, "</dl>\n<div class=\"columns\">\n");
}

static void graph_put(struct page *page)
{
    put_text(page, "<section class=\"graph\"><h2>Who calls whom</h2>\n<figure tabindex=\"0\">");
    status_graph_put(page);
    put_text(page, "<figcaption>Arrows lead from callers to servers, which stand below them; what "
                   "each calls is in words in the table.</figcaption></figure></section>\n");
    put_text(page, table_begin);
}

static void owners_put(struct page *page)
{
    const struct sample *sample = sample_latest();

    put_text(page, "<section><h2>Memory</h2><ul class=\"owners\">\n");
    for (uint32_t i = 0; i < sample->owner_count; i++) {
        put_text(page, "<li><span>");
        put_escaped(page, sample->owners[i].name);
        put(page, "</span> %lu KiB", sample->owners[i].bytes / 1024);
        if (sample->owners[i].used_bytes != sample->owners[i].bytes) {
            put(page, ", of which %lu were used at most", sample->owners[i].used_bytes / 1024);
        }
        put_text(page, "</li>\n");
    }
    put_text(page, "</ul></section>\n");
}

static void end_put(struct page *page)
{
    const struct sample *sample = sample_latest();
    char words[STATUS_TEXT_BYTES];

    put_text(page, legend);
    put_text(page, "<section><h2>Recoveries</h2>\n<div class=\"recoveries\"><div>");
    status_total(STATUS_RECOVERIES, words, sizeof(words));
    status_bars_put(page, "recovery-bars", sample->recoveries, words);
    put_text(page,
             "<p class=\"axis note\" aria-hidden=\"true\"><span>0</span><span>8 &micro;s</span>"
             "<span>131 &micro;s</span><span>2.1 ms</span></p></div>");
    total_put(
        page, STATUS_RECOVERIES, "<p>",
        "</p></div><p class=\"note\">From when the warden notices a death until the successor "
        "runs; bars as above.</p></section>\n");
    status_lines_put(page);
    owners_put(page);
    total_put(page, STATUS_SERVER, "<section><h2>This server</h2><p class=\"note\">", ".</p>");
    total_put(page, STATUS_WINDOW, "<p class=\"note\">Rates are over the last ",
              ". The same for programs to read: "
              "<a href=\"/status.json\">status.json</a>.</p></section>\n");
    put_text(page, "</main>\n<script>\n");
    put_text(page, status_script);
    put_text(page, "</script>\n</body></html>\n");
}

/* False: there is no such piece. */
static bool html_put(struct page *page, uint32_t part)
{
    uint32_t count = sample_latest()->program_count;

    if (part == PIECE_HEAD) {
        head_put(page);
    } else if (part == PIECE_GRAPH) {
        graph_put(page);
    } else if (part < PIECE_ROWS + count) {
        status_row_put(page, part - PIECE_ROWS);
    } else if (part == PIECE_ROWS + count) {
        end_put(page);
    } else {
        return false;
    }
    return true;
}

void status_begin(struct page *page, bool is_json)
{
    page->html = (struct http_page){ page->text, sizeof(page->text), 0, 0 };
    page->is_json = is_json;
    page->part = 0;
    page->is_sampled = false;
}

enum step status_step(struct page *page)
{
    if (!page->is_sampled) {
        return sample_step(&page->is_sampled);
    }
    if (!(page->is_json ? status_json_put : html_put)(page, page->part++)) {
        page->is_listed = true;
    }
    return STEP_DONE;
}
