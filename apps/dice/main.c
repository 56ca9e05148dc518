/* SPDX-License-Identifier: MIT */
/*
 * Draws random numbers and shows them: `dice COUNT BYTES [SECONDS]` draws COUNT times BYTES, each within so many seconds (5).
 * One line for each draw, in hexadecimal, and at the end how many of each came.
 */
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/self.h"
#include "pith/start.h"
#include "random/random.h"

#include "abi/names.h"

enum { BYTES_MAX = 128, SECONDS = 5 };

static const char *number_read(const char *text, uint64_t *number)
{
    while (*text == ' ') {
        text++;
    }
    if (*text >= '0' && *text <= '9') {
        *number = 0;
    }
    for (; *text >= '0' && *text <= '9' && *number < 1000000; text++) {
        *number = *number * 10 + (uint64_t)(*text - '0');
    }
    return text;
}

static void show(const unsigned char *bytes, uint64_t count)
{
    static const char digits[] = "0123456789abcdef";
    char line[2 * BYTES_MAX + 1] = { 0 };

    for (uint64_t i = 0; i < count; i++) {
        line[2 * i] = digits[bytes[i] >> 4];
        line[2 * i + 1] = digits[bytes[i] & 15];
    }
    debug_printf("dice: %s\n", line);
}

int main(void)
{
    unsigned char bytes[BYTES_MAX];
    uint64_t draws = 1, count = 16, seconds = SECONDS, done = 0;
    const char *args = number_read(number_read(self_args(), &draws), &count);
    err_t err = ERR_OK;

    (void)number_read(args, &seconds);
    count = count < BYTES_MAX ? count : BYTES_MAX;
    ns_t start_ns = clock_now();

    for (; done < draws && err == ERR_OK; done += err == ERR_OK) {
        err = random_get(bytes, (uint32_t)count, clock_now() + seconds * NS_PER_S);
        if (err == ERR_OK) {
            show(bytes, count);
        }
    }
    debug_printf("dice: %lu of %lu draws in %lu ms%s%s\n", (unsigned long)done,
                 (unsigned long)draws, (unsigned long)((clock_now() - start_ns) / NS_PER_MS),
                 err ? ": " : "", err ? error_name(err) : "");
    return err ? 1 : 0;
}
