/* SPDX-License-Identifier: MIT */
/*
 * Kills the warden in the middle of a recovery, at its first step, at its second, and so on until a recovery runs through;
 * and looks after each death whether the system is whole: all memory by owner as before, all programs as they were, nobody
 * restarted but the victim, and the session with the disk works. What was asked for is done once, whoever dies: the victim
 * dies as often as it was made to. Arguments: fault|hang fail|kill|start|twice NAME [FIRST [EVERY]].
 */
#include "harm.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/string.h"
#include "snapshot.h"

#include "abi/names.h"

enum { STEPS_MAX = 1000, WHOLE_TRIES = 500 };

/* Init starts ten wardens in ten seconds. */
#define PAUSE_NS (1100 * NS_PER_MS)
#define LOOK_NS (10 * NS_PER_MS)

struct options {
    uint64_t how;
    enum system_op what;
    bool is_twice; /* what the successor begins with is cut off, too, at its first step */
    char victim[SYSTEM_NAME_BYTES + 1];
    uint32_t first;
    uint32_t every;
};

static struct options options_read(const char *text)
{
    struct options options = { .how = SYSTEM_HARM_FAULT, .what = SYSTEM_FAIL };
    char word[8];

    text = word_next(text, word, sizeof(word));
    if (strcmp(word, "hang") == 0) {
        options.how = SYSTEM_HARM_HANG;
    }
    text = word_next(text, word, sizeof(word));
    if (strcmp(word, "kill") == 0) {
        options.what = SYSTEM_KILL;
    } else if (strcmp(word, "start") == 0) {
        options.what = SYSTEM_START;
    }
    options.is_twice = strcmp(word, "twice") == 0;
    text = word_next(text, options.victim, sizeof(options.victim));
    options.first = number_next(&text, 1);
    options.every = number_next(&text, 1);
    return options;
}

/* Arm the step; then have the victim fail, or end and start again. */
static err_t harm(const struct options *options, uint32_t victim, uint32_t number)
{
    uint64_t step[8] = { number, options->how };
    uint64_t words[8] = { victim };
    err_t err = system_ask(SYSTEM_STEP, step);

    if (err == ERR_OK) {
        err = system_ask(options->what, words);
    }
    if (err == ERR_OK && options->what == SYSTEM_KILL) {
        pass(LOOK_NS);
        memset(words, 0, sizeof(words));
        words[0] = victim;
        err = system_ask(SYSTEM_START, words);
        for (uint32_t i = 0; i < WHOLE_TRIES && err == ERR_BUSY; i++) {
            pass(LOOK_NS);
            err = system_ask(SYSTEM_START, words);
        }
    }
    return err;
}

/* How many steps are left; afterwards none is armed. */
static uint32_t disarm(void)
{
    uint64_t words[8] = { 0, SYSTEM_HARM_FAULT };

    return system_ask(SYSTEM_STEP, words) == ERR_OK ? (uint32_t)words[0] : 0;
}

/* How often the victim must have died by one request. One that is started ends by itself; one that is killed does not die. */
static uint32_t deaths_wanted(const struct options *options)
{
    return options->what == SYSTEM_KILL ? 0 : 1;
}

static bool has_settled(const struct options *options, const struct snapshot *before,
                        const struct snapshot *now, uint32_t victim)
{
    for (uint32_t i = 0; i < now->programs; i++) {
        if (now->state[i] != before->state[i]) {
            return false;
        }
    }
    if (options->what == SYSTEM_START) {
        return now->deaths[victim] > before->deaths[victim];
    }
    return now->restarts[victim] > before->restarts[victim] || now->wardens > before->wardens;
}

/* False: the system is not whole after that death. *died: there was one. */
static bool step_try(const struct options *options, uint32_t victim, uint32_t number, bool *died)
{
    static struct snapshot before;
    static struct snapshot after;
    err_t err = snapshot_take(&before);

    if (err == ERR_OK) {
        err = harm(options, victim, number);
    }
    for (uint32_t i = 0; err == ERR_OK && i < WHOLE_TRIES; i++) {
        pass(LOOK_NS);
        err = snapshot_take(&after);
        if (has_settled(options, &before, &after, victim)) {
            break;
        }
    }
    pass(PAUSE_NS);
    *died = disarm() == 0;
    if (err == ERR_OK) {
        err = snapshot_take(&after);
    }
    if (err) {
        debug_printf("steps: %s\n", error_name(err));
        return false;
    }
    if (*died && after.wardens != before.wardens + 1) {
        debug_printf("steps: %lu wardens; wanted: one more than %lu\n",
                     (unsigned long)after.wardens, (unsigned long)before.wardens);
        return false;
    }
    if (after.deaths[victim] != before.deaths[victim] + deaths_wanted(options)) {
        debug_printf("steps: the victim died %u times; wanted: %u more than %u\n",
                     after.deaths[victim], deaths_wanted(options), before.deaths[victim]);
        return false;
    }
    return snapshot_is_as_before(&before, &after, victim) && disk_is_read();
}

static void steps_try(const struct options *options, uint32_t victim)
{
    uint32_t deaths = 0;
    uint32_t failures = 0;
    bool died = true;

    for (uint32_t i = options->first; died && i < STEPS_MAX; i += options->every) {
        if (!step_try(options, victim, i, &died)) {
            debug_printf("FAIL steps: %s: not whole after a death at step %u\n", options->victim,
                         i);
            failures++;
        }
        deaths += died;
        bool died_again;

        if (options->is_twice && died && !step_try(options, victim, 1, &died_again)) {
            debug_printf("FAIL steps: %s: not whole after a second death, after one at step %u\n",
                         options->victim, i);
            failures++;
        }
    }
    debug_printf("steps: %s: the warden died %u times in it; the system was not whole %u times%s\n",
                 options->victim, deaths, failures, died ? "; it never ran through" : "");
}

void steps_do(const char *args)
{
    static struct snapshot snapshot;
    struct options options = options_read(args);
    uint32_t victim = 0;
    err_t err = snapshot_take(&snapshot);

    if (err == ERR_OK) {
        err = snapshot_find(&snapshot, options.victim, &victim);
    }
    if (err) {
        debug_printf("steps: cannot begin: %s\n", error_name(err));
        return;
    }
    if (options.what == SYSTEM_START) {
        uint64_t words[8] = { victim };

        (void)!system_ask(SYSTEM_START, words); /* so that it has ended before */
        pass(PAUSE_NS);
    }
    steps_try(&options, victim);
}
