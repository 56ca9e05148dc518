/* SPDX-License-Identifier: MIT */
/*
 * Rings of descriptors in shared memory: one producer, one consumer, no kernel.
 *
 * Each side keeps its own index and believes nothing else: what the peer writes is read once, bounded and
 * then used. A peer that lies is counted and refused, and spoils its own ring only. Every index in
 * shared memory carries the epoch that it belongs to; the epoch now is in a page that only the
 * supervisor writes. Whoever meets a new epoch starts its side anew: entries of an earlier epoch
 * are never taken over, and the caller, told by ERR_GONE once, resubmits from its own records.
 *
 * Who begins an epoch signals both sides' notifications, since a sleeper looks at the page only when woken.
 * The library makes no system call. When the peer asked to be woken, a function says so, and the
 * caller signals the peer's notification. tests/model/ring.pml is the model of this protocol.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"

#define RING_LINE_BYTES 64u
#define RING_WORDS_MAX 8u /* of 8 bytes: an entry has 4 or 8 of them */
#define RING_SLOTS_MAX 65536u
#define RING_EPOCH_NONE 0u /* the supervisor has not begun */

/* A page that the supervisor maps writable and both sides read-only. */
struct ring_epoch {
    _Atomic uint32_t epoch;
};

/* An index in shared memory: epoch in bits 32-63, index in bits 0-31. Each has one writer. */
typedef uint64_t ring_index_t;

/*
 * The shared memory, followed by the slots. Each side writes only its own line; the slots belong to
 * the producer between head and tail of its turn, and are the consumer's to read after.
 */
struct ring_shared {
    _Alignas(RING_LINE_BYTES) _Atomic ring_index_t tail; /* producer: entries behind it are whole */
    _Atomic ring_index_t producer_asks;                  /* wake me once head has passed this */
    _Alignas(RING_LINE_BYTES) _Atomic ring_index_t head; /* consumer: slots behind it are free */
    _Atomic ring_index_t consumer_asks;                  /* wake me once tail has passed this */
    _Alignas(RING_LINE_BYTES) _Atomic uint64_t words[];
};
_Static_assert(sizeof(struct ring_shared) == 2 * RING_LINE_BYTES, "the peer sees the same");

/* What a broker tells both sides. Never read from shared memory. */
struct ring_setup {
    struct ring_shared *shared;     /* borrowed, as long as the ring is used */
    const struct ring_epoch *epoch; /* borrowed, as long as the ring is used */
    uint32_t slot_count;            /* a power of two, 2..RING_SLOTS_MAX */
    uint32_t entry_bytes;           /* 32 or 64 */
};

/* One side of a ring. Invariant: mine and theirs are in order and at most slot_count apart. */
struct ring_side {
    struct ring_setup setup;
    uint32_t epoch;     /* that mine and theirs belong to */
    uint32_t mine;      /* producer: next to write; consumer: next to read */
    uint32_t published; /* what the peer has been shown of mine */
    uint32_t theirs;    /* the last index of the peer that was believed */
    uint64_t lies;      /* indices refused */
    uint64_t restarts;  /* epochs met after the first */
};

struct ring_producer {
    struct ring_side side;
};

struct ring_consumer {
    struct ring_side side;
};

/** ring_bytes() - size of the shared memory; 0 if the numbers are not allowed. */
size_t ring_bytes(uint32_t slot_count, uint32_t entry_bytes);

/**
 * ring_producer_init() - start the producer's side. @setup is copied; what it names is borrowed.
 * Errors: ERR_RANGE  slot_count or entry_bytes is not allowed.
 */
MUST_CHECK err_t ring_producer_init(struct ring_producer *producer, const struct ring_setup *setup);

/**
 * ring_push() - write an entry of entry_bytes; the consumer sees it after ring_publish().
 *
 * Errors: ERR_WOULD_BLOCK  the ring is full.
 *         ERR_GONE         a new epoch began: the ring is empty now, nothing was written.
 *         ERR_RANGE        the consumer's index is a lie; counted, nothing was written.
 * Blocks: no. Cost: constant.
 */
MUST_CHECK err_t ring_push(struct ring_producer *producer, const void *entry);

/** ring_publish() - show the consumer all that was pushed; true: it asked to be woken, signal it. */
bool ring_publish(struct ring_producer *producer);

/**
 * ring_producer_ask() - before sleeping because the ring is full: ask to be woken when a slot is free.
 * True: sleep until the notification; false: there is room, a lie or a new epoch, do not sleep.
 */
bool ring_producer_ask(struct ring_producer *producer);

/** ring_room() - slots that can be pushed now, as far as the consumer is believed. */
uint32_t ring_room(struct ring_producer *producer);

/** ring_consumer_init() - start the consumer's side. As ring_producer_init(). */
MUST_CHECK err_t ring_consumer_init(struct ring_consumer *consumer, const struct ring_setup *setup);

/**
 * ring_pop() - copy the oldest entry out. Its slot is the producer's again after ring_release().
 *
 * Errors: ERR_WOULD_BLOCK  the ring is empty.
 *         ERR_GONE         a new epoch began: what had not been popped is lost.
 *         ERR_RANGE        the producer's index is a lie; counted, nothing was copied.
 * Blocks: no. Cost: constant.
 */
MUST_CHECK err_t ring_pop(struct ring_consumer *consumer, void *entry);

/** ring_release() - give back the slots popped so far; true: the producer asked to be woken. */
bool ring_release(struct ring_consumer *consumer);

/**
 * ring_consumer_ask() - before sleeping because the ring is empty: ask to be woken at the next entry.
 * Give back what was popped first, or a full ring may sleep on both sides.
 * True: sleep until the notification; false: there is an entry, a lie or a new epoch, do not sleep.
 */
bool ring_consumer_ask(struct ring_consumer *consumer);
