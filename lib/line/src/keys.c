/* SPDX-License-Identifier: MIT */
/*
 * Bytes of a keyboard to keys. The sequences are those of ECMA-48 as xterm and its relatives send them; one that means nothing
 * here is taken whole and does nothing, so none of its bytes ends up as text.
 */
#include "parts.h"

enum {
    ESCAPE = 0x1b,
    BELL = 7,
    DELETE = 0x7f,
    CANCEL = 0x18, /* ends a sequence, as does SUBSTITUTE */
    SUBSTITUTE = 0x1a,
    NUMBER_MAX = 1000,
};

enum state {
    PLAIN,
    ESCAPED, /* after ESC */
    CONTROL, /* after ESC [ */
    CONTROL_FIRST,
    CONTROL_KEY, /* after ESC [ [, as the console of Linux sends F1 to F5 */
    SINGLE,      /* after ESC O */
    STRING,      /* after ESC ] and its like: to BEL or ESC \ */
    STRING_ESCAPED,
};

static enum line_key control_key(unsigned char byte)
{
    static const uint8_t keys[' '] = {
        ['A' & 31] = KEY_HOME,   ['B' & 31] = KEY_LEFT,       ['C' & 31] = KEY_CANCEL,
        ['D' & 31] = KEY_DELETE, ['E' & 31] = KEY_END,        ['F' & 31] = KEY_RIGHT,
        ['G' & 31] = KEY_ABORT,  ['H' & 31] = KEY_BACKSPACE,  ['I' & 31] = KEY_TAB,
        ['J' & 31] = KEY_ENTER,  ['K' & 31] = KEY_KILL_END,   ['L' & 31] = KEY_CLEAR,
        ['M' & 31] = KEY_ENTER,  ['N' & 31] = KEY_DOWN,       ['P' & 31] = KEY_UP,
        ['R' & 31] = KEY_SEARCH, ['U' & 31] = KEY_KILL_START, ['W' & 31] = KEY_KILL_WORD,
        ['Y' & 31] = KEY_YANK,
    };

    return (enum line_key)keys[byte];
}

/* ESC [ ... final, and ESC O final. */
static enum line_key final_key(const struct line_keys *keys, unsigned char final)
{
    bool is_by_words = keys->number == 3 || keys->number == 5; /* with Alt, with Ctrl */

    switch (final) {
    case 'A':
        return KEY_UP;
    case 'B':
        return KEY_DOWN;
    case 'C':
        return is_by_words ? KEY_WORD_RIGHT : KEY_RIGHT;
    case 'D':
        return is_by_words ? KEY_WORD_LEFT : KEY_LEFT;
    case 'H':
        return KEY_HOME;
    case 'F':
        return KEY_END;
    default:
        return KEY_NONE;
    }
}

/* ESC [ number ~ */
static enum line_key numbered_key(uint32_t number)
{
    switch (number) {
    case 1:
    case 7:
        return KEY_HOME;
    case 4:
    case 8:
        return KEY_END;
    case 3:
        return KEY_DELETE;
    default:
        return KEY_NONE;
    }
}

static enum line_key escaped_key(struct line_keys *keys, unsigned char byte)
{
    keys->state = PLAIN;
    keys->number = 0;
    switch (byte) {
    case '[':
        keys->state = CONTROL_FIRST;
        return KEY_NONE;
    case 'O':
        keys->state = SINGLE;
        return KEY_NONE;
    case ']':
    case 'P':
    case 'X':
    case '^':
    case '_':
        keys->state = STRING;
        return KEY_NONE;
    case 'b':
        return KEY_WORD_LEFT;
    case 'f':
        return KEY_WORD_RIGHT;
    case 'd':
        return KEY_KILL_WORD_NEXT;
    case DELETE:
    case 'H' & 31:
        return KEY_KILL_WORD;
    default:
        /* ESC and characters from blank to slash wait for one more. */
        keys->state = byte >= ' ' && byte <= '/' ? ESCAPED : PLAIN;
        return KEY_NONE;
    }
}

static enum line_key sequence_key(struct line_keys *keys, unsigned char byte)
{
    if (keys->state == CONTROL_FIRST && byte == '[') {
        keys->state = CONTROL_KEY;
        return KEY_NONE;
    }
    if (keys->state == CONTROL_KEY) {
        keys->state = PLAIN;
        return KEY_NONE;
    }
    if (byte >= '0' && byte <= '9') {
        keys->number = keys->number < NUMBER_MAX ? keys->number * 10 + (byte - '0') : NUMBER_MAX;
    } else if (byte == ';' || byte == ':') {
        keys->number = 0;
    }
    if (byte < '@') {
        keys->state = keys->state == SINGLE ? SINGLE : CONTROL;
        return KEY_NONE; /* a parameter, or what stands between it and the end */
    }
    keys->state = PLAIN;
    return byte == '~' ? numbered_key(keys->number) : final_key(keys, byte);
}

static enum line_key string_key(struct line_keys *keys, unsigned char byte)
{
    bool is_end = byte == BELL || byte == CANCEL || byte == SUBSTITUTE ||
                  (keys->state == STRING_ESCAPED && byte == '\\');

    if (is_end) {
        keys->state = PLAIN;
    } else {
        keys->state = byte == ESCAPE ? STRING_ESCAPED : STRING;
    }
    return KEY_NONE;
}

/* A character of several bytes. Wrong ones are told apart when it is complete. */
static enum line_key character_take(struct line_keys *keys, unsigned char byte)
{
    if (byte >= 0xc0) {
        keys->missing = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
        keys->length = 0;
    } else if (keys->missing == 0) {
        return KEY_BAD;
    } else {
        keys->missing--;
    }
    keys->text[keys->length++] = (char)byte;
    if (keys->missing != 0) {
        return KEY_NONE;
    }
    return text_is_showable(keys->text, keys->length) ? KEY_TEXT : KEY_BAD;
}

static enum line_key plain_key(struct line_keys *keys, unsigned char byte)
{
    if (byte >= 0x80) {
        return character_take(keys, byte);
    }
    keys->missing = 0;
    if (byte < ' ') {
        return control_key(byte);
    }
    if (byte == DELETE) {
        return KEY_BACKSPACE;
    }
    keys->text[0] = (char)byte;
    keys->length = 1;
    return KEY_TEXT;
}

enum line_key line_key_take(struct line_keys *keys, unsigned char byte)
{
    bool is_second = keys->was_return && byte == '\n';

    keys->was_return = false;
    if (keys->state == STRING || keys->state == STRING_ESCAPED) {
        return string_key(keys, byte);
    }
    if (byte == ESCAPE) {
        keys->state = ESCAPED;
        keys->missing = 0;
        return KEY_NONE;
    }
    if (keys->state == ESCAPED && (byte >= ' ' || byte == ('H' & 31))) {
        return escaped_key(keys, byte);
    }
    if (keys->state != PLAIN && keys->state != ESCAPED && byte >= ' ' && byte < DELETE) {
        return sequence_key(keys, byte);
    }
    /* A control character ends what was begun, and counts. */
    keys->state = PLAIN;
    keys->was_return = byte == '\r';
    return is_second ? KEY_NONE : plain_key(keys, byte);
}
