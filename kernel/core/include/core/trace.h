/* SPDX-License-Identifier: MIT */
/*
 * The trace: one ring of events per core, in pages that a program with the right may map. Only the kernel
 * writes; a reader compares head before and after to see what was overwritten.
 */
#pragma once

#include <stdint.h>

#include "abi/trace.h"
#include "core/core.h"

struct trace {
    struct trace_ring *ring; /* NULL until boot gives it memory */
    uint32_t is_on;
};
extern struct trace core_trace;

void trace_write(struct core *core, enum trace_kind kind, uint64_t a, uint64_t b);

/** Prints the newest events, by their names, oldest first; or that there are none. For a panic. */
void trace_print(void);

static inline void trace_event(struct core *core, enum trace_kind kind, uint64_t a, uint64_t b)
{
    if (__builtin_expect(core_trace.is_on != 0, 0)) {
        trace_write(core, kind, a, b);
    }
}

static inline void trace_switch(struct core *core, const struct thread *thread)
{
    trace_event(core, TRACE_SWITCH, (uint64_t)(uintptr_t)thread, thread->lend.rank);
}
