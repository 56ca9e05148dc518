/* SPDX-License-Identifier: MIT */
#include "harm.h"

const char *word_next(const char *text, char *word, size_t size)
{
    size_t length = 0;

    for (; *text != 0 && *text != ' '; text++) {
        if (length + 1 < size) {
            word[length++] = *text;
        }
    }
    word[length] = 0;
    return *text == ' ' ? text + 1 : text;
}

uint32_t number_next(const char **text, uint32_t otherwise)
{
    char word[12];
    uint32_t number = 0;

    *text = word_next(*text, word, sizeof(word));
    for (const char *at = word; *at >= '0' && *at <= '9'; at++) {
        number = number * 10 + (uint32_t)(*at - '0');
    }
    return number != 0 ? number : otherwise;
}
