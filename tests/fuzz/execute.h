/* SPDX-License-Identifier: MIT */
/* What the last step did, for those who compare before and after. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "step.h"

struct thread;

struct step_result {
    const struct thread *actor; /* who was current before; may be dead now */
    err_t error;                /* of a call that came back at once */
    bool is_method;             /* it was a method of a kernel object */
    bool was_restarting;
    bool may_revoke; /* the call was, or may have been, cap_table.revoke or delete */
    uint32_t interrupts;
};

const struct step_result *step_result(void);
