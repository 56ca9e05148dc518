/* SPDX-License-Identifier: MIT */
/* The end of the log. What programs wrote is anything: it is escaped. */
#include "pith/format.h"
#include "pith/string.h"
#include "status.h"

struct line_texts {
    char time[STATUS_TEXT_BYTES];
    char text[LOG_TEXT_BYTES + 1];
};

static void line_texts(const struct log_record *line, struct line_texts *texts)
{
    (void)format(texts->time, sizeof(texts->time), "%lu.%03lu", line->time_ns / NS_PER_S,
                 line->time_ns % NS_PER_S / NS_PER_MS);
    memcpy(texts->text, line->text, line->length);
    texts->text[line->length] = 0;
}

void status_lines_put(struct page *page)
{
    const struct sample *sample = sample_latest();
    struct line_texts texts;

    put_text(page, "<section><h2>Log</h2><ol id=\"log\" class=\"log\" reversed>\n");
    for (uint32_t i = sample->line_count; i-- > 0;) {
        const struct log_record *line = &sample->lines[i];

        line_texts(line, &texts);
        put(page, "<li class=\"%s\"><time>%s</time> <b>", log_level_name(line->level), texts.time);
        put_escaped(page, sample_writer(sample, line));
        put(page, "</b> <i>%s</i> <span>", log_level_name(line->level));
        put_escaped(page, texts.text);
        put_text(page, "</span></li>\n");
    }
    put_text(page, "</ol><p class=\"note\">The last lines that programs wrote, newest first; all "
                   "of them at the console: <code>log</code>. Time in seconds since "
                   "boot.</p></section>\n");
}

void status_lines_json_put(struct page *page)
{
    const struct sample *sample = sample_latest();
    struct line_texts texts;

    put_text(page, "\n],\"log\":[");
    for (uint32_t i = sample->line_count; i-- > 0;) {
        const struct log_record *line = &sample->lines[i];

        line_texts(line, &texts);
        put(page, "%s\n{\"sequence\":%lu,\"time\":\"%s\",\"level\":\"%s\",\"program\":",
            i + 1 == sample->line_count ? "" : ",", line->sequence, texts.time,
            log_level_name(line->level));
        put_quoted(page, sample_writer(sample, line));
        put_text(page, ",\"text\":");
        put_quoted(page, texts.text);
        put_text(page, "}");
    }
    put_text(page, "\n]}\n");
}
