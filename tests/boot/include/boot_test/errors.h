/* SPDX-License-Identifier: MIT */
/* Which of the errors that the interfaces list were provoked: one mark for each. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/error_list.h"
#include "abi/kernel_calls.h"

enum listed_error {
#define LISTED(interface, op, error) LISTED_##interface##_##op##_##error,
    ERROR_LIST(LISTED)
#undef LISTED
        LISTED_COUNT
};

#define PROVOKED(interface, op, error) errors_provoked(LISTED_##interface##_##op##_##error)

/** errors_provoked() - the call really returned this error. */
void errors_provoked(enum listed_error listed);

/** errors_provoked_by_method() - the same, by numbers; false if the error is not listed there. */
bool errors_provoked_by_method(uint32_t type, uint32_t label, uint32_t err);

/** errors_report() - the line with the counts, and notes that name what was not provoked. */
void errors_report(void);
