/* SPDX-License-Identifier: MIT */
/*
 * What the device gave, until somebody wants it. Each byte is handed out once, and then no longer in our memory. How many it
 * filled is the device's word, bounded by what it was asked for; whether they are random nobody can check.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "virtio/simple.h"

#define SOURCE_SLOTS 8u
#define SOURCE_BUFFER_BYTES 64u
#define SOURCE_POOL_BYTES (SOURCE_SLOTS * SOURCE_BUFFER_BYTES)

struct source {
    struct virtio_simple simple;
    struct virtio_buffers requests;
    uint8_t pool[SOURCE_POOL_BYTES];
    uint32_t count;    /* bytes in it */
    uint64_t received; /* bytes */
    uint64_t empty;    /* answers without any */
    ns_t answered_ns;  /* when it last gave something, or nothing was asked of it */
};

/** source_init() - before the device is opened. @source must stay where it is. */
void source_init(struct source *source);

/** source_work() - take what the device gave, ask for more as there is room. @now_ns: the time. */
void source_work(struct source *source, ns_t now_ns);

/** source_get() - at most so many bytes; gives how many. */
uint32_t source_get(struct source *source, void *bytes, uint32_t max);

/** source_check() - reset the device if it lied, failed, or gave nothing for long. False: it is beyond help. */
bool source_check(struct source *source, ns_t now_ns);

/** source_deadline() - when to check at the latest; DEADLINE_NEVER: nothing is asked of it. */
ns_t source_deadline(const struct source *source);
