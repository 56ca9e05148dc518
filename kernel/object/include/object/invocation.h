/* SPDX-License-Identifier: MIT */
/* A method called on a kernel object, on its way through the generated dispatch. */
#pragma once

#include "cap/cap.h"

struct core;
struct thread;

struct invocation {
    struct core *core;
    struct thread *caller;
    struct cap *target; /* type and right have been checked */
};

struct cap_table *invocation_table(const struct invocation *inv);
