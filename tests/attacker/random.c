/* SPDX-License-Identifier: MIT */
/* The source of random numbers: calls of any kind, and callers who do not wait for the answer. */
#include "attacker.h"

#include "pith/clock.h"
#include "pith/random_calls.h"
#include "pith/self.h"
#include "service/service.h"

enum { MOST = 48, HURRY_IN = 4, HURRY_NS = 20000, CALLS_PER_WAIT = 40 };

static err_t take(uint32_t most, ns_t deadline_ns, uint32_t *got)
{
    uint64_t words[MOST / 8];

    return random_take(self_cap("random"), deadline_ns, most, got, &words[0], &words[1], &words[2],
                       &words[3], &words[4], &words[5]);
}

void attack_random(uint32_t count)
{
    static struct service service;
    uint32_t got = 0;
    uint64_t words[8];
    ns_t soon_ns = clock_now() + NS_PER_S;

    wants("take nothing", ERR_RANGE, take(0, soon_ns, &got));
    wants("take too much", ERR_RANGE, take(MOST + 1, soon_ns, &got));
    wants("take all there is", ERR_RANGE, take(UINT32_MAX, soon_ns, &got));
    wants("no operation", ERR_BAD_CALL, raw_call(self_cap("random"), 77, words));
    for (uint32_t i = 0; i < count; i++) {
        if (i % CALLS_PER_WAIT == 0 && service_wait(&service, 0) == SERVICE_CALL) {
            service.info = MSG_INFO(ERR_BAD_CALL, 0, 0);
        }
        if (below(HURRY_IN) == 0) { /* who gave up is nobody's affair */
            (void)!take(1 + below(MOST), clock_now() + below(HURRY_NS), &got);
            continue;
        }
        for (uint32_t word = 0; word < 8; word++) {
            words[word] = random64() >> below(64);
        }
        wants_listed("a call of the source", raw_call(self_cap("random"), below(4), words));
    }
    wants("take some after all that", ERR_OK, take(MOST, clock_now() + NS_PER_S, &got));
    wants("and get some", ERR_OK, got != 0 && got <= MOST ? ERR_OK : ERR_RANGE);
}
