/* SPDX-License-Identifier: MIT */
/*
 * What is not a core's own: a copy of all of it, to be compared with what it is after the core worked with its own lock alone. An object
 * has one owner, as docs/locking.md says; capabilities and what belongs to no core have none. A space, and the runs attached to it, may change
 * if its lock was had meanwhile, which its turn tells.
 */
#include <string.h>

#include "check.h"
#include "core/turn.h"
#include "graph/invariants.h"

enum kind {
    PLAIN,
    RUN, /* of a struct memory_run, from is_leaving on */
    SPACE,
    TREE, /* what the lock of the tree of derivation is for */
};

enum { BYTES_MAX = 8 << 20, PIECES_MAX = 8 * VIEW_OBJECTS_MAX };

static struct {
    uint32_t count;
    uint32_t bytes;
    bool is_full; /* not all of it is there */
    bool is_all;  /* the core's own, too */
    uint32_t tree_turn;
    struct {
        const uint8_t *place;
        uint32_t size;
        enum kind kind;
        const void *object;
    } pieces[PIECES_MAX];
    uint8_t copies[BYTES_MAX];
} kept;

static void keep(const void *object, size_t from, size_t to)
{
    uint32_t size = (uint32_t)(to - from);

    if (kept.count == PIECES_MAX || kept.bytes + size > BYTES_MAX) {
        kept.is_full = true;
        return;
    }
    kept.pieces[kept.count].place = (const uint8_t *)object + from;
    kept.pieces[kept.count].size = size;
    kept.pieces[kept.count].object = object;
    kept.pieces[kept.count].kind = PLAIN;
    memcpy(kept.copies + kept.bytes, (const uint8_t *)object + from, size);
    kept.bytes += size;
    kept.count++;
}

#define KEEP(object, type, from, to) keep((object), offsetof(type, from), offsetof(type, to))
#define END_OF(type, member) (offsetof(type, member) + sizeof(((type *)NULL)->member))

/* Of one whose call is here: all but what it is told, who has its call, and its place among those who wait. */
static void keep_caller(const struct thread *thread)
{
    KEEP(thread, struct thread, state, lend.node);
    KEEP(thread, struct thread, lend.to, served_by);
    KEEP(thread, struct thread, serving, inbox);
    keep(thread, END_OF(struct thread, inbox), offsetof(struct thread, held_by));
    keep(thread, END_OF(struct thread, plain_on), offsetof(struct thread, arch));
}

/* Its place in a queue of the core's own changes as others come and go there. */
static void keep_thread(const struct core *core, const struct thread *thread)
{
    bool waits_there = thread->waiting_on != NULL && thread->waiting_on->home == core;

    if (thread->home == core) {
        return;
    }
    if (thread->is_away) {
        keep_caller(thread);
        return;
    }
    KEEP(thread, struct thread, registers, lend.node);
    if (!waits_there) {
        KEEP(thread, struct thread, lend.node, lend.to);
    }
    KEEP(thread, struct thread, lend.to, arch);
}

/* Anybody may send something into an inbox. */
static void keep_notification(const struct notification *notification)
{
    KEEP(notification, struct notification, lend, incoming);
    keep(notification, END_OF(struct notification, inbox), sizeof(*notification));
}

/* One that waits for its signal to be taken goes on where that is. */
static const struct core *owner_of_timer(const struct timer *timer)
{
    return timer->timed.node.is_queued || timer->notification_cap.type == OBJECT_NONE
               ? timer->home
               : ((const struct notification *)timer->notification_cap.object)->home;
}

static void mark_last(enum kind kind)
{
    if (!kept.is_full) {
        kept.pieces[kept.count - 1].kind = kind;
    }
}

/* Which space it is attached to, and where, is the space's; its place in the tree, and how much of its memory is used, is the tree's. */
static void keep_cap(const struct cap *cap, bool all)
{
    bool is_run = (cap->type == OBJECT_FRAME || cap->type == OBJECT_PAGE_TABLE) &&
                  !(cap->flags & CAP_EMBEDDED);

    if (all) {
        keep(cap, 0, sizeof(*cap));
        return;
    }
    KEEP(cap, struct cap, parent, first_child);
    KEEP(cap, struct cap, first_child, type);
    mark_last(TREE);
    if (cap->type == OBJECT_UNTYPED) {
        KEEP(cap, struct cap, type, run.used_bytes);
        KEEP(cap, struct cap, run.used_bytes, run.high);
        mark_last(TREE);
        return;
    }
    if (!is_run) {
        keep(cap, offsetof(struct cap, type), sizeof(*cap));
        return;
    }
    KEEP(cap, struct cap, type, run.is_leaving);
    keep(cap, offsetof(struct cap, run.is_leaving), sizeof(*cap));
    mark_last(RUN);
}

static void keep_space(const struct vspace *space, bool all)
{
    if (!all) {
        keep(space, 0, sizeof(*space));
        mark_last(SPACE);
        return;
    }
    KEEP(space, struct vspace, frames, turn);
    keep(space, END_OF(struct vspace, turn), sizeof(*space));
}

static const struct core *owner_of(const struct view_object *object)
{
    switch (object->type) {
    case OBJECT_ENDPOINT:
        return ((const struct endpoint *)object->object)->home;
    case OBJECT_NOTIFICATION:
        return ((const struct notification *)object->object)->home;
    case OBJECT_SCHED_CONTEXT:
        return ((const struct sched_context *)object->object)->core;
    case OBJECT_TIMER:
        return owner_of_timer(object->object);
    case OBJECT_IRQ:
        return ((const struct irq *)object->object)->home;
    case OBJECT_REPLY:
        return ((const struct reply *)object->object)->home;
    default:
        return NULL;
    }
}

