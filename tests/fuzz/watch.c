/* SPDX-License-Identifier: MIT */
/* Promises about a step as a whole: see watch.h. */
#include "watch.h"

#include <stddef.h>
#include <stdio.h>

#include "arch_host/machine.h"
#include "core/core.h"
#include "execute.h"
#include "graph/invariants.h"
#include "object/thread.h"

enum { THREADS_MAX = 256 };

static struct {
    uint32_t count;
    const struct thread *threads[THREADS_MAX];
    const struct thread *serving[THREADS_MAX];
    uint64_t hash;
    uint32_t frozen;
} before;

/* Entries before anything was destroyed, and so before what was seen may be gone. */
static struct {
    bool on;
    bool is_all; /* kept is what an entry that gives up may not change either */
    uint32_t begun;
    uint32_t entries;
    uint32_t gave_up;
    const char *wrong;
} alone;

static void entry_begins(const struct core *core)
{
    /* What waits in the inbox comes first, whatever comes of the entry. */
    alone.is_all = alone.begun++ % 4 == 0 && core->inbox == NULL;
    if (alone.on) {
        invariants_foreign_keep(core, alone.is_all);
    }
}

static void compare(void)
{
    const char *why;

    if (!invariants_foreign_same(&why) && alone.wrong == NULL) {
        alone.wrong = why;
    }
}

static void entry_gave_up(const struct core *core)
{
    (void)core;
    if (alone.on && alone.is_all) {
        alone.gave_up++;
        compare();
    }
}

static void entry_ends(const struct core *core, bool was_alone)
{
    (void)core;
    if (alone.on && was_alone && !alone.is_all) {
        alone.entries++;
        compare();
    }
    alone.on = alone.on && was_alone;
}

uint32_t watch_alone(void)
{
    return alone.entries;
}

uint32_t watch_gave_up(void)
{
    return alone.gave_up;
}

void watch_before(void)
{
    alone.on = host_core_count() > 1;
    alone.entries = alone.gave_up = 0;
    alone.wrong = NULL;
    host_watch(entry_begins, entry_ends, entry_gave_up);
    before.count = invariants_threads(before.threads, THREADS_MAX);
    for (uint32_t i = 0; i < before.count; i++) {
        before.serving[i] = before.threads[i]->serving;
    }
    before.hash = invariants_hash();
    before.frozen = invariants_frozen();
}

static bool still_lives(const struct thread *thread)
{
    static const struct thread *now[THREADS_MAX];
    uint32_t count = invariants_threads(now, THREADS_MAX);

    for (uint32_t i = 0; i < count; i++) {
        if (now[i] == thread) {
            return true;
        }
    }
    return false;
}

bool watch_after(const char **why)
{
    const struct step_result *result = step_result();

    host_watch(NULL, NULL, NULL);
    if (alone.wrong != NULL) {
        *why = alone.wrong;
        return false;
    }
    if (result->is_method && result->error && !result->was_restarting && result->interrupts == 0 &&
        before.hash != invariants_hash()) {
        *why = "a method that returned an error changed a capability";
        return false;
    }
    if (!result->may_revoke && invariants_frozen() > before.frozen) {
        *why = "something was derived below a capability that is being revoked";
        return false;
    }
    for (uint32_t i = 0; i < before.count; i++) {
        const struct thread *thread = before.threads[i];

        if (before.serving[i] != NULL && thread != result->actor && still_lives(thread) &&
            thread->serving == NULL && !thread->caller_is_gone) {
            *why = "a server lost its caller and will not hear of it";
            return false;
        }
    }
    return true;
}
