/* SPDX-License-Identifier: MIT */
/*
 * Scheduling contexts: budgets by sporadic replenishment. What was used comes back one period after it
 * began to be used; what was used without a gap is one piece, however often it was booked. Pieces that began within a sixth of a period come back together, with the last of them: later, never
 * earlier, and so few of them are ever awaited that there is a place for each.
 * A context whose budget is its whole period never runs dry: it goes behind its equals instead. So does one on spare time, whose
 * budget is used up: at a lower priority, until its first refill is due.
 */
#include <stddef.h>

#include "charge.h"
#include "group.h"
#include "object/sched_context.h"
#include "sched/sched.h"

/*
 * Gathering begins anew after more than so much of a period. Those awaited came back to less than 7/6 of a period, so there are at
 * most seven, and one that is due.
 */
#define GATHERED_PART 6u

/* In charging: once for contexts, which each dispatch may charge, once for groups. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

static struct refill *refill_at(struct sched_context *context, uint32_t index)
{
    return &context->refills[(context->head + index) % SCHED_REFILLS];
}

static bool takes_turns(const struct sched_context *context)
{
    return context->budget_ns == context->period_ns;
}

void context_init(struct sched_context *context)
{
    context->core = NULL;
    context->replenish.kind = TIMED_REPLENISH;
    queue_node_rest(&context->waiting);
}

/* Time at a priority, or none: what goes by it is put right in one walk. When the turn of one that was parked comes, it is looked at anew. */
static void time_set(struct core *core, struct sched_context *context, uint8_t priority,
                     bool has_time)
{
    if (context->waiting.is_queued) {
        group_unpark(core, context);
    }
    if (context->has_time != has_time || context->priority != priority) {
        context->has_time = has_time;
        context->priority = priority;
        context->band = priority / 16u;
        if (context->owner != NULL) {
            lend_update(core, &context->owner->lend);
        }
    }
}

void context_time_set(struct core *core, struct sched_context *context, bool has_time)
{
    time_set(core, context, context->priority, has_time);
}

/* No refill is due: on spare time, if it may, behind its new equals; else it waits. */
static void budget_lack(struct core *core, struct sched_context *context)
{
    if (context->spare == 0) {
        context->is_sliced = false;
        time_set(core, context, context->base, false);
    } else if (!context->is_sliced) {
        context->is_sliced = true;
        context->left_ns = context->budget_ns;
        time_set(core, context, context->spare, true);
        /* Else its equals would get nothing if its budget always came back within the slice. */
        if (core->current != NULL && core->current->lend.top == context) {
            current_yield(core);
        }
    }
}

/*
 * The first refill decides whether there is budget now; if not, an event says when. One that was found dry may be
 * charged again, by the dispatch that takes it off its core, when its refill is due already.
 */
void context_budget_check(struct core *core, struct sched_context *context, ns_t now_ns)
{
    const struct refill *first = &context->refills[context->head];

    if (first->at_ns <= now_ns) {
        timed_cancel(core, &context->replenish);
        context->is_sliced = false;
        context->left_ns = first->amount_ns;
        time_set(core, context, context->base, true);
    } else {
        timed_arm(core, &context->replenish, first->at_ns, context->base / 16u);
        budget_lack(core, context);
    }
}

void context_leave(struct core *core, struct sched_context *context)
{
    timed_cancel(core, &context->replenish);
    if (core->charged == context) {
        core->charged = NULL;
        core_ask_dispatch(core);
    }
}

void context_configure(struct core *core, struct sched_context *context, uint8_t priority,
                       uint64_t budget_ns, uint64_t period_ns)
{
    ns_t now_ns = arch_now();

    if (ARCH_CORES > 1 && context->core != NULL && context->core != core) {
        context_leave(context->core, context);
    }
    context_charge(core, now_ns);
    timed_cancel(core, &context->replenish);
    context->core = core;
    context->base = priority;
    context->spare = 0;
    context->is_sliced = budget_ns == period_ns;
    context->left_ns = budget_ns;
    context->budget_ns = budget_ns;
    context->period_ns = period_ns;
    context->used_ns = 0;
    context->head = 0;
    context->count = 1;
    context->refills[0] = (struct refill){ now_ns, budget_ns };
    time_set(core, context, priority, true);
    group_refilled(core, context); /* if it is one */
    core_ask_dispatch(core);
}

void context_set_spare(struct sched_context *context, uint8_t spare)
{
    struct core *core = context->core;
    ns_t now_ns = arch_now();

    context_charge(core, now_ns);
    context->spare = spare;
    if (!takes_turns(context) && context->members == 0) {
        /* If it is on spare time: at the new priority, from its first slice. */
        context->is_sliced = false;
        context_budget_check(core, context, now_ns);
        core_ask_dispatch(core);
    }
}

static void owner_gone(struct core *core, struct cap *cap)
{
    struct sched_context *context = cap->holder;
    struct thread *thread = context->owner;

    context->owner = NULL;
    thread->context = NULL;
    lend_update(core, &thread->lend);
}

