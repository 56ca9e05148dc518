/* SPDX-License-Identifier: MIT */
/* UTF-8, and how wide it is on a screen: not all of Unicode's rules, but those that most terminals agree on. */
#include "parts.h"

#define CHARACTER_BAD 0xffffffffu

struct range {
    uint32_t first, last;
};

/* Marks that stand on the character before them, and signs that are not seen. */
static const struct range marks[] = {
    { 0x300, 0x36f },   { 0x483, 0x489 },   { 0x591, 0x5bd },   { 0x610, 0x61a },
    { 0x64b, 0x65f },   { 0x200b, 0x200f }, { 0x202a, 0x202e }, { 0x2060, 0x2064 },
    { 0x20d0, 0x20f0 }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff },
};

static const struct range wides[] = {
    { 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0xa4cf },   { 0xac00, 0xd7a3 },
    { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },
    { 0x1f300, 0x1f64f }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

static bool is_within(uint32_t character, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (character >= ranges[i].first && character <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

static bool is_mark(uint32_t character)
{
    return is_within(character, marks, sizeof(marks) / sizeof(marks[0]));
}

static size_t size_of(unsigned char first)
{
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xc0 || first > 0xf4) {
        return 0;
    }
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* The character there; @size of it. CHARACTER_BAD: it is none, and cannot be shown. */
static uint32_t character_at(const char *text, size_t length, size_t at, size_t *size)
{
    static const uint32_t smallest[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    unsigned char first = (unsigned char)text[at];

    *size = size_of(first);
    if (*size == 0 || *size > length - at) {
        *size = 1;
        return CHARACTER_BAD;
    }
    uint32_t character = *size == 1 ? first : first & (0x7fu >> *size);

    for (size_t i = 1; i < *size; i++) {
        unsigned char byte = (unsigned char)text[at + i];

        if ((byte & 0xc0) != 0x80) {
            *size = 1;
            return CHARACTER_BAD;
        }
        character = character << 6 | (byte & 0x3f);
    }
    bool is_control = character < ' ' || (character >= 0x7f && character < 0xa0);

    return character < smallest[*size] || character > 0x10ffff || is_control ||
                   (character >= 0xd800 && character <= 0xdfff)
               ? CHARACTER_BAD
               : character;
}

bool text_is_showable(const char *text, size_t length)
{
    size_t size;

    for (size_t at = 0; at < length; at += size) {
        if (character_at(text, length, at, &size) == CHARACTER_BAD) {
            return false;
        }
    }
    return true;
}

bool marks_are_right(const char *text, size_t length, char before)
{
    size_t size;

    for (size_t at = 0; at < length; at += size) {
        if (is_mark(character_at(text, length, at, &size)) && (before == 0 || before == ' ')) {
            return false;
        }
        before = text[at];
    }
    return true;
}

size_t glyph_end(const char *text, size_t length, size_t at)
{
    size_t size;

    if (at >= length) {
        return length;
    }
    (void)character_at(text, length, at, &size);
    at += size;
    while (at < length && is_mark(character_at(text, length, at, &size))) {
        at += size;
    }
    return at;
}

size_t glyph_start(const char *text, size_t at)
{
    size_t end = at, size;

    while (at > 0) {
        do {
            at--;
        } while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80);
        if (!is_mark(character_at(text, end, at, &size))) {
            break;
        }
    }
    return at;
}

uint32_t text_columns(const char *text, size_t from, size_t to)
{
    uint32_t columns = 0;
    size_t size;

    for (size_t at = from; at < to; at += size) {
        uint32_t character = character_at(text, to, at, &size);

        if (!is_mark(character)) {
            columns += is_within(character, wides, sizeof(wides) / sizeof(wides[0])) ? 2 : 1;
        }
    }
    return columns;
}
