/* SPDX-License-Identifier: MIT */
/*
 * Groups of contexts: members and group know each other, who is parked, and for when the group's event is queued. What runs
 * is of no group that was empty when it was chosen; check_lending.c has that.
 */
#include "check.h"

#include "arch_host/machine.h"

static bool check_member(struct view *view, const struct sched_context *context)
{
    const struct sched_context *group = context->group;

    if ((group != NULL) != (context->group_cap.type != OBJECT_NONE) ||
        (group != NULL && group != context->group_cap.object)) {
        return view_fail(view, "%s and its group do not know each other", view_name(view, context));
    }
    if (group != NULL && (!view_has(view, group, OBJECT_SCHED_CONTEXT) ||
                          group->core != context->core || context->members != 0)) {
        return view_fail(view, "%s is in a group that it cannot be in", view_name(view, context));
    }
    if (context->waiting.is_queued &&
        (context->has_time || context->waiting.key != 255u - context->priority)) {
        return view_fail(view, "%s is parked, but has time, or is not where its priority is",
                         view_name(view, context));
    }
    return check_in_queue(view, &context->waiting,
                          context->waiting.is_queued && group != NULL ? &group->parked : NULL,
                          context);
}

static bool check_group(struct view *view, const struct sched_context *group)
{
    uint32_t members = 0;

    VIEW_EACH(view, OBJECT_SCHED_CONTEXT, found)
    {
        members += ((const struct sched_context *)found->object)->group == group;
    }
    if (members != group->members) {
        return view_fail(view, "%s counts %u members, but has %u", view_name(view, group),
                         group->members, members);
    }
    if (members != 0 && (group->owner != NULL || group->core == NULL)) {
        return view_fail(view, "%s is a group, but bound or not configured",
                         view_name(view, group));
    }
    return members != 0 || queue_is_empty(&group->parked) ||
           view_fail(view, "%s is no group, but keeps others parked", view_name(view, group));
}

bool check_groups(struct view *view)
{
    for (uint32_t i = 0; i < host_core_count(); i++) {
        const struct sched_context *charged = host_core(i)->charged;

        if (charged != NULL && charged->members != 0) {
            return view_fail(view, "%s is a group, but charged as if it ran",
                             view_name(view, charged));
        }
    }
    VIEW_EACH(view, OBJECT_SCHED_CONTEXT, found)
    {
        if (!check_queue(view, &((struct sched_context *)found->object)->parked,
                         "of parked contexts")) {
            return false;
        }
    }
    VIEW_EACH(view, OBJECT_SCHED_CONTEXT, found)
    {
        if (!check_member(view, found->object) || !check_group(view, found->object)) {
            return false;
        }
    }
    return true;
}