err_t context_bind(struct core *core, struct sched_context *context, struct cap *thread_cap)
{
    struct thread *thread = thread_cap->object;
    err_t err = cap_embed(thread_cap, &context->owner_cap, context, owner_gone);

    if (err) {
        return err;
    }
    context->owner = thread;
    thread->context = context;
    lend_update(core, &thread->lend);
    return ERR_OK;
}

void context_unbind(struct core *core, struct sched_context *context)
{
    if (context->owner != NULL) {
        owner_gone(core, &context->owner_cap);
        cap_unembed(&context->owner_cap);
    }
}

static ALWAYS_INLINE void refill_add(struct sched_context *context, ns_t at_ns, uint64_t amount_ns)
{
    struct refill *last = refill_at(context, context->count - 1u);
    ns_t start_ns = at_ns - context->period_ns;

    /* It went on where the last piece ended: both are one. */
    if (start_ns == context->used_until_ns && last->at_ns > start_ns) {
        last->amount_ns += amount_ns;
        return;
    }
    if (context->count == SCHED_REFILLS ||
        (last->at_ns > start_ns && /* not due: still to come back */
         at_ns - context->gathering_ns < context->period_ns / GATHERED_PART)) {
        last->at_ns = at_ns > last->at_ns ? at_ns : last->at_ns;
        last->amount_ns += amount_ns;
        return;
    }
    context->gathering_ns = at_ns;
    context->count++;
    *refill_at(context, context->count - 1u) = (struct refill){ at_ns, amount_ns };
}

/*
 * Takes time used from the first refills and puts it back a period after it began to be used. What ran on past the end of the budget, until the
 * interrupt that tells, is used of what is still to come: as if that had begun when it is due. So it is paid back, up to nine budgets of one
 * refill each; more is forgiven.
 */
void context_refills_use(struct sched_context *context, ns_t start_ns, ns_t now_ns)
{
    uint64_t used_ns = now_ns - start_ns;

    /* What is due is one: what comes back later has the other places. */
    while (context->count > 1 && refill_at(context, 1)->at_ns <= start_ns) {
        refill_at(context, 1)->amount_ns += refill_at(context, 0)->amount_ns;
        context->head = (uint8_t)((context->head + 1u) % SCHED_REFILLS);
        context->count--;
    }
    for (uint32_t i = 0; used_ns > 0 && i <= SCHED_REFILLS; i++) {
        struct refill *head = refill_at(context, 0);
        uint64_t piece = used_ns < head->amount_ns ? used_ns : head->amount_ns;
        ns_t back_ns = (head->at_ns > start_ns ? head->at_ns : start_ns) + context->period_ns;

        used_ns -= piece;
        head->amount_ns -= piece;
        if (head->amount_ns > 0) {
            refill_add(context, back_ns, piece);
            break;
        }
        /* The first is used up: its place is free before the piece is added. */
        if (context->count == 1) {
            *head = (struct refill){ back_ns, piece };
            context->gathering_ns = head->at_ns;
        } else {
            context->head = (uint8_t)((context->head + 1u) % SCHED_REFILLS);
            context->count--;
            refill_add(context, back_ns, piece);
        }
    }
    context->used_until_ns = now_ns;
}

void context_charge_sporadic(struct core *core, struct sched_context *context, ns_t start_ns,
                             ns_t now_ns)
{
    struct refill *first = refill_at(context, 0);
    uint64_t used_ns = now_ns - start_ns;

    if (!context->has_time || used_ns >= first->amount_ns || first->at_ns > start_ns ||
        (context->count > 1 && refill_at(context, 1)->at_ns <= start_ns)) {
        context_refills_use(context, start_ns, now_ns);
        context_budget_check(core, context, now_ns);
        return;
    }
    /* The same, for one that goes on: nothing else of it changes. */
    first->amount_ns -= used_ns;
    refill_add(context, start_ns + context->period_ns, used_ns);
    context->left_ns = first->amount_ns;
    context->used_until_ns = now_ns;
}

void context_slice_end(struct core *core, struct sched_context *context)
{
    context->left_ns = context->budget_ns;
    current_yield(core);
}

void context_charge_member(struct core *core, struct sched_context *member, ns_t start_ns,
                           ns_t now_ns)
{
    group_charge(core, member->group, start_ns, now_ns);
    charge_alone(core, member, start_ns, now_ns);
}

void context_charge(struct core *core, ns_t now_ns)
{
    charge(core, now_ns);
}

void context_replenish(struct core *core, struct sched_context *context)
{
    ns_t now_ns = arch_now();

    if (context->members != 0) {
        group_replenish(core, context);
        return;
    }
    if (context->is_sliced && core->charged == context) {
        context_charge(core, now_ns); /* until here it was on spare time */
    }
    context_budget_check(core, context, now_ns);
}

uint64_t context_remaining(const struct sched_context *context, ns_t now_ns)
{
    uint64_t remaining = 0;

    if (takes_turns(context)) {
        return context->left_ns;
    }
    for (uint32_t i = 0; i < context->count; i++) {
        const struct refill *refill = &context->refills[(context->head + i) % SCHED_REFILLS];

        remaining += refill->at_ns <= now_ns ? refill->amount_ns : 0;
    }
    return remaining;
}
