/* SPDX-License-Identifier: MIT */
/* Timers, interrupts, I/O ports (abi/idl/kernel.idl). */
#include <stddef.h>

#include "core/alone.h"
#include "ipc/ipc.h"
#include "kernel_gen/methods.h"
#include "object/timer.h"
#include "sched/sched.h"

#define TIMER_PERIOD_MIN_NS 10000u

/* The bit for which a timer with a period waits. */
static uint64_t bit_of(const struct timer *timer)
{
    return timer->notification_cap.badge & -timer->notification_cap.badge;
}

/* Where the timer of a bit is in the list, or the list's end: at most 64 steps. */
static struct timer **ticking_find(struct notification *notification, uint64_t bit)
{
    struct timer **link = &notification->ticking;

    while (*link != NULL && bit_of(*link) != bit) {
        link = &(*link)->next;
    }
    return link;
}

static void timer_stop(struct core *core, struct timer *timer)
{
    timed_cancel(core_of(core, timer->home), &timer->timed);
    if (timer->period_ns != 0) {
        *ticking_find(timer->notification_cap.object, bit_of(timer)) = timer->next;
        timer->period_ns = 0;
    }
}

static void notification_gone(struct core *core, struct cap *cap)
{
    timer_stop(core, cap->holder);
}

void timer_destroy(struct core *core, struct timer *timer)
{
    timer_stop(core, timer);
    cap_unembed(&timer->notification_cap);
}

/* On the core where it is waited for. Periods that were missed altogether are one signal. */
static void timer_go_on(struct core *core, struct timer *timer)
{
    const struct notification *notification = timer->notification_cap.object;
    ns_t next_ns = timer->timed.node.key + timer->period_ns;
    ns_t now_ns = arch_now();

    if (next_ns < timer->period_ns) {
        next_ns = DEADLINE_NEVER; /* past the end of time */
    } else if (next_ns <= now_ns) {
        next_ns += ((now_ns - next_ns) / timer->period_ns + 1) * timer->period_ns;
    }
    timer->home = notification->home;
    timed_arm(core_of(core, timer->home), &timer->timed, next_ns, timer->timed.band);
}

uint64_t timers_go_on(struct core *core, struct notification *notification, uint64_t bits)
{
    struct timer *first = notification->ticking;
    struct timer *before = NULL; /* the first that is left */
    struct timer *last = NULL;
    uint32_t count = 0;
    ns_t start_ns = arch_now();

    for (struct timer *timer = first; timer != NULL; last = timer, timer = timer->next) {
        if ((bits & bit_of(timer)) == 0 || timer->timed.node.is_queued) {
            continue;
        }
        if (count < CORE_STEPS_MAX) {
            timer_go_on(core, timer);
            count = steps_count(count, start_ns);
            continue;
        }
        bits &= ~bit_of(timer);
        before = before == NULL ? last : before;
    }
    if (before != NULL) { /* it is the first the next time */
        notification->ticking = before->next;
        before->next = NULL;
        last->next = first;
    }
    return bits;
}

/* Another end before the signal was taken would change nothing, and be paid for by whoever runs. */
void timer_expired(struct core *core, struct timer *timer)
{
    struct notification *notification = timer->notification_cap.object;
    uint64_t badge = timer->notification_cap.badge;

    if (timer->period_ns == 0) {
        cap_unembed(&timer->notification_cap);
    }
    notification_signal(core, notification, badge);
    if (timer->period_ns != 0 && !timer->timed.node.is_queued &&
        (notification->bits & bit_of(timer)) == 0) {
        timer_go_on(core, timer);
    }
}

