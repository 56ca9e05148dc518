/* SPDX-License-Identifier: MIT */
#include "pith/memory.h"

#include "pith/kernel_calls.h"
#include "pith/ranges.h"

enum { CRUMB_PART = 8 }; /* of what is wanted: less than that is not worth two slots */

void memory_init(struct memory *memory, cap_addr_t table, struct slots *slots)
{
    memory->table = table;
    memory->slots = slots;
    memory->total_bytes = 0;
    memory->free_bytes = 0;
    memory->least_free_bytes = 0;
    memory->keeps_cuts = false;
    memory->run_end = 0;
}

static uint16_t run_unused(const struct memory *memory, uint16_t from)
{
    for (uint16_t i = from; i < memory->run_end; i++) {
        if (memory->runs[i].state == MEMORY_UNUSED) {
            return i;
        }
    }
    from = from > memory->run_end ? from : (uint16_t)memory->run_end;
    return from < MEMORY_RUNS_MAX ? from : MEMORY_NO_RUN;
}

static uint16_t run_of(const struct memory *memory, cap_addr_t untyped)
{
    for (uint16_t i = 0; i < memory->run_end; i++) {
        if (memory->runs[i].state == MEMORY_TAKEN && memory->runs[i].slot == untyped) {
            return i;
        }
    }
    return MEMORY_NO_RUN;
}

static void run_set(struct memory *memory, uint16_t index, uint64_t bytes, cap_addr_t slot,
                    uint16_t parent)
{
    while (memory->run_end <= index) {
        memory->runs[memory->run_end++].state = MEMORY_UNUSED;
    }
    memory->runs[index] =
        (struct memory_run){ .bytes = bytes, .slot = slot, .parent = parent, .state = MEMORY_FREE };
}

err_t memory_add(struct memory *memory, cap_addr_t untyped, uint64_t bytes)
{
    uint16_t index = run_unused(memory, 0);

    if (index == MEMORY_NO_RUN) {
        return ERR_NO_MEMORY;
    }
    run_set(memory, index, bytes, untyped, MEMORY_NO_RUN);
    memory->total_bytes += bytes;
    memory->free_bytes += bytes;
    memory->least_free_bytes += bytes;
    return ERR_OK;
}

/* The smallest run that is large enough. */
static uint16_t run_fitting(const struct memory *memory, uint64_t bytes)
{
    uint16_t best = MEMORY_NO_RUN;

    for (uint16_t i = 0; i < memory->run_end; i++) {
        const struct memory_run *run = &memory->runs[i];

        if (run->state == MEMORY_FREE && run->bytes >= bytes &&
            (best == MEMORY_NO_RUN || run->bytes < memory->runs[best].bytes)) {
            best = i;
        }
    }
    return best;
}

/* The largest power of two that leaves at least as much behind it. */
static uint64_t half_of(uint64_t bytes)
{
    return 1ull << (62 - __builtin_clzll(bytes));
}

/* Cut a run in two; low gets so many bytes, high the rest. */
static err_t run_cut(struct memory *memory, uint16_t index, uint64_t low_bytes)
{
    struct memory_run *run = &memory->runs[index];
    uint16_t low = run_unused(memory, 0);
    uint16_t high = low == MEMORY_NO_RUN ? low : run_unused(memory, (uint16_t)(low + 1));
    cap_addr_t slot;
    err_t err;

    if (high == MEMORY_NO_RUN) {
        return ERR_NO_MEMORY;
    }
    err = slots_take(memory->slots, 2, &slot);
    if (err) {
        return err;
    }
    err = untyped_retype(run->slot, OBJECT_UNTYPED, low_bytes, 1, memory->table, slot);
    if (err) {
        goto give_slots;
    }
    err = untyped_retype(run->slot, OBJECT_UNTYPED, run->bytes - low_bytes, 1, memory->table,
                         slot + 1);
    if (err) {
        goto delete_low;
    }
    run_set(memory, low, low_bytes, slot, index);
    run_set(memory, high, run->bytes - low_bytes, slot + 1, index);
    run->state = MEMORY_CUT;
    run->low = low;
    run->high = high;
    return ERR_OK;

delete_low:
    (void)!cap_table_delete(memory->table, slot);
give_slots:
    slots_give(memory->slots, slot, 2);
    return err;
}

