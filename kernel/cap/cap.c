/* SPDX-License-Identifier: MIT */
/*
 * The tree of derivation and what hangs in it: see cap/cap.h.
 * Size: cap_create() is told all that the capability says, for other cores see it as soon as it is there.
 */
#include "cap/cap.h"

#include <stddef.h>

#include "core/remote.h"
#include "core/turn.h"
#include "mm/vspace.h"

err_t cap_lookup_any(struct cap_table *table, uint64_t addr, struct cap **found)
{
    return cap_type_at(table, addr, found) == OBJECT_NONE ? ERR_BAD_CAP : ERR_OK;
}

err_t cap_lookup_empty(struct cap_table *table, uint64_t addr, struct cap **found)
{
    uint8_t has = cap_type_at(table, addr, found);

    if (*found == NULL) {
        return ERR_RANGE;
    }
    return has != OBJECT_NONE ? ERR_SLOT_TAKEN : ERR_OK;
}

err_t cap_may_derive(const struct cap *source)
{
    if (source->depth >= CAP_DEPTH_MAX) {
        return ERR_TOO_DEEP;
    }
    for (const struct cap *cap = source; cap != NULL; cap = cap->parent) {
        if (cap->flags & CAP_FROZEN) {
            return ERR_BUSY;
        }
    }
    return ERR_OK;
}

static void link_child(struct cap *parent, struct cap *child)
{
    turn_is_needed(&core_tree_turn);
    child->parent = parent;
    child->first_child = NULL;
    child->previous = NULL;
    child->next = NULL;
    child->depth = 0;
    if (parent != NULL) {
        child->depth = (uint8_t)(parent->depth + 1);
        child->next = parent->first_child;
        if (child->next != NULL) {
            child->next->previous = child;
        }
        parent->first_child = child;
    }
}

void cap_unlink(struct cap *cap)
{
    core_needs_all();
    assert(cap->first_child == NULL);
    if (cap->next != NULL) {
        cap->next->previous = cap->previous;
    }
    if (cap->previous != NULL) {
        cap->previous->next = cap->next;
    } else if (cap->parent != NULL) {
        cap->parent->first_child = cap->next;
    }
    cap->type = OBJECT_NONE;
    cap->flags = 0;
}

void cap_derive(struct cap *source, const struct cap *like, struct cap *created, uint32_t rights)
{
    link_child(source, created);
    created->flags = 0;
    created->rights = (uint16_t)(like->rights & rights);
    created->object = like->object;
    if (cap_is_memory(like)) {
        created->run = like->run;
        atomic_store_explicit(&created->run.space, NULL, memory_order_relaxed);
        created->run.used_count = 0;
    } else {
        created->badge = like->badge;
        created->on_deleted = NULL;
        created->holder = NULL;
    }
    /* Other cores look it up meanwhile: it is whole when its type is there. Pairs with cap_type_at(). */
    __atomic_store_n(&created->type, like->type, __ATOMIC_RELEASE);
}

void cap_create(struct cap *parent, struct cap *created, enum object_type type, void *object,
                const struct memory_run *run, uint32_t rights)
{
    link_child(parent, created);
    created->flags = CAP_ORIGINAL;
    created->rights = (uint16_t)rights;
    created->object = object;
    created->run = run != NULL ? *run : (struct memory_run){ 0 };
    __atomic_store_n(&created->type, (uint8_t)type, __ATOMIC_RELEASE); /* as above */
}

void cap_move(struct cap *source, struct cap *destination)
{
    core_needs_all();
    assert(source->first_child == NULL);
    *destination = *source;
    if (destination->next != NULL) {
        destination->next->previous = destination;
    }
    if (destination->previous != NULL) {
        destination->previous->next = destination;
    } else if (destination->parent != NULL) {
        destination->parent->first_child = destination;
    }
    if (cap_is_attached(destination)) {
        vspace_run_moved(source, destination);
    }
    source->type = OBJECT_NONE;
    source->flags = 0;
}

err_t cap_embed(struct cap *source, struct cap *embedded, void *holder,
                void (*on_deleted)(struct core *core, struct cap *cap))
{
    err_t err = source != NULL ? cap_may_derive(source) : ERR_OK;

    if (err) {
        return err;
    }
    cap_unembed(embedded);
    if (source != NULL) {
        cap_derive(source, source, embedded, source->rights);
        embedded->flags = CAP_EMBEDDED;
        embedded->on_deleted = on_deleted;
        embedded->holder = holder;
    }
    return ERR_OK;
}

void cap_unembed(struct cap *embedded)
{
    if (embedded->type != OBJECT_NONE) {
        cap_unlink(embedded);
    }
}
