/* SPDX-License-Identifier: MIT */
/* Whatever a terminal sends that is no text does not end up as text. */
#include "line/line.h"

#include <stdio.h>
#include <string.h>

#include "host_test/test.h"
#include "screen/screen.h"

enum { SEQUENCES = 20000 };

static struct line line;
static struct screen screen;

static void screen_take(void *context, const char *bytes, size_t length)
{
    (void)context;
    screen_write(&screen, bytes, length);
}

static void begin(void)
{
    struct line_spec spec = { .write = screen_take, .columns = 80 };

    screen_init(&screen, 80);
    line_init(&line, &spec);
    line_begin(&line, "> ");
}

static void type(const char *keys, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        (void)line_byte(&line, keys[i]);
    }
}

TEST(sequences_without_a_meaning_are_taken_whole)
{
    static const char *const sequences[] = {
        "\x1b[15~",         "\x1b[24;2~",       "\x1b[200~",
        "\x1b[201~",        "\x1bOP",           "\x1b[[A",
        "\x1b[?1;2c",       "\x1b[12;40R",      "\x1b[I",
        "\x1b[M",           "\x1b]0;title\x07", "\x1b]11;rgb:1/2/3\x1b\\",
        "\x1bP1$r0m\x1b\\", "\x1b_apc\x1b\\",   "\x1b^pm\x1b\\",
        "\x1bXsos\x1b\\",   "\x1b(B",           "\x1b c",
        "\x1b[ q",          "\x1b[>0q",         "\x1bz",
        "\x1b\x1b[5~",      "\x1bOM",           "\x1b[1;2Z",
    };

    for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
        begin();
        type("a", 1);
        type(sequences[i], strlen(sequences[i]));
        CHECK(!line_is_amid(&line), sequences[i] + 1);
        type("b", 1);
        CHECK(strcmp(line_text(&line), "ab") == 0, sequences[i] + 1);
    }
}

/* ESC [ parameters final, with a final that is no key of ours. */
TEST(random_sequences_are_taken_whole)
{
    static const char parameters[] = "0123456789;:<=>?",
                      finals[] = "EGIJKLMNOPQRSTUVWXYZ\\]^_`abcdefghijklmnopqrstuvwxyz{|}";

    begin();
    type("ab", 2);
    for (int i = 0; i < SEQUENCES && !test_has_failed(); i++) {
        char sequence[24] = "\x1b[";
        size_t length = 2;

        for (uint32_t count = test_random(12); count > 0; count--) {
            sequence[length++] = parameters[test_random(sizeof(parameters) - 1)];
        }
        for (uint32_t count = test_random(3); count > 0; count--) {
            sequence[length++] = (char)(' ' + test_random(16));
        }
        sequence[length++] = finals[test_random(sizeof(finals) - 1)];
        type(sequence, length);
        CHECK(strcmp(line_text(&line), "ab") == 0, sequence + 1);
        CHECK_EQ(line.cursor, 2, sequence + 1);
    }
}

TEST(what_was_begun_and_does_not_go_on_is_given_up)
{
    static const char *const begins[] = { "\x1b",  "\x1b[",      "\x1b[12",
                                          "\x1bO", "\x1b]0;abc", "\xe6\xbc" };

    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
        begin();
        type(begins[i], strlen(begins[i]));
        CHECK(line_is_amid(&line), "it waits for more");
        line_idle(&line);
        CHECK(!line_is_amid(&line), "no more");
        type("[D", 2);
        CHECK(strcmp(line_text(&line), "[D") == 0, "text again");
    }
}

TEST(a_control_character_ends_what_was_begun)
{
    static const char *const begins[] = { "\x1b[12", "\x1bO", "\x1b]0;abc\x18", "\xe6\xbc" };

    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
        begin();
        type(begins[i], strlen(begins[i]));
        CHECK_EQ(line_byte(&line, '\r'), LINE_DONE, "Enter is heard");
    }
}
