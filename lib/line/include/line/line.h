/* SPDX-License-Identifier: MIT */
/*
 * A line that a person edits at a terminal. It does no input or output of its own: bytes from the keyboard go in one by
 * one, bytes for the screen come out through a function. docs/shell.md says which key does what.
 *
 * The line takes one row of the screen, whose width is all that is known of the terminal: what does not fit is
 * scrolled sideways, so a terminal that is wider, or a row that somebody else wrote over, does no harm.
 *
 * Invariant: the text is UTF-8 without control characters; no mark stands on nothing or on a blank; the cursor stands
 * between two glyphs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_TEXT_BYTES 512u /* with the 0 at its end */
#define LINE_HISTORY 50u
#define LINE_PROMPT_BYTES 33u
#define LINE_QUERY_BYTES 20u
#define LINE_OFFER_BYTES 2048u
#define LINE_COLUMNS_MIN 40u
#define LINE_IDLE_NS 300000000ul /* line_idle() after so long without a byte */

enum line_event {
    LINE_MORE,      /* go on */
    LINE_DONE,      /* Enter: line_text() is what was typed */
    LINE_CANCELLED, /* Ctrl-C: begin anew */
};

/* What a word may become: filled by the function that completes. */
struct line_offers {
    const char *typed; /* what stands before the cursor in the line; ends with 0 */
    size_t start;      /* where in it the word begins that is replaced */
    uint32_t count;    /* of those that begin with the word */
    char after;        /* of the last one */
    size_t common;     /* so many bytes are the same in all */
    size_t used;       /* of names */
    char names
        [LINE_OFFER_BYTES]; /* the first ones, each ended by 0; the very first is always whole */
};

struct line_spec {
    void *context; /* of both functions */
    void (*write)(void *context, const char *bytes, size_t length);
    void (*complete)(void *context, struct line_offers *offers); /* NULL: nothing completes */
    uint32_t columns; /* of the screen; at least LINE_COLUMNS_MIN */
};

/* What a byte from the keyboard belongs to. */
struct line_keys {
    uint32_t state;
    uint32_t number; /* the last parameter of an escape sequence */
    bool was_return;
    uint32_t missing; /* bytes of the character */
    uint32_t length;
    char text[4]; /* the character */
};

struct line {
    struct line_spec spec;
    struct line_keys keys;

    char text[LINE_TEXT_BYTES];
    size_t length, cursor;
    char killed[LINE_TEXT_BYTES]; /* by Ctrl-K, U, W; for Ctrl-Y */
    size_t killed_length;

    char history[LINE_HISTORY][LINE_TEXT_BYTES]; /* line n at n % LINE_HISTORY */
    uint64_t history_count;                      /* ever kept */
    uint64_t history_at;                         /* the one shown; history_count: the draft */
    char draft[LINE_TEXT_BYTES];

    bool is_searching;
    char query[LINE_QUERY_BYTES];
    size_t query_length;

    bool was_tab;
    struct line_offers offers;

    char prompt[LINE_PROMPT_BYTES];
    size_t left; /* the first byte that is shown */
    char out[128];
    size_t out_length;
};

/** line_init() - an empty line with an empty history. Borrows nothing but what @spec points to. */
void line_init(struct line *line, const struct line_spec *spec);

/** line_begin() - show a prompt, of which at most half a row and LINE_PROMPT_BYTES - 1 bytes of ASCII, and begin an empty line. */
void line_begin(struct line *line, const char *prompt);

/** line_byte() - a byte came from the keyboard. After DONE and CANCELLED comes line_begin(). */
enum line_event line_byte(struct line *line, char byte);

/** line_is_amid() - a key's sequence is not complete. line_idle() - nothing came for LINE_IDLE_NS: it never will be. */
bool line_is_amid(const struct line *line);
void line_idle(struct line *line);

/** line_text() - what was typed, ended with 0; until the next line_begin(). */
const char *line_text(const struct line *line);

/**
 * line_remember() - keep a line for later. An empty one, and one equal to the last, is not.
 * line_remembered() - the n-th of those kept, from the oldest; NULL: past the last.
 */
void line_remember(struct line *line, const char *text);
const char *line_remembered(const struct line *line, uint32_t number);

/**
 * line_offer() - the word that begins at offers->start may become @name; those that do not begin with the word are
 * passed over, and so are names that cannot stand in a line.
 * @after: a character to set after it if it is the only one; 0: none.
 */
void line_offer(struct line_offers *offers, const char *name, size_t length, char after);
