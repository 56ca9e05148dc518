/* SPDX-License-Identifier: MIT */
/*
 * Writes to the log, for people and for tests: `say WORDS` waits until the line is kept, `die WORDS` dies right after
 * writing, `count N` writes N numbered lines and waits after each, `flood N` waits for none of them.
 */
#include "log/log.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/self.h"
#include "pith/string.h"

#include "abi/names.h"

#define NOWHERE 8ul
#define PATIENCE_NS (5 * NS_PER_S)
#define PAUSE_NS (5 * NS_PER_MS)

/* If the text begins with that word: what follows it; else NULL. */
static const char *after(const char *text, const char *word)
{
    size_t length = strlen(word);

    if (strncmp(text, word, length) != 0) {
        return NULL;
    }
    text += length;
    return *text == ' ' ? text + 1 : text;
}

static uint32_t number_read(const char *text)
{
    uint32_t number = 0;

    while (*text >= '0' && *text <= '9' && number < 1000000) {
        number = number * 10 + (uint32_t)(*text++ - '0');
    }
    return number;
}

/* A server that dies meanwhile is asked again. */
static err_t flush(uint64_t *dropped)
{
    ns_t end_ns = clock_now() + PATIENCE_NS;
    err_t err;

    do {
        err = log_flush(end_ns, dropped);
    } while (err == ERR_PEER_DIED || err == ERR_CANCELLED);
    return err;
}

/* How many are known to be kept. */
static void count(uint32_t most)
{
    uint32_t kept = 0;

    for (uint32_t i = 1; i <= most; i++) {
        log_write(LOG_INFO, "line %u of %u", i, most);
        kept += flush(NULL) == ERR_OK;
        sleep_until(clock_now() + PAUSE_NS);
    }
    debug_printf("herald: %u of %u lines acknowledged\n", kept, most);
}

static void flood(uint32_t most)
{
    uint64_t dropped = 0;

    for (uint32_t i = 1; i <= most; i++) {
        log_write(LOG_DETAIL, "flood %u of %u", i, most);
    }
    err_t err = flush(&dropped);

    debug_printf("herald: %u lines, %lu dropped (%s)\n", most, dropped, error_name(err));
}

int main(void)
{
    const char *args = self_args();
    const char *rest;

    if ((rest = after(args, "say")) != NULL) {
        log_write(LOG_INFO, "%s", rest);
        debug_printf("herald: %s\n", error_name(flush(NULL)));
    } else if ((rest = after(args, "die")) != NULL) {
        log_write(LOG_ERROR, "%s", rest);
        volatile uintptr_t nowhere = NOWHERE;

        *(volatile int *)nowhere = 0;
    } else if ((rest = after(args, "count")) != NULL) {
        count(number_read(rest));
    } else if ((rest = after(args, "flood")) != NULL) {
        flood(number_read(rest));
    } else {
        debug_printf("herald: say WORDS, die WORDS, count N or flood N\n");
        return 1;
    }
    return 0;
}
