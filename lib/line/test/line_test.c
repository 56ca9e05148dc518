/* SPDX-License-Identifier: MIT */
/* What keys make of a line, and whether the screen shows it: compared with a model that keeps glyphs, not bytes. */
#include "line/line.h"

#include <stdio.h>
#include <string.h>

#include "host_test/test.h"
#include "screen/screen.h"

#define PROMPT "pith> "
enum { PROMPT_COLUMNS = 6, ROUNDS = 150, KEYS = 400, GLYPH_BYTES = 32 };

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

static void begin(uint32_t columns)
{
    struct line_spec spec = {
        .context = &screen, .write = screen_take, .complete = words_offer, .columns = columns
    };

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
    wants("\t\t", "a-rather-long-name-of-number-00", 31);
    char wanted[40];
    uint32_t shown = LINE_OFFER_BYTES / 35;

    snprintf(wanted, sizeof(wanted), "and %u more", many - shown);
    CHECK(strcmp(screen_row(&screen, screen.row - 1), wanted) == 0, "the rest");
}

/* --- random keys, against a model --- */

struct text_model {
    char glyphs[LINE_TEXT_BYTES][GLYPH_BYTES];
    size_t count;
};

static struct model {
    struct text_model text, killed, draft, history[3000];
    size_t cursor, history_count, history_at, history_oldest;
} model;

static size_t bytes_of(const struct text_model *text)
{
    size_t bytes = 0;

    for (size_t i = 0; i < text->count; i++) {
        bytes += strlen(text->glyphs[i]);
    }
    return bytes;
}

static void text_of(const struct text_model *text, size_t count, char *into)
{
    *into = 0;
    for (size_t i = 0; i < count; i++) {
        strcat(into, text->glyphs[i]);
    }
}

static void model_insert(const struct text_model *added)
{
    struct text_model *text = &model.text;

    if (bytes_of(text) + bytes_of(added) >= LINE_TEXT_BYTES) {
        return;
    }
    memmove(text->glyphs[model.cursor + added->count], text->glyphs[model.cursor],
            (text->count - model.cursor) * GLYPH_BYTES);
    memcpy(text->glyphs[model.cursor], added->glyphs, added->count * GLYPH_BYTES);
    text->count += added->count;
    model.cursor += added->count;
}

static void model_type(const char *character)
{
    static struct text_model one;
    struct text_model *text = &model.text;

    if (width_at(character) == 0) {
        char *glyph = model.cursor != 0 ? text->glyphs[model.cursor - 1] : NULL;

        if (glyph != NULL && strcmp(glyph, " ") != 0 &&
            CHECK(strlen(glyph) + strlen(character) < GLYPH_BYTES, "room in the model") &&
            bytes_of(text) + strlen(character) < LINE_TEXT_BYTES) {
            strcat(glyph, character);
        }
        return;
    }
    one.count = 1;
    strcpy(one.glyphs[0], character);
    model_insert(&one);
}

static void model_cut(size_t from, size_t to, bool is_killed)
{
    struct text_model *text = &model.text;

    if (is_killed && from != to) {
        model.killed.count = to - from;
        memcpy(model.killed.glyphs, text->glyphs[from], (to - from) * GLYPH_BYTES);
    }
    memmove(text->glyphs[from], text->glyphs[to], (text->count - to) * GLYPH_BYTES);
    text->count -= to - from;
    model.cursor = from;
}

static bool is_blank_at(size_t at)
{
    return strcmp(model.text.glyphs[at], " ") == 0;
}

static size_t model_word_left(void)
{
    size_t at = model.cursor;

    for (; at > 0 && is_blank_at(at - 1); at--) {
    }
    for (; at > 0 && !is_blank_at(at - 1); at--) {
    }
    return at;
}

static void model_history(bool is_older)
{
    if (model.history_at == (is_older ? model.history_oldest : model.history_count)) {
        return;
    }
    if (model.history_at == model.history_count) {
        model.draft = model.text;
    }
    model.history_at += is_older ? (size_t)-1 : 1;
    model.text =
        model.history_at == model.history_count ? model.draft : model.history[model.history_at];
    model.cursor = model.text.count;
}

static void model_enter(void)
{
    char text[LINE_TEXT_BYTES], last[LINE_TEXT_BYTES] = "";

    text_of(&model.text, model.text.count, text);
    if (model.history_count != 0) {
        text_of(&model.history[model.history_count - 1],
                model.history[model.history_count - 1].count, last);
    }
    if (text[0] != 0 && strcmp(text, last) != 0) {
        model.history[model.history_count++] = model.text;
    }
    if (model.history_count - model.history_oldest > LINE_HISTORY) {
        model.history_oldest++;
    }
    model.history_at = model.history_count;
    model.text.count = model.cursor = 0;
}

/* One random key: typed, and done to the model. */
static void key_type(void)
{
    static const char *const characters[] = {
        "a", "b", "z", " ", "\xc3\xa9", "\xe6\xbc\xa2", "\xcc\x81", "\xf0\x9f\x98\x80"
    };
    const char *character = characters[test_random(8)];
    size_t cursor = model.cursor;
    enum line_event event = LINE_MORE;

    switch (test_random(20)) {
    case 0:
        (void)type(LEFT);
        model.cursor -= cursor != 0;
        break;
    case 1:
        (void)type(RIGHT);
        model.cursor += cursor != model.text.count;
        break;
    case 2:
        (void)type("\x7f");
        model_cut(cursor != 0 ? cursor - 1 : 0, cursor, false);
        break;
    case 3:
        (void)type("\x1b[3~");
        model_cut(cursor, cursor + (cursor != model.text.count), false);
        break;
    case 4:
        (void)type("\x17");
        model_cut(model_word_left(), cursor, true);
        break;
    case 5:
        (void)type("\x19");
        model_insert(&model.killed);
        break;
    case 6:
        if (test_random(4) == 0) {
            (void)type("\x15");
            model_cut(0, cursor, true);
        } else {
            (void)type("\x0b");
            model_cut(cursor, model.text.count, true);
        }
        break;
    case 7:
        (void)type(test_random(2) == 0 ? "\x01" : "\x1b[H");
        model.cursor = 0;
        break;
    case 8:
        (void)type("\x05");
        model.cursor = model.text.count;
        break;
    case 9:
        (void)type(UP);
        model_history(true);
        break;
    case 10:
        (void)type(DOWN);
        model_history(false);
        break;
    case 11:
        if (test_random(8) == 0) {
            event = type("\r");
            CHECK_EQ(event, LINE_DONE, "Enter");
            line_remember(&line, line_text(&line));
            line_begin(&line, PROMPT);
            model_enter();
        }
        break;
    default:
        (void)type(character);
        model_type(character);
        break;
    }
}

TEST(random_keys_do_what_they_do_to_a_model)
{
    char text[LINE_TEXT_BYTES];

    for (int round = 0; round < ROUNDS && !test_has_failed(); round++) {
        begin(LINE_COLUMNS_MIN + test_random(120));
        memset(&model, 0, sizeof(model));
        for (int key = 0; key < KEYS && !test_has_failed(); key++) {
            key_type();
            text_of(&model.text, model.text.count, text);
            CHECK(strcmp(line_text(&line), text) == 0, "the text");
            text_of(&model.text, model.cursor, text);
            CHECK_EQ(line.cursor, strlen(text), "the cursor");
            (void)row_is_right("after a random key");
        }
    }
}
