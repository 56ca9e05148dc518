/* SPDX-License-Identifier: MIT */
/* For the tests of this folder: a line, a screen that shows it, and what must stand there. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "host_test/test.h"
#include "line/line.h"
#include "screen/screen.h"

#define PROMPT "pith> "
enum { PROMPT_COLUMNS = 6 };

#define LEFT "\x1b[D"
#define RIGHT "\x1b[C"
#define UP "\x1b[A"
#define DOWN "\x1b[B"

static struct line line;
static struct screen screen;
static char everything[1 << 16]; /* that was written, from its begin */
static size_t everything_length;

static void screen_take(void *context, const char *bytes, size_t length)
{
    CHECK(context == &screen, "the context comes along");
    screen_write(&screen, bytes, length);
    for (size_t i = 0; i < length && everything_length + 1 < sizeof(everything); i++) {
        everything[everything_length++] = bytes[i];
    }
    everything[everything_length] = 0;
}

static void begin(uint32_t columns)
{
    struct line_spec spec = { .context = &screen, .write = screen_take, .columns = columns };

    screen_init(&screen, columns);
    everything_length = 0;
    line_init(&line, &spec);
    line_begin(&line, PROMPT);
}

static enum line_event type(const char *keys)
{
    enum line_event event = LINE_MORE;

    for (; *keys != 0; keys++) {
        CHECK_EQ(event, LINE_MORE, "only the last key ends a line");
        event = line_byte(&line, *keys);
    }
    return event;
}

/* --- what the screen must show --- */

static size_t size_at(const char *text)
{
    unsigned char first = (unsigned char)*text;

    return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

static uint32_t width_at(const char *text)
{
    size_t size = size_at(text);
    uint32_t character = (unsigned char)*text & (size == 1 ? 0x7fu : 0x7fu >> size);

    for (size_t i = 1; i < size; i++) {
        character = character << 6 | ((unsigned char)text[i] & 0x3f);
    }
    return screen_width(character);
}

static uint32_t width_of(const char *text, size_t from, size_t to)
{
    uint32_t width = 0;

    for (; from < to; from += size_at(text + from)) {
        width += width_at(text + from);
    }
    return width;
}

/* The row shows the prompt and a part of the text with the cursor in it. */
static bool row_is_right(const char *why)
{
    static char wanted[LINE_TEXT_BYTES + 64];
    const char *text = line_text(&line);
    uint32_t room = screen.columns - 1 - PROMPT_COLUMNS;
    size_t end = line.left;
    uint32_t width = 0;

    while (text[end] != 0 && width + width_at(text + end) <= room) {
        width += width_at(text + end);
        end += size_at(text + end);
    }
    int length =
        snprintf(wanted, sizeof(wanted), PROMPT "%.*s", (int)(end - line.left), text + line.left);

    while (length > 0 && wanted[length - 1] == ' ') {
        wanted[--length] = 0;
    }
    const char *shown = screen_row(&screen, screen.row);
    bool is_right = CHECK(strcmp(shown, wanted) == 0, why);

    is_right &=
        CHECK_EQ(screen.column, PROMPT_COLUMNS + width_of(text, line.left, line.cursor), why);
    is_right &= CHECK(line.left <= line.cursor && line.cursor <= end, "the cursor is seen");
    is_right &= CHECK(line.left == 0 || width_of(text, 0, strlen(text)) > room,
                      "what fits is seen from its begin");
    is_right &= CHECK(!screen.has_wrapped, "one row is enough");
    is_right &= CHECK(screen.strange == NULL, screen.strange);
    return is_right;
}
