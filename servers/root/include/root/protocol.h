/* SPDX-License-Identifier: MIT */
/*
 * The interface "system" of the root program: what runs, who has which memory, start, kill, power off.
 * A call's label is the operation, its words are the arguments; the reply's label is an error, 0 for
 * success, and its words are the results. Every operation is bounded and waits for nobody.
 */
#pragma once

#include <stdint.h>

enum system_op {
    SYSTEM_PROGRAM = 1,   /* (number) -> words of system_program; RANGE past the last */
    SYSTEM_OWNER = 2,     /* (number) -> words of system_owner; RANGE past the last */
    SYSTEM_START = 3,     /* (number, args in six words; empty: the description's); BUSY: it runs */
    SYSTEM_KILL = 4,      /* (number); GONE: it does not run */
    SYSTEM_POWER_OFF = 5, /* (exit code for an emulator) -> does not return */
};

enum system_program_word {
    SYSTEM_PROGRAM_NAME = 0,   /* two words of text */
    SYSTEM_PROGRAM_STATE = 2,  /* enum system_state | restarts << 32 */
    SYSTEM_PROGRAM_MEMORY = 3, /* bytes */
    SYSTEM_PROGRAM_USED = 4,   /* ns of its own context, over all its lives */
    SYSTEM_PROGRAM_SWITCHES = 5,
    SYSTEM_PROGRAM_FAULT = 6, /* the last one: kind, or exit status << 32 */
    SYSTEM_PROGRAM_ADDRESS = 7,
};

enum system_owner_word {
    SYSTEM_OWNER_NAME = 0, /* two words of text */
    SYSTEM_OWNER_BYTES = 2,
};

enum system_state {
    SYSTEM_STATE_STOPPED = 0, /* not started, or killed */
    SYSTEM_STATE_RUNNING = 1,
    SYSTEM_STATE_FAULTED = 2,
    SYSTEM_STATE_ENDED = 3, /* by itself, with a status */
};

#define SYSTEM_ARGS_WORDS 6u
#define SYSTEM_NAME_BYTES 16u
