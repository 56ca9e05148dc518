/* SPDX-License-Identifier: MIT */
/* What a program on musl gets from lib/posix: memory, time, numbers in text, and errors where nothing is. */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, BLOCKS = 300 };

static int failures;

static void check(int holds, const char *what)
{
    if (!holds) {
        failures++;
        printf("FAIL libc_calls: %s (errno %d)\n", what, errno);
    }
}

static int is_zero(const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != 0) {
            return 0;
        }
    }
    return 1;
}

static void mappings_try(void)
{
    const int both = PROT_READ | PROT_WRITE;
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    unsigned char *first = mmap(NULL, 3 * PAGE, both, flags, -1, 0);

    check(first != MAP_FAILED && is_zero(first, 3 * PAGE), "new memory is zero");
    memset(first, 0xa5, 3 * PAGE);
    check(munmap(first + PAGE, PAGE) == 0, "the middle is given back");
    check(first[0] == 0xa5 && first[2 * PAGE] == 0xa5, "the ends are not");
    unsigned char *again = mmap(NULL, PAGE, both, flags, -1, 0);

    check(again == first + PAGE && is_zero(again, PAGE), "it is used again, and zero");
    check(munmap(first, 3 * PAGE) == 0, "all of it");
    check(mmap(NULL, 0, both, flags, -1, 0) == MAP_FAILED && errno == EINVAL, "nothing");
    check(mmap(NULL, PAGE, both, MAP_PRIVATE, 3, 0) == MAP_FAILED && errno == EBADF, "no file");
    check(mmap(NULL, 1ul << 40, both, flags, -1, 0) == MAP_FAILED && errno == ENOMEM, "too much");
    check(mmap(NULL, PAGE, both | PROT_EXEC, flags, -1, 0) == MAP_FAILED && errno == EACCES,
          "code");
    check(munmap(first + 1, PAGE) == -1 && errno == EINVAL, "an odd address");
}

/* Blocks of many sizes come and go; each keeps what was written to it. */
static void heap_try(void)
{
    static unsigned char *blocks[BLOCKS];
    static size_t sizes[BLOCKS];
    int wrong = 0;

    for (int step = 0; step < 20 * BLOCKS; step++) {
        int i = rand() % BLOCKS;

        for (size_t at = 0; blocks[i] != NULL && at < sizes[i]; at++) {
            wrong += blocks[i][at] != (unsigned char)i;
        }
        free(blocks[i]);
        sizes[i] = (size_t)(rand() % (step % 50 == 0 ? 100000 : 2000));
        blocks[i] = malloc(sizes[i]);
        if (blocks[i] != NULL) {
            memset(blocks[i], i, sizes[i]);
        }
        wrong += blocks[i] == NULL;
    }
    check(wrong == 0, "the heap keeps what is written");
    for (int i = 0; i < BLOCKS; i++) {
        free(blocks[i]);
    }
    void *large = malloc(1ul << 40);

    check(large == NULL && errno == ENOMEM, "more than there is");
    free(large);
    large = malloc(700000);

    check(large != NULL, "what was freed can be had again");
    free(large);
}

static void numbers_try(void)
{
    static const struct {
        const char *format;
        double value;
        const char *want;
    } cases[] = {
        { "%f", 0.1, "0.100000" },
        { "%.17g", 0.1, "0.10000000000000001" },
        { "%e", 12345.678, "1.234568e+04" },
        { "%a", 1.0, "0x1p+0" },
        { "%.0f", 2.5, "2" },
        { "%g", INFINITY, "inf" },
        { "%.1f", -1e15, "-1000000000000000.0" },
    };
    char text[64];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)snprintf(text, sizeof(text), cases[i].format, cases[i].value);
        check(strcmp(text, cases[i].want) == 0, cases[i].want);
    }
    check(strtod("1e-320", NULL) == 1e-320, "a denormal number is read");
    check(sqrt(2.0) > 1.41421356 && sqrt(2.0) < 1.41421357, "a root");
    check(fabs(sin(M_PI / 6) - 0.5) < 1e-15, "a sine");
}

static void time_try(void)
{
    struct timespec before, after, late;

    check(clock_gettime(CLOCK_MONOTONIC, &before) == 0, "the time");
    check(nanosleep(&(struct timespec){ 0, 5000000 }, NULL) == 0, "sleep");
    check(clock_gettime(CLOCK_MONOTONIC, &after) == 0, "the time again");
    int64_t slept = (after.tv_sec - before.tv_sec) * 1000000000l + after.tv_nsec - before.tv_nsec;

    check(slept >= 5000000 && slept < 50000000, "5 ms are at least that");
    late = after;
    late.tv_nsec += 2000000;
    late.tv_sec += late.tv_nsec / 1000000000;
    late.tv_nsec %= 1000000000;
    check(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &late, NULL) == 0, "sleep until");
    check(clock_gettime(CLOCK_MONOTONIC, &after) == 0 &&
              (after.tv_sec > late.tv_sec ||
               (after.tv_sec == late.tv_sec && after.tv_nsec >= late.tv_nsec)),
          "then it is that late");
    check(clock_gettime(99, &after) == -1 && errno == EINVAL, "no such clock");
    check(nanosleep(&(struct timespec){ 0, 1000000000 }, NULL) == -1 && errno == EINVAL,
          "no such time");
}

static void *thread_run(void *unused)
{
    return unused;
}

static void missing_try(void)
{
    pthread_t thread;

    check(fork() == -1 && errno == ENOSYS, "no fork");
    check(access("/etc/passwd", R_OK) == -1 && errno == EACCES, "no files");
    check(write(7, "x", 1) == -1 && errno == EBADF, "no such descriptor");
    check(pthread_create(&thread, NULL, thread_run, NULL) != 0, "no threads");
    check(getchar() == EOF, "nothing to read");
    check(getpid() == 1, "its number");
}

static void jumps_try(void)
{
    static jmp_buf place;
    volatile int count = 0;

    if (setjmp(place) < 3) {
        count++;
        longjmp(place, count);
    }
    check(count == 3, "long jumps");
}

static void at_end(void)
{
    printf("note: libc_calls ends with %d failures\n", failures);
}

int main(void)
{
    check(atexit(at_end) == 0, "atexit");
    mappings_try();
    heap_try();
    numbers_try();
    time_try();
    missing_try();
    jumps_try();
    return failures == 0 ? 0 : 1;
}
