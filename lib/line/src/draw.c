/* SPDX-License-Identifier: MIT */
/*
 * What the screen shows: the prompt, then as much of the text as fits into the rest of the row, but for the last
 * column, in which terminals differ. The prompt is written once: whoever waits for it must not see it again.
 */
#include "parts.h"
#include "pith/format.h"
#include "pith/string.h"

#define TO_END_ERASE "\x1b[K"

void draw_flush(struct line *line)
{
    if (line->out_length != 0) {
        line->spec.write(line->spec.context, line->out, line->out_length);
        line->out_length = 0;
    }
}

void draw_text(struct line *line, const char *text, size_t length)
{
    while (length > 0) {
        size_t room = sizeof(line->out) - line->out_length;
        size_t count = length < room ? length : room;

        memcpy(&line->out[line->out_length], text, count);
        line->out_length += count;
        text += count;
        length -= count;
        if (line->out_length == sizeof(line->out)) {
            draw_flush(line);
        }
    }
}

void draw_bell(struct line *line)
{
    draw_text(line, "\a", 1);
}

static uint32_t prompt_columns(const struct line *line)
{
    return text_columns(line->prompt, 0, strlen(line->prompt));
}

/* Columns for text. */
static uint32_t room_of(const struct line *line)
{
    return line->spec.columns - 1 - prompt_columns(line);
}

/* The glyph that begins so many columns, or a little less, before @at. */
static size_t place_before(const struct line *line, size_t at, uint32_t columns)
{
    size_t place = at;

    while (place > 0) {
        size_t before = glyph_start(line->text, place);

        if (text_columns(line->text, before, at) > columns) {
            break;
        }
        place = before;
    }
    return place;
}

/* Have the cursor in what is shown, and something before it. True: something else is shown now. */
static bool scroll(struct line *line)
{
    uint32_t room = room_of(line);
    size_t left = line->left;

    if (text_columns(line->text, 0, line->length) <= room) {
        left = 0;
    } else if (left > line->length || (line->cursor <= left && left != 0)) {
        left = place_before(line, line->cursor, room / 3);
    } else if (text_columns(line->text, left, line->cursor) > room) {
        left = place_before(line, line->cursor, room - room / 3);
    }
    bool has_changed = left != line->left;

    line->left = left;
    return has_changed;
}

static void column_set(struct line *line, uint32_t column)
{
    char sequence[16] = "\r";

    if (column != 0) {
        (void)format(sequence, sizeof(sequence), "\r\x1b[%uC", column);
    }
    draw_text(line, sequence, strlen(sequence));
}

static void cursor_set(struct line *line)
{
    column_set(line, prompt_columns(line) + text_columns(line->text, line->left, line->cursor));
}

static void shown_draw(struct line *line)
{
    uint32_t room = room_of(line);
    size_t end = line->left;

    while (end < line->length) {
        size_t next = glyph_end(line->text, line->length, end);

        if (text_columns(line->text, line->left, next) > room) {
            break;
        }
        end = next;
    }
    draw_text(line, &line->text[line->left], end - line->left);
    draw_text(line, TO_END_ERASE, strlen(TO_END_ERASE));
    if (end != line->cursor) {
        cursor_set(line);
    }
}

void draw_line(struct line *line)
{
    (void)scroll(line);
    column_set(line, prompt_columns(line));
    shown_draw(line);
}

void draw_whole(struct line *line)
{
    (void)scroll(line);
    draw_text(line, "\r", 1);
    draw_text(line, line->prompt, strlen(line->prompt));
    shown_draw(line);
}

void draw_cursor(struct line *line)
{
    if (scroll(line)) {
        draw_line(line);
    } else {
        cursor_set(line);
    }
}

void draw_appended(struct line *line, size_t length)
{
    if (line->cursor != line->length || scroll(line)) {
        draw_line(line);
    } else {
        draw_text(line, &line->text[line->length - length], length);
    }
}

void draw_shortened(struct line *line, uint32_t columns)
{
    if (line->cursor != line->length || scroll(line)) {
        draw_line(line);
        return;
    }
    for (uint32_t i = 0; i < columns; i++) {
        draw_text(line, "\b", 1);
    }
    draw_text(line, TO_END_ERASE, strlen(TO_END_ERASE));
}
