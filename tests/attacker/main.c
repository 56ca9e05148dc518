/* SPDX-License-Identifier: MIT */
/*
 * A client that keeps no rule, at the servers that it may use. Requests that are wrong in one point must get the error that
 * the interface lists (abi/idl/); the rest is garbage, half of it nearly right, and must get an answer. Nobody else is
 * to notice, which tests/scenario/attack.py sees to. Arguments: files|block|link|terminal|random|system|views|net|sockets COUNT, changes, or greedy.
 */
#include "attacker.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/string.h"

#include "abi/names.h"

/* All of errors.def that an interface lists. */
#define ERRORS_LISTED ((uint32_t)ERR_READ_ONLY)

#define CALL_NS (3 * NS_PER_S)

static uint64_t state = 1;
static uint32_t failures;
static uint32_t answers;

/* SplitMix64. */
uint64_t random64(void)
{
    uint64_t mixed = state += 0x9e3779b97f4a7c15u;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

uint32_t below(uint32_t limit)
{
    return (uint32_t)(((random64() >> 32) * limit) >> 32);
}

void wants(const char *what, err_t wanted, err_t got)
{
    answers++;
    if (got != wanted) {
        debug_printf("FAIL attacker: %s: wanted: %s got: %s\n", what, error_name(wanted),
                     error_name(got));
        failures++;
    }
}

void wants_listed(const char *what, err_t got)
{
    answers++;
    if ((uint32_t)got > ERRORS_LISTED || got == ERR_TIMED_OUT || got == ERR_PEER_DIED ||
        got == ERR_CANCELLED || got == ERR_WOULD_BLOCK) {
        debug_printf("FAIL attacker: %s: wanted: an error of the interface got: %s (%u)\n", what,
                     error_name(got), (unsigned)got);
        failures++;
    }
}

err_t raw_call(cap_addr_t endpoint, uint32_t label, uint64_t words[8])
{
    msg_info_t info = MSG_INFO(label, 8, 0);
    err_t err = ipc_call(endpoint, &info, words, clock_now() + CALL_NS);

    return err ? err : (err_t)MSG_LABEL(info);
}

int main(void)
{
    const char *args = self_args();
    uint32_t count = 0;

    for (const char *at = args; *at != 0; at++) {
        count = *at >= '0' && *at <= '9' ? count * 10 + (uint32_t)(*at - '0') : 0;
    }
    if (strncmp(args, "files ", 6) == 0) {
        attack_files(count);
    } else if (strncmp(args, "system ", 7) == 0) {
        attack_system(count);
    } else if (strncmp(args, "views ", 6) == 0) {
        attack_views(count);
    } else if (strncmp(args, "block ", 6) == 0) {
        attack_rings("block", count);
    } else if (strncmp(args, "link ", 5) == 0) {
        attack_rings("link", count);
    } else if (strncmp(args, "net ", 4) == 0) {
        attack_net(count);
    } else if (strncmp(args, "sockets ", 8) == 0) {
        attack_rings("net", count);
    } else if (strcmp(args, "changes") == 0) {
        attack_changes();
    } else if (strcmp(args, "greedy") == 0) {
        attack_net_greedy();
    } else if (strncmp(args, "terminal ", 9) == 0) {
        attack_rings("terminal", count);
    } else if (strncmp(args, "random ", 7) == 0) {
        attack_random(count);
    }
    debug_printf("attacker: %s: %u answers, %u of them wrong\n", args, answers, failures);
    return 0;
}
