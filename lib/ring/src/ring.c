/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: nothing here trusts the peer, waits, or writes the peer's line. Producer and
 * consumer are mirror images; ring_side holds what they have in common.
 */
#include "ring/ring.h"

static ring_index_t index_make(uint32_t epoch, uint32_t index)
{
    return (ring_index_t)epoch << 32 | index;
}

static uint32_t epoch_now(const struct ring_setup *setup)
{
    /* Acquire: what the supervisor did before it began the epoch is seen with it. */
    return atomic_load_explicit(&setup->epoch->epoch, memory_order_acquire);
}

static bool setup_is_allowed(uint32_t slot_count, uint32_t entry_bytes)
{
    return slot_count >= 2 && slot_count <= RING_SLOTS_MAX &&
           (slot_count & (slot_count - 1)) == 0 && (entry_bytes == 32 || entry_bytes == 64);
}

size_t ring_bytes(uint32_t slot_count, uint32_t entry_bytes)
{
    if (!setup_is_allowed(slot_count, entry_bytes)) {
        return 0;
    }
    return sizeof(struct ring_shared) + (size_t)slot_count * entry_bytes;
}

static _Atomic ring_index_t *index_of(struct ring_side *side, bool is_producer)
{
    return is_producer ? &side->setup.shared->tail : &side->setup.shared->head;
}

/* Begin at zero in the epoch that is now. */
static void side_restart(struct ring_side *side, bool is_producer, uint32_t epoch)
{
    side->epoch = epoch;
    side->mine = 0;
    side->published = 0;
    side->theirs = 0;
    /* Release: pairs with the acquire in side_look(); nothing of the last epoch moves past it. */
    atomic_store_explicit(index_of(side, is_producer), index_make(epoch, 0), memory_order_release);
}

static err_t side_init(struct ring_side *side, const struct ring_setup *setup, bool is_producer)
{
    if (!setup_is_allowed(setup->slot_count, setup->entry_bytes)) {
        return ERR_RANGE;
    }
    *side = (struct ring_side){ .setup = *setup };
    side_restart(side, is_producer, epoch_now(setup));
    return ERR_OK;
}

/* ERR_GONE, once, if the epoch is no longer ours; then this side is at its beginning. */
static err_t side_check_epoch(struct ring_side *side, bool is_producer)
{
    uint32_t epoch = epoch_now(&side->setup);

    if (epoch == side->epoch) {
        return ERR_OK;
    }
    side->restarts++;
    side_restart(side, is_producer, epoch);
    return ERR_GONE;
}

/*
 * Read the peer's index and believe it only if it lies between the last one believed and what our
 * own index allows: the consumer between theirs and mine, the producer up to slot_count ahead.
 */
static err_t side_look(struct ring_side *side, bool is_producer)
{
    /* Acquire: pairs with the release in side_show(): entries, or free slots, before the index. */
    ring_index_t seen = atomic_load_explicit(index_of(side, !is_producer), memory_order_acquire);
    uint32_t limit = is_producer ? side->mine : side->mine + side->setup.slot_count;
    uint32_t theirs = (uint32_t)seen;

    if ((uint32_t)(seen >> 32) != side->epoch) {
        return ERR_OK; /* the peer has not come to this epoch yet: it stands at zero */
    }
    if (theirs - side->theirs > limit - side->theirs) {
        side->lies++;
        return ERR_RANGE;
    }
    side->theirs = theirs;
    return ERR_OK;
}

/* Show our index to the peer. True if it asked to be woken at one of the steps from published to mine. */
static bool side_show(struct ring_side *side, bool is_producer)
{
    struct ring_shared *shared = side->setup.shared;
    _Atomic ring_index_t *asks = is_producer ? &shared->consumer_asks : &shared->producer_asks;
    uint32_t steps = side->mine - side->published;
    ring_index_t asked;

    if (steps == 0) {
        return false;
    }
    /* Release: pairs with the acquire in side_look(). */
    atomic_store_explicit(index_of(side, is_producer), index_make(side->epoch, side->mine),
                          memory_order_release);
    /*
     * The peer writes its wish and then reads our index; we write our index and then read its wish.
     * At least one of the two must see the other's write, or a wake-up is lost: only a sequentially
     * consistent fence between write and read, on both sides, promises that (its pair: side_ask()).
     */
    atomic_thread_fence(memory_order_seq_cst);
    asked = atomic_load_explicit(asks, memory_order_relaxed);

    uint32_t from = side->published;

    side->published = side->mine;
    return (uint32_t)(asked >> 32) == side->epoch && (uint32_t)asked - from < steps;
}

