/* SPDX-License-Identifier: MIT */
/* A program that is started from a file, and does what its first argument says: tests/scenario/process.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PIECE_BYTES = 16384, STATUS_NO_MEMORY = 3, STATUS_UNKNOWN = 100, SECONDS = 1000 };

/* Take memory, and use it, until there is no more. */
static int memory_use_up(void)
{
    size_t pieces = 0;

    for (char *piece = malloc(PIECE_BYTES); piece != NULL; piece = malloc(PIECE_BYTES)) {
        memset(piece, 1, PIECE_BYTES);
        pieces++;
    }
    printf("out of memory after %zu KiB\n", pieces * PIECE_BYTES / 1024);
    return STATUS_NO_MEMORY;
}

static int words_show(int count, char **arguments, char **environment)
{
    int shown = 0;

    for (int i = 0; i < count; i++) {
        printf("word %d: <%s>\n", i, arguments[i]);
    }
    for (; environment[shown] != NULL; shown++) {
        printf("environment: <%s>\n", environment[shown]);
    }
    printf("%d words, %d in the environment, HOME is %s\n", count, shown,
           getenv("HOME") != NULL ? getenv("HOME") : "nowhere");
    return arguments[count] == NULL ? 0 : 1;
}

int main(int count, char **arguments, char **environment)
{
    const char *what = count > 1 ? arguments[1] : "words";
    volatile int is_endless = 1;

    if (strcmp(what, "exit") == 0) {
        return count > 2 ? atoi(arguments[2]) : 0;
    }
    if (strcmp(what, "words") == 0) {
        return words_show(count, arguments, environment);
    }
    if (strcmp(what, "memory") == 0) {
        return memory_use_up();
    }
    if (strcmp(what, "sleep") == 0) {
        return nanosleep(&(struct timespec){ SECONDS, 0 }, NULL);
    }
    while (strcmp(what, "spin") == 0 && is_endless) {
    }
    return STATUS_UNKNOWN;
}
