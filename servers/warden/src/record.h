/* SPDX-License-Identifier: MIT */
/* What is known of each program, and what is being done to it: the warden's log of intents. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pith/program_info.h"
#include "system/protocol.h"
#include "warden/slots.h"

enum intent {
    INTENT_NONE = 0,
    INTENT_END = 1,   /* it died, and what is left of it goes */
    INTENT_START = 2, /* it is being made */
    INTENT_STOP = 3,  /* it is being ended for good */
};

/*
 * What is known of a program, in pages that outlive the warden, twice: record_seal() copies it, so that one that was half
 * written is found as it was before. If the intent is not NONE when a warden starts, that is rolled forward.
 */
struct record {
    uint32_t sum;   /* of all that follows */
    uint32_t state; /* enum system_state */
    uint32_t intent;
    uint32_t restarts;
    uint32_t fault; /* the last one; 0: none */
    uint32_t status;
    uint64_t fault_address;
    uint64_t used_ns;   /* by lives that are over */
    uint64_t switches;  /* by lives that are over */
    uint64_t window_ns; /* when the window of recent deaths began */
    uint32_t recent;    /* deaths in the window */
    uint32_t device;    /* requester id + 1; 0: not found yet */
    uint64_t due_ns;    /* WAITING: when it is to be started */
    uint32_t faults;
    uint32_t hangs;
    uint64_t died_ns;
    uint64_t ran_ns;
    uint64_t worst_ns;
    uint64_t probe_worst_ns;
    struct warden_strays strays;
    struct program_irq irqs[PROGRAM_IRQS_MAX];
    char args[SYSTEM_ARGS_WORDS * 8 + 8]; /* in place of the description's, if not empty */
};
_Static_assert(sizeof(struct record) <= 256, "all records fit into the state");

struct record *record_of(uint32_t program);
/** record_recover() - as it was last sealed; false: nothing of it is known. */
MUST_CHECK bool record_recover(struct record *record);
/** record_has_ended() - its last life ended by itself, with a status. */
bool record_has_ended(const struct record *record);
/** record_seal() - the record is as it should be: what was begun can be found again from here on. */
void record_seal(struct record *record);
/** record_intend() - note what is about to be done; INTENT_NONE: it is done. */
void record_intend(struct record *record, enum intent intent);
