/* SPDX-License-Identifier: MIT */
/*
 * Any bytes from a keyboard, and any names to complete: the line stays UTF-8 of its length, the cursor stays in it, the
 * screen gets only what a terminal knows, and one row is enough. Usage: hostile_keys [--runs N] [--seed N]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "line/line.h"
#include "screen/screen.h"

enum { BYTES = 1500, PROMPT_COLUMNS = 2 };

static uint64_t state;
static struct line line;
static struct screen screen;
static bool is_listing; /* of names, which may be longer than a row */

static uint32_t below(uint32_t limit)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % limit;
}

static void fail(const char *why, uint64_t run)
{
    fprintf(stderr, "run %lu: %s\n", (unsigned long)run, why);
    abort();
}

static void screen_take(void *context, const char *bytes, size_t length)
{
    (void)context;
    screen_write(&screen, bytes, length);
}

static void names_offer(void *context, struct line_offers *offers)
{
    char name[700];
    size_t typed = strlen(offers->typed);

    (void)context;
    is_listing = true;
    offers->start = below(4) == 0 ? typed : below((uint32_t)typed + 1);
    for (uint32_t count = below(40); count > 0; count--) {
        const char *word = offers->typed + offers->start;
        size_t length = below(3) != 0 ? strlen(word) : 0;
        uint32_t more = below(8) == 0 ? below(180) : below(8);

        for (size_t i = 0; i < length; i++) {
            name[i] = word[i];
        }
        while (more-- > 0) {
            name[length++] = (char)(below(4) == 0 ? below(256) : 'a' + below(2));
        }
        line_offer(offers, name, length, below(2) == 0 ? ' ' : 0);
    }
}

static size_t key_make(char bytes[8])
{
    static const char controls[] =
        "\x01\x02\x04\x05\x06\x07\b\t\x0b\x0c\x0e\x10\x12\x15\x17\x19\x7f";
    static const char *const more[] = { "\x1b[D",       "\x1b[C", "\x1b[A",   "\x1b[B",
                                        "\x1b[3~",      "\033d",  "\xc3\xa9", "\xcc\x81",
                                        "\xe6\xbc\xa2", " ",      "\x1b[1;5C" };
    const char *text = more[below(sizeof(more) / sizeof(more[0]))];

    switch (below(8)) {
    case 0:
        bytes[0] = (char)below(256);
        return 1;
    case 1:
        bytes[0] = controls[below(sizeof(controls) - 1)];
        return 1;
    case 2:
        bytes[0] = "\x1b[O]P0;~\r\n\x03"[below(11)];
        return 1;
    case 3:
    case 4:
        bytes[0] = (char)('a' + below(3));
        return 1;
    default:
        break;
    }
    size_t length = 0;

    for (; text[length] != 0; length++) {
        bytes[length] = text[length];
    }
    return length;
}

static void check(uint64_t run, bool is_open)
{
    const char *text = line_text(&line);

    if (strlen(text) != line.length || line.length >= LINE_TEXT_BYTES) {
        fail("the length is wrong", run);
    }
    if (line.cursor > line.length || line.left > line.length ||
        (line.cursor < line.length && ((unsigned char)text[line.cursor] & 0xc0) == 0x80)) {
        fail("the cursor is not in the text", run);
    }
    if (screen.strange != NULL && !screen.is_unsure) {
        fail(screen.strange, run);
    }
    /* The ^C of a line that was given up may wrap. */
    if (is_open && screen.has_wrapped && !is_listing && !screen.is_unsure) {
        fail("one row was not enough", run);
    }
    if (is_open && !line.is_searching && !screen.is_unsure &&
        strncmp(screen_row(&screen, screen.row), ">", 1) != 0) {
        fail("the prompt is gone", run);
    }
    is_listing = screen.has_wrapped = false;
}

static void run_once(uint64_t run)
{
    struct line_spec spec = { .write = screen_take,
                              .complete = below(8) == 0 ? NULL : names_offer,
                              .columns = LINE_COLUMNS_MIN + below(60) };
    char bytes[8];

    screen_init(&screen, spec.columns);
    line_init(&line, &spec);
    line_begin(&line, "> ");
    for (uint32_t i = below(BYTES); i > 0; i--) {
        size_t length = key_make(bytes);

        for (size_t j = 0; j < length; j++) {
            enum line_event event = line_byte(&line, bytes[j]);

            check(run, event == LINE_MORE);
            if (event != LINE_MORE) {
                line_remember(&line, line_text(&line));
                line_begin(&line, "> ");
            }
        }
        if (below(50) == 0) {
            line_idle(&line);
        }
    }
}

int main(int count, char **words)
{
    uint64_t runs = 1000, seed = 1;

    for (int i = 1; i + 1 < count; i += 2) {
        if (strcmp(words[i], "--runs") == 0) {
            runs = strtoull(words[i + 1], NULL, 0);
        } else if (strcmp(words[i], "--seed") == 0) {
            seed = strtoull(words[i + 1], NULL, 0);
        }
    }
    for (uint64_t run = 0; run < runs; run++) {
        state = seed * 1000003 + run;
        run_once(run);
    }
    printf("%lu runs, seed %lu: no finding\n", (unsigned long)runs, (unsigned long)seed);
    return 0;
}
