/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "host_test/test.h"
#include "system/ask.h"

#define MS 1000000ul

TEST(rates_are_what_was_used_and_done_in_the_time_between)
{
    static const struct {
        const char *why;
        struct system_usage now, before;
        uint64_t cpu, messages;
    } cases[] = {
        { "a quarter", { 3000 * MS, 800 * MS, 0 }, { 1000 * MS, 300 * MS, 0 }, 2500, 0 },
        { "all of it", { 2000 * MS, 1000 * MS, 1 }, { 1000 * MS, 0, 0 }, 10000, 10 },
        { "messages", { 2500 * MS, 0, 130 }, { 500 * MS, 0, 100 }, 0, 150 },
        { "too close", { 1000 * MS + 1, 5, 5 }, { 1000 * MS, 0, 0 }, 0, 0 },
        { "no time", { 5, 9, 9 }, { 5, 0, 0 }, 0, 0 },
        { "backwards", { 10 * MS, 9, 9 }, { 20 * MS, 0, 0 }, 0, 0 },
        { "counts that went back", { 2000 * MS, 1, 1 }, { 1000 * MS, 2, 2 }, 0, 0 },
        { "a lie", { 2000 * MS, 0, UINT64_MAX }, { 1000 * MS, 0, 0 }, 0, 10000000000ul },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct system_rates rates = system_rates(&cases[i].now, &cases[i].before);

        CHECK_EQ(rates.cpu, cases[i].cpu, cases[i].why);
        CHECK_EQ(rates.messages, cases[i].messages, cases[i].why);
    }
}

TEST(messages_are_calls_and_entries_and_signals_that_came)
{
    uint64_t counts[8] = { 0 };

    counts[SYSTEM_COUNTS_CALLS] = 1;
    counts[SYSTEM_COUNTS_IN] = 20;
    counts[SYSTEM_COUNTS_OUT] = 300;
    counts[SYSTEM_COUNTS_SIGNALS] = 4000;
    CHECK_EQ(system_messages(counts), 4021, "what went out was counted by who got it");
}

TEST(names_end_and_states_have_names)
{
    uint64_t words[8];
    system_name_t name;

    memset(words, 'x', sizeof(words));
    system_name(words, name);
    CHECK_EQ(strlen(name), SYSTEM_NAME_BYTES, "no more than there is");
    CHECK(strcmp(system_state_name(SYSTEM_STATE_DEGRADED), "degraded") == 0, "the last");
    CHECK(strcmp(system_state_name(99), "?") == 0, "none");
}
