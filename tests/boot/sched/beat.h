/* SPDX-License-Identifier: MIT */
/*
 * A beat: who is woken every few microseconds measures how late it is, while others have the kernel do the longest that it can be made to.
 */
#pragma once

#include "boot_test/worker.h"

/** A beat, of priority 240; beat_end() waits for it, and checks that it was never late. */
struct worker *beat_start(void);
void beat_end(struct worker *worker);
/** What is done again and again, beside a beat: arg[0] as it likes; out[0]: how often, out[1]: errors. */
void beside_beat(void (*entry)(struct worker *worker), cap_addr_t arg);