err_t timer_on_set(struct invocation *inv, const struct timer_set_args *args)
{
    struct timer *timer = inv->target->object;
    struct notification *notification = args->notification->object;
    uint64_t badge = args->notification->badge;
    err_t err = cap_may_derive(args->notification);

    if (args->period != 0 && args->period < TIMER_PERIOD_MIN_NS) {
        return ERR_RANGE;
    }
    if (err) {
        return err;
    }
    if (args->period != 0 && badge != 0) {
        const struct timer *other = *ticking_find(notification, badge & -badge);

        if (other != NULL && other != timer) {
            return ERR_BUSY;
        }
    }
    timer_stop(inv->core, timer);
    err = cap_embed(args->notification, &timer->notification_cap, timer, notification_gone);
    if (badge != 0 && args->period != 0) {
        timer->period_ns = args->period;
        timer->next = notification->ticking;
        notification->ticking = timer;
    }
    /* No event is more important than who asks for it by himself: what he is lent ends, and then it would take the time of his betters. */
    const struct sched_context *own = inv->caller->context;
    uint32_t band = own != NULL ? own->base / 16u : 0;

    timer->home = inv->core;
    timed_arm(inv->core, &timer->timed, args->at, args->band < band ? args->band : band);
    return err;
}

err_t timer_on_cancel(struct invocation *inv, struct timer_cancel_results *results)
{
    struct timer *timer = inv->target->object;

    results->was_set = timer->notification_cap.type != OBJECT_NONE;
    timer_destroy(inv->core, timer);
    return ERR_OK;
}

static void irq_mask(struct irq *irq, bool masked)
{
    if (irq->line != IRQ_NO_LINE) {
        arch_irq_line_mask(irq->line, masked);
    } else if (irq->is_masked != masked) {
        irq->is_masked = masked;
        arch_irq_message_mask(irq->vector, masked);
    }
}

static void irq_notification_gone(struct core *core, struct cap *cap)
{
    (void)core;
    irq_mask(cap->holder, true);
}

void irq_destroy(struct core *core, struct irq *irq)
{
    if (irq->is_claimed) {
        irq_mask(irq, true);
        arch_irq_release(irq->vector);
        core->machine->vectors[irq->vector] = NULL;
        irq->is_claimed = false;
    }
    cap_unembed(&irq->notification_cap);
}

/* A level would come again at once; of edges only a second one says that masking is needed. False: it is not to be signalled now. */
static __attribute__((noinline)) bool mask_first(struct irq *irq)
{
    irq_mask(irq, true);
    irq->is_held = !irq->is_level;
    return irq->is_level;
}

void irq_on_interrupt(struct core *core, uint32_t vector)
{
    struct irq *irq = core->machine->vectors[vector];

    if (irq == NULL || irq->notification_cap.type == OBJECT_NONE) {
        core->irqs_spurious++;
        arch_irq_acknowledge(vector);
        return;
    }
    if (core_is_alone(core)) {
        alone_interrupt(core, irq, vector);
        return;
    }
    if (__builtin_expect(irq->is_level || irq->is_pending, 0) && !mask_first(irq)) {
        arch_irq_acknowledge(vector);
        return;
    }
    irq->is_pending = true;
    arch_irq_acknowledge(vector);
    notification_signal(core, irq->notification_cap.object, irq->notification_cap.badge);
}

/* Of the band's class; if it is full of a more important one, which disturbs more than it should, or else a less important one. */
static bool vector_find(const struct machine *machine, uint32_t band, uint32_t *vector)
{
    uint32_t class = arch_irq_class(band);

    for (uint32_t i = 0; i < ARCH_IRQ_CLASSES; i++) {
        uint32_t from = class + i < ARCH_IRQ_CLASSES ? class + i : ARCH_IRQ_CLASSES - 1 - i;

        for (uint32_t j = ARCH_IRQ_CLASS_VECTORS; j-- > 0;) {
            *vector = from * ARCH_IRQ_CLASS_VECTORS + j;
            if (machine->vectors[*vector] == NULL) {
                return true;
            }
        }
    }
    return false;
}

static bool line_is_claimed(const struct machine *machine, uint32_t line)
{
    for (uint32_t i = 0; i < ARCH_IRQ_VECTORS; i++) {
        if (machine->vectors[i] != NULL && machine->vectors[i]->line == line) {
            return true;
        }
    }
    return false;
}

