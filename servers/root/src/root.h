/* SPDX-License-Identifier: MIT */
/* The state of the root program, shared by its files. One thread, so nothing is locked. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "pith/program.h"
#include "root/description.h"
#include "root/protocol.h"

/* Badges of the root program's endpoint: number of a program + 1, and for its faults this too. */
#define BADGE_FAULT 0x100000000ull

#define OWNER_ROOT 0u    /* as object_create() takes memory */
#define OWNER_PROGRAM 1u /* + number */

/* Invariant: program.untyped is set exactly while state is SYSTEM_STATE_RUNNING. */
struct root_program {
    const struct description_program *description; /* borrowed from root()->description */
    cap_addr_t handler;                            /* our endpoint, badged for its faults */
    struct program program;
    enum system_state state;
    uint32_t restarts;
    uint32_t fault; /* the last one; 0: none */
    uint32_t status;
    uint64_t fault_address;
    ns_t used_ns;                         /* by lives that are over */
    uint64_t switches;                    /* by lives that are over */
    char args[SYSTEM_ARGS_WORDS * 8 + 1]; /* in place of the description's, if not empty */
};

/* A copy of the boot archive's, whose bytes lie at no alignment. */
struct root_description {
    struct description_header header;
    struct description_program programs[DESCRIPTION_PROGRAMS];
    struct description_interface interfaces[DESCRIPTION_INTERFACES];
};

struct root {
    struct root_description description;
    cap_addr_t endpoint; /* ours: interface "system" and all faults */
    cap_addr_t endpoints[DESCRIPTION_INTERFACES];
    uint32_t program_count;
    struct root_program programs[DESCRIPTION_PROGRAMS];
};

/** root() - the one there is. */
struct root *root(void);

/** root_build() - read the description, make endpoints, start what starts at boot. Says what is wrong. */
MUST_CHECK err_t root_build(void);

/** root_program_start() - make and run a program, or say why not. Errors: ERR_BUSY, program_create()'s. */
MUST_CHECK err_t root_program_start(struct root_program *program);

/** root_program_stop() - destroy a program that runs. */
void root_program_stop(struct root_program *program, enum system_state state);

/** root_program_counts() - time used and switches, over all its lives. */
void root_program_counts(const struct root_program *program, ns_t *used_ns, uint64_t *switches);

/** root_fault() - a program faulted: say so, stop it, start it again if its description wants that. */
void root_fault(uint64_t badge);

/** root_query() - answer a call on the interface "system". Words and label are overwritten. */
void root_query(uint64_t badge, uint32_t *label, uint64_t words[8]);
