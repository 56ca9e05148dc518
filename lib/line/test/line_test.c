/* SPDX-License-Identifier: MIT */
/* What each key makes of a line, and whether the screen shows it. */
#include "line/line.h"

#include "typing.h"

static const char *const words[] = { "help", "hang", "halt", "kill", "log" };

static void words_offer(void *context, struct line_offers *offers)
{
    const char *blank = strrchr(offers->typed, ' ');

    (void)context;
    offers->start = blank != NULL ? (size_t)(blank + 1 - offers->typed) : 0;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        line_offer(offers, words[i], strlen(words[i]), ' ');
    }
    line_offer(offers,
               "\xc3\xa4"
               "b",
               3, 0);
    line_offer(offers,
               "\xc3\xa5"
               "c",
               3, 0);                     /* the same first byte */
    line_offer(offers, "no\x1b[A", 5, 0); /* no such name can stand in a line */
    line_offer(offers, "no\xff", 3, 0);
    line_offer(offers, "", 0, 0);
}

static void wants(const char *keys, const char *text, size_t cursor)
{
    (void)type(keys);
    CHECK(strcmp(line_text(&line), text) == 0, line_text(&line));
    CHECK_EQ(line.cursor, cursor, keys);
    (void)row_is_right(keys);
}

TEST(line_keys_edit)
{
    static const struct {
        const char *keys, *text;
        size_t cursor;
    } cases[] = {
        { "abc", "abc", 3 },
        { "abc\x7f\b", "a", 1 },
        { "abc" LEFT LEFT "x", "axbc", 2 },
        { "abc" LEFT "\x1b[3~", "ab", 2 },
        { "abc\x01x\x05y", "xabcy", 5 },
        { "abc\x1b[Hx\x1b[Fy", "xabcy", 5 },
        { "abc\x1b[1~x\x1b[4~y", "xabcy", 5 },
        { "abc\x1bOHx\x1bOFy\x1bODz", "xabczy", 5 },
        { "abc\x02\x02\x06x", "abxc", 3 },
        { "abc\x02\x04", "ab", 2 },
        { "one two\x0b", "one two", 7 },
        { "one two\x01\x06\x0b", "o", 1 },
        { "one two\x15", "", 0 },
        { "one two" LEFT "\x15", "o", 0 },
        { "one two  \x17", "one ", 4 },
        { "one two\x17\x17", "", 0 },
        { "one two\x17\x19\x19", "one twotwo", 10 },
        { "one two\x01\x1b"
          "d\x05\x19",
          " twoone", 7 },
        { "one two\x1b"
          "b\x1b"
          "bx\x1b"
          "fy",
          "xoney two", 5 },
        { "one two\x1b[1;5Dx", "one xtwo", 5 },
        { "one two\x1b\x7f", "one ", 4 },
        { "\x7f\x04\x15\x0b\x17" LEFT RIGHT, "", 0 },
        { "\xc3\xa4\xe6\xbc\xa2\xf0\x9f\x98\x80" LEFT LEFT "x",
          "\xc3\xa4x\xe6\xbc\xa2\xf0\x9f\x98\x80", 3 },
        { "e\xcc\x81x" LEFT "\x7f", "x", 0 }, /* a mark goes with its letter */
        { "\xcc\x81 \xcc\x81x", " x", 2 },    /* and stands on nothing else */
        { "a\xff\xc3(\x80\xed\xa0\x80\xc0\xaf"
          "b",
          "a(b", 3 }, /* no UTF-8 */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin(80);
        wants(cases[i].keys, cases[i].text, cases[i].cursor);
    }
}

TEST(typed_text_is_echoed_as_it_is_and_the_prompt_shown_once)
{
    begin(80);
    (void)type("cat /docs\x7f\x7f\x7f\x7fREADME");
    for (int i = 0; i < 40; i++) {
        (void)type("much longer ");
    }
    CHECK(strncmp(everything, PROMPT "cat /docs", strlen(PROMPT "cat /docs")) == 0,
          "nothing but the text, for programs that read it");
    CHECK(strstr(everything + 1, PROMPT) == NULL, "a prompt says that a command has ended");
    CHECK_EQ(type("\r"), LINE_DONE, "Enter");
}

TEST(enter_and_cancel_end_a_line)
{
    begin(80);
    CHECK_EQ(type("time\r"), LINE_DONE, "Enter");
    CHECK(strcmp(line_text(&line), "time") == 0, "the text is there");
    line_begin(&line, PROMPT);
    CHECK_EQ(type("\n"), LINE_MORE, "the second half of an end of line");
    CHECK_EQ(type("\n"), LINE_DONE, "an end of line of its own");
    line_begin(&line, PROMPT);
    CHECK_EQ(type("nonsense\x03"), LINE_CANCELLED, "Ctrl-C");
    CHECK(strcmp(screen_row(&screen, screen.row - 1), PROMPT "nonsense^C") == 0, "it is seen");
    line_begin(&line, PROMPT);
    CHECK_EQ(line_text(&line)[0], 0, "it is gone");
}

TEST(a_line_that_is_full_takes_no_more)
{
    begin(60);
    for (int i = 0; i < 2000; i++) {
        (void)type("\xc3\xa4");
    }
    CHECK_EQ(strlen(line_text(&line)), LINE_TEXT_BYTES - 2, "no half of a character");
    CHECK_EQ(screen.bells, 2000 - (LINE_TEXT_BYTES - 2) / 2, "each one in vain is heard");
    (void)type("\x15\x19\x19x\x19");
    CHECK_EQ(strlen(line_text(&line)), LINE_TEXT_BYTES - 1, "what does not fit is not put in half");
    (void)row_is_right("full");
}

