/* SPDX-License-Identifier: MIT */
/* Random keys do to a line what they do to a model, which keeps glyphs, not bytes; and the screen shows it. */
#include "line/line.h"

#include "typing.h"

enum { ROUNDS = 150, KEYS = 400, GLYPH_BYTES = 32 };

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

/* A key that moves, or the end of a line. */
static void move_key(void)
{
    size_t cursor = model.cursor;

    switch (test_random(7)) {
    case 0:
        (void)type(LEFT);
        model.cursor -= cursor != 0;
        break;
    case 1:
        (void)type(RIGHT);
        model.cursor += cursor != model.text.count;
        break;
    case 2:
        (void)type(test_random(2) == 0 ? "\x01" : "\x1b[H");
        model.cursor = 0;
        break;
    case 3:
        (void)type("\x05");
        model.cursor = model.text.count;
        break;
    case 4:
        (void)type(UP);
        model_history(true);
        break;
    case 5:
        (void)type(DOWN);
        model_history(false);
        break;
    default:
        if (test_random(8) == 0) {
            CHECK_EQ(type("\r"), LINE_DONE, "Enter");
            line_remember(&line, line_text(&line));
            line_begin(&line, PROMPT);
            model_enter();
        }
        break;
    }
}

/* A key that takes something off, or brings it back. */
static void cut_key(void)
{
    size_t cursor = model.cursor;

    switch (test_random(6)) {
    case 0:
        (void)type("\x7f");
        model_cut(cursor != 0 ? cursor - 1 : 0, cursor, false);
        break;
    case 1:
        (void)type("\x1b[3~");
        model_cut(cursor, cursor + (cursor != model.text.count), false);
        break;
    case 2:
        (void)type("\x17");
        model_cut(model_word_left(), cursor, true);
        break;
    case 3:
        (void)type("\x19");
        model_insert(&model.killed);
        break;
    default:
        if (test_random(8) == 0) {
            (void)type("\x15");
            model_cut(0, cursor, true);
        } else if (test_random(2) == 0) {
            (void)type("\x0b");
            model_cut(cursor, model.text.count, true);
        }
        break;
    }
}

/* One random key: typed, and done to the model. */
static void key_type(void)
{
    static const char *const characters[] = {
        "a", "b", "z", " ", "\xc3\xa9", "\xe6\xbc\xa2", "\xcc\x81", "\xf0\x9f\x98\x80"
    };
    const char *character = characters[test_random(8)];

    switch (test_random(5)) {
    case 0:
        move_key();
        break;
    case 1:
        cut_key();
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
