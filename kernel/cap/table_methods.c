/* SPDX-License-Identifier: MIT */
/* The methods of capability tables (abi/idl/kernel.idl, interface cap_table). */
#include <stddef.h>

#include "arch/arch.h"
#include "cap/cap.h"
#include "cap/revoke.h"
#include "kernel_gen/methods.h"
#include "object/destroy.h"
#include "object/invocation.h"

static struct cap_table *table_of(const struct cap *cap)
{
    return cap->object;
}

/* From one slot to another: a copy, mint or move. */
struct slots {
    struct cap *source;
    struct cap *destination;
};

/* Errors: RANGE, SLOT_TAKEN, BAD_CAP. */
static err_t slots_find(const struct cap *to, uint32_t dst, const struct cap *from, uint32_t src,
                        struct slots *slots)
{
    err_t err = cap_lookup_empty(table_of(to), dst, &slots->destination);

    slots->source = cap_slot_at(table_of(from), src);
    if (slots->source == NULL || err == ERR_RANGE) {
        return ERR_RANGE;
    }
    return slots->source->type == OBJECT_NONE ? ERR_BAD_CAP : err;
}

err_t cap_table_on_copy(struct invocation *inv, const struct cap_table_copy_args *args)
{
    struct slots slots;
    err_t err = slots_find(inv->target, args->dst, args->from, args->src, &slots);

    if (err) {
        return err;
    }
    if (!cap_may_copy(slots.source)) {
        return ERR_WRONG_TYPE;
    }
    err = cap_may_derive(slots.source);
    if (err) {
        return err;
    }
    cap_derive(slots.source, slots.source, slots.destination, args->rights);
    return ERR_OK;
}

static bool type_has_badge(const struct cap *cap)
{
    return cap->type == OBJECT_ENDPOINT || cap->type == OBJECT_NOTIFICATION ||
           cap->type == OBJECT_MACHINE;
}

err_t cap_table_on_mint(struct invocation *inv, const struct cap_table_mint_args *args)
{
    struct slots slots;
    err_t err = slots_find(inv->target, args->dst, args->from, args->src, &slots);

    if (err) {
        return err;
    }
    if (!type_has_badge(slots.source)) {
        return ERR_WRONG_TYPE;
    }
    /* A machine's badge is the highest priority: it may shrink again and again. */
    if (slots.source->type == OBJECT_MACHINE ? args->badge > slots.source->badge
                                             : slots.source->badge != 0) {
        return ERR_NO_RIGHT;
    }
    err = cap_may_derive(slots.source);
    if (err) {
        return err;
    }
    struct cap like = *slots.source;

    like.badge = args->badge;
    cap_derive(slots.source, &like, slots.destination, args->rights);
    return ERR_OK;
}

err_t cap_table_on_mint_pages(struct invocation *inv, const struct cap_table_mint_pages_args *args)
{
    struct slots slots;
    err_t err = slots_find(inv->target, args->dst, args->from, args->src, &slots);

    if (err) {
        return err;
    }
    if (slots.source->type != OBJECT_FRAME) {
        return ERR_WRONG_TYPE;
    }
    uint64_t span = pte_span(slots.source->run.page_class);
    uint64_t end = (uint64_t)args->first + args->count;

    if (args->count == 0 || end > slots.source->run.size_bytes / span) {
        return ERR_RANGE;
    }
    err = cap_may_derive(slots.source);
    if (err) {
        return err;
    }
    struct cap like = *slots.source;

    like.run.base += args->first * span;
    like.run.size_bytes = args->count * span;
    cap_derive(slots.source, &like, slots.destination, args->rights);
    return ERR_OK;
}

err_t cap_table_on_move(struct invocation *inv, const struct cap_table_move_args *args)
{
    struct slots slots;
    err_t err = slots_find(inv->target, args->dst, args->from, args->src, &slots);

    if (err) {
        return err;
    }
    if (slots.source->flags & CAP_FROZEN || slots.source->first_child != NULL) {
        return ERR_BUSY;
    }
    cap_move(slots.source, slots.destination);
    return ERR_OK;
}

static err_t slot_find(const struct invocation *inv, uint32_t at, struct cap **found)
{
    *found = cap_slot_at(table_of(inv->target), at);
    if (*found == NULL) {
        return ERR_RANGE;
    }
    return (*found)->type == OBJECT_NONE ? ERR_BAD_CAP : ERR_OK;
}

err_t cap_table_on_delete(struct invocation *inv, const struct cap_table_delete_args *args)
{
    struct cap *cap;
    err_t err;

    if (cap_sweep_continues(inv->core, &err)) {
        return err;
    }
    err = slot_find(inv, args->at, &cap);
    return err ? err : cap_delete(inv->core, cap);
}

err_t cap_table_on_revoke(struct invocation *inv, const struct cap_table_revoke_args *args)
{
    struct cap *cap;
    err_t err;

    if (cap_sweep_continues(inv->core, &err)) {
        return err;
    }
    err = slot_find(inv, args->at, &cap);
    return err ? err : cap_revoke(inv->core, cap);
}

err_t cap_table_on_identify(struct invocation *inv, const struct cap_table_identify_args *args,
                            struct cap_table_identify_results *results)
{
    struct cap *cap;
    err_t err = slot_find(inv, args->at, &cap);

    if (err == ERR_RANGE) {
        return err;
    }
    *results = (struct cap_table_identify_results){ .type = OBJECT_NONE };
    if (err) {
        return ERR_OK;
    }
    results->type = cap->type;
    results->rights = cap->rights;
    results->badge = cap_is_memory(cap) ? 0 : cap->badge;
    results->depth = cap->depth;
    results->flags = (uint32_t)(cap->flags & (CAP_ORIGINAL | CAP_FROZEN)) |
                     (cap->first_child != NULL ? 4u : 0u) | (cap_is_attached(cap) ? 8u : 0u);
    if (cap_is_memory(cap)) {
        results->size = cap->run.size_bytes;
    } else if (cap->type == OBJECT_CAP_TABLE) {
        results->size = table_of(cap)->slot_count;
    }
    results->detail = object_detail(cap);
    return ERR_OK;
}
