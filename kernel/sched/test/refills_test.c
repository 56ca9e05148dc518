/* SPDX-License-Identifier: MIT */
/*
 * Booking time on a budget: the short way, of who goes on with it, against the whole way, on the same inputs. A context runs, at
 * random moments and for random times, waits when it is dry, and is now and then told late.
 */
#include <string.h>

#include "charge.h"
#include "group.h"
#include "host_test/test.h"

enum { RUNS = 200, PIECES = 400 };

/* What both ways must leave, field by field: there are gaps between them. */
static bool is_same(const struct sched_context *one, const struct sched_context *other)
{
    return one->head == other->head && one->count == other->count &&
           memcmp(one->refills, other->refills, sizeof(one->refills)) == 0 &&
           one->left_ns == other->left_ns && one->used_until_ns == other->used_until_ns &&
           one->gathering_ns == other->gathering_ns && one->has_time == other->has_time &&
           one->is_sliced == other->is_sliced && one->priority == other->priority &&
           one->replenish.node.is_queued == other->replenish.node.is_queued;
}

static bool has_budget(const struct sched_context *context, ns_t now_ns)
{
    return context->refills[context->head].at_ns <= now_ns;
}

/* Charged from start to now, it goes on; false: it is dry. */
static bool charge_both(struct sched_context *context, ns_t start_ns, ns_t now_ns)
{
    struct sched_context whole = *context;

    context_refills_use(&whole, start_ns, now_ns);
    if (!has_budget(&whole, now_ns)) {
        *context = whole; /* the short way is not for it: budget_test has what comes then */
        return false;
    }
    whole.left_ns = whole.refills[whole.head].amount_ns;
    context_charge_sporadic(NULL, context, start_ns, now_ns); /* no timer, no queue is touched */
    CHECK(is_same(context, &whole), "both ways leave the same");
    return true;
}

/* A piece is nearly nothing, some of what is left, or ends when that does, or soon after. */
static uint64_t piece_length(uint64_t left_ns)
{
    switch (test_random(4)) {
    case 0:
        return 1 + test_random(100);
    case 1:
        return left_ns;
    case 2:
        return left_ns + test_random(2000);
    default:
        return 1 + test_random((uint32_t)left_ns);
    }
}

static void run(uint64_t budget_ns, uint64_t period_ns)
{
    static struct sched_context context;
    ns_t now_ns = 1000 + test_random(100000);

    memset(&context, 0, sizeof(context));
    context.budget_ns = budget_ns;
    context.period_ns = period_ns;
    context.has_time = true;
    context.count = 1;
    context.left_ns = budget_ns;
    context.refills[0] = (struct refill){ now_ns, budget_ns };
    for (uint32_t i = 0; i < PIECES && !test_has_failed(); i++) {
        ns_t start_ns = now_ns;

        now_ns += piece_length(context.left_ns);
        if (!charge_both(&context, start_ns, now_ns)) {
            now_ns = context.refills[context.head].at_ns + test_random(2) * test_random(5000);
            context.left_ns = context.refills[context.head].amount_ns;
        }
        if (test_random(3) != 0) {
            now_ns += test_random((uint32_t)period_ns / (1 + test_random(20)));
        }
    }
}

TEST(who_goes_on_with_his_budget_is_charged_as_everybody)
{
    for (uint32_t i = 0; i < RUNS && !test_has_failed(); i++) {
        uint64_t period_ns = 20000 + test_random(1000000);

        run(10000 + test_random((uint32_t)period_ns - 10000), period_ns);
    }
}
