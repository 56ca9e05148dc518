/* SPDX-License-Identifier: MIT */
/* What the answers mean. The counts are the programs' own words: any number may stand there. */
#include "system/ask.h"

#include "pith/clock.h"
#include "pith/string.h"

enum { WHOLE = 10000, TENTHS = 10 };

#define MESSAGES_MAX 1000000000ul /* in one window: more is a lie */

void system_name(const uint64_t words[8], system_name_t name)
{
    memcpy(name, words, SYSTEM_NAME_BYTES);
    name[SYSTEM_NAME_BYTES] = 0;
}

const char *system_state_name(uint64_t state)
{
    static const char *const names[] = { "stopped", "running", "faulted",
                                         "ended",   "waiting", "degraded" };

    return state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

uint64_t system_messages(const uint64_t counts[8])
{
    return counts[SYSTEM_COUNTS_CALLS] + counts[SYSTEM_COUNTS_IN] + counts[SYSTEM_COUNTS_SIGNALS];
}

static uint64_t growth(uint64_t now, uint64_t before)
{
    return now > before ? now - before : 0;
}

struct system_rates system_rates(const struct system_usage *now, const struct system_usage *before)
{
    uint64_t ns = growth(now->taken, before->taken);

    if (ns < NS_PER_MS) {
        return (struct system_rates){ 0, 0 };
    }
    uint64_t messages = growth(now->messages, before->messages);

    messages = messages < MESSAGES_MAX ? messages : MESSAGES_MAX;
    return (struct system_rates){
        .cpu = growth(now->used_ns, before->used_ns) * WHOLE / ns,
        .messages = messages * TENTHS * (NS_PER_S / NS_PER_US) / (ns / NS_PER_US),
    };
}
