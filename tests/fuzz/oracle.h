/* SPDX-License-Identifier: MIT */
/*
 * What a system call must answer, as far as the tables and the interface definition tell: written from
 * abi/idl and docs/kernel/design.md, not from the kernel's code.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "step.h"

struct thread;

/* A call or reply that should go from register to register. */
struct oracle_message {
    struct thread *to;
    uint64_t label_and_words;
    uint64_t badge; /* in `time` of the one who gets it */
    uint64_t words[MSG_WORDS_MAX];
    const struct thread *
        caller; /* with several cores: others may have come first, or what its server's core runs is more important */
    uint32_t word_count;
};

struct oracle {
    bool knows_error;
    err_t error;
    struct oracle_message message; /* to is NULL: none is foreseen */
    uint64_t op;                   /* of the call */
    uint64_t slot; /* what cap_table.revoke or delete is about; 0: it is another call */
    bool is_delete;
    const void *table;
};

/** Looks at the machine before the caller makes the call that is in its registers. */
void oracle_foresee(const struct step *step, struct thread *caller, struct oracle *oracle);

/** Compares afterwards. caller is NULL if it does not go on. */
bool oracle_agrees(const struct oracle *oracle, const struct thread *caller, const char **why);
