/* SPDX-License-Identifier: MIT */
/* The one list of errors, as an enum. */
#pragma once

typedef enum {
#define ERR(name, number, text) ERR_##name = (number),
#include "abi/errors.def"
#undef ERR
} err_t;

#define MUST_CHECK __attribute__((warn_unused_result))
