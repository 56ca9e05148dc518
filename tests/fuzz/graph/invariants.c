/* SPDX-License-Identifier: MIT */
/* All parts of the checker, in order: see invariants.h, view.h. */
#include "graph/invariants.h"

#include <stdio.h>

#include "arch_host/machine.h"
#include "check.h"

static bool check_cores(struct view *view)
{
    for (uint32_t i = 0; i < host_core_count(); i++) {
        phys_t root = host_loaded_root(i);
        const struct thread *owner = host_fpu_owner(i);
        bool is_alive = root == 0;

        if (!host_check_core(host_core(i), view->wrong, sizeof(view->wrong))) {
            view->failed = true;
            return false;
        }
        VIEW_EACH(view, OBJECT_VSPACE, found)
        {
            is_alive = is_alive || ((const struct vspace *)found->object)->root == root;
        }
        if (!is_alive) {
            return view_fail(view, "the page tables of a dead address space are loaded");
        }
        if (owner != NULL && !view_has(view, owner, OBJECT_THREAD)) {
            return view_fail(view, "the floating-point unit belongs to a dead thread");
        }
        if (owner != NULL && owner->home != host_core(i)) {
            return view_fail(view, "the floating-point unit belongs to a thread that has left");
        }
    }
    return true;
}

static struct view view;

static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * 0x100000001b3u;
}

uint64_t invariants_hash(void)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (uint32_t i = 0; i < view.cap_count; i++) {
        const struct cap *cap = view.caps[i];

        hash = mix(hash, (uintptr_t)cap);
        hash = mix(hash, cap->type | (uint64_t)cap->rights << 8 | (uint64_t)cap->flags << 24);
        hash = mix(hash, (uintptr_t)cap->object);
        hash = mix(hash, cap_is_memory(cap) ? cap->run.base : cap->badge);
        if (cap_is_memory(cap) && cap->type != OBJECT_UNTYPED) {
            hash = mix(hash, (uintptr_t)cap->run.space);
        }
    }
    return hash;
}

uint32_t invariants_frozen(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < view.cap_count; i++) {
        const struct cap *cap = view.caps[i]->parent;

        while (cap != NULL && (cap->flags & CAP_FROZEN) == 0) {
            cap = cap->parent;
        }
        count += cap != NULL;
    }
    return count;
}

void invariants_foreign_keep(const struct core *core, bool all)
{
    foreign_keep(&view, core, all);
}

bool invariants_foreign_same(const char **why)
{
    *why = view.wrong;
    return foreign_same(&view);
}

uint32_t invariants_doomed(void)
{
    return view.doomed_count;
}

uint32_t invariants_threads(const struct thread **threads, uint32_t max)
{
    uint32_t count = 0;

    VIEW_EACH(&view, OBJECT_THREAD, found)
    {
        if (count < max) {
            threads[count++] = found->object;
        }
    }
    return count;
}

bool invariants_hold(bool spaces, const char **why, struct invariants_count *count)
{
    view_begin(&view);

    bool holds = check_caps(&view) && check_memory(&view) && check_queues(&view) &&
                 check_inboxes(&view) && check_threads(&view) && check_lending(&view) &&
                 check_groups(&view) && check_timed(&view) && (!spaces || check_spaces(&view)) &&
                 check_dma(&view) && check_cores(&view);

    *why = view.wrong;
    *count = (struct invariants_count){ view.object_count, view.cap_count, view.depth_max, 0,
                                        view.edge_count };
    for (uint32_t i = 0; i < VIEW_TYPES; i++) {
        count->types += view.per_type[i] != 0;
    }
    return holds && !view.failed;
}
