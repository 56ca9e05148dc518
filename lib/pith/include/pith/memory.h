/* SPDX-License-Identifier: MIT */
/*
 * Untyped memory, cut in two and joined again. What is taken is one untyped capability, from which its
 * user makes what it wants; giving it back revokes it, so all that was made from it is gone and its
 * memory is whole. The caller guards it (self_lock()).
 * Invariant: a run is free, taken, or cut into two that are not both free; with keeps_cuts they may be.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "pith/slots.h"

#define MEMORY_RUNS_MAX 512u
#define MEMORY_NO_RUN 0xffffu

enum memory_state { MEMORY_UNUSED, MEMORY_FREE, MEMORY_TAKEN, MEMORY_CUT };

struct memory_run {
    uint64_t bytes;
    cap_addr_t slot; /* of its untyped capability */
    uint16_t parent; /* MEMORY_NO_RUN: it was added */
    uint16_t low;    /* MEMORY_CUT: its halves */
    uint16_t high;
    uint8_t state;  /* enum memory_state */
    uint32_t owner; /* MEMORY_TAKEN: as the taker said */
};

struct memory {
    cap_addr_t table;    /* that its slots are in */
    struct slots *slots; /* borrowed, as long as the memory is used */
    uint64_t total_bytes;
    uint64_t free_bytes;
    uint64_t least_free_bytes; /* since memory_init() */
    bool keeps_cuts;  /* may be set: for who takes the same again and again; see memory_join() */
    uint32_t run_end; /* no run from here on was ever used */
    struct memory_run runs[MEMORY_RUNS_MAX];
};

/** memory_init() - nothing yet. Borrows @slots. */
void memory_init(struct memory *memory, cap_addr_t table, struct slots *slots);

/**
 * memory_add() - put an untyped capability, of which nothing is used, under its care.
 * Errors: ERR_NO_MEMORY  it has too many runs already.
 */
MUST_CHECK err_t memory_add(struct memory *memory, cap_addr_t untyped, uint64_t bytes);

/**
 * memory_take() - get at least that much in one untyped capability.
 * Errors: ERR_RANGE      bytes is 0.
 *         ERR_NO_MEMORY  no free run is large enough, or there are too many runs.
 *         ERR_NO_SLOT    no slot is left for the halves.
 */
MUST_CHECK err_t memory_take(struct memory *memory, uint64_t bytes, uint32_t owner,
                             cap_addr_t *untyped);

/** memory_give() - revoke what was taken and keep it for the next. */
void memory_give(struct memory *memory, cap_addr_t untyped);

/**
 * memory_join() - join what is free and was left cut, so that all is as if keeps_cuts had never been set.
 * memory_take() does it by itself before it gives up.
 */
void memory_join(struct memory *memory);

/** memory_of_owner() - bytes that an owner has taken. */
uint64_t memory_of_owner(const struct memory *memory, uint32_t owner);

/** memory_size() - bytes of a capability that was taken; 0 if it was not. */
uint64_t memory_size(const struct memory *memory, cap_addr_t untyped);
