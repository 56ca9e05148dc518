/* SPDX-License-Identifier: MIT */
/* A program that is started from a file, and does what its first argument says: tests/scenario/process.py. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    PIECE_BYTES = 16384,
    THREADS = 8,
    NS_PER_MS = 1000000,
    STATUS_NO_MEMORY = 3,
    STATUS_UNKNOWN = 100,
    SECONDS = 1000
};

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

static void *count_on(void *counter)
{
    volatile unsigned long *at = counter;
    volatile int is_endless = 1;

    while (is_endless) {
        ++*at;
    }
    return NULL;
}

static long long now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000ll + now.tv_nsec / 1000;
}

/* So many threads, as far as there may be, count for so long; each should have its turn. */
static int threads_run(int wanted, int milliseconds)
{
    static unsigned long counters[THREADS];
    long long start_us = now_us();
    int made = 0, ran = 0;
    pthread_t thread;

    while (made < wanted && made < THREADS &&
           pthread_create(&thread, NULL, count_on, &counters[made]) == 0) {
        made++;
    }
    while (now_us() - start_us < milliseconds * 1000ll) {
        nanosleep(&(struct timespec){ 0, NS_PER_MS }, NULL);
    }
    for (int i = 0; i < made; i++) {
        ran += *(volatile unsigned long *)&counters[i] != 0;
    }
    printf("%d of %d threads ran, in %lld us\n", ran, wanted, now_us() - start_us);
    return ran;
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
    if (strcmp(what, "threads") == 0 && count > 3) {
        return threads_run(atoi(arguments[2]), atoi(arguments[3]));
    }
    while (strcmp(what, "spin") == 0 && is_endless) {
    }
    return STATUS_UNKNOWN;
}
