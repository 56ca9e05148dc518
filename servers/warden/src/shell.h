/* SPDX-License-Identifier: MIT */
/* What the warden does for whoever looks after the system by hand: capabilities, trace, the end of the machine. */
#pragma once

#include <stdint.h>

#include "abi/errors.h"

/* caps.c */
/** query_caps() - the op of this name. */
err_t query_caps(uint64_t words[8]);

/* trace.c */
/** query_trace(), query_thread() - the ops of these names; @program: number + 1 of who asks. */
err_t query_trace(uint64_t program, uint64_t words[8]);
err_t query_thread(uint64_t program, uint64_t words[8]);

/* ending.c; the numbers are those of machine.restart */
enum ending { ENDING_POWER_OFF = 0, ENDING_REBOOT = 1 };
/** ending_want() - the hand is to end the machine. @code: for an emulator. */
void ending_want(enum ending how, uint64_t code);
/** ending_handle() - end it if that is wanted. */
void ending_handle(void);
