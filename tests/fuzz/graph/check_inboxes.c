/* SPDX-License-Identifier: MIT */
/*
 * The inboxes of the cores: each entry belongs there, is there once, and is counted; whoever waits in one without an interrupt is not more important
 * than what its core runs.
 */
#include "check.h"

enum { IN_INBOX = 3000 }; /* value of an entry's mark; its owner is the core */

static struct thread *thread_of(const struct inbox_entry *entry)
{
    return (struct thread *)(void *)((uint8_t *)(uintptr_t)entry - offsetof(struct thread, inbox));
}

static struct notification *notification_of(const struct inbox_entry *entry)
{
    return (struct notification *)(void *)((uint8_t *)(uintptr_t)entry -
                                           offsetof(struct notification, inbox));
}

/* Where its mark is: a queue's node may be at the same address. */
static const void *mark_of(const struct inbox_entry *entry)
{
    return (const uint8_t *)entry + 1;
}

const struct core *check_inbox_of(const struct view *view, const struct inbox_entry *entry)
{
    const struct view_entry *mark = view_get(view, mark_of(entry));

    return mark != NULL && mark->value == IN_INBOX ? mark->owner : NULL;
}

static uint32_t own_key(const struct thread *thread)
{
    return thread->context == NULL ? 0 : 255u - thread->context->base;
}

/* Does it belong into the inbox of that core? If so, the key of who would run for it. */
static bool belongs(const struct view *view, const struct inbox_entry *entry,
                    const struct core *core, uint32_t *key)
{
    const struct notification *notification = notification_of(entry);
    const struct thread *thread = thread_of(entry);

    if (entry->kind == INBOX_SIGNAL) {
        *key = notification->bound != NULL ? own_key(notification->bound) : 0;
        return view_has(view, notification, OBJECT_NOTIFICATION) && notification->home == core &&
               notification->incoming != 0;
    }
    if (!view_has(view, thread, OBJECT_THREAD) || !thread->is_away || thread->ready.is_queued ||
        thread->served_by != NULL || thread->held_by != NULL) {
        return false;
    }
    if (entry->kind == INBOX_CALL) {
        if (!view_has(view, thread->plain_on, OBJECT_ENDPOINT) ||
            thread->plain_on->server == NULL || thread->plain_on->home != core) {
            return false;
        }
        *key = own_key(thread->plain_on->server);
        return true;
    }
    *key = (uint32_t)thread->lend.node.key;
    return thread->home == core && thread->plain_on == NULL &&
           (entry->kind == INBOX_BACK || thread->call_is_fault);
}

static bool check_list(struct view *view, const struct core *core, const struct inbox_entry *entry,
                       uint32_t *count)
{
    for (; entry != NULL; entry = entry->next) {
        uint32_t key;

        if (++*count > core->inbox_count) {
            return view_fail(view, "more is in the inbox of a core than is counted");
        }
        if (check_inbox_of(view, entry) != NULL ||
            !view_put(view, mark_of(entry), IN_INBOX, core)) {
            return view_fail(view, "something is twice in an inbox");
        }
        if (!belongs(view, entry, core, &key)) {
            return view_fail(view, "what is in the inbox of a core does not belong there (kind %u)",
                             entry->kind);
        }
        if (!host_is_poked(core) && key < core->running_key) {
            return view_fail(view,
                             "somebody more important than what the core runs is in its inbox, "
                             "and nobody told it");
        }
    }
    return true;
}

bool check_inboxes(struct view *view)
{
    for (uint32_t i = 0; i < host_core_count(); i++) {
        const struct core *core = host_core(i);
        uint32_t count = 0;

        if (!check_list(view, core, core->inbox, &count) ||
            !check_list(view, core, core->inbox_left, &count)) {
            return false;
        }
        if (count != core->inbox_count) {
            return view_fail(view, "less is in the inbox of a core than is counted");
        }
    }
    VIEW_EACH(view, OBJECT_NOTIFICATION, found)
    {
        const struct notification *notification = found->object;

        if ((notification->incoming != 0) != (check_inbox_of(view, &notification->inbox) != NULL)) {
            return view_fail(view, "%s was sent bits that are in no inbox",
                             view_name(view, notification));
        }
    }
    return true;
}
