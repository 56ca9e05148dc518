/* SPDX-License-Identifier: MIT */
/* Writing the trace: see core/trace.h. */
#include "core/trace.h"

#include <stddef.h>

struct trace core_trace;

void trace_write(struct core *core, enum trace_kind kind, uint64_t a, uint64_t b)
{
    struct trace_ring *ring = core_trace.ring;

    if (ring == NULL) {
        return;
    }
    struct trace_event *event = &ring->events[ring->head % TRACE_EVENTS];

    event->time_ns = arch_now();
    event->kind = kind;
    event->core = core->number;
    event->thread = (uint64_t)(uintptr_t)core->current;
    event->a = a;
    event->b = b;
    ring->head++;
}
