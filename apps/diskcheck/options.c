/* SPDX-License-Identifier: MIT */
#include "diskcheck.h"
#include "pith/string.h"

/* Is this word the option? With a number behind `=`, if there is room for one. */
static bool option_is(const char *word, size_t length, const char *name, uint64_t *number)
{
    size_t name_length = strlen(name);
    uint64_t value = 0;

    if (length < name_length || strncmp(word, name, name_length) != 0) {
        return false;
    }
    if (number == NULL) {
        return length == name_length;
    }
    for (size_t i = name_length; i < length; i++) {
        if (word[i] < '0' || word[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(word[i] - '0');
    }
    *number = value;
    return true;
}

static void option_read(struct options *options, const char *word, size_t length)
{
    options->has_pattern |= option_is(word, length, "pattern", NULL);
    options->writes |= option_is(word, length, "write", NULL);
    (void)option_is(word, length, "depth=", &options->depth);
    (void)option_is(word, length, "rounds=", &options->rounds);
    (void)option_is(word, length, "random=", &options->random);
    (void)option_is(word, length, "piece=", &options->piece);
    (void)option_is(word, length, "sectors=", &options->limit);
}

void options_read(struct options *options, const char *text)
{
    *options = (struct options){ .depth = DEPTH_MAX, .rounds = 1, .piece = PIECE_MAX };
    while (*text != 0) {
        size_t length = 0;

        while (text[length] != 0 && text[length] != ' ') {
            length++;
        }
        option_read(options, text, length);
        text += length;
        text += *text == ' ';
    }
    if (options->depth == 0 || options->depth > DEPTH_MAX) {
        options->depth = DEPTH_MAX;
    }
}
