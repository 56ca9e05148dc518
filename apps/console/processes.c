/* SPDX-License-Identifier: MIT */
/* Commands about programs that are started from files, in systems with a process manager. */
#include "process/process.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console.h"
#include "io.h"
#include "pith/clock.h"
#include "pith/self.h"
#include "pith/string.h"

#include "abi/names.h"

enum { LINE_BYTES = 512, WORDS_MAX = 40 };

/* How a process is to be started: what stands before its path. */
struct wish {
    char line[LINE_BYTES];
    const char *words[WORDS_MAX + 1];
    const char *environment[WORDS_MAX + 1];
    const char *uses[WORDS_MAX + 1];
    uint32_t word_count, environment_count, use_count;
    bool is_not_awaited;
    struct process_request request;
};

static struct processes processes;

static bool is_connected(void)
{
    static bool is_done;

    if (!is_done && processes_connect(&processes)) {
        console_printf("there is no process manager in this system\n");
        return false;
    }
    is_done = true;
    return true;
}

static void status_show(uint64_t pid, const struct process_status *status)
{
    switch (status->state) {
    case PROCESS_STATE_EXITED:
        console_printf("process %lu ended with status %u", pid, status->status);
        break;
    case PROCESS_STATE_FAULTED:
        console_printf("process %lu faulted: %s at %p, ip %p", pid, fault_name(status->status),
                       (const void *)status->address, (const void *)status->ip);
        break;
    case PROCESS_STATE_KILLED:
        console_printf("process %lu was killed", pid);
        break;
    case PROCESS_STATE_OUT_OF_TIME:
        console_printf("process %lu used up its time", pid);
        break;
    default:
        console_printf("process %lu: %s", pid, process_state_name(status->state));
        break;
    }
    console_printf(", after %lu us\n", status->used_ns / NS_PER_US);
}

static void await(uint64_t pid)
{
    struct process_status status;
    err_t err = processes_wait(&processes, pid, DEADLINE_NEVER, &status);

    if (err) {
        console_printf("process %lu: %s\n", pid,
                       err == ERR_PEER_DIED ? "the process manager died, and it with it"
                                            : error_text(err));
        return;
    }
    status_show(pid, &status);
}

/* memory=KIB, budget=US, time=MS, uses=NAME; other NAME=VALUE words are environment. */
static void option_take(struct wish *wish, const char *word)
{
    static const struct {
        const char *name;
        uint32_t length;
    } options[] = { { "memory=", 7 }, { "budget=", 7 }, { "time=", 5 }, { "uses=", 5 } };
    uint32_t which = 0;

    while (which < 4 && strncmp(word, options[which].name, options[which].length) != 0) {
        which++;
    }
    const char *value = which < 4 ? word + options[which].length : word;

    switch (which) {
    case 0:
        wish->request.memory_bytes = console_number(value) * 1024;
        break;
    case 1:
        wish->request.budget_ns = console_number(value) * NS_PER_US;
        break;
    case 2:
        wish->request.time_ns = console_number(value) * NS_PER_MS;
        break;
    case 3:
        wish->uses[wish->use_count++] = value;
        break;
    default:
        wish->environment[wish->environment_count++] = word;
        break;
    }
}

static bool is_option(const char *word)
{
    while (*word != 0 && *word != '=' && *word != '/') {
        word++;
    }
    return *word == '=';
}

static void word_take(struct wish *wish, const char *word)
{
    if (wish->word_count == 0 && is_option(word)) {
        option_take(wish, word);
    } else {
        wish->words[wish->word_count++] = word;
    }
}

/* The line is cut at its blanks. */
static void wish_read(struct wish *wish, const char *argument)
{
    size_t length = strlen(argument);
    char *at = wish->line;

    *wish = (struct wish){ .uses = { "debug" }, .use_count = 1 };
    length = length < LINE_BYTES ? length : LINE_BYTES - 1;
    memcpy(wish->line, argument, length);
    for (uint32_t i = 0; i + 1 < WORDS_MAX; i++) {
        while (*at == ' ') {
            *at++ = 0;
        }
        if (*at == 0) {
            break;
        }
        word_take(wish, at);
        while (*at != ' ' && *at != 0) {
            at++;
        }
    }
    if (wish->word_count > 0 && strcmp(wish->words[wish->word_count - 1], "&") == 0) {
        wish->words[--wish->word_count] = NULL;
        wish->is_not_awaited = true;
    }
    wish->request.path = wish->words[0];
    wish->request.arguments = wish->words;
    wish->request.environment = wish->environment;
    wish->request.uses = wish->uses;
}

void command_run_file(const char *argument)
{
    static struct wish wish; /* large */
    const char *why = "";
    uint64_t pid;

    wish_read(&wish, argument);
    if (wish.word_count == 0) {
        console_printf("run [memory=KIB] [budget=US] [time=MS] [uses=NAME] [NAME=VALUE] PATH "
                       "[ARGUMENTS] [&]\n");
        return;
    }
    if (!is_connected()) {
        return;
    }
    err_t err = processes_start(&processes, &wish.request, &pid, &why);

    if (err) {
        console_printf("%s: %s (%s)\n", wish.request.path, why, error_name(err));
        return;
    }
    console_printf("process %lu\n", pid);
    if (!wish.is_not_awaited) {
        await(pid);
    }
}

void command_ps(const char *argument)
{
    struct process_about info = { 0 };

    (void)argument;
    if (!is_connected()) {
        return;
    }
    console_printf("%-8s %-16s %-12s %10s %12s %8s\n", "process", "name", "state", "memory KiB",
                   "used us", "status");
    while (processes_next(&processes, &info) == ERR_OK) {
        console_printf("%-8lu %-16s %-12s %10lu %12lu %8u\n", info.pid, info.name,
                       process_state_name(info.state), info.memory_bytes / 1024,
                       info.used_ns / NS_PER_US, info.status);
    }
}

void command_await(const char *argument)
{
    if (is_connected()) {
        await(console_number(argument));
    }
}

void command_stop(const char *argument)
{
    uint64_t pid = console_number(argument);

    if (is_connected()) {
        err_t err = processes_kill(&processes, pid);

        console_printf("process %lu: %s\n", pid,
                       err == ERR_NO_ENTRY ? "there is no such process" : error_text(err));
    }
}

void command_pool(const char *argument)
{
    uint32_t places, free, slots;
    uint64_t memory, memory_free, started, ended, refused;

    (void)argument;
    if (!is_connected()) {
        return;
    }
    err_t err = process_info(self_cap("process"), clock_now() + NS_PER_S, &places, &free, &memory,
                             &memory_free, &slots, &started, &ended, &refused);

    if (err) {
        console_printf("%s\n", error_text(err));
        return;
    }
    console_printf(
        "%u places, %u free; memory %lu KiB, %lu free; %u slots; %lu started, %lu ended, "
        "%lu refused\n",
        places, free, memory / 1024, memory_free / 1024, slots, started, ended, refused);
}
