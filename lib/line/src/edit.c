/* SPDX-License-Identifier: MIT */
/* The text and the cursor. */
#include "parts.h"
#include "pith/string.h"

bool edit_insert(struct line *line, const char *text, size_t length)
{
    char before = line->cursor == 0 ? 0 : line->text[line->cursor - 1];

    if (length >= LINE_TEXT_BYTES - line->length || length == 0 ||
        !marks_are_right(text, length, before)) {
        return false;
    }
    char *at = &line->text[line->cursor];

    memmove(at + length, at, line->length - line->cursor);
    memcpy(at, text, length);
    line->length += length;
    line->cursor += length;
    line->text[line->length] = 0;
    return true;
}

void edit_delete(struct line *line, size_t from, size_t to, bool is_killed)
{
    if (from >= to) {
        return;
    }
    if (is_killed) {
        memcpy(line->killed, &line->text[from], to - from);
        line->killed_length = to - from;
    }
    memmove(&line->text[from], &line->text[to], line->length - to);
    line->length -= to - from;
    line->cursor = from;
    line->text[line->length] = 0;
}

void edit_set(struct line *line, const char *text)
{
    size_t length = strlen(text);

    memcpy(line->text, text, length + 1); /* of the history: no longer than a line */
    line->length = line->cursor = length;
    line->left = 0; /* what stood there may be the middle of a glyph now */
}

static bool is_blank(const struct line *line, size_t at)
{
    return line->text[at] == ' ';
}

size_t edit_word_left(const struct line *line)
{
    size_t at = line->cursor;

    while (at > 0 && is_blank(line, at - 1)) {
        at--;
    }
    while (at > 0 && !is_blank(line, at - 1)) {
        at--;
    }
    return at;
}

size_t edit_word_right(const struct line *line)
{
    size_t at = line->cursor;

    while (at < line->length && is_blank(line, at)) {
        at++;
    }
    while (at < line->length && !is_blank(line, at)) {
        at++;
    }
    return at;
}
