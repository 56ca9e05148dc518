/* SPDX-License-Identifier: MIT */
/*
 * Starts a program again and again: `ROUNDS STATUS PATH WORDS...`. Each round must end with that status, unless the
 * process manager died. Counts what happened, and says it last.
 */
#include "process/process.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/self.h"
#include "pith/string.h"

#include "abi/names.h"

enum { WORDS_MAX = 16, WAIT_MS = 20, WHY_MAX = 5 };

static struct processes processes;
static struct {
    uint32_t good, deaths, refused, wrong;
} counts;

static uint32_t number_read(const char *text)
{
    uint32_t number = 0;

    for (; *text >= '0' && *text <= '9' && number < 1000000; text++) {
        number = number * 10 + (uint32_t)(*text - '0');
    }
    return number;
}

static void words_cut(char *text, const char *words[WORDS_MAX + 1])
{
    for (uint32_t i = 0; i < WORDS_MAX; i++) {
        while (*text == ' ') {
            *text++ = 0;
        }
        if (*text == 0) {
            break;
        }
        words[i] = text;
        while (*text != ' ' && *text != 0) {
            text++;
        }
    }
}

static void wrong(const char *what, err_t err)
{
    if (counts.wrong++ < WHY_MAX) {
        debug_printf("starter: FAIL: %s: %s\n", what, error_name(err));
    }
}

static void round_do(const struct process_request *request, uint32_t wanted)
{
    struct process_status status = { 0 };
    const char *why = "";
    uint64_t pid = 0;
    err_t err = processes_start(&processes, request, &pid, &why);

    if (err == ERR_OK) {
        err = processes_wait(&processes, pid, DEADLINE_NEVER, &status);
        /* The manager that was asked may be the successor of the one that started it. */
        err = err == ERR_NO_ENTRY ? ERR_PEER_DIED : err;
    } else if (err != ERR_PEER_DIED) {
        counts.refused++;
        wrong(why, err);
        return;
    }
    if (err == ERR_PEER_DIED) {
        counts.deaths++;
        sleep_until(clock_now() + WAIT_MS * NS_PER_MS);
    } else if (err != ERR_OK || status.state != PROCESS_STATE_EXITED || status.status != wanted) {
        wrong("it ended otherwise", err);
    } else {
        counts.good++;
    }
}

int main(void)
{
    static char text[PROGRAM_ARGS_BYTES];
    const char *words[WORDS_MAX + 1] = { NULL };
    const char *const uses[] = { "debug", NULL };

    memcpy(text, self_args(), strlen(self_args()));
    words_cut(text, words);
    if (words[0] == NULL || words[1] == NULL || words[2] == NULL || processes_connect(&processes)) {
        debug_printf("starter: ROUNDS STATUS PATH WORDS..., and a process manager\n");
        return 1;
    }
    const struct process_request request = { .path = words[2],
                                             .arguments = words + 2,
                                             .uses = uses };

    for (uint32_t i = number_read(words[0]); i > 0; i--) {
        round_do(&request, number_read(words[1]));
    }
    debug_printf("starter: %u good, %u deaths, %u refused, %u wrong\n", counts.good, counts.deaths,
                 counts.refused, counts.wrong);
    return counts.wrong != 0;
}
