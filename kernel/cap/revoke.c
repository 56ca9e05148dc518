/* SPDX-License-Identifier: MIT */
/*
 * Revocation and deletion, leaf by leaf, with a preemption point after each. No recursion: a leaf is found by
 * walking down (at most CAP_DEPTH_MAX steps), and a table that is destroyed with capabilities in it is
 * put in the caller's ring of doomed tables, which its call works off before anything else. A thread empties only
 * what it began to destroy itself, and what a thread had begun that it destroyed: with preemption points, but longer than it asked for.
 */
#include <stddef.h>

#include "cap/cap.h"
#include "cap/revoke.h"
#include "core/core.h"
#include "object/destroy.h"

struct deletion {
    struct core *core;
    struct thread *caller;
    struct cap *top;
    bool top_is_gone; /* it lay in a table that was emptied on the way */
};

static struct cap *leaf_below(struct cap *cap)
{
    while (cap->first_child != NULL) {
        cap = cap->first_child;
    }
    return cap;
}

static struct cap_table *table_of_doomed(struct doomed *node)
{
    return (struct cap_table *)(void *)((uint8_t *)node - offsetof(struct cap_table, doomed));
}

void cap_sweep_init(struct doomed *ring)
{
    ring->next = ring;
    ring->previous = ring;
}

static void doomed_push(struct doomed *ring, struct doomed *node)
{
    node->next = ring->next;
    node->previous = ring;
    ring->next->previous = node;
    ring->next = node;
}

static void doomed_remove(struct doomed *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
}

/*
 * A table may turn up that is doomed already: another one that is being emptied holds what it was made
 * from, or another thread began with it and stopped, or was destroyed: the one that destroyed it
 * inherited its ring then, or the machine if it destroyed itself. Whosever it is, the caller takes it
 * over and empties it first. They cannot wait for each other: a table that holds an ancestor of another
 * one held it before the other was made, because what has descendants does not move.
 */
static void table_doom(struct thread *caller, struct cap *original)
{
    struct cap_table *table = original->object;

    if (table->is_doomed) {
        doomed_remove(&table->doomed);
    } else {
        table->is_doomed = true;
        table->sweep = 1;
        cap_move(original, &table->original);
        table->original.flags |= CAP_ORIGINAL;
    }
    doomed_push(&caller->doomed, &table->doomed);
}

/* True if the work must stop here: an interrupt waits, or the caller can no longer run. */
static bool must_stop(struct deletion *deletion)
{
    return deletion->core->current != deletion->caller || arch_interrupt_pending(deletion->core);
}

static err_t delete_leaf(struct deletion *deletion, struct cap *leaf)
{
    err_t err;

    if (leaf->flags & CAP_EMBEDDED) {
        if (leaf->on_deleted != NULL) {
            arch_call(deletion->core, leaf, leaf->on_deleted);
        }
    } else if (leaf->flags & CAP_ORIGINAL && leaf->type == OBJECT_CAP_TABLE) {
        deletion->top_is_gone |= leaf == deletion->top;
        table_doom(deletion->caller, leaf);
        return ERR_OK;
    } else {
        err = object_destroy(deletion->core, leaf);
        if (err) {
            return err;
        }
    }
    deletion->top_is_gone |= leaf == deletion->top;
    cap_unlink(leaf);
    return ERR_OK;
}

/* Deletes one leaf at or below a slot of the table; false when the table is empty. */
static bool table_sweep(struct deletion *deletion, struct cap_table *table, err_t *err)
{
    while (table->sweep < table->slot_count) {
        struct cap *cap = cap_slot(table, table->sweep);

        if (cap->type != OBJECT_NONE) {
            *err = delete_leaf(deletion, leaf_below(cap));
            return true;
        }
        table->sweep++;
        if (table->sweep % 64 == 0 && must_stop(deletion)) {
            *err = KERNEL_RESTART;
            return true;
        }
    }
    return false;
}

