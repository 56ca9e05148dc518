/* SPDX-License-Identifier: MIT */
/*
 * The tree of derivation: links, depth, rights, badges; where each capability lies; and that no slot of a
 * live table and no embedded capability is outside the tree. Fills the view for the other parts.
 */
#include "check.h"
#include "view.h"

#include "arch_host/root.h"

enum { IN_TREE = 1000 }; /* value of a capability's mark; type marks of objects are below */

static bool check_link(struct view *view, const struct cap *cap, const struct cap *previous)
{
    const struct cap *parent = cap->parent;

    if (cap->type == OBJECT_NONE || cap->type > OBJECT_IO_SPACE) {
        return view_fail(view, "a child of %s has type %u", view_name(view, parent), cap->type);
    }
    if (cap->previous != previous) {
        return view_fail(view, "siblings below %s do not hold together", view_name(view, parent));
    }
    if (cap->depth != parent->depth + 1 || cap->depth > CAP_DEPTH_MAX) {
        return view_fail(view, "a capability for %s has depth %u below depth %u",
                         view_name(view, cap->object), cap->depth, parent->depth);
    }
    if (cap->flags & ~(CAP_ORIGINAL | CAP_FROZEN | CAP_EMBEDDED)) {
        return view_fail(view, "a capability has flags %#x", cap->flags);
    }
    return true;
}

/* Depth first without recursion; the tree's own links lead back. */
static bool walk_tree(struct view *view)
{
    struct cap *cap = host_origin.first_child;
    struct cap *parent = &host_origin;
    struct cap *previous = NULL;

    while (cap != NULL) {
        if (cap->parent != parent) {
            return view_fail(view, "a child of %s names another parent", view_name(view, parent));
        }
        if (!check_link(view, cap, previous) || view->cap_count == VIEW_CAPS_MAX ||
            !view_put(view, cap, IN_TREE, NULL)) {
            return view_fail(view, "the tree of derivation has a cycle, or too many capabilities");
        }
        view->caps[view->cap_count++] = cap;
        if (cap->depth > view->depth_max) {
            view->depth_max = cap->depth;
        }
        previous = NULL;
        if (cap->first_child != NULL) {
            parent = cap;
            cap = cap->first_child;
            continue;
        }
        while (cap != &host_origin && cap->next == NULL) {
            cap = cap->parent;
        }
        if (cap == &host_origin) {
            return true;
        }
        previous = cap;
        parent = cap->parent;
        cap = cap->next;
    }
    return true;
}

static bool add_object(struct view *view, struct cap *cap)
{
    if (view->object_count == VIEW_OBJECTS_MAX) {
        return view_fail(view, "too many objects");
    }
    struct view_object *object = &view->objects[view->object_count];

    view_put(view, (uint8_t *)cap + 2, view->object_count++, cap);
    *object = (struct view_object){ cap->type, cap->object, cap, 0, 0 };
    view->per_type[cap->type]++;
    if (cap->type == OBJECT_MACHINE) {
        return true;
    }
    if (cap_is_memory(cap)) {
        object->base = cap->run.base;
        object->size_bytes = cap->run.size_bytes;
        return cap->object == NULL || view_fail(view, "memory has an object");
    }
    object->base = arch_ptr_to_phys(cap->object);
    object->size_bytes = check_object_bytes(cap);
    if (!view_put(view, (uint8_t *)cap->object + 1, cap->type, cap)) {
        return view_fail(view, "two original capabilities for %s", view_name(view, cap->object));
    }
    return true;
}

/* Untyped memory, page tables and replies are moved, never copied. */
static bool is_single(const struct cap *cap)
{
    return cap->type == OBJECT_UNTYPED || cap->type == OBJECT_PAGE_TABLE ||
           cap->type == OBJECT_REPLY;
}

/* Pages of the source's run, whole ones: a copy never names memory that its source does not. */
static bool is_part_of(const struct cap *cap, const struct cap *parent)
{
    const struct memory_run *run = &cap->run;
    uint64_t start = run->base - parent->run.base;
    uint64_t span = pte_span(run->page_class);

    return run->page_class == parent->run.page_class && run->is_device == parent->run.is_device &&
           run->size_bytes != 0 && run->base >= parent->run.base && start % span == 0 &&
           run->size_bytes % span == 0 && start + run->size_bytes <= parent->run.size_bytes;
}