/* Ask to be woken once the peer's index passes `at`, then look again. */
static bool side_ask(struct ring_side *side, bool is_producer)
{
    struct ring_shared *shared = side->setup.shared;
    _Atomic ring_index_t *asks = is_producer ? &shared->producer_asks : &shared->consumer_asks;
    uint32_t at = side->theirs;

    atomic_store_explicit(asks, index_make(side->epoch, at), memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst); /* pairs with the one in side_show() */

    /* A lie does not end by itself, but sleeping on it would hide it: the caller pops and is told. */
    return side_look(side, is_producer) == ERR_OK && side->theirs == at &&
           epoch_now(&side->setup) == side->epoch;
}

static _Atomic uint64_t *slot_of(const struct ring_side *side)
{
    uint32_t slot = side->mine & (side->setup.slot_count - 1);

    return &side->setup.shared->words[(size_t)slot * (side->setup.entry_bytes / 8)];
}

err_t ring_producer_init(struct ring_producer *producer, const struct ring_setup *setup)
{
    return side_init(&producer->side, setup, true);
}

err_t ring_push(struct ring_producer *producer, const void *entry)
{
    struct ring_side *side = &producer->side;
    const unsigned char *bytes = entry;
    err_t err = side_check_epoch(side, true);

    if (err) {
        return err;
    }
    if (side->mine - side->theirs == side->setup.slot_count) {
        err = side_look(side, true);
        if (err) {
            return err;
        }
        if (side->mine - side->theirs == side->setup.slot_count) {
            return ERR_WOULD_BLOCK;
        }
    }
    /*
     * Release, before the words: a consumer of an earlier epoch that reads one of them sees the epoch
     * that we have seen (its pair: the acquire fence in ring_pop()).
     */
    atomic_thread_fence(memory_order_release);
    _Atomic uint64_t *slot = slot_of(side);

    for (uint32_t i = 0; i < side->setup.entry_bytes / 8; i++) {
        uint64_t word = 0;

        __builtin_memcpy(&word, bytes + (size_t)i * 8, 8);
        atomic_store_explicit(&slot[i], word, memory_order_relaxed);
    }
    side->mine++;
    return ERR_OK;
}

bool ring_publish(struct ring_producer *producer)
{
    return side_show(&producer->side, true);
}

bool ring_producer_ask(struct ring_producer *producer)
{
    struct ring_side *side = &producer->side;

    if (side->mine - side->theirs != side->setup.slot_count) {
        return false;
    }
    return side_ask(side, true);
}

uint32_t ring_room(struct ring_producer *producer)
{
    struct ring_side *side = &producer->side;

    if (side_look(side, true)) {
        return 0;
    }
    return side->setup.slot_count - (side->mine - side->theirs);
}

err_t ring_consumer_init(struct ring_consumer *consumer, const struct ring_setup *setup)
{
    return side_init(&consumer->side, setup, false);
}

err_t ring_pop(struct ring_consumer *consumer, void *entry)
{
    struct ring_side *side = &consumer->side;
    unsigned char *bytes = entry;
    uint64_t words[RING_WORDS_MAX];
    err_t err = side_check_epoch(side, false);

    if (err) {
        return err;
    }
    if (side->theirs == side->mine) {
        err = side_look(side, false);
        if (err) {
            return err;
        }
        if (side->theirs == side->mine) {
            return ERR_WOULD_BLOCK;
        }
    }
    const _Atomic uint64_t *slot = slot_of(side);

    for (uint32_t i = 0; i < side->setup.entry_bytes / 8; i++) {
        words[i] = atomic_load_explicit(&slot[i], memory_order_relaxed);
    }
    /*
     * Pairs with the release fence in ring_push(): if a word is of a later epoch, that epoch is seen
     * now, and what was copied is thrown away.
     */
    atomic_thread_fence(memory_order_acquire);
    err = side_check_epoch(side, false);
    if (err) {
        return err;
    }
    for (uint32_t i = 0; i < side->setup.entry_bytes / 8; i++) {
        __builtin_memcpy(bytes + (size_t)i * 8, &words[i], 8);
    }
    side->mine++;
    return ERR_OK;
}

bool ring_release(struct ring_consumer *consumer)
{
    return side_show(&consumer->side, false);
}

bool ring_consumer_ask(struct ring_consumer *consumer)
{
    struct ring_side *side = &consumer->side;

    if (side->mine != side->theirs) {
        return false;
    }
    return side_ask(side, false);
}
