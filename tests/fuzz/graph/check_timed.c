/* SPDX-License-Identifier: MIT */
/*
 * Budgets, deadlines and timers: what is queued against what should be, and what the hardware is
 * armed for.
 * Size: check_event() compares an event with all that is known of it.
 */
#include "check.h"

#include "arch_host/machine.h"
#include "sched/sched.h"

static bool check_event(struct view *view, const struct timed *timed, enum timed_kind kind,
                        const struct core *home, ns_t at_ns, const void *object)
{
    bool queued = home != NULL;

    if (queued && (timed->kind != (uint8_t)kind || timed->band >= TIMER_BANDS)) {
        return view_fail(view, "the timer event of %s has kind %u, band %u",
                         view_name(view, object), timed->kind, timed->band);
    }
    if (queued && timed->node.key != at_ns) {
        return view_fail(view, "the timer event of %s is at %llu, not %llu",
                         view_name(view, object), (unsigned long long)timed->node.key,
                         (unsigned long long)at_ns);
    }
    return check_in(view, &timed->node, timed->node.is_queued,
                    queued ? &home->timers[timed->band] : NULL, object);
}

/* ipc/deadline.h: queued, unless the call is held by the current thread and the hardware comes in time. */
static bool check_deadline(struct view *view, const struct thread *thread)
{
    const struct core *core = thread->home;
    bool waits = thread->state >= THREAD_STATE_CALLING && thread->state <= THREAD_STATE_FAULTED;
    bool finite = waits && thread->deadline_ns != DEADLINE_NEVER;
    bool queued = thread->timeout.node.is_queued;

    if (queued && !finite) {
        return view_fail(view, "%s (state %u) has a deadline queued, but none to keep",
                         view_name(view, thread), thread->state);
    }
    if (finite && !queued &&
        (thread->served_by == NULL || thread->served_by != core->current ||
         core->armed_ns > thread->deadline_ns)) {
        return view_fail(view, "the deadline of %s (state %u) is forgotten",
                         view_name(view, thread), thread->state);
    }
    if (queued && thread->timeout.band < band_of(&thread->lend) && thread->behind_link == NULL &&
        !thread->is_unsettled) {
        return view_fail(view, "the deadline of %s is behind, and nobody moves it",
                         view_name(view, thread));
    }
    return check_event(view, &thread->timeout, TIMED_DEADLINE, queued ? core : NULL,
                       thread->deadline_ns, thread);
}

/* Those whose deadlines are to be moved, which the timer does at once. */
static bool check_behind(struct view *view, const struct core *core)
{
    struct thread *const *link = &core->behind;
    uint32_t count = 0;

    for (const struct thread *thread = *link; thread != NULL; thread = *link) {
        if (thread->behind_link != link || thread->home != core || ++count > view->object_count) {
            return view_fail(view, "the list of deadlines to be moved is broken");
        }
        link = &thread->next_behind;
    }
    return core->behind == NULL || core->armed_ns == 0 || host_is_poked(core) ||
           view_fail(view, "deadlines are to be moved, and the timer does not come");
}

static bool check_refills(struct view *view, const struct sched_context *context)
{
    uint64_t sum = 0;
    ns_t before = 0;

    if (context->count == 0 || context->count > SCHED_REFILLS || context->head >= SCHED_REFILLS) {
        return view_fail(view, "%s has %u refills", view_name(view, context), context->count);
    }
    for (uint32_t i = 0; i < context->count; i++) {
        const struct refill *refill = &context->refills[(context->head + i) % SCHED_REFILLS];

        if (refill->at_ns < before || refill->amount_ns == 0) {
            return view_fail(view, "the refills of %s are out of order or empty",
                             view_name(view, context));
        }
        before = refill->at_ns;
        sum += refill->amount_ns;
    }
    if (sum != context->budget_ns) {
        return view_fail(view, "the refills of %s add up to %llu of a budget of %llu",
                         view_name(view, context), (unsigned long long)sum,
                         (unsigned long long)context->budget_ns);
    }
    return true;
}

static bool check_context(struct view *view, const struct sched_context *context)
{
    const struct refill *first = &context->refills[context->head % SCHED_REFILLS];
    bool takes_turns = context->budget_ns == context->period_ns;
    bool on_spare = context->is_sliced && !takes_turns;
    bool has_own = context->has_time || context->waiting.is_queued;
    bool exhausted = !has_own || on_spare;

    if (context->core == NULL) {
        return (!context->has_time && context->owner == NULL &&
                !context->replenish.node.is_queued) ||
               view_fail(view, "%s is not configured, but in use", view_name(view, context));
    }
    if ((context->owner != NULL) != (context->owner_cap.type != OBJECT_NONE) ||
        (context->owner != NULL &&
         (context->owner != context->owner_cap.object || context->owner->context != context))) {
        return view_fail(view, "%s and its owner do not know each other", view_name(view, context));
    }
    if (!check_is_core(context->core) ||
        (context->owner != NULL && context->owner->home != context->core)) {
        return view_fail(view, "%s is of another core than its owner", view_name(view, context));
    }
    if (!exhausted && context->members == 0 && first->at_ns > host_time()) {
        return view_fail(view, "%s has budget before its first refill", view_name(view, context));
    }
    if (has_own != (!exhausted || context->spare != 0) || context->left_ns == 0 ||
        context->left_ns > context->budget_ns || context->is_sliced != (takes_turns || on_spare)) {
        return view_fail(view, "%s has time that it should not have, or has not what it should",
                         view_name(view, context));
    }
    if (context->priority != (on_spare ? context->spare : context->base) ||
        context->band != context->priority / 16u || context->spare > context->base) {
        return view_fail(view, "%s is at priority %u, but should be at %u, or %u on spare time",
                         view_name(view, context), context->priority, context->base,
                         context->spare);
    }
    if (context->budget_ns < SCHED_BUDGET_MIN_NS || context->period_ns < context->budget_ns ||
        context->period_ns > SCHED_PERIOD_MAX_NS) {
        return view_fail(view, "%s has a budget outside the limits", view_name(view, context));
    }
    bool waits = context->members != 0 ? !queue_is_empty(&context->parked) : exhausted;

    return check_refills(view, context) &&
           check_event(view, &context->replenish, TIMED_REPLENISH, waits ? context->core : NULL,
                       first->at_ns, context);
}