static size_t size_of(uint32_t type)
{
    switch (type) {
    case OBJECT_ENDPOINT:
        return sizeof(struct endpoint);
    case OBJECT_SCHED_CONTEXT:
        return sizeof(struct sched_context);
    case OBJECT_TIMER:
        return sizeof(struct timer);
    case OBJECT_IRQ:
        return sizeof(struct irq);
    case OBJECT_REPLY:
        return sizeof(struct reply);
    default:
        return 0;
    }
}

static void keep_object(const struct core *core, const struct view_object *object)
{
    if (object->type == OBJECT_THREAD) {
        keep_thread(core, object->object);
    } else if (object->type == OBJECT_NOTIFICATION && owner_of(object) != core) {
        keep_notification(object->object);
    } else if (object->type == OBJECT_VSPACE) {
        keep_space(object->object, false);
    } else if (size_of(object->type) != 0 && owner_of(object) != core) {
        keep(object->object, 0, size_of(object->type));
    }
}

/* Nobody else does anything meanwhile. */
static void keep_whole(const struct view_object *object)
{
    if (object->type == OBJECT_THREAD) {
        keep(object->object, 0, offsetof(struct thread, arch));
    } else if (object->type == OBJECT_NOTIFICATION) {
        keep(object->object, 0, sizeof(struct notification));
    } else if (object->type == OBJECT_VSPACE) {
        keep_space(object->object, true);
    } else if (size_of(object->type) != 0) {
        keep(object->object, 0, size_of(object->type));
    }
}

void foreign_keep(struct view *view, const struct core *core, bool all)
{
    kept.count = kept.bytes = 0;
    kept.is_full = false;
    kept.is_all = all;
    kept.tree_turn = core_tree_turn;
    for (uint32_t i = 0; i < host_core_count(); i++) {
        if (all || host_core(i) != core) {
            KEEP(host_core(i), struct core, current, inbox);
        }
    }
    for (uint32_t i = 0; i < view->object_count; i++) {
        if (all) {
            keep_whole(&view->objects[i]);
        } else {
            keep_object(core, &view->objects[i]);
        }
    }
    for (uint32_t i = 0; i < view->cap_count; i++) {
        keep_cap(view->caps[i], all);
    }
}

/* Was its lock had since it was kept? */
static bool was_locked(const struct vspace *space)
{
    const uint8_t *copy = kept.copies;

    for (uint32_t i = 0; i < kept.count; copy += kept.pieces[i].size, i++) {
        if (kept.pieces[i].kind == SPACE && kept.pieces[i].place == (const uint8_t *)space) {
            uint32_t turn;

            memcpy(&turn, copy + offsetof(struct vspace, turn), sizeof(turn));
            return turn != atomic_load_explicit(&space->turn, memory_order_relaxed);
        }
    }
    return false;
}

/* What changed is a space's, or was or is attached to one. */
static bool is_allowed(uint32_t piece, const uint8_t *copy)
{
    const size_t space_at = offsetof(struct cap, run.space) - offsetof(struct cap, run.is_leaving);
    const struct vspace *before;
    const struct vspace *after;

    if (kept.pieces[piece].kind == TREE) {
        return kept.tree_turn != core_tree_turn;
    }
    if (kept.pieces[piece].kind == SPACE) {
        return was_locked((const struct vspace *)(const void *)kept.pieces[piece].place);
    }
    if (kept.pieces[piece].kind != RUN) {
        return false;
    }
    memcpy(&before, copy + space_at, sizeof(before));
    memcpy(&after, kept.pieces[piece].place + space_at, sizeof(after));
    /* Attached nowhere before and after: what is left of an attempt means nothing. */
    return (before == NULL || was_locked(before)) && (after == NULL || was_locked(after));
}

/* With the tree's lock: what a capability that lies in the piece is derived from and beside is as it is now. */
static void take_over_tree(const struct view *view, uint32_t piece, uint8_t *copy)
{
    const uint8_t *place = kept.pieces[piece].place;
    const size_t size = offsetof(struct cap, type);

    for (uint32_t i = 0; i < view->cap_count && kept.tree_turn != core_tree_turn; i++) {
        const uint8_t *cap = (const uint8_t *)view->caps[i];

        if (cap >= place && cap + size <= place + kept.pieces[piece].size) {
            memcpy(copy + (cap - place), cap, size);
        }
    }
}

static bool is_same(const struct view *view, uint32_t piece, uint8_t *copy)
{
    const uint8_t *place = kept.pieces[piece].place;
    uint32_t size = kept.pieces[piece].size;

    if (memcmp(copy, place, size) == 0 || is_allowed(piece, copy)) {
        return true;
    }
    if (kept.is_all) {
        return false;
    }
    take_over_tree(view, piece, copy);
    return memcmp(copy, place, size) == 0;
}

bool foreign_same(struct view *view)
{
    uint32_t at = 0;

    if (kept.is_full) {
        return view_fail(view, "there is more than can be compared: BYTES_MAX, PIECES_MAX");
    }
    for (uint32_t i = 0; i < kept.count; i++) {
        if (!is_same(view, i, kept.copies + at)) {
            return view_fail(view,
                             kept.is_all
                                 ? "an entry that gave up changed %s"
                                 : "with its own lock alone a core changed %s, which is another's",
                             view_name(view, kept.pieces[i].object));
        }
        at += kept.pieces[i].size;
    }
    return true;
}