TEST(clear_shows_the_line_on_top)
{
    begin(80);
    wants("abc" LEFT "\x0c", "abc", 2);
    CHECK_EQ(screen.row, 0, "on top");
}

/* --- history --- */

static void remember(const char *text)
{
    line_begin(&line, PROMPT);
    (void)type(text);
    CHECK_EQ(type("\r"), LINE_DONE, text);
    line_remember(&line, line_text(&line));
}

TEST(history_goes_up_and_down_and_keeps_the_draft)
{
    begin(80);
    remember("one");
    remember("two");
    remember("two");
    remember("");
    remember("three");
    line_begin(&line, PROMPT);
    wants("dra" UP, "three", 5);
    wants(UP, "two", 3);
    wants("\x10", "one", 3);
    wants(UP, "one", 3);
    wants("x", "onex", 4);
    wants(DOWN, "two", 3);
    wants("\x0e" DOWN, "dra", 3);
    wants(DOWN "ft", "draft", 5);
    CHECK(strcmp(line_remembered(&line, 0), "one") == 0, "edited only in the line");
    CHECK(line_remembered(&line, 3) == NULL, "equal ones and empty ones were not kept");
}

TEST(history_forgets_the_oldest)
{
    char text[32];

    begin(80);
    for (int i = 0; i < (int)LINE_HISTORY + 7; i++) {
        snprintf(text, sizeof(text), "line %d", i);
        remember(text);
    }
    line_begin(&line, PROMPT);
    for (int i = 0; i < 2 * (int)LINE_HISTORY; i++) {
        (void)type(UP);
    }
    wants("", "line 7", 6);
}

TEST(search_finds_older_and_older_lines)
{
    begin(80);
    remember("log echo");
    remember("kill echo");
    remember("time");
    line_begin(&line, PROMPT);
    (void)type("dr\x12"
               "ech");
    CHECK(strcmp(screen_row(&screen, screen.row), "search ech: kill echo") == 0, "the newest");
    (void)type("\x12");
    CHECK(strcmp(screen_row(&screen, screen.row), "search ech: log echo") == 0, "an older one");
    uint32_t bells = screen.bells;

    (void)type("\x12q");
    CHECK_EQ(screen.bells, bells + 2, "no older one, and none with that");
    wants("\x07", "dr", 2);
    wants("\x12"
          "og" LEFT,
          "log echo", 7);
    line_begin(&line, PROMPT);
    CHECK_EQ(type("\x12"
                  "im\r"),
             LINE_DONE, "Enter takes it");
    CHECK(strcmp(line_text(&line), "time") == 0, "it");
    line_begin(&line, PROMPT);
    (void)type("\x12xxxxxxxxxxxxxxxxxxxxxxxxxxxx\x7f\x7f");
    wants("\x07"
          "a",
          "a", 1);
}

/* --- completion --- */

TEST(tab_completes)
{
    begin(80);
    line.spec.complete = words_offer;
    wants("k\t", "kill ", 5);
    wants("\x15h\t", "h", 1);
    wants("e\t", "help ", 5);
    wants("\x15"
          "ha\t\t",
          "ha", 2);
    CHECK(strcmp(screen_row(&screen, screen.row - 1), "hang  halt") == 0, "both are shown");
    wants("\x15"
          "kill l\t",
          "kill log ", 9);
    wants("\x15"
          "h x" LEFT LEFT "e\t",
          "help  x", 5);
    wants("\x15\x0b\xc3\xa4\t",
          "\xc3\xa4"
          "b",
          3);
    wants("\x15n\t", "n", 1); /* names that cannot be typed are not offered */
    uint32_t bells = screen.bells;

    wants("\x15zz\t", "zz", 2);
    CHECK_EQ(screen.bells, bells + 1, "there is no such word");
}

TEST(what_has_no_room_is_not_completed_in_part)
{
    begin(80);
    line.spec.complete = words_offer;
    for (uint32_t i = 0; i < LINE_TEXT_BYTES - 4; i++) {
        (void)type(" ");
    }
    (void)type("k\t");
    CHECK_EQ(line.length, LINE_TEXT_BYTES - 3, "no blank after the part of a word");
    (void)type("\x7f\x7fk\t");
    CHECK_EQ(line.length, LINE_TEXT_BYTES - 1, "the word, but not the blank behind it, has room");
}

static uint32_t many;

static void many_offer(void *context, struct line_offers *offers)
{
    char name[40];

    (void)context;
    for (uint32_t i = 0; i < many; i++) {
        int length = snprintf(name, sizeof(name), "a-rather-long-name-of-number-%05u", i);

        line_offer(offers, name, (size_t)length, 0);
    }
}

TEST(too_many_offers_are_counted)
{
    begin(80);
    line.spec.complete = many_offer;
    many = 1000;
    wants("\t", "a-rather-long-name-of-number-00", 31);
    wants("\t", "a-rather-long-name-of-number-00", 31);
    CHECK_EQ(screen.row, 0, "a Tab that added something is not the first of two");
    wants("\t", "a-rather-long-name-of-number-00", 31);
    char wanted[40];
    uint32_t shown = LINE_OFFER_BYTES / 35;

    snprintf(wanted, sizeof(wanted), "and %u more", many - shown);
    CHECK(strcmp(screen_row(&screen, screen.row - 1), wanted) == 0, "the rest");
}
