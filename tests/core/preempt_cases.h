/* SPDX-License-Identifier: MIT */
/*
 * Situations in which a long call has much to do: what preempt_test.c interrupts at every point. Set up by the
 * root thread; the call is made by a worker, and another thread may do something in between.
 */
#pragma once

#include "situation.h"

/* Slots that the test itself uses; situations take those from SLOT_U on. */
enum preempt_slot {
    SLOT_WATCHER = 20, /* a thread that may act in between, and its context */
    SLOT_WORKER = 22,  /* the thread that makes the call, and its context */
    SLOT_BELL = 24,    /* wakes the watcher */
    SLOT_RINGER,
    SLOT_IRQ,
    SLOT_WORKER_MEMORY, /* what the worker was made from */
    SLOT_SPARE,
    SLOT_U = 40,
};

enum { WATCHER_PRIORITY = 120, WORKER_PRIORITY = 110, HELPER_PRIORITY = 105 };

struct preempt_case {
    const char *name;
    const char *op; /* as fuzz_ops names it */
    void (*set_up)(void);
    struct request call;
    uint32_t probe; /* a slot with something below what goes: nothing may be derived from it */
    uint32_t
        deeper;    /* a slot that somebody else may revoke meanwhile without a change at the end */
    bool is_short; /* it has no preemption point */
    bool is_alone; /* a retype from memory that nothing else was made from */
};

extern const struct preempt_case preempt_cases[];
extern const uint32_t preempt_case_count;
