/* SPDX-License-Identifier: MIT */
/* Makes situations up: most of each is the common case, so that what is odd is alone. */
#include "plan.h"

#include "boot_test/make.h"
#include "boot_test/test.h"
#include "pith/kernel_calls.h"

/* CF PF AF ZF SF DF OF AC: those that a program may have. */
#define FLAGS_ANY 0x40cd5ull
#define SPIN_OVER_SOON 1500000u
#define SPIN_OVER_THE_SLICE 8000000u

static uint32_t below(uint32_t end)
{
    return (uint32_t)(test_random() % end);
}

static bool one_in(uint32_t n)
{
    return below(n) == 0;
}

static uint64_t info_random(void)
{
    uint64_t label = one_in(8) ? 0xfffe + below(2) : below(0xfff0);
    uint64_t words = one_in(4) ? below(70) : below(9);
    uint64_t info = MSG_INFO(label, words, one_in(12) ? below(6) : 0);

    if (one_in(16)) {
        info |= (uint64_t)MSG_WORDS_MAX << 16 << below(3);
    }
    return one_in(16) ? info | 1ull << (28 + below(36)) : info;
}

static enum deadline deadline_random(void)
{
    static const enum deadline kinds[8] = {
        NEVER, NEVER, NEVER, BEHIND_THE_SLICE, BEHIND_THE_SLICE, NEVER, SOON, WITHIN_THE_SLICE
    };

    return one_in(12) ? PAST : kinds[below(8)];
}

static cap_addr_t odd_cap(const struct cast *cast)
{
    const cap_addr_t odd[] = {
        0,     cast->uncallable, cast->unreceivable, cast->ungranting,       cast->bell, 0xffffffff,
        TABLE, cast->high,       cast->endpoint,     cast->actors[0].thread,
    };

    return odd[below(sizeof(odd) / sizeof(odd[0]))];
}

static void step_make(struct plan *plan, enum who who, uint32_t number, cap_addr_t cap,
                      enum deadline deadline)
{
    uint32_t at = plan->counts[who]++;
    struct step *step = &plan->steps[who][at];
    uint64_t *words = &step->ax;

    for (uint32_t i = 0; i < sizeof(*step) / 8; i++) {
        words[i] = test_random();
    }
    step->ax = number | (uint64_t)below(1u << 24) << 8 | (uint64_t)cap << 32;
    step->di = info_random();
    step->dx = one_in(3) ? test_random() & 0xff : 0;
    step->flags &= FLAGS_ANY;
    step->spin = 0;
    step->base = 0;
    plan->deadlines[who][at] = deadline;
    plan->is_timed |= deadline != NEVER;
}

static void calls(struct plan *plan, const struct cast *cast, enum who who, cap_addr_t target)
{
    step_make(plan, who, SYSCALL_CALL, one_in(8) ? odd_cap(cast) : target, deadline_random());
}

static void caller_plan(struct plan *plan, const struct cast *cast)
{
    cap_addr_t target = plan->third == IN_BETWEEN ? cast->middle_badged : plan->target;

    for (uint32_t n = 1 + below(4); n > 0; n--) {
        calls(plan, cast, CALLER, target);
    }
    if (one_in(4)) {
        step_make(plan, CALLER, SYSCALL_ABI_VERSION, odd_cap(cast), NEVER);
    }
}

static void server_plan(struct plan *plan, const struct cast *cast)
{
    uint32_t count = 2 + below(3);

    for (uint32_t n = 0; n < count; n++) {
        uint32_t number = n == 0 && one_in(2) ? SYSCALL_RECEIVE : SYSCALL_REPLY_RECEIVE;

        cap_addr_t cap = one_in(6) ? (one_in(2) ? odd_cap(cast) : cast->middle) : plan->endpoint;

        step_make(plan, SERVER, number, cap, one_in(4) ? deadline_random() : NEVER);
        if (n > 0 && one_in(16)) {
            plan->is_timed = true;
            plan->steps[SERVER][n].spin = one_in(2) ? SPIN_OVER_SOON : SPIN_OVER_THE_SLICE;
        }
    }
    if (one_in(8)) {
        step_make(plan, SERVER, SYSCALL_CALL, plan->target, NEVER); /* upwards: refused */
    }
}

static void third_plan(struct plan *plan, const struct cast *cast)
{
    switch (plan->third) {
    case ALSO_CALLS:
        calls(plan, cast, THIRD, plan->target);
        calls(plan, cast, THIRD, plan->target);
        break;
    case IN_BETWEEN:
        step_make(plan, THIRD, SYSCALL_RECEIVE, cast->middle, NEVER);
        calls(plan, cast, THIRD, plan->target);
        step_make(plan, THIRD, SYSCALL_REPLY_RECEIVE, cast->middle, NEVER);
        calls(plan, cast, THIRD, plan->target);
        step_make(plan, THIRD, SYSCALL_REPLY_RECEIVE, cast->middle, NEVER);
        break;
    case LENDS:
        step_make(plan, THIRD, SYSCALL_WAIT, cast->lock, one_in(2) ? NEVER : SOON);
        plan->steps[THIRD][0].bx = cast->actors[SERVER].thread;
        plan->steps[THIRD][0].dx = 1;
        break;
    default:
        break;
    }
}

void plan_random(struct plan *plan, const struct cast *cast)
{
    static const uint32_t priorities[4] = { 80, 90, 100, 200 };
    uint32_t rotation = one_in(2) ? 0 : below(ACTORS);

    *plan = (struct plan){ .third = one_in(2) ? NOBODY : (enum third)below(THIRDS) };
    for (uint32_t i = 0; i < ACTORS; i++) {
        static const enum who usual[ACTORS] = { SERVER, THIRD, CALLER };

        plan->order[i] = usual[(i + rotation) % ACTORS];
        plan->has_buffer[i] = !one_in(6);
    }
    plan->server_priority = one_in(2) ? 0 : priorities[below(4)];
    plan->endpoint = cast->endpoint;
    plan->target = cast->badged;
    if (one_in(8)) {
        plan->endpoint = cast->high;
        plan->target = cast->high_badged;
    }
    plan->third_priority = 85 + 10 * below(2);
    if (one_in(3)) {
        plan->is_bound = true;
        plan->bound_mask = one_in(2) ? 0xff : test_random();
        plan->rings_before = one_in(3) ? 1ull << below(8) : 0;
        plan->rings_between = one_in(3) ? 1ull << below(8) : 0;
    }
    plan->ending = (enum ending)below(ENDINGS);
    caller_plan(plan, cast);
    server_plan(plan, cast);
    third_plan(plan, cast);
}
