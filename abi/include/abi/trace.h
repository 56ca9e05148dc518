/* SPDX-License-Identifier: MIT */
/* The trace ring as readers see it: a header, then events; event n is at index n % TRACE_EVENTS. */
#pragma once

#include <stdint.h>

enum trace_kind {
    TRACE_ENTRY = 1,     /* a: system call number, b: label << 32 | capability */
    TRACE_EXIT = 2,      /* a: error or TRACE_RESTART, b: thread it returns to */
    TRACE_SWITCH = 3,    /* a: thread, b: rank */
    TRACE_INTERRUPT = 4, /* a: vector */
    TRACE_FAULT = 5,     /* a: kind, b: address */
    TRACE_IDLE = 6,
    TRACE_METHOD = 7, /* the call that was entered is a method; a: type of object, b: label */
};

/* The call was cut at a preemption point, and will be made again. */
#define TRACE_RESTART 0xffffffffu

struct trace_event {
    uint64_t time_ns;
    uint32_t kind;
    uint32_t core;
    uint64_t thread; /* that ran when it happened: the same number means the same thread */
    uint64_t a;
    uint64_t b;
    uint64_t reserved[3];
};
_Static_assert(sizeof(struct trace_event) == 64, "part of the ABI");

/*
 * Where a thread lies in memory: in the range of the untyped capability that it was made from, which says whose it is.
 * It is of no other use.
 */
#define TRACE_THREAD_PHYS(thread) ((thread)&0x7fffffffffffull)

#define TRACE_RING_BYTES 262144u
#define TRACE_EVENTS (TRACE_RING_BYTES / 64u - 1u)

struct trace_ring {
    uint64_t head; /* events written since boot */
    uint64_t reserved[7];
    struct trace_event events[TRACE_EVENTS];
};
_Static_assert(sizeof(struct trace_ring) == TRACE_RING_BYTES, "whole pages");
