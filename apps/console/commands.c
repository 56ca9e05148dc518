/* SPDX-License-Identifier: MIT */
/* The commands. What they show comes from the warden's interface "system". */
#include "console.h"

#include <stdbool.h>
#include <stdint.h>

#include "io.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/string.h"
#include "service/service.h"
#include "system/ask.h"

#include "abi/names.h"

enum { PING_CALLS = 1000, CRASH_POLL_MS = 1, CRASH_POLLS = 2000 };

/* The warden's answer, however long a recovery takes. */
static err_t ask(enum system_op op, uint64_t words[8])
{
    return system_ask(op, words, DEADLINE_NEVER);
}

static err_t program_get(uint64_t number, uint64_t words[8])
{
    memset(words, 0, 8 * sizeof(words[0]));
    words[0] = number;
    return ask(SYSTEM_PROGRAM, words);
}

static err_t program_find(const char *wanted, uint64_t *number)
{
    err_t err = system_find(wanted, DEADLINE_NEVER, number);

    if (err == ERR_NO_ENTRY) {
        console_printf("there is no program `%s`; programs lists them\n", wanted);
    }
    return err;
}

/* What came of it; one that there is not was told of. */
static void outcome_show(err_t err)
{
    if (err != ERR_NO_ENTRY) {
        console_printf("%s\n", error_text(err));
    }
}

static uint64_t memory_free(void)
{
    uint64_t words[8] = { 0 };

    return ask(SYSTEM_OWNER, words) == ERR_OK ? words[SYSTEM_OWNER_BYTES] : 0;
}

void command_programs(const char *argument)
{
    uint64_t words[8];
    system_name_t name;

    (void)argument;
    console_printf("%-12s %-8s %8s %10s %12s %9s\n", "program", "state", "restarts", "memory KiB",
                   "used us", "switches");
    for (uint64_t i = 0; program_get(i, words) == ERR_OK; i++) {
        system_name(words, name);
        console_printf("%-12s %-8s %8lu %10lu %12lu %9lu\n", name,
                       system_state_name(words[SYSTEM_PROGRAM_STATE] & 0xffffffff),
                       words[SYSTEM_PROGRAM_STATE] >> 32, words[SYSTEM_PROGRAM_MEMORY] / 1024,
                       words[SYSTEM_PROGRAM_USED] / NS_PER_US, words[SYSTEM_PROGRAM_SWITCHES]);
    }
}

void command_memory(const char *argument)
{
    uint64_t words[8] = { 0 };
    system_name_t name;
    uint64_t sum = 0;

    (void)argument;
    console_printf("%-16s %10s %10s\n", "owner", "KiB", "most used");
    for (uint64_t i = 0;; i++) {
        words[0] = i;
        if (ask(SYSTEM_OWNER, words)) {
            break;
        }
        system_name(words, name);
        sum += words[SYSTEM_OWNER_BYTES];
        console_printf("%-16s %10lu %10lu\n", name, words[SYSTEM_OWNER_BYTES] / 1024,
                       words[SYSTEM_OWNER_USED] / 1024);
    }
    console_printf("%-16s %10lu\n", "all", sum / 1024);
}

void command_ping_pong(const char *argument)
{
    cap_addr_t echo = self_cap("echo");
    ns_t start = clock_now();

    (void)argument;
    for (uint64_t i = 0; i < PING_CALLS; i++) {
        uint64_t words[8] = { i, ~i, 0, 0, 0, 0, 0, i * 3 };
        msg_info_t info = MSG_INFO(1, 8, 0);
        err_t err = ipc_call(echo, &info, words, DEADLINE_NEVER);

        if (err || words[0] != i || words[1] != ~i || words[7] != i * 3) {
            console_printf("call %lu: %s\n", i, err ? error_name(err) : "the answer is wrong");
            return;
        }
    }
    ns_t spent = clock_now() - start;

    console_printf("%u round trips between two address spaces: %lu ns each\n", (unsigned)PING_CALLS,
                   spent / PING_CALLS);
}

static err_t start(uint64_t number, const char *argument)
{
    uint64_t words[8] = { number };

    if (strlen(argument) >= SYSTEM_ARGS_WORDS * 8) {
        return ERR_RANGE;
    }
    memcpy(&words[1], argument, strlen(argument));
    return ask(SYSTEM_START, words);
}

void command_crash(const char *argument)
{
    uint64_t before = memory_free();
    uint64_t words[8];
    uint64_t number;
    uint64_t state = SYSTEM_STATE_RUNNING;
    err_t err = program_find("crasher", &number);

    if (err == ERR_OK) {
        err = start(number, argument[0] != 0 ? argument : "null");
    }
    if (err) {
        console_printf("crasher does not start: %s\n", error_name(err));
        return;
    }
    for (int i = 0; i < CRASH_POLLS && state == SYSTEM_STATE_RUNNING; i++) {
        console_pause(clock_now() + CRASH_POLL_MS * NS_PER_MS);
        if (program_get(number, words)) {
            return;
        }
        state = words[SYSTEM_PROGRAM_STATE] & 0xffffffff;
    }
    uint64_t after = memory_free();

    console_printf("crasher is %s", system_state_name(state));
    if (state == SYSTEM_STATE_FAULTED) {
        console_printf(" (%s at %p)", fault_name(words[SYSTEM_PROGRAM_FAULT] & 0xffffffff),
                       (const void *)words[SYSTEM_PROGRAM_ADDRESS]);
    }
    console_printf("; free memory before %lu KiB, after %lu KiB: %s\n", before / 1024, after / 1024,
                   before == after ? "all given back" : "NOT all given back");
}

