/* SPDX-License-Identifier: MIT */
/* Promises about a step as a whole: see watch.h. */
#include "watch.h"

#include <stddef.h>
#include <stdio.h>

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

void watch_before(void)
{
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
