/* SPDX-License-Identifier: MIT */
/* See outcome.h. */
#include "outcome.h"

#include <string.h>

#include "core/core.h"
#include "graph/invariants.h"
#include "mm/vspace.h"
#include "situation.h"

enum { THREADS_MAX = 64 };

static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * 0x100000001b3u;
}

static uint64_t threads_hash(bool (*is_left_out)(const struct thread *thread))
{
    const struct thread *threads[THREADS_MAX];
    uint32_t count = invariants_threads(threads, THREADS_MAX);
    uint64_t hash = count;

    for (uint32_t i = 0; i < count; i++) {
        const struct thread *thread = threads[i];

        if (is_left_out(thread)) {
            continue;
        }
        hash = mix(hash, thread->state);
        hash = mix(hash, thread->registers.op);
        hash = mix(hash, (uintptr_t)thread->lend.to);
        hash = mix(hash, (uintptr_t)thread->serving);
        hash = mix(hash, (uintptr_t)thread->endpoints);
        hash = mix(hash, thread->caller_is_gone);
    }
    return hash;
}

static uint64_t memory_hash(void)
{
    uint64_t hash = 0;

    for (uint32_t i = ROOT_SLOT_UNTYPED; i < the_core()->machine->root_table->slot_count; i++) {
        const struct cap *cap = cap_at(i);

        if (cap->type == OBJECT_UNTYPED) {
            hash = mix(hash, i);
            hash = mix(hash, cap->first_child != NULL ? cap->run.used_bytes : 0);
        }
    }
    return hash;
}

static uint64_t pages_hash(const uint64_t *table, uint32_t level)
{
    uint32_t count = level == PTE_ROOT_LEVEL ? PTE_USER_IN_ROOT : PTE_PER_TABLE;
    uint64_t hash = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (pte_is_present(table[i])) {
            hash = mix(mix(hash, i), table[i]);
            if (pte_is_table(table[i], level)) {
                hash = mix(hash, pages_hash(arch_phys_to_ptr(pte_phys(table[i])), level - 1));
            }
        }
    }
    return hash;
}

struct outcome outcome_now(bool (*is_left_out)(const struct thread *thread))
{
    struct invariants_count count;
    struct outcome outcome;
    struct vspace *space = cap_at(ROOT_SLOT_VSPACE)->object;
    const char *why;
    bool holds = invariants_hold(true, &why, &count);

    CHECK(holds, why);
    memset(&outcome, 0, sizeof(outcome));
    outcome.objects = count.objects;
    outcome.caps = count.caps;
    outcome.depth = count.depth;
    outcome.edges = count.edges;
    outcome.tree = invariants_hash();
    outcome.threads = threads_hash(is_left_out);
    outcome.memory = mix(memory_hash(), (uint64_t)space->frame_runs << 32 | space->tables_used);
    outcome.pages = pages_hash(vspace_root(space), PTE_ROOT_LEVEL);
    return outcome;
}

void outcome_compare(const struct outcome *got, const struct outcome *want)
{
    CHECK_EQ(got->objects, want->objects, "objects");
    CHECK_EQ(got->caps, want->caps, "capabilities");
    CHECK_EQ(got->depth, want->depth, "depth of the tree");
    CHECK_EQ(got->edges, want->edges, "edges");
    CHECK_EQ(got->tree, want->tree, "the tree of derivation");
    CHECK_EQ(got->threads, want->threads, "what the threads were told");
    CHECK_EQ(got->memory, want->memory, "memory in use");
    CHECK_EQ(got->pages, want->pages, "the page tables");
}
