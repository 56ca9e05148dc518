/* SPDX-License-Identifier: MIT */
/* Questions to the warden (system/protocol.h), and rates that follow from two answers. For who may use `system`. */
#pragma once

#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "system/protocol.h"

typedef char system_name_t[SYSTEM_NAME_BYTES + 1];

/**
 * system_ask() - one operation; @words are its arguments, then its results.
 * Errors: those of the operation; TIMED_OUT, PEER_DIED: the warden did not answer, and a new one will.
 */
MUST_CHECK err_t system_ask(enum system_op op, uint64_t words[8], ns_t deadline_ns);

/** system_name() - the name that the first two words are. */
void system_name(const uint64_t words[8], system_name_t name);

/** system_find() - the number of a program. Errors: those of system_ask(); ERR_NO_ENTRY  there is none of that name. */
MUST_CHECK err_t system_find(const char *name, ns_t deadline_ns, uint64_t *number);

/** system_state_name() - of a number of enum system_state; "?" for others. */
const char *system_state_name(uint64_t state);

/* What a program had used and done by a time. */
struct system_usage {
    ns_t taken;
    ns_t used_ns;
    uint64_t messages;
};

/** system_messages() - the sum of what came to a program, from the words of SYSTEM_COUNTS. */
uint64_t system_messages(const uint64_t counts[8]);

struct system_rates {
    uint64_t cpu;      /* hundredths of a percent of a processor, on the program's own budget */
    uint64_t messages; /* tenths per second: calls answered, entries and signals taken */
};

/** system_rates() - between two times; 0 if they are less than a millisecond apart. What goes back is no rate. */
struct system_rates system_rates(const struct system_usage *now, const struct system_usage *before);