static err_t sweep_doomed(struct deletion *deletion)
{
    struct doomed *ring = &deletion->caller->doomed;

    while (ring->next != ring) {
        struct cap_table *table = table_of_doomed(ring->next);
        err_t err = ERR_OK;

        if (!table_sweep(deletion, table, &err)) {
            doomed_remove(&table->doomed);
            cap_unlink(&table->original);
        }
        if (!err && must_stop(deletion)) {
            err = KERNEL_RESTART;
        }
        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

void cap_sweep_inherit(struct core *core, struct thread *thread)
{
    struct doomed *from = &thread->doomed;
    struct doomed *to = core->current == thread || core->current == NULL
                            ? &core->machine->left_behind
                            : &core->current->doomed;

    if (from->next == from) {
        return;
    }
    from->next->previous = to;
    from->previous->next = to->next;
    to->next->previous = from->previous;
    to->next = from->next;
    cap_sweep_init(from);
}

static err_t revoke(struct deletion *deletion)
{
    struct cap *top = deletion->top;
    err_t err;

    for (;;) {
        err = sweep_doomed(deletion);
        if (err || deletion->top_is_gone || top->first_child == NULL) {
            return err;
        }
        top->flags |= CAP_FROZEN;
        err = delete_leaf(deletion, leaf_below(top));
        if (!err && must_stop(deletion)) {
            err = KERNEL_RESTART;
        }
        if (err) {
            return err;
        }
    }
}

static void sweep_note(const struct deletion *deletion)
{
    struct thread *caller = deletion->caller;

    caller->is_sweeping = true;
    caller->sweep_op = caller->registers.op;
    caller->sweep_slot = caller->registers.words[0];
    caller->sweep_top = deletion->top_is_gone ? NULL : deletion->top;
}

/* Is this the call that was cut short? Its registers may have been written since. Asked once. */
static bool sweep_is_noted(struct thread *caller)
{
    bool is_noted = caller->is_sweeping && caller->sweep_op == caller->registers.op &&
                    caller->sweep_slot == caller->registers.words[0];

    caller->is_sweeping = false;
    return is_noted;
}

/*
 * What the call names may go before all is done: the slot lay in a table that was emptied, or it held a table's
 * original; and so may the capability that it was called on. Then the call, when it restarts, finds nothing at
 * the address; the thread remembers why.
 */
static err_t ended(const struct deletion *deletion, err_t err)
{
    if (deletion->core->current == deletion->caller) {
        deletion->caller->is_sweeping = false;
        if (err == KERNEL_RESTART) {
            sweep_note(deletion);
        }
    }
    return err;
}

bool cap_sweep_continues(struct core *core, err_t *err)
{
    struct thread *caller = core->current;
    struct deletion deletion = { core, caller, NULL, true };

    if (caller->sweep_top != NULL || !sweep_is_noted(caller)) {
        return false; /* if the slot has been emptied meanwhile, cap_sweep_finish() goes on */
    }
    *err = ended(&deletion, sweep_doomed(&deletion));
    return true;
}

err_t cap_sweep_finish(struct core *core, err_t err)
{
    struct thread *caller = core->current;
    struct deletion deletion = { core, caller, caller->sweep_top, caller->sweep_top == NULL };
    err_t swept;

    if (!sweep_is_noted(caller)) {
        return err;
    }
    swept = ended(&deletion, sweep_doomed(&deletion));
    if (swept) {
        return swept;
    }
    return deletion.top_is_gone ? ERR_OK : err;
}

err_t cap_revoke(struct core *core, struct cap *cap)
{
    struct deletion deletion = { core, core->current, cap, false };
    err_t err = revoke(&deletion);

    if (!err && !deletion.top_is_gone) {
        cap->flags &= (uint8_t)~CAP_FROZEN;
    }
    return ended(&deletion, err);
}

err_t cap_delete(struct core *core, struct cap *cap)
{
    struct deletion deletion = { core, core->current, cap, false };
    err_t err = revoke(&deletion);

    if (!err && !deletion.top_is_gone) {
        cap->flags |= CAP_FROZEN; /* destroying it may take breaks: nothing is derived meanwhile */
        err = delete_leaf(&deletion, cap);
    }
    if (!err) {
        err = sweep_doomed(&deletion);
    }
    return ended(&deletion, err);
}