/* Join halves that are both free, up to the run that was added. */
static void run_join(struct memory *memory, uint16_t index)
{
    while (memory->runs[index].parent != MEMORY_NO_RUN) {
        uint16_t parent = memory->runs[index].parent;
        struct memory_run *low = &memory->runs[memory->runs[parent].low];
        struct memory_run *high = &memory->runs[memory->runs[parent].high];

        if (low->state != MEMORY_FREE || high->state != MEMORY_FREE) {
            return;
        }
        /* Nothing is derived from either: deleting them cannot fail. */
        (void)!cap_table_delete(memory->table, low->slot);
        (void)!cap_table_delete(memory->table, high->slot);
        slots_give(memory->slots, low->slot, 2);
        low->state = MEMORY_UNUSED;
        high->state = MEMORY_UNUSED;
        memory->runs[parent].state = MEMORY_FREE;
        index = parent;
    }
}

/*
 * Where to cut a run for that much: in halves while the high one would do; at last exactly, unless what
 * is left over is a crumb. 0: not at all.
 */
static uint64_t cut_of(uint64_t bytes, uint64_t wanted)
{
    if (bytes >= 2 * PAGE_BYTES && bytes - half_of(bytes) >= wanted) {
        return half_of(bytes);
    }
    return bytes - wanted > wanted / CRUMB_PART ? wanted : 0;
}

static err_t take(struct memory *memory, uint64_t wanted, uint32_t owner, cap_addr_t *untyped)
{
    uint16_t index = run_fitting(memory, wanted);

    if (index == MEMORY_NO_RUN) {
        return ERR_NO_MEMORY;
    }
    for (;;) {
        uint64_t cut = cut_of(memory->runs[index].bytes, wanted);

        if (cut == 0) {
            break;
        }
        err_t err = run_cut(memory, index, cut);

        if (err) {
            run_join(memory, index);
            return err;
        }
        uint16_t low = memory->runs[index].low;

        index = memory->runs[low].bytes >= wanted ? low : memory->runs[index].high;
    }
    memory->runs[index].state = MEMORY_TAKEN;
    memory->runs[index].owner = owner;
    memory->free_bytes -= memory->runs[index].bytes;
    if (memory->free_bytes < memory->least_free_bytes) {
        memory->least_free_bytes = memory->free_bytes;
    }
    *untyped = memory->runs[index].slot;
    return ERR_OK;
}

err_t memory_take(struct memory *memory, uint64_t bytes, uint32_t owner, cap_addr_t *untyped)
{
    uint64_t wanted = (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);

    if (wanted == 0) {
        return ERR_RANGE;
    }
    err_t err = take(memory, wanted, owner, untyped);

    if (err && memory->keeps_cuts) {
        memory_join(memory);
        err = take(memory, wanted, owner, untyped);
    }
    return err;
}

void memory_give(struct memory *memory, cap_addr_t untyped)
{
    uint16_t index = run_of(memory, untyped);

    if (index == MEMORY_NO_RUN) {
        return;
    }
    (void)!cap_table_revoke(memory->table, untyped);
    memory->free_bytes += memory->runs[index].bytes;
    memory->runs[index].state = MEMORY_FREE;
    if (!memory->keeps_cuts) {
        run_join(memory, index);
    }
}

void memory_join(struct memory *memory)
{
    for (uint32_t i = 0; i < memory->run_end; i++) {
        if (memory->runs[i].state == MEMORY_FREE) {
            run_join(memory, (uint16_t)i);
        }
    }
}

uint64_t memory_of_owner(const struct memory *memory, uint32_t owner)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < memory->run_end; i++) {
        if (memory->runs[i].state == MEMORY_TAKEN && memory->runs[i].owner == owner) {
            bytes += memory->runs[i].bytes;
        }
    }
    return bytes;
}

uint64_t memory_size(const struct memory *memory, cap_addr_t untyped)
{
    uint16_t index = run_of(memory, untyped);

    return index == MEMORY_NO_RUN ? 0 : memory->runs[index].bytes;
}
