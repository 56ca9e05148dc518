/* SPDX-License-Identifier: MIT */
/* Arguments of methods, as their operation in abi/idl and the state of the machine suggest. */
#pragma once

#include "pick.h"

/* A method call in the making: its words are filled in from the first to the last. */
struct making {
    struct random *random;
    struct habits *habits;
    struct thread *caller;
    const struct fuzz_op *op;
    struct step *step;
};

bool is_op(const struct making *making, const char *name);
/** What the capability should be like that the method is called on. */
wish wish_for_target(const struct making *making);
/** Some runs make copies of copies of copies, in one table. */
bool making_digs(const struct making *making);
/** A slot with a capability for the caller's own table, or 0. */
uint32_t own_table(const struct thread *caller);
uint64_t make_argument(const struct making *making, const struct fuzz_arg *arg);
