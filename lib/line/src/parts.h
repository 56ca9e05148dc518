/* SPDX-License-Identifier: MIT */
/* Between the files of this module. */
#pragma once

#include "line/line.h"

enum line_key {
    KEY_NONE, /* no key yet, or one that does nothing */
    KEY_BAD,  /* what cannot be typed */
    KEY_TEXT,
    KEY_ENTER,
    KEY_CANCEL,
    KEY_ABORT,
    KEY_TAB,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_HOME,
    KEY_END,
    KEY_WORD_LEFT,
    KEY_WORD_RIGHT,
    KEY_UP,
    KEY_DOWN,
    KEY_BACKSPACE,
    KEY_DELETE,
    KEY_KILL_WORD,      /* before the cursor */
    KEY_KILL_WORD_NEXT, /* after it */
    KEY_KILL_START,
    KEY_KILL_END,
    KEY_YANK,
    KEY_CLEAR,
    KEY_SEARCH,
};

/* keys.c */
enum line_key line_key_take(struct line_keys *keys, unsigned char byte);

/* glyph.c: a character with the marks that stand on it. The text is UTF-8. */
bool text_is_showable(const char *text, size_t length);
size_t glyph_end(const char *text, size_t length, size_t at);
size_t glyph_start(const char *text, size_t at); /* of the one that ends there */
uint32_t text_columns(const char *text, size_t from, size_t to);
/** marks_are_right() - each mark stands on a character that is no blank; @before: what stands before the text, 0: nothing. */
bool marks_are_right(const char *text, size_t length, char before);

/* edit.c: these draw nothing. */
/** edit_insert() - at the cursor, which moves behind it; false: it does not fit, or cannot stand there. */
bool edit_insert(struct line *line, const char *text, size_t length);
/** edit_delete() - what lies from there to there; is_killed: keep it for Ctrl-Y. */
void edit_delete(struct line *line, size_t from, size_t to, bool is_killed);
void edit_set(struct line *line, const char *text);
size_t edit_word_left(const struct line *line);
size_t edit_word_right(const struct line *line);

/* draw.c */
void draw_text(struct line *line, const char *text, size_t length);
void draw_flush(struct line *line);
void draw_bell(struct line *line);
/** draw_line() - everything right of the prompt; draw_whole() - from the first column on, for an empty or spoilt row. */
void draw_line(struct line *line);
void draw_whole(struct line *line);
void draw_cursor(struct line *line);
/**
 * draw_appended() - as draw_line(), after so many bytes were put in before the cursor; draw_shortened() - after the end
 * was taken off, from so many columns before the cursor on.
 */
void draw_appended(struct line *line, size_t length);
void draw_shortened(struct line *line, uint32_t columns);

/* history.c: these set the text and draw nothing. False: there is no such line. */
bool history_step(struct line *line, bool is_older);
void search_begin(struct line *line);
/** search_key() - true: the key was meant for the search. */
bool search_key(struct line *line, enum line_key key);

/* complete.c */
void complete(struct line *line);
