/* SPDX-License-Identifier: MIT */
/*
 * Promises about a step as a whole, seen from outside: an error of a method changes no capability, and
 * a server whose caller went away will hear of it. To be called around step_run(), with the invariants
 * checked before and after.
 */
#pragma once

#include <stdbool.h>

void watch_before(void);
bool watch_after(const char **why);
