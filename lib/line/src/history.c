/* SPDX-License-Identifier: MIT */
/* Lines that were typed before: walked through, and searched. */
#include "parts.h"
#include "pith/string.h"

static const char *line_at(const struct line *line, uint64_t number)
{
    return number == line->history_count ? line->draft : line->history[number % LINE_HISTORY];
}

static uint64_t oldest(const struct line *line)
{
    return line->history_count > LINE_HISTORY ? line->history_count - LINE_HISTORY : 0;
}

void line_remember(struct line *line, const char *text)
{
    size_t length = strlen(text);

    if (length == 0 || length >= LINE_TEXT_BYTES || !text_is_showable(text, length) ||
        !marks_are_right(text, length, 0) ||
        (line->history_count != 0 && strcmp(line_at(line, line->history_count - 1), text) == 0)) {
        return;
    }
    memcpy(line->history[line->history_count % LINE_HISTORY], text, length + 1);
    line->history_count++;
    line->history_at = line->history_count;
}

const char *line_remembered(const struct line *line, uint32_t number)
{
    return number < line->history_count - oldest(line) ? line_at(line, oldest(line) + number)
                                                       : NULL;
}

/* What was typed is kept while older lines are looked at. */
static void leave(struct line *line)
{
    if (line->history_at == line->history_count) {
        memcpy(line->draft, line->text, line->length + 1);
    }
}

bool history_step(struct line *line, bool is_older)
{
    if (line->history_at == (is_older ? oldest(line) : line->history_count)) {
        return false;
    }
    leave(line);
    line->history_at += is_older ? UINT64_MAX : 1;
    edit_set(line, line_at(line, line->history_at));
    return true;
}

/* --- Ctrl-R --- */

static bool contains(const char *text, const char *wanted, size_t length)
{
    for (; *text != 0; text++) {
        if (strncmp(text, wanted, length) == 0) {
            return true;
        }
    }
    return false;
}

/* The newest before @end that has the query in it. */
static bool find(struct line *line, uint64_t end)
{
    for (uint64_t number = end; number > oldest(line); number--) {
        if (contains(line_at(line, number - 1), line->query, line->query_length)) {
            line->history_at = number - 1;
            edit_set(line, line_at(line, line->history_at));
            return true;
        }
    }
    return false;
}

void search_begin(struct line *line)
{
    leave(line);
    line->is_searching = true;
    line->query_length = 0;
    line->query[0] = 0;
}

static bool query_extend(struct line *line)
{
    size_t length = line->keys.length;
    uint64_t at = line->history_at;

    if (line->query_length + length >= sizeof(line->query)) {
        return false;
    }
    memcpy(&line->query[line->query_length], line->keys.text, length);
    line->query_length += length;
    if (!find(line, at == line->history_count ? at : at + 1)) {
        line->query_length -= length;
        line->query[line->query_length] = 0;
        return false;
    }
    line->query[line->query_length] = 0;
    return true;
}

static void query_shorten(struct line *line)
{
    line->query_length = glyph_start(line->query, line->query_length);
    line->query[line->query_length] = 0;
}

bool search_key(struct line *line, enum line_key key)
{
    bool is_found = true;

    switch (key) {
    case KEY_TEXT:
        is_found = query_extend(line);
        break;
    case KEY_SEARCH:
        is_found = line->query_length != 0 && find(line, line->history_at);
        break;
    case KEY_BACKSPACE:
        query_shorten(line);
        break;
    case KEY_ABORT:
        line->history_at = line->history_count;
        edit_set(line, line->draft);
        return false;
    default:
        return false;
    }
    if (!is_found) {
        draw_bell(line);
    }
    return true;
}
