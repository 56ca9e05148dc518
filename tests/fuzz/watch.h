/* SPDX-License-Identifier: MIT */
/*
 * Promises about a step as a whole, seen from outside: an error of a method changes no capability, a server whose caller went away
 * will hear of it, and a core with its own lock alone changes nothing of others. To be called around step_run(), with the invariants
 * checked before and after.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

void watch_before(void);
bool watch_after(const char **why);
/** How many entries of the last step needed no lock but their core's own. */
uint32_t watch_alone(void);
/** How many of those that were looked at gave up, to be done again with all. */
uint32_t watch_gave_up(void);
