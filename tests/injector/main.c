/* SPDX-License-Identifier: MIT */
/*
 * Lets programs of a system die and hang at random moments of guest time, by the interface "system": the same seed does
 * the same in the same order. Arguments: SEED COUNT. After four of five it waits until the program runs again, then a
 * random time; after the fifth it goes on at once, in the middle of the recovery. Says each, and at the end, as
 * `injector: done: 200 of 200, 41 during a recovery, ...`. What it cannot harm, or what does not
 * come back, is a failure, which it says. Some ways of hanging begin at the program's next call or interrupt; if none
 * comes in time, it is made to fail instead.
 */
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/start.h"
#include "pith/string.h"
#include "service/service.h"
#include "system/protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PAUSE_MAX_US = 60000,
    HURRY_MAX_US = 4000,
    HURRY_OF = 5,
    LOOK_US = 500,
    PATIENCE_S = 20,
    VICTIMS_MAX = 16
};
enum { START_PAUSE_MS = 1500, ARMED_MS = 200, WARDEN_DEATHS_MAX = 8, WARDEN_WINDOW_S = 11 };

/* HOW_HANG and what is above it: the ways of hanging. */
enum { HOW_FAIL, HOW_HANG, HOW_COUNT = HOW_HANG + SERVICE_HANG_KINDS };
static const char *const hang_names[] = SERVICE_HANG_NAMES;

struct victim {
    const char *name;
    bool may_hang; /* somebody asks whether it answers */
    bool is_warden;
    bool has_irq;
    uint64_t number;
    uint64_t harms; /* done to it by us */
    uint64_t deaths_before;
};

static struct victim victims[VICTIMS_MAX] = {
    { .name = "warden", .may_hang = true, .is_warden = true },
    { .name = "disk", .may_hang = true, .has_irq = true },
    { .name = "netcard", .may_hang = true, .has_irq = true },
    { .name = "files", .may_hang = true },
    { .name = "pci", .may_hang = true },
    { .name = "console", .may_hang = true },
    { .name = "uart", .may_hang = true, .has_irq = true },
    { .name = "random", .may_hang = true },
    { .name = "names", .may_hang = true },
    { .name = "tmp", .may_hang = true },
    { .name = "process", .may_hang = true },
};
static uint32_t victim_count;

struct tally {
    uint64_t done;
    uint64_t hurried;
    uint64_t unmet; /* waited for a call or an interrupt in vain */
    ns_t slowest_ns;
};

static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % limit;
}

static err_t system_call(enum system_op op, uint64_t words[8])
{
    msg_info_t info = MSG_INFO(op, 8, 0);
    err_t err = ipc_call(self_cap("system"), &info, words, clock_now() + PATIENCE_S * NS_PER_S);

    return err ? err : (err_t)MSG_LABEL(info);
}

/* While the warden is replaced, a call may end with PEER_DIED: it is made again. */
static err_t system_ask(enum system_op op, uint64_t number, uint64_t words[8])
{
    for (;;) {
        memset(words, 0, 8 * sizeof(words[0]));
        words[0] = number;
        err_t err = system_call(op, words);

        if (err != ERR_PEER_DIED) {
            return err;
        }
    }
}

static _Noreturn void fail(const char *name, const char *why)
{
    debug_printf("injector: FAILED: %s: %s\n", name, why);
    program_exit(1);
}

static uint64_t deaths_of(const struct victim *victim)
{
    uint64_t words[8];

    if (system_ask(SYSTEM_RECOVERY, victim->number, words)) {
        fail(victim->name, "nobody knows of its deaths");
    }
    if (victim->is_warden) {
        return words[SYSTEM_RECOVERY_WARDEN];
    }
    return (words[SYSTEM_RECOVERY_DEATHS] & 0xffffffff) + (words[SYSTEM_RECOVERY_DEATHS] >> 32);
}

static bool is_running(const struct victim *victim)
{
    uint64_t words[8];

    return victim->is_warden ||
           (system_ask(SYSTEM_PROGRAM, victim->number, words) == ERR_OK &&
            (words[SYSTEM_PROGRAM_STATE] & 0xffffffff) == SYSTEM_STATE_RUNNING);
}

/* Which of the victims are in this system. */
static void victims_find(void)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < VICTIMS_MAX && victims[i].name != NULL; i++) {
        char name[SYSTEM_NAME_BYTES + 1] = { 0 };
        bool is_there = victims[i].is_warden;
        uint64_t words[8];

        for (uint64_t n = 0; !is_there && system_ask(SYSTEM_PROGRAM, n, words) == ERR_OK; n++) {
            memcpy(name, words, SYSTEM_NAME_BYTES);
            is_there = strcmp(name, victims[i].name) == 0;
            victims[i].number = n;
        }
        if (is_there) {
            victims[found] = victims[i];
            victims[found].deaths_before = deaths_of(&victims[found]);
            found++;
        }
    }
    victim_count = found;
}

static uint32_t how_choose(const struct victim *victim)
{
    uint32_t how;

    if (!victim->may_hang) {
        return HOW_FAIL;
    }
    if (victim->is_warden) {
        return (uint32_t)random_below(HOW_HANG + 1);
    }
    do {
        how = (uint32_t)random_below(HOW_COUNT);
    } while (how == HOW_HANG + SERVICE_HANG_IRQ && !victim->has_irq);
    return how;
}

