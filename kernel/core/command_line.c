/* SPDX-License-Identifier: MIT */
#include "core/command_line.h"

#define NUMBER_MAX 1000000000000000000ull

/* The text after "name=" if the word begins so, else 0. */
static const char *value_of(const char *word, const char *name)
{
    while (*name != 0) {
        if (*word++ != *name++) {
            return 0;
        }
    }
    return *word == '=' ? word + 1 : 0;
}

static void word_copy(const char *word, char *value, uint32_t size)
{
    uint32_t length = 0;

    while (length + 1 < size && word[length] != 0 && word[length] != ' ') {
        value[length] = word[length];
        length++;
    }
    value[length] = 0;
}

bool command_line_get(const char *line, const char *name, char *value, uint32_t size)
{
    while (*line != 0) {
        const char *found = value_of(line, name);

        if (found != 0) {
            word_copy(found, value, size);
            return true;
        }
        while (*line != 0 && *line != ' ') {
            line++;
        }
        while (*line == ' ') {
            line++;
        }
    }
    return false;
}

uint64_t command_line_number(const char *text)
{
    uint64_t number = 0;

    for (; *text >= '0' && *text <= '9' && number < NUMBER_MAX; text++) {
        number = number * 10 + (uint64_t)(*text - '0');
    }
    return number;
}