static bool check_copy(struct view *view, const struct cap *cap)
{
    const struct cap *parent = cap->parent;

    if (parent == &host_origin) {
        return view_fail(view, "a copy of %s has no source", view_name(view, cap->parent));
    }
    if (cap->type != parent->type || cap->object != parent->object) {
        return view_fail(view, "a copy of %s is of something else than its source",
                         view_name(view, cap->parent));
    }
    if (cap->rights & ~parent->rights) {
        return view_fail(view, "a copy of %s has rights %#x, its source %#x",
                         view_name(view, cap->parent), cap->rights, parent->rights);
    }
    if (is_single(cap)) {
        return view_fail(view, "a copy of %s", view_name(view, cap->parent));
    }
    if (cap_is_memory(cap) && cap->flags & CAP_EMBEDDED) {
        return true; /* holder and on_deleted lie where the run would be */
    }
    if (cap_is_memory(cap)) {
        return is_part_of(cap, parent) ||
               view_fail(view, "a copy of memory is no part of its source");
    }
    if (cap->badge == parent->badge || parent->badge == 0 ||
        (cap->type == OBJECT_MACHINE && cap->badge <= parent->badge)) {
        return true;
    }
    return view_fail(view, "a copy of %s has badge %#llx, its source %#llx",
                     view_name(view, cap->parent), (unsigned long long)cap->badge,
                     (unsigned long long)parent->badge);
}

static bool check_original(struct view *view, const struct cap *cap)
{
    if (cap->parent != &host_origin && cap->parent->type != OBJECT_UNTYPED) {
        return view_fail(view, "an original capability of type %u is not made from untyped memory",
                         cap->type);
    }
    if (cap->flags & CAP_EMBEDDED) {
        return view_fail(view, "an original capability of type %u is embedded", cap->type);
    }
    return true;
}

/* Takes a place where a capability may lie off the tree's list. */
static bool place(struct view *view, const struct cap *cap, const char *where, uint32_t *placed)
{
    const struct view_entry *entry;

    if (cap->type == OBJECT_NONE) {
        return true;
    }
    entry = view_get(view, cap);
    if (entry == NULL || entry->value != IN_TREE) {
        return view_fail(view, "a capability of type %u %s is not in the tree", cap->type, where);
    }
    (*placed)++;
    return true;
}

static bool place_embedded(struct view *view, const struct cap *cap, const void *holder,
                           const char *where, uint32_t *placed)
{
    if (cap->type == OBJECT_NONE) {
        return true;
    }
    if (!(cap->flags & CAP_EMBEDDED) || cap->holder != holder) {
        return view_fail(view, "the capability %s is not embedded in %s", where,
                         view_name(view, holder));
    }
    if (cap->first_child != NULL) {
        return view_fail(view, "something is derived from the capability %s", where);
    }
    return place(view, cap, where, placed);
}

/* One whose holder keeps more than the capability, and must hear when it goes. */
static bool place_telling(struct view *view, const struct cap *cap, const void *holder,
                          const char *where, uint32_t *placed)
{
    if (cap->type != OBJECT_NONE && cap->on_deleted == NULL) {
        return view_fail(view, "nobody hears when the capability %s goes", where);
    }
    return place_embedded(view, cap, holder, where, placed);
}

static bool place_slots(struct view *view, struct cap_table *table, uint32_t *placed)
{
    if (table->slot_count < 16 || (table->slot_count & (table->slot_count - 1)) != 0) {
        return view_fail(view, "a table has %u slots", table->slot_count);
    }
    for (uint32_t i = 1; i < table->slot_count; i++) {
        const struct cap *cap = cap_slot(table, i);

        if (cap->type != OBJECT_NONE && (cap->flags & CAP_EMBEDDED)) {
            return view_fail(view, "slot %u of %s holds an embedded capability", i,
                             view_name(view, table));
        }
        if (!place(view, cap, "in a table", placed)) {
            return false;
        }
        if (table->is_doomed && i < table->sweep && cap->type != OBJECT_NONE) {
            return view_fail(view, "a doomed table has a capability behind its sweep");
        }
    }
    return !table->is_doomed || place(view, &table->original, "of a doomed table", placed);
}

