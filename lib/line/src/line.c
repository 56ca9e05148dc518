/* SPDX-License-Identifier: MIT */
/* What each key does. */
#include "line/line.h"

#include "parts.h"
#include "pith/format.h"
#include "pith/string.h"

void line_init(struct line *line, const struct line_spec *spec)
{
    memset(line, 0, sizeof(*line));
    line->spec = *spec;
    if (line->spec.columns < LINE_COLUMNS_MIN) {
        line->spec.columns = LINE_COLUMNS_MIN;
    }
}

/* Half of the row is the text's. */
static void prompt_set(struct line *line, const char *prompt)
{
    size_t room = line->spec.columns / 2;
    size_t length = strlen(prompt);

    room = room < sizeof(line->prompt) ? room : sizeof(line->prompt) - 1;
    length = length < room ? length : room;
    memcpy(line->prompt, prompt, length);
    line->prompt[length] = 0;
}

void line_begin(struct line *line, const char *prompt)
{
    line->length = line->cursor = line->left = 0;
    line->text[0] = 0;
    line->history_at = line->history_count;
    line->is_searching = line->was_tab = false;
    prompt_set(line, prompt);
    draw_text(line, line->prompt, strlen(line->prompt));
    draw_flush(line);
}

const char *line_text(const struct line *line)
{
    return line->text;
}

bool line_is_amid(const struct line *line)
{
    return line->keys.state != 0 || line->keys.missing != 0;
}

void line_idle(struct line *line)
{
    line->keys.state = 0;
    line->keys.missing = 0;
}

static void bell_unless(struct line *line, bool is_done)
{
    if (!is_done) {
        draw_bell(line);
    }
}

static void cursor_move(struct line *line, size_t to)
{
    bell_unless(line, to != line->cursor);
    line->cursor = to;
    draw_cursor(line);
}

static void cut(struct line *line, size_t from, size_t to, bool is_killed)
{
    bool is_last = to == line->length;
    uint32_t steps_back = text_columns(line->text, from, line->cursor);

    if (from == to) {
        draw_bell(line);
        return;
    }
    edit_delete(line, from, to, is_killed);
    if (is_last) {
        draw_shortened(line, steps_back);
    } else {
        draw_line(line);
    }
}

static void insert(struct line *line, const char *text, size_t length)
{
    if (!edit_insert(line, text, length)) {
        draw_bell(line);
    } else {
        draw_appended(line, length);
    }
}

static void history_move(struct line *line, bool is_older)
{
    if (history_step(line, is_older)) {
        draw_line(line);
    } else {
        draw_bell(line);
    }
}

static void screen_clear(struct line *line)
{
    static const char clear[] = "\x1b[H\x1b[2J";

    draw_text(line, clear, sizeof(clear) - 1);
    draw_whole(line);
}

/* --- while Ctrl-R searches, its own prompt takes the place of the line's --- */

static void search_draw(struct line *line)
{
    char saved[LINE_PROMPT_BYTES];

    _Static_assert(sizeof("search : ") + LINE_QUERY_BYTES <= LINE_PROMPT_BYTES,
                   "the query is always whole");
    memcpy(saved, line->prompt, sizeof(saved));
    (void)format(line->prompt, sizeof(line->prompt), "search %s: ", line->query);
    draw_whole(line);
    memcpy(line->prompt, saved, sizeof(saved));
}

/* True: the key is done with. */
static bool search_handle(struct line *line, enum line_key key)
{
    if (search_key(line, key)) {
        search_draw(line);
        return true;
    }
    line->is_searching = false;
    draw_whole(line);
    return key == KEY_ABORT;
}

static void key_edit(struct line *line, enum line_key key)
{
    size_t cursor = line->cursor;
    size_t left = glyph_start(line->text, cursor);
    size_t right = glyph_end(line->text, line->length, cursor);

    switch (key) {
    case KEY_BACKSPACE:
        cut(line, left, cursor, false);
        break;
    case KEY_DELETE:
        cut(line, cursor, right, false);
        break;
    case KEY_KILL_WORD:
        cut(line, edit_word_left(line), cursor, true);
        break;
    case KEY_KILL_WORD_NEXT:
        cut(line, cursor, edit_word_right(line), true);
        break;
    case KEY_KILL_START:
        cut(line, 0, cursor, true);
        break;
    case KEY_KILL_END:
        cut(line, cursor, line->length, true);
        break;
    case KEY_YANK:
        insert(line, line->killed, line->killed_length);
        break;
    case KEY_TEXT:
        insert(line, line->keys.text, line->keys.length);
        break;
    default:
        draw_bell(line);
        break;
    }
}

static void key_move(struct line *line, enum line_key key)
{
    switch (key) {
    case KEY_LEFT:
        cursor_move(line, glyph_start(line->text, line->cursor));
        break;
    case KEY_RIGHT:
        cursor_move(line, glyph_end(line->text, line->length, line->cursor));
        break;
    case KEY_WORD_LEFT:
        cursor_move(line, edit_word_left(line));
        break;
    case KEY_WORD_RIGHT:
        cursor_move(line, edit_word_right(line));
        break;
    case KEY_HOME:
        line->cursor = 0;
        draw_cursor(line);
        break;
    case KEY_END:
        line->cursor = line->length;
        draw_cursor(line);
        break;
    case KEY_UP:
    case KEY_DOWN:
        history_move(line, key == KEY_UP);
        break;
    default:
        key_edit(line, key);
        break;
    }
}

static enum line_event key_handle(struct line *line, enum line_key key)
{
    switch (key) {
    case KEY_NONE:
        return LINE_MORE;
    case KEY_ENTER:
        draw_text(line, "\n", 1);
        return LINE_DONE;
    case KEY_CANCEL:
        draw_text(line, "^C\n", 3);
        return LINE_CANCELLED;
    case KEY_CLEAR:
        screen_clear(line);
        break;
    case KEY_TAB:
        complete(line);
        break;
    case KEY_SEARCH:
        search_begin(line);
        search_draw(line);
        break;
    default:
        key_move(line, key);
        break;
    }
    line->was_tab = key == KEY_TAB;
    return LINE_MORE;
}

enum line_event line_byte(struct line *line, char byte)
{
    enum line_key key = line_key_take(&line->keys, (unsigned char)byte);
    enum line_event event = LINE_MORE;

    if (key != KEY_NONE && (!line->is_searching || !search_handle(line, key))) {
        event = key_handle(line, key);
    }
    draw_flush(line);
    return event;
}
