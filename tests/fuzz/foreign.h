/* SPDX-License-Identifier: MIT */
/* What becomes of a fault, or of a system call that is not native: written from docs/kernel/foreign.md, not from the kernel's code. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"
#include "core/core.h"

struct foreign {
    struct thread *thread;
    struct arch_fault fault;
    bool is_reflected;
    struct arch_registers registers; /* as they must be afterwards */
    struct foreign_frame frame;      /* likewise, if it is reflected */
};

/** Is a system call whose instruction is at ip one of the kernel's? */
bool foreign_is_native(const struct thread *thread, uint64_t ip);
/** Before it happens, with ip at the instruction of a system call. */
void foreign_foresee(struct foreign *foreign, struct thread *thread, const struct arch_fault *fault,
                     uint64_t ip);
/** Compares afterwards; current: who goes on. */
bool foreign_agrees(const struct foreign *foreign, const struct thread *current, const char **why);
