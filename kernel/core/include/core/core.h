/* SPDX-License-Identifier: MIT */
/*
 * A core, on which everything hangs that it touches, and the three ways into the kernel.
 * kernel/arch calls core_on_*(); after each, core->current is the thread to resume, or NULL: idle.
 */
#pragma once

#include <stdatomic.h>

#include "abi/kernel_calls.h"
#include "arch/arch.h"
#include "arch_impl/core.h"
#include "cap/cap.h"
#include "object/io_space.h"
#include "object/thread.h"
#include "sched/heap.h"
#include "sched/ready.h"

#define TIMER_BANDS 16u

/* Of what may be many: events that end, members that are parked. So many are done in a kernel entry, and none once those before took so long. */
#define CORE_STEPS_MAX 8u
#define CORE_LONG_NS 1000u

struct core;
struct irq;
struct io_port;

/* What all cores share; guarded by all cores' locks. */
struct machine {
    struct doomed left_behind; /* tables that nobody empties: see cap_sweep_inherit() */
    struct io_port *ports;
    struct irq *vectors[ARCH_IRQ_VECTORS];
    struct dma dma;
    struct cap_table *root_table;
    struct thread *root_thread; /* if it faults and nobody handles that, nothing is left to go on */
    uint64_t ram_bytes;
    uint64_t kernel_bytes;
    uint32_t core_count;
    struct core *cores[ARCH_CORES];
};

struct core {
    /* First: the entry code reads it. */
    struct thread *current;
    struct thread *entered; /* whose address space and FPU state are loaded */
    ns_t armed_ns;          /* what the hardware is armed for; DEADLINE_NEVER: nothing */
    struct arch_core arch;

    uint32_t number;
    struct machine *machine;

    /* Ready threads that are not current, by the priority of their top. */
    struct ready_queue ready;
    /* READY, in no queue, better than current and all that were woken; NULL once the core has dispatched. */
    struct thread *woken;
    bool must_scan; /* somebody's priority changed: there may be better ones in ready */

    /* Whose time runs since when; NULL: nobody's. */
    struct sched_context *charged;
    ns_t charged_since_ns;

    struct heap timers[TIMER_BANDS];
    /* Those whose deadlines are queued in a lower band than they are of; not empty: armed_ns is 0. */
    struct thread *behind;
    uint8_t armed_band; /* the lowest whose events armed_ns covers: that of the running context */
    uint8_t irq_band; /* whose interrupts and better ones are let in: that of the running context */
    bool must_dispatch; /* current may no longer be the one to run */

    /* With several cores: docs/locking.md. The first four are false where most entries end: entry.S looks at them as one. */
    _Alignas(4) bool gives_all; /* on the way out it gives back the locks of all */
    bool needs_all;             /* this entry has changed nothing, and begins anew with all locks */
    bool must_expire;           /* an event is due whose end concerns another core, too */
    bool must_look;             /* there may be something in unsettled or inbox_left */
    bool has_all; /* the locks of all cores, not only its own; always, if there is no other core */
    _Atomic uint32_t *locked[2]; /* core/turn.h: had to the end of a method */
    struct thread
        *unsettled; /* its threads whose place in another core's queue is that of an old priority */
    struct inbox_entry *inbox_left; /* taken from the inbox, in order, and not done yet */

    uint64_t irqs_spurious;

    /* Written by others, in a line of its own: core/inbox.h. */
    _Alignas(64) _Atomic(struct inbox_entry *) inbox; /* the newest first */
    _Atomic uint32_t inbox_count;                     /* of these and inbox_left */
    _Atomic uint32_t running_key; /* of what it ran when it last left the kernel */
};

/** What the hardware holds for this thread is out of date: load it again before it runs. */
static inline void core_forget_entered(struct core *core, const struct thread *thread)
{
    if (core->entered == thread) {
        core->entered = (struct thread *)0;
    }
}

struct arch_fault {
    enum fault kind;
    uint64_t address; /* of memory or 0 */
    uint64_t detail;  /* machine-specific; for memory faults bit 0 read/1 write, bit 1 fetch */
};

void core_init(struct core *core, struct machine *machine, uint32_t number);
void core_on_syscall(struct core *core);
void core_on_fault(struct core *core, const struct arch_fault *fault);
/** vector: one given out by irq objects, or one of these. */
void core_on_interrupt(struct core *core, uint32_t vector);
#define ARCH_VECTOR_TIMER UINT32_MAX
#define ARCH_VECTOR_POKE (UINT32_MAX - 1) /* another core has changed what this one must look at */
/** A DMA remapping unit has recorded a fault. */
void core_on_dma_fault(struct core *core);

/** arch_panic() comes here, once it has kept the registers. */
_Noreturn __attribute__((cold)) void core_on_panic(const char *text, const char *file,
                                                   uint32_t line);
#define assert(condition) ((condition) ? (void)0 : arch_panic(#condition, __FILE__, __LINE__))
