/* SPDX-License-Identifier: MIT */
/* What a program is to get, in the making: shared by start.c and grants.c. */
#pragma once

#include <stdint.h>

#include "abi/errors.h"
#include "warden.h"

/* A spec and what it borrows. */
struct plan {
    struct program_spec spec;
    struct program_grant grants[PROGRAM_CAPS_MAX];
    struct program_session_spec sessions[PROGRAM_SESSIONS_MAX];
};

/** interfaces_grant() - endpoints that it may call, badged with who it is. */
void interfaces_grant(struct plan *plan, uint32_t program);

/** device_grant() - what a driver gets of its device. */
void device_grant(struct plan *plan, uint32_t program);

/** ports_grant() - the same for what lies at I/O ports. */
void ports_grant(struct plan *plan, uint32_t program);

/** resources_grant() - memory that it keeps, and the like. Errors: those of device_frame_keep(). */
MUST_CHECK err_t resources_grant(struct plan *plan, uint32_t program);

/** children_grant() - what its children may get, each capability named by "NUMBER:". */
void children_grant(struct plan *plan, uint32_t program);
