/* SPDX-License-Identifier: MIT */
/* Something that happens at a time: a member of a core's timer queues. */
#pragma once

#include "abi/types.h"
#include "sched/heap.h"

enum timed_kind { TIMED_DEADLINE, TIMED_REPLENISH, TIMED_TIMER };

struct timed {
    struct heap_node node; /* first member; the key is the time in ns */
    uint8_t kind;          /* enum timed_kind */
    uint8_t band;          /* 0..15, 15 most important */
};
