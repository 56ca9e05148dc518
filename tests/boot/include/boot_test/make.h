/* SPDX-License-Identifier: MIT */
/*
 * Slots and objects for the running test: what it makes here the runner deletes. Everything here ends the
 * test if the kernel refuses.
 */
#pragma once

#include <stdint.h>

#include "abi/boot_info.h"
#include "abi/kernel_calls.h"
#include "abi/types.h"

#define PAGE_BYTES 4096ull
#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define US(n) ((uint64_t)(n)*1000u)
#define MS(n) ((uint64_t)(n)*1000000u)

#define FRAME_SIZE(pages, class) ((uint64_t)(pages) << 8 | (class))
#define THREAD_SIZE(rank) ((uint64_t)(rank))
#define THREAD_SIZE_FPU(rank) ((uint64_t)(rank) | 1u << 8)
#define RIGHTS_ALL 0xffffffffu

enum { TABLE = ROOT_SLOT_TABLE, VSPACE = ROOT_SLOT_VSPACE, MACHINE = ROOT_SLOT_MACHINE };

/* Addresses that tests may use: nothing else is there. Below PLACE + 1 GiB the runner's page tables suffice. */
#define PLACE 0x200000000000ull

/** test_untyped() - the memory of the running test: TEST_BYTES, nothing used at its start. */
#define TEST_BYTES MIB(48)
cap_addr_t test_untyped(void);

/** slots_next() - a row of empty slots, never used before in this test. */
cap_addr_t slots_next(uint32_t count);
static inline cap_addr_t slot_next(void)
{
    return slots_next(1);
}

/** make() - one object from the test's memory. make_from() - from another untyped. */
cap_addr_t make_from(cap_addr_t untyped, uint32_t type, uint64_t size);
static inline cap_addr_t make(uint32_t type, uint64_t size)
{
    return make_from(test_untyped(), type, size);
}
/* So many objects can be made in one call. */
#define RETYPE_MAX 16u
/** Fills the slots from first on with objects of one kind. */
void make_many(cap_addr_t untyped, uint32_t type, uint64_t size, uint32_t count, cap_addr_t first);
cap_addr_t make_row(uint32_t type, uint64_t size, uint32_t count);

cap_addr_t copy_of(cap_addr_t source, uint32_t rights);
cap_addr_t mint_of(cap_addr_t source, uint32_t rights, uint64_t badge);
void delete (cap_addr_t slot);

/** map_at() - all pages of a run of 4 KiB pages into the root program's space. */
void map_at(cap_addr_t frame, user_addr_t at, uint32_t pages, uint32_t prot);

/** used_bytes() - of one untyped. */
uint64_t used_bytes(cap_addr_t untyped);

struct counts {
    uint64_t objects, caps, edges, hash, used;
};
/** counts_take() - what the machine counts, and bytes used of all that the root program started with. */
void counts_take(struct counts *counts);

/** untyped_largest() - of RAM, among those that the root program started with. */
cap_addr_t untyped_largest(void);