/* GONE: it is down at this moment. */
static err_t harm(struct victim *victim, uint32_t how)
{
    uint64_t words[8] = { victim->number, how == HOW_FAIL ? 0 : how - HOW_HANG };
    err_t err;

    if (victim->is_warden) {
        words[0] = how == HOW_FAIL ? SYSTEM_HARM_FAULT : SYSTEM_HARM_HANG;
        err = system_call(SYSTEM_WARDEN, words);
        err = err == ERR_PEER_DIED ? ERR_OK : err;
    } else {
        err = system_call(how == HOW_FAIL ? SYSTEM_FAIL : SYSTEM_HANG, words);
    }
    return err == ERR_PEER_DIED ? ERR_GONE : err;
}

/* Until what was done to it is counted, and it runs again. */
static void wait_for(const struct victim *victim, struct tally *tally)
{
    ns_t start_ns = clock_now();

    while (deaths_of(victim) < victim->deaths_before + victim->harms || !is_running(victim)) {
        if (clock_now() - start_ns > PATIENCE_S * NS_PER_S) {
            fail(victim->name, "it did not come back");
        }
        sleep_until(clock_now() + LOOK_US * NS_PER_US);
    }
    if (clock_now() - start_ns > tally->slowest_ns) {
        tally->slowest_ns = clock_now() - start_ns;
    }
}

static void wait_for_all(struct tally *tally)
{
    for (uint32_t i = 0; i < victim_count; i++) {
        wait_for(&victims[i], tally);
    }
}

/* What hangs at its next call or interrupt gets some time to meet one. */
static err_t harm_met(struct victim *victim, uint32_t how, struct tally *tally)
{
    bool is_armed = how == HOW_HANG + SERVICE_HANG_IRQ || how == HOW_HANG + SERVICE_HANG_CALL;
    uint64_t before = deaths_of(victim);
    err_t err = harm(victim, how);
    ns_t until_ns = clock_now() + ARMED_MS * NS_PER_MS;

    if (err || !is_armed) {
        return err;
    }
    while (deaths_of(victim) == before && clock_now() < until_ns) {
        sleep_until(clock_now() + LOOK_US * NS_PER_US);
    }
    if (deaths_of(victim) != before) {
        return ERR_OK;
    }
    tally->unmet++;
    return harm(victim, HOW_FAIL);
}

/* Init starts at most ten wardens in ten seconds: we let it die less often. */
static bool is_spared(const struct victim *victim)
{
    static ns_t last_ns[WARDEN_DEATHS_MAX];
    static uint32_t next;

    if (!victim->is_warden) {
        return false;
    }
    if (last_ns[next] != 0 && clock_now() - last_ns[next] < WARDEN_WINDOW_S * NS_PER_S) {
        return true;
    }
    last_ns[next] = clock_now();
    next = (next + 1) % WARDEN_DEATHS_MAX;
    return false;
}

static void step(struct tally *tally, bool is_hurried)
{
    struct victim *victim = &victims[random_below(victim_count)];

    if (is_spared(victim)) {
        return;
    }
    if (deaths_of(victim) < victim->deaths_before + victim->harms || !is_running(victim)) {
        return; /* what was done to it last is still to come: another one */
    }
    uint32_t how = how_choose(victim);
    err_t err = harm_met(victim, how, tally);

    if (err == ERR_GONE) {
        return; /* it is down already: another one */
    }
    if (err) {
        fail(victim->name, "it cannot be harmed");
    }
    victim->harms++;
    tally->done++;
    tally->hurried += is_hurried;
    debug_printf("injector: %lu: %s%s %s%s\n", (unsigned long)tally->done,
                 how == HOW_FAIL ? "fail" : "hang ",
                 how == HOW_FAIL ? "" : hang_names[how - HOW_HANG], victim->name,
                 is_hurried ? " meanwhile" : "");
}

static uint64_t number_at(const char **text)
{
    uint64_t value = 0;

    while (**text == ' ') {
        (*text)++;
    }
    for (; **text >= '0' && **text <= '9'; (*text)++) {
        value = value * 10 + (uint64_t)(**text - '0');
    }
    return value;
}

int main(void)
{
    const char *args = self_args();
    struct tally tally = { 0 };

    random_state = number_at(&args) * 2 + 1;
    uint64_t count = number_at(&args);

    sleep_until(clock_now() + START_PAUSE_MS * NS_PER_MS);
    victims_find();
    debug_printf("injector: %lu times, %u programs\n", (unsigned long)count, victim_count);
    while (tally.done < count) {
        bool is_hurried = tally.done != 0 && random_below(HURRY_OF) == 0;

        if (is_hurried) {
            sleep_until(clock_now() + random_below(HURRY_MAX_US) * NS_PER_US);
        } else {
            wait_for_all(&tally);
            sleep_until(clock_now() + random_below(PAUSE_MAX_US) * NS_PER_US);
        }
        step(&tally, is_hurried);
    }
    wait_for_all(&tally);
    debug_printf("injector: done: %lu of %lu, %lu during a recovery, %lu without the call they "
                 "waited for, slowest "
                 "back after %lu us\n",
                 (unsigned long)tally.done, (unsigned long)count, (unsigned long)tally.hurried,
                 (unsigned long)tally.unmet, (unsigned long)(tally.slowest_ns / NS_PER_US));
    return 0;
}
