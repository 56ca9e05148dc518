/* SPDX-License-Identifier: MIT */
/* Is another core as the boot core is, by whose features the kernel works on all? */
#pragma once

#include "core/processor.h"

/** What the kernel counts on and this core has otherwise, in words; NULL: nothing. */
const char *core_differs(const struct processor_choice *boot, const struct processor_choice *own);