static bool place_all(struct view *view, uint32_t *placed)
{
    VIEW_EACH(view, OBJECT_CAP_TABLE, found)
    {
        if (!place_slots(view, found->object, placed)) {
            return false;
        }
    }
    VIEW_EACH(view, OBJECT_THREAD, found)
    {
        struct thread *thread = found->object;

        if (!place_telling(view, &thread->table_cap, thread, "table_cap", placed) ||
            !place_telling(view, &thread->space_cap, thread, "space_cap", placed) ||
            !place_embedded(view, &thread->handler_cap, thread, "handler_cap", placed) ||
            !place_telling(view, &thread->bound_cap, thread, "bound_cap", placed) ||
            !place_telling(view, &thread->buffer_cap, thread, "buffer_cap", placed) ||
            !place_telling(view, &thread->frame_cap, thread, "frame_cap", placed)) {
            return false;
        }
    }
    VIEW_EACH(view, OBJECT_SCHED_CONTEXT, found)
    {
        struct sched_context *context = found->object;

        if (!place_telling(view, &context->owner_cap, context, "owner_cap", placed) ||
            !place_telling(view, &context->group_cap, context, "group_cap", placed)) {
            return false;
        }
    }
    VIEW_EACH(view, OBJECT_TIMER, found)
    {
        struct timer *timer = found->object;

        if (!place_telling(view, &timer->notification_cap, timer, "of a timer", placed)) {
            return false;
        }
    }
    VIEW_EACH(view, OBJECT_IRQ, found)
    {
        struct irq *irq = found->object;

        if (!place_telling(view, &irq->notification_cap, irq, "of an irq", placed)) {
            return false;
        }
    }
    VIEW_EACH(view, OBJECT_IO_SPACE, found)
    {
        struct io_space *io = found->object;

        if (!place_embedded(view, &io->notification_cap, io, "of a space of devices", placed)) {
            return false;
        }
    }
    return true;
}

/* A ring of tables that are being emptied; adds its tables to listed. */
static bool check_doomed_ring(struct view *view, const struct doomed *ring, uint32_t *listed)
{
    for (const struct doomed *node = ring->next; node != ring; node = node->next) {
        const void *table = (const uint8_t *)node - offsetof(struct cap_table, doomed);

        if (node->next->previous != node || !view_has(view, table, OBJECT_CAP_TABLE) ||
            !((const struct cap_table *)table)->is_doomed || ++*listed > view->object_count) {
            return view_fail(view, "a ring of doomed tables is broken");
        }
    }
    return true;
}

/* Each table that is being emptied is in one ring: of a thread, or of those that nobody empties. */
static bool check_doomed(struct view *view)
{
    uint32_t listed = 0;

    if (!check_doomed_ring(view, &host_core(0)->machine->left_behind, &listed)) {
        return false;
    }
    VIEW_EACH(view, OBJECT_THREAD, found)
    {
        if (!check_doomed_ring(view, &((const struct thread *)found->object)->doomed, &listed)) {
            return false;
        }
    }
    view->doomed_count = 0;
    VIEW_EACH(view, OBJECT_CAP_TABLE, found)
    {
        view->doomed_count += ((const struct cap_table *)found->object)->is_doomed;
    }
    return listed == view->doomed_count ||
           view_fail(view, "%u tables are doomed, %u listed", view->doomed_count, listed);
}

bool check_caps(struct view *view)
{
    uint32_t placed = 0;

    if (!walk_tree(view)) {
        return false;
    }
    for (uint32_t i = 0; i < view->cap_count; i++) {
        struct cap *cap = view->caps[i];

        if (cap->flags & CAP_ORIGINAL) {
            if (!check_original(view, cap) || !add_object(view, cap)) {
                return false;
            }
        } else if (!check_copy(view, cap)) {
            return false;
        }
    }
    if (!place_all(view, &placed)) {
        return false;
    }
    if (placed != view->cap_count) {
        return view_fail(view, "%u capabilities are in the tree, but only %u in live places",
                         view->cap_count, placed);
    }
    return check_doomed(view);
}
