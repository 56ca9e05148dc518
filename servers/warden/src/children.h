/* SPDX-License-Identifier: MIT */
/* Places for children of programs that start others (docs/process.md). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "pith/program.h"

/** child_at() - the place of that number of a program's children; false: it has fewer. */
bool child_at(uint32_t parent, uint64_t number, uint32_t *child);
/** child_keep() - what a place for a child has, which outlives all of them. */
MUST_CHECK err_t child_keep(uint32_t child);
/** children_renew() - all are gone: new epochs, and all the time that the system says. */
void children_renew(uint32_t parent);
/** child_answer() - calls of a parent about its children. Waits for nobody. */
MUST_CHECK err_t child_answer(uint32_t op, uint32_t parent, uint64_t words[8]);
/** pool_sweep() - the parent is gone: what was on its way to it is not. */
void pool_sweep(uint32_t parent);

/* sessions.c */
/** sessions_of_child() - the client's ends of a place for children, as its parent gets them; appends to *count. */
void sessions_of_child(uint32_t child, uint32_t number, struct program_session_spec *specs,
                       uint32_t *count);
