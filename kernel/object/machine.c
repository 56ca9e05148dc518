/* SPDX-License-Identifier: MIT */
/* The machine itself (abi/idl/kernel.idl, interface machine). */
#include <stddef.h>

#include "core/core.h"
#include "core/trace.h"
#include "kernel_gen/methods.h"

err_t machine_on_info(struct invocation *inv, struct machine_info_results *results)
{
    const struct machine *machine = inv->core->machine;

    results->cores = machine->core_count;
    results->ram = machine->ram_bytes;
    results->kernel = machine->kernel_bytes;
    results->now = arch_now();
    results->lines = arch_irq_line_count();
    return ERR_OK;
}

err_t machine_on_debug_write(struct invocation *inv, const struct machine_debug_write_args *args)
{
    const uint64_t words[6] = { args->w0, args->w1, args->w2, args->w3, args->w4, args->w5 };

    (void)inv;
    for (uint32_t i = 0; i < args->count; i++) {
        arch_debug_put((char)(words[i / 8] >> i % 8 * 8));
    }
    return ERR_OK;
}

err_t machine_on_debug_read(struct invocation *inv, struct machine_debug_read_results *results)
{
    char character;

    (void)inv;
    if (!arch_debug_get(&character)) {
        return ERR_WOULD_BLOCK;
    }
    results->character = (uint8_t)character;
    return ERR_OK;
}

err_t machine_on_restart(struct invocation *inv, const struct machine_restart_args *args)
{
    (void)inv;
    if (args->how == 2) {
        arch_panic("asked for by machine.restart", __FILE__, __LINE__);
    }
    arch_restart(args->how, args->code);
}

err_t machine_on_trace(struct invocation *inv, const struct machine_trace_args *args,
                       struct machine_trace_results *results)
{
    (void)inv;
    core_trace.is_on = args->on;
    results->events = core_trace.ring != NULL ? core_trace.ring->head : 0;
    return ERR_OK;
}

/* So many are looked at between two preemption points. */
#define COUNT_STEPS 32u
#define SLOT_STEPS 256u

#define FNV_PRIME 0x100000001b3ull

static uint64_t hash_add(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * FNV_PRIME;
}

/* Walks the tree below a capability without recursion: down, then right, then up. ERR_OK or KERNEL_RESTART. */
static err_t count_tree(struct core *core, const struct cap *root,
                        struct machine_count_results *results)
{
    const struct cap *cap = root;

    while (cap != NULL) {
        results->caps++;
        if (results->caps % COUNT_STEPS == 0 && arch_interrupt_pending(core)) {
            return KERNEL_RESTART;
        }
        results->objects += (cap->flags & CAP_ORIGINAL) != 0;
        results->hash = hash_add(results->hash, (uint64_t)(uintptr_t)cap);
        results->hash =
            hash_add(results->hash, cap->type | (uint64_t)cap->depth << 8 |
                                        (uint64_t)cap->rights << 16 | (uint64_t)cap->flags << 32);
        results->hash = hash_add(results->hash, (uint64_t)(uintptr_t)cap->object);
        results->hash = hash_add(results->hash, cap->badge);
        if (cap->type == OBJECT_THREAD && cap->flags & CAP_ORIGINAL) {
            const struct thread *thread = cap->object;

            results->edges += thread->lend.to != NULL;
        }
        if (cap->first_child != NULL) {
            cap = cap->first_child;
            continue;
        }
        while (cap != root && cap->next == NULL) {
            cap = cap->parent;
        }
        cap = cap == root ? NULL : cap->next;
    }
    return ERR_OK;
}

/* All of it at one moment, or from the beginning: an interrupt in the middle makes it start again. */
err_t machine_on_count(struct invocation *inv, struct machine_count_results *results)
{
    struct cap_table *table = inv->core->machine->root_table;

    *results = (struct machine_count_results){ .hash = 0xcbf29ce484222325ull };
    for (uint32_t i = 1; i < table->slot_count; i++) {
        const struct cap *cap = cap_slot(table, i);

        /* The rest hangs below one of these. */
        if (cap->type != OBJECT_NONE && cap->parent == NULL &&
            count_tree(inv->core, cap, results) != ERR_OK) {
            return KERNEL_RESTART;
        }
        if (i % SLOT_STEPS == 0 && arch_interrupt_pending(inv->core)) {
            return KERNEL_RESTART;
        }
    }
    return ERR_OK;
}
