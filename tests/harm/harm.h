/* SPDX-License-Identifier: MIT */
/* Between the files of this program. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"

/** steps_do() - the warden dies at each step of a recovery. hang_do() - a program hangs. */
void steps_do(const char *args);
void hang_do(const char *args);

/** pass() - let time pass, and answer probes meanwhile. */
void pass(ns_t ns);

/** disk_is_read() - the session with the disk works; says what is wrong. */
bool disk_is_read(void);

/** word_next() - the first word of words between blanks; gives what follows. */
const char *word_next(const char *text, char *word, size_t size);

/** number_next() - the same, a number; @otherwise: there is none. */
uint32_t number_next(const char **text, uint32_t otherwise);
