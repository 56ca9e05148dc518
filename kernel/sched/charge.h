/* SPDX-License-Identifier: MIT */
/* Booking time, inline for the dispatch that follows it: context.c. */
#pragma once

#include <stddef.h>

#include "object/sched_context.h"
#include "sched/sched.h"

/** What is taken from refills. */
__attribute__((noinline)) void context_charge_sporadic(struct core *core,
                                                       struct sched_context *context, ns_t start_ns,
                                                       ns_t now_ns);
/** The slice is over: a new one, behind those of the same priority. */
__attribute__((noinline)) void context_slice_end(struct core *core, struct sched_context *context);
/** Of a member: to the group, too. */
__attribute__((noinline)) void context_charge_member(struct core *core,
                                                     struct sched_context *member, ns_t start_ns,
                                                     ns_t now_ns);

static inline void charge_alone(struct core *core, struct sched_context *context, ns_t start_ns,
                                ns_t now_ns)
{
    uint64_t used_ns = now_ns - start_ns;

    context->used_ns += used_ns;
    if (!context->is_sliced) {
        context_charge_sporadic(core, context, start_ns, now_ns);
    } else if (used_ns < context->left_ns) {
        context->left_ns -= used_ns;
    } else {
        context_slice_end(core, context);
    }
}

/** As context_charge(). */
static inline void charge(struct core *core, ns_t now_ns)
{
    struct sched_context *context = core->charged;
    ns_t start_ns = core->charged_since_ns;

    core->charged_since_ns = now_ns;
    if (context == NULL || now_ns <= start_ns) {
        return;
    }
    if (__builtin_expect(context->group != NULL, 0)) {
        context_charge_member(core, context, start_ns, now_ns);
    } else {
        charge_alone(core, context, start_ns, now_ns);
    }
}
