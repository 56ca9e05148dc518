/* SPDX-License-Identifier: MIT */
/*
 * The program's own address space: places, and what stands there. Any thread may call.
 * Size: space_map() takes what the kernel's vspace.map takes.
 */
#pragma once

#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "pith/ranges.h"

/** region_reserve() - find a place of that size; as ranges_reserve(). */
MUST_CHECK err_t region_reserve(uint64_t bytes, user_addr_t *at);

/** region_release() - unmap what stands there and give the place back. */
void region_release(user_addr_t at, uint64_t bytes);

/** region_forget() - give back a place in which nothing stands: what did went with its capability. */
void region_forget(user_addr_t at, uint64_t bytes);

/**
 * region_map() - map pages of a frame at a place that was reserved. Page tables are added as needed.
 * Errors: those of vspace.map; pages mapped before an error stay until region_release().
 */
MUST_CHECK err_t region_map(user_addr_t at, cap_addr_t frame, uint32_t first, uint32_t pages,
                            uint32_t prot);

/** region_create() - reserve a place and fill it with new memory; gives its frame too. */
MUST_CHECK err_t region_create(uint64_t bytes, uint32_t prot, user_addr_t *at, cap_addr_t *frame);

/** region_destroy() - undo region_create(). */
void region_destroy(user_addr_t at, uint64_t bytes, cap_addr_t frame);

/**
 * space_map() - map into any address space.
 * @done: counts the pages, also after an error.
 * Errors: those of vspace.map; ERR_NO_MEMORY: it needs page tables.
 */
MUST_CHECK err_t space_map(cap_addr_t space, user_addr_t at, cap_addr_t frame, uint32_t first,
                           uint32_t pages, uint32_t prot, uint32_t *done);
