/* SPDX-License-Identifier: MIT */
/* Samples are few (thousands), so all are kept: the median is exact. */
#include "report.h"

#include <inttypes.h>
#include <stdlib.h>

void samples_add(struct samples *samples, uint64_t value)
{
    if (samples->count == samples->room) {
        samples->room = samples->room == 0 ? 1024 : samples->room * 2;
        samples->values = realloc(samples->values, samples->room * sizeof(*samples->values));
        if (samples->values == NULL) {
            abort();
        }
    }
    samples->values[samples->count++] = value;
}

static int value_compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

void samples_print(FILE *file, unsigned row, const char *what, struct samples *samples)
{
    if (samples->count == 0) {
        return;
    }
    qsort(samples->values, samples->count, sizeof(*samples->values), value_compare);
    fprintf(file, "%u\t%s\t%zu\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", row, what, samples->count,
            samples->values[0], samples->values[samples->count / 2],
            samples->values[samples->count - 1]);
}