/* Of a vector not more important than what the claimant may give. Errors: BUSY, NO_MEMORY. */
static err_t irq_claim(struct invocation *inv, struct irq *irq, const struct cap *machine,
                       uint32_t line)
{
    uint64_t most = machine->badge / 16u;

    if (irq->is_claimed) {
        return ERR_BUSY;
    }
    if (!vector_find(inv->core->machine, most < irq->band ? (uint32_t)most : irq->band,
                     &irq->vector)) {
        return ERR_NO_MEMORY;
    }
    irq->is_claimed = true; /* what is pending, bind() begins anew */
    irq->is_level = false;
    irq->is_masked = false;
    irq->line = line;
    irq->home = irq->wish != NULL ? irq->wish : inv->core;
    inv->core->machine->vectors[irq->vector] = irq;
    return ERR_OK;
}

err_t irq_on_claim_line(struct invocation *inv, const struct irq_claim_line_args *args)
{
    struct irq *irq = inv->target->object;
    err_t err;

    if (args->line >= arch_irq_line_count()) {
        return ERR_RANGE;
    }
    if (line_is_claimed(inv->core->machine, args->line)) {
        return ERR_BUSY;
    }
    err = irq_claim(inv, irq, args->machine, args->line);
    if (err == ERR_OK) {
        irq->is_level = args->level != 0;
        arch_irq_line_route(args->line, irq->home, irq->vector, irq->is_level,
                            args->active_low != 0);
    }
    return err;
}

err_t irq_on_claim_msi(struct invocation *inv, const struct irq_claim_msi_args *args,
                       struct irq_claim_msi_results *results)
{
    struct irq *irq = inv->target->object;
    err_t err;

    if (args->source == ARCH_SOURCE_NONE && arch_irq_is_remapped()) {
        return ERR_RANGE;
    }
    err = irq_claim(inv, irq, args->machine, IRQ_NO_LINE);
    if (err == ERR_OK) {
        arch_irq_msi(irq->home, irq->vector, args->source, &results->address, &results->data);
    }
    return err;
}

err_t irq_on_bind(struct invocation *inv, const struct irq_bind_args *args)
{
    struct irq *irq = inv->target->object;
    err_t err;

    if (!irq->is_claimed) {
        return ERR_GONE;
    }
    err = cap_embed(args->notification, &irq->notification_cap, irq, irq_notification_gone);
    if (err) {
        return err;
    }
    irq_mask(irq, true);
    if (args->notification != NULL) {
        irq->is_pending = false;
        irq->is_held = false;
        irq_mask(irq, false);
    }
    return ERR_OK;
}

err_t irq_on_ack(struct invocation *inv)
{
    struct irq *irq = inv->target->object;
    bool was_held = irq->is_held;

    if (!irq->is_claimed || irq->notification_cap.type == OBJECT_NONE) {
        return ERR_GONE;
    }
    irq->is_pending = was_held;
    irq->is_held = false;
    if (was_held) {
        notification_signal(inv->core, irq->notification_cap.object, irq->notification_cap.badge);
    }
    if (irq->is_level || was_held) {
        irq_mask(irq, false);
    }
    return ERR_OK;
}

err_t irq_on_set_band(struct invocation *inv, const struct irq_set_band_args *args)
{
    struct irq *irq = inv->target->object;

    if (irq->is_claimed) {
        return ERR_BUSY;
    }
    irq->band = (uint8_t)args->band;
    return ERR_OK;
}

err_t irq_on_set_core(struct invocation *inv, const struct irq_set_core_args *args)
{
    const struct machine *machine = inv->core->machine;
    struct irq *irq = inv->target->object;

    if (args->core >= machine->core_count) {
        return ERR_RANGE;
    }
    if (irq->is_claimed) {
        return ERR_BUSY;
    }
    irq->wish = machine->cores[args->core % ARCH_CORES];
    return ERR_OK;
}
