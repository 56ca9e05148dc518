/* SPDX-License-Identifier: MIT */
/* Tab: what all offers have in common is put in; a second Tab shows them. */
#include "parts.h"
#include "pith/format.h"
#include "pith/string.h"

enum { GAP = 2 };

void line_offer(struct line_offers *offers, const char *name, size_t length, char after)
{
    const char *word = offers->typed + offers->start;
    size_t typed = strlen(word);

    if (length < typed || memcmp(name, word, typed) != 0 || length >= LINE_TEXT_BYTES ||
        length == 0 || !text_is_showable(name, length) || !marks_are_right(name, length, 0)) {
        return;
    }
    if (offers->count == 0) {
        offers->common = length;
    } else {
        size_t same = 0;

        while (same < offers->common && same < length && offers->names[same] == name[same]) {
            same++;
        }
        offers->common = same;
    }
    offers->count++;
    offers->after = after;
    if (length < sizeof(offers->names) - offers->used) {
        memcpy(&offers->names[offers->used], name, length);
        offers->names[offers->used + length] = 0;
        offers->used += length + 1;
    }
}

/* What is added to the word. Never a part of a character. */
static size_t addition(const struct line_offers *offers, size_t typed)
{
    size_t end = typed;

    for (size_t at = typed; at < offers->common;) {
        at = glyph_end(offers->names, strlen(offers->names), at);
        end = at <= offers->common ? at : end;
    }
    return end - typed;
}

static uint32_t widest(const struct line_offers *offers)
{
    uint32_t columns = 1;

    for (size_t at = 0; at < offers->used; at += strlen(&offers->names[at]) + 1) {
        uint32_t own = text_columns(&offers->names[at], 0, strlen(&offers->names[at]));

        columns = own > columns ? own : columns;
    }
    return columns;
}

static void blanks_draw(struct line *line, uint32_t count)
{
    while (count-- > 0) {
        draw_text(line, " ", 1);
    }
}

/* As many in a row as fit, then the line again. */
static void offers_show(struct line *line)
{
    const struct line_offers *offers = &line->offers;
    uint32_t width = widest(offers) + GAP;
    uint32_t in_row = line->spec.columns / width, shown = 0, gap = 0;
    char rest[40];

    for (size_t at = 0; at < offers->used; at += strlen(&offers->names[at]) + 1) {
        const char *name = &offers->names[at];

        if (in_row == 0 || shown % in_row == 0) {
            draw_text(line, "\n", 1);
        } else {
            blanks_draw(line, gap);
        }
        draw_text(line, name, strlen(name));
        gap = width - text_columns(name, 0, strlen(name));
        shown++;
    }
    if (offers->count > shown) {
        (void)format(rest, sizeof(rest), "\nand %u more", offers->count - shown);
        draw_text(line, rest, strlen(rest));
    }
    draw_text(line, "\n", 1);
    draw_whole(line);
}

void complete(struct line *line)
{
    struct line_offers *offers = &line->offers;
    char typed[LINE_TEXT_BYTES];

    if (line->spec.complete == NULL) {
        draw_bell(line);
        return;
    }
    memcpy(typed, line->text, line->cursor);
    typed[line->cursor] = 0;
    *offers = (struct line_offers){ .typed = typed };
    line->spec.complete(line->spec.context, offers);
    size_t word = offers->start <= line->cursor ? line->cursor - offers->start : 0;
    size_t more = offers->count != 0 ? addition(offers, word) : 0;
    bool has_room = more == 0 || edit_insert(line, &offers->names[word], more);

    more = has_room ? more : 0;
    if (has_room && offers->count == 1 && offers->after != 0) {
        more += edit_insert(line, &offers->after, 1);
    }
    if (more != 0) {
        draw_appended(line, more);
    } else if (offers->count > 1 && line->was_tab) {
        offers_show(line);
    } else {
        draw_bell(line);
    }
    line->was_tab = more == 0;
    offers->typed = NULL;
}