static bool check_timer(struct view *view, const struct timer *timer)
{
    const struct notification *notification = timer->notification_cap.object;
    uint64_t bit = timer->notification_cap.badge & -timer->notification_cap.badge;
    bool queued = timer->timed.node.is_queued;
    bool is_set = timer->notification_cap.type != OBJECT_NONE;

    if (is_set ? !queued && (timer->period_ns == 0 || (notification->bits & bit) == 0)
               : queued || timer->period_ns != 0) {
        return view_fail(view, "%s is set, but will never end, or the other way round",
                         view_name(view, timer));
    }
    if (timer->period_ns != 0) {
        const struct timer *other = notification->ticking;

        while (other != NULL && other != timer) {
            other = other->next;
        }
        if (other == NULL) {
            return view_fail(view, "%s is not known where it signals", view_name(view, timer));
        }
    }
    return check_event(view, &timer->timed, TIMED_TIMER, queued ? timer->home : NULL,
                       timer->timed.node.key, timer);
}

/* Each of its timers has a bit of its own. */
static bool check_ticking(struct view *view, const struct notification *notification)
{
    uint64_t seen = 0;

    for (const struct timer *timer = notification->ticking; timer != NULL; timer = timer->next) {
        uint64_t bit = timer->notification_cap.badge & -timer->notification_cap.badge;

        if (timer->notification_cap.object != notification || timer->period_ns == 0 || bit == 0 ||
            (seen & bit) != 0) {
            return view_fail(view, "%s has a timer that should not be there",
                             view_name(view, notification));
        }
        seen |= bit;
    }
    return true;
}

/* Is the hardware armed for all that may not be late? */
static bool check_armed(struct view *view, const struct core *core)
{
    const struct sched_context *running = core->charged;

    if (core->armed_ns != host_time_armed(core)) {
        return view_fail(view, "the timer is armed for %llu, but the core believes %llu",
                         (unsigned long long)host_time_armed(core),
                         (unsigned long long)core->armed_ns);
    }
    if (host_is_poked(core)) {
        return true; /* it will arm anew before it resumes anybody */
    }
    if (core->armed_band > (running == NULL ? 0u : running->priority / 16u)) {
        return view_fail(view, "events of the running band are not armed for");
    }
    if (core->irq_band != (running == NULL ? 0u : running->band) ||
        host_irq_class_min(core) != arch_irq_class(core->irq_band)) {
        return view_fail(view, "interrupts are let in from class %u on, for band %u",
                         host_irq_class_min(core), core->irq_band);
    }
    for (uint32_t band = core->armed_band; band < TIMER_BANDS; band++) {
        const struct heap_node *first = core->timers[band].first;

        if (first != NULL && first->key < core->armed_ns) {
            return view_fail(view, "an event of band %u at %llu is before the armed time %llu",
                             band, (unsigned long long)first->key,
                             (unsigned long long)core->armed_ns);
        }
    }
    if (running != NULL && core->armed_ns > core->charged_since_ns + running->left_ns) {
        return view_fail(view, "the timer is armed past the end of the running budget");
    }
    const struct sched_context *group = running == NULL ? NULL : running->group;

    if (group != NULL && !group->is_sliced &&
        core->armed_ns > core->charged_since_ns + group->refills[group->head].amount_ns) {
        return view_fail(view, "the timer is armed past the end of the running group's budget");
    }
    return true;
}

bool check_timed(struct view *view)
{
    VIEW_EACH(view, OBJECT_THREAD, found)
    {
        if (!check_deadline(view, found->object)) {
            return false;
        }
    }
    VIEW_EACH(view, OBJECT_SCHED_CONTEXT, found)
    {
        if (!check_context(view, found->object)) {
            return false;
        }
    }
    VIEW_EACH(view, OBJECT_TIMER, found)
    {
        if (!check_timer(view, found->object)) {
            return false;
        }
    }
    VIEW_EACH(view, OBJECT_NOTIFICATION, found)
    {
        if (!check_ticking(view, found->object)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < host_core_count(); i++) {
        if (!check_behind(view, host_core(i)) || !check_armed(view, host_core(i))) {
            return false;
        }
    }
    return true;
}
