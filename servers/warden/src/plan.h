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
    struct program_grant child_contexts[PROGRAM_CAPS_MAX]; /* no more places than have names */
};

/**
 * plan_make() - all that the program is given, from its description and what is kept for it. Changes nothing, so the ear
 * may do it, too.
 */
void plan_make(struct plan *plan, uint32_t program);

/* grants.c */
/** grants_plan() - the capabilities that have names; the last step of plan_make(). */
void grants_plan(struct plan *plan, uint32_t program);
/** ecam_keep() - PCI configuration space, for who is to have it. Errors: those of device_frame_keep(). */
MUST_CHECK err_t ecam_keep(uint32_t program);
