/* SPDX-License-Identifier: MIT */
#include "http/request.h"

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

bool http_text_is(struct http_text text, const char *word)
{
    size_t i = 0;

    for (; i < text.length && word[i] != 0; i++) {
        if (lower(text.at[i]) != lower(word[i])) {
            return false;
        }
    }
    return i == text.length && word[i] == 0;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* A comma inside of a quoted string is part of it. */
static size_t element_length(struct http_text list)
{
    bool is_quoted = false;
    size_t length = 0;

    for (; length < list.length; length++) {
        if (list.at[length] == '"') {
            is_quoted = !is_quoted;
        } else if (list.at[length] == ',' && !is_quoted) {
            break;
        }
    }
    return length;
}

bool http_list_next(struct http_text *list, struct http_text *element)
{
    while (list->length > 0) {
        while (list->length > 0 && (is_blank(list->at[0]) || list->at[0] == ',')) {
            list->at++;
            list->length--;
        }
        size_t length = element_length(*list);
        size_t trimmed = length;

        while (trimmed > 0 && is_blank(list->at[trimmed - 1])) {
            trimmed--;
        }
        *element = (struct http_text){ list->at, trimmed };
        list->at += length;
        list->length -= length;
        if (trimmed > 0) {
            return true;
        }
    }
    return false;
}

static uint32_t digit_value(char byte)
{
    if (byte >= '0' && byte <= '9') {
        return (uint32_t)(byte - '0');
    }
    byte = lower(byte);
    return byte >= 'a' && byte <= 'f' ? (uint32_t)(byte - 'a' + 10) : UINT32_MAX;
}

bool http_number_parse(struct http_text text, uint32_t base, uint64_t *number)
{
    uint64_t value = 0;

    if (text.length == 0) {
        return false;
    }
    for (size_t i = 0; i < text.length; i++) {
        uint32_t digit = digit_value(text.at[i]);

        if (digit >= base || value > (UINT64_MAX - digit) / base) {
            return false;
        }
        value = value * base + digit;
    }
    *number = value;
    return true;
}
