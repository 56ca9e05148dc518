/* SPDX-License-Identifier: MIT */
/* Private to sched, for several cores. */
#pragma once

#include <stdbool.h>

struct core;
struct lend;

/** With the own lock alone: is it a thread that waits in a queue of another core? Then what is to reach it waits for thread_settle() (sched/sched.h). */
bool settle_later(struct core *core, struct lend *lend);
