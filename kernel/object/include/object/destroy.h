/* SPDX-License-Identifier: MIT */
/* The end of objects, by type. */
#pragma once

#include "cap/cap.h"

/**
 * object_destroy() - what must happen before a leaf of the tree of derivation goes: destroy the
 * object if it is the original, detach memory if it is attached. Does not unlink.
 * Returns ERR_OK, or KERNEL_RESTART at a preemption point, with the object consistent and usable for another try.
 */
MUST_CHECK err_t object_destroy(struct core *core, struct cap *leaf);

/** The number that cap_table.identify gives as detail. */
uint64_t object_detail(const struct cap *cap);
