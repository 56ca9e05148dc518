/* SPDX-License-Identifier: MIT */
/* A plain C program on musl: the template for those that want a C library. Ends with what its argument says. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { NUMBERS = 20000 };

static int number_compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return a < b ? -1 : a > b;
}

/* Sort many numbers in memory of the heap; false if there is none, or they are not in order. */
static int numbers_are_sorted(void)
{
    double *numbers = malloc(NUMBERS * sizeof(*numbers));
    int is_sorted = numbers != NULL;

    if (numbers == NULL) {
        return 0;
    }
    for (int i = 0; i < NUMBERS; i++) {
        numbers[i] = rand() / 7.0;
    }
    qsort(numbers, NUMBERS, sizeof(*numbers), number_compare);
    for (int i = 1; i < NUMBERS; i++) {
        is_sorted &= numbers[i - 1] <= numbers[i];
    }
    free(numbers);
    return is_sorted;
}

int main(int count, char **arguments, char **environment)
{
    static _Thread_local int local = 41;
    struct timespec before, after;
    char text[64];

    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    printf("hello from %s, %d arguments\n", arguments[0], count - 1);
    for (int i = 1; i < count; i++) {
        printf("argument %d: %s\n", i, arguments[i]);
    }
    for (int i = 0; environment[i] != NULL; i++) {
        printf("environment: %s\n", environment[i]);
    }
    local++;
    (void)snprintf(text, sizeof(text), "%.3f %g %a %Lf", 3.14159, 1e100, 0.5, 2.5L);
    printf("numbers: %s, thread-local %d\n", text, local);
    printf("%d numbers: %s\n", NUMBERS, numbers_are_sorted() ? "sorted" : "not sorted");
    (void)nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    double ms = (double)(after.tv_sec - before.tv_sec) * 1e3 +
                (double)(after.tv_nsec - before.tv_nsec) / 1e6;

    printf("it took %s ms\n", ms >= 1 && ms < 10000 ? "some" : "no");
    return count > 1 ? atoi(arguments[1]) : 0;
}