/* Of "NAME ARGS" the name ends with 0 afterwards; gives the arguments. */
static const char *name_cut(const char *text, char *name, size_t size)
{
    size_t length = 0;

    while (text[length] != 0 && text[length] != ' ' && length + 1 < size) {
        name[length] = text[length];
        length++;
    }
    name[length] = 0;
    text += length;
    return *text == ' ' ? text + 1 : text;
}

void command_start(const char *argument)
{
    system_name_t name;
    const char *args = name_cut(argument, name, sizeof(name));
    uint64_t number;
    err_t err = program_find(name, &number);

    if (err == ERR_OK) {
        err = start(number, args);
    }
    outcome_show(err);
}

void command_kill(const char *argument)
{
    uint64_t words[8] = { 0 };
    err_t err = program_find(argument, &words[0]);

    if (err == ERR_OK) {
        err = ask(SYSTEM_KILL, words);
    }
    outcome_show(err);
}

/* What is done to a program, or in another way to the warden. */
static void command_harm(const char *name, enum system_op op, uint64_t how, uint64_t warden_how)
{
    uint64_t words[8] = { warden_how, how };
    err_t err = ERR_OK;

    if (strcmp(name, "warden") == 0) {
        op = SYSTEM_WARDEN;
    } else {
        err = program_find(name, &words[0]);
    }
    if (err == ERR_OK) {
        err = ask(op, words);
    }
    if (op == SYSTEM_WARDEN && err == ERR_PEER_DIED) {
        err = ERR_OK; /* as it should */
    }
    outcome_show(err);
}

void command_fail(const char *argument)
{
    command_harm(argument, SYSTEM_FAIL, 0, SYSTEM_HARM_FAULT);
}

void command_hang(const char *argument)
{
    static const char *const kinds[] = SERVICE_HANG_NAMES;
    system_name_t name;
    const char *how = name_cut(argument, name, sizeof(name));
    uint64_t kind = 0;

    while (kind < SERVICE_HANG_KINDS && *how != 0 && strcmp(how, kinds[kind]) != 0) {
        kind++;
    }
    command_harm(name, SYSTEM_HANG, kind, SYSTEM_HARM_HANG);
}

void command_recovery(const char *argument)
{
    uint64_t words[8];
    system_name_t name;

    (void)argument;
    console_printf("%-12s %6s %6s %14s %14s\n", "program", "faults", "hangs", "worst down us",
                   "worst probe us");
    for (uint64_t i = 0; program_get(i, words) == ERR_OK; i++) {
        system_name(words, name);
        words[0] = i;
        if (ask(SYSTEM_RECOVERY, words)) {
            return;
        }
        console_printf(
            "%-12s %6lu %6lu %14lu %14lu\n", name, words[SYSTEM_RECOVERY_DEATHS] & 0xffffffff,
            words[SYSTEM_RECOVERY_DEATHS] >> 32, words[SYSTEM_RECOVERY_WORST] / NS_PER_US,
            words[SYSTEM_RECOVERY_PROBE] / NS_PER_US);
    }
    memset(words, 0, sizeof(words));
    if (ask(SYSTEM_RECOVERY, words) == ERR_OK) {
        console_printf("the warden itself was started anew %lu times\n",
                       words[SYSTEM_RECOVERY_WARDEN]);
    }
}

void command_strays(const char *argument)
{
    uint64_t words[8];
    system_name_t name;
    uint64_t number = 0;
    bool is_program;

    (void)argument;
    console_printf("%-12s %8s %18s %6s\n", "device of", "accesses", "last address", "source");
    do {
        is_program = program_get(number, words) == ERR_OK;
        system_name(words, name);
        memset(words, 0, sizeof(words));
        words[0] = number++;
        if (ask(SYSTEM_STRAYS, words) == ERR_OK && words[SYSTEM_STRAYS_COUNT] != 0) {
            console_printf("%-12s %8lu %18lx %6lx\n", is_program ? name : "nobody",
                           words[SYSTEM_STRAYS_COUNT], words[SYSTEM_STRAYS_ADDRESS],
                           words[SYSTEM_STRAYS_SOURCE]);
        }
    } while (is_program);
}

void command_time(const char *argument)
{
    ns_t now = clock_now();

    (void)argument;
    console_printf("%lu.%06lu s since boot\n", now / NS_PER_S, now % NS_PER_S / NS_PER_US);
}

void command_poweroff(const char *argument)
{
    uint64_t words[8] = { 0x10 }; /* what an emulator's exit device takes for success */

    (void)argument;
    console_printf("goodbye\n");
    (void)!ask(SYSTEM_POWER_OFF, words);
}
