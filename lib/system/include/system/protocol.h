/* SPDX-License-Identifier: MIT */
/*
 * The interface "system" of the warden: what runs, who has which memory, start, kill, power off.
 * A call's label is the operation, its words are the arguments; the reply's label is an error, 0 for
 * success, and its words are the results. Every operation is bounded and waits for nobody: start, kill and
 * restart are noted down, and done right after.
 */
#pragma once

#include <stdint.h>

enum system_op {
    SYSTEM_PROGRAM = 1,   /* (number) -> words of system_program; RANGE past the last */
    SYSTEM_OWNER = 2,     /* (number) -> words of system_owner; RANGE past the last */
    SYSTEM_START = 3,     /* (number, args in six words; empty: the description's); BUSY: it runs */
    SYSTEM_KILL = 4,      /* (number): end it, as if by itself; GONE: it does not run */
    SYSTEM_POWER_OFF = 5, /* (exit code for an emulator): when all devices are quiet */
    SYSTEM_FAIL = 6,      /* (number): as if it had died: it is restarted; GONE: it does not run */
    SYSTEM_HANG = 8, /* (number, enum service_hang): it hangs, in that way; GONE: it does not run */
    SYSTEM_WARDEN = 9, /* (system_harm): the warden itself; a fault answers PEER_DIED */
    SYSTEM_STEP =
        17, /* (n, system_harm): the warden at its n-th step from now on, in which it changes
                             something; 0: not at all -> (how many were left) */
    SYSTEM_RECOVERY = 7, /* (number) -> words of system_recovery; RANGE past the last */
    SYSTEM_STRAYS =
        16, /* (number; one past the last: devices that nobody drives) -> words of system_strays */
    SYSTEM_CAPS =
        40, /* (number, first slot) -> words of system_caps: the next in its table; type NONE: go on at that slot;
                       RANGE past the last slot; GONE: it does not run, or ended meanwhile; NO_RIGHT: its table is init's */
    SYSTEM_REBOOT = 41, /* (): when all devices are quiet */
    SYSTEM_TRACE =
        42, /* (on: 0 or 1) -> (events since boot): the kernel's trace, for who has `trace` */
    SYSTEM_THREAD =
        43, /* (thread, as a trace calls it) -> (number of its program; SYSTEM_NOBODY: another) */
    SYSTEM_SHAPE = 48,     /* (number) -> words of system_shape; RANGE past the last */
    SYSTEM_INTERFACE = 49, /* (number) -> words of system_interface; RANGE past the last */
    SYSTEM_COUNTS = 50,    /* (number) -> words of system_counts; RANGE past the last */
    SYSTEM_TIMES = 51,     /* (number, enum system_times, 0 or 8) -> so much of the histogram */

    /* For a program that has children, about these alone, by its capability "children" (docs/process.md). */
    SYSTEM_CHILD_RENEW = 32, /* (child): it is gone: a new epoch of all its sessions */
    SYSTEM_CHILD_POOL =
        34, /* (empty slot of its own; 0: only tell) -> (bytes); the memory of `pool_kib` goes there.
                               GONE: it was had already */
    SYSTEM_CHILD_TIME = 33, /* (child, budget, period in ns); NO_RIGHT: more than the system says */

    /* For a server with `grants_kib`, by its capability "grants" (docs/grants.md); words of system_grant. */
    SYSTEM_GRANT_GIVE =
        64, /* (SESSION, FIRST, COUNT, CLIENT, SLOT: empty, of its own) -> (NUMBER): a capability to
                               read these pages goes there. RANGE: it is not the session's client, not all pages are in its
                               data area, or that is no client of its own; NO_MEMORY: more than it, or that client, may */
    SYSTEM_GRANT_BACK =
        65, /* (NUMBER); BUSY: something is derived from it; NO_ENTRY: it is none of the server's */
    SYSTEM_GRANT_NEXT =
        66, /* (NUMBER) -> (NUMBER, FIRST, COUNT, CLIENT) of the next one after it; NO_ENTRY */
};

enum system_grant_word {
    SYSTEM_GRANT_NUMBER = 0,  /* from 1 on */
    SYSTEM_GRANT_SESSION = 1, /* as the server counts its own */
    SYSTEM_GRANT_FIRST = 2,   /* page of the session's data area */
    SYSTEM_GRANT_COUNT = 3,
    SYSTEM_GRANT_CLIENT = 4, /* its badge */
    SYSTEM_GRANT_SLOT = 5,
};

/* For tests. */
enum system_harm { SYSTEM_HARM_FAULT = 1, SYSTEM_HARM_HANG = 2 };

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
    SYSTEM_OWNER_USED = 3, /* the most that was used of them at once, as a program says */
};

enum system_recovery_word {
    SYSTEM_RECOVERY_DEATHS = 0, /* faults | hangs << 32 */
    SYSTEM_RECOVERY_DIED = 1,   /* when the last death was noticed, in ns since boot */
    SYSTEM_RECOVERY_RAN = 2,    /* when its successor ran */
    SYSTEM_RECOVERY_WORST = 3,  /* the longest time between the two, in ns */
    SYSTEM_RECOVERY_PROBE = 4,  /* the longest answer to a probe, in ns */
    SYSTEM_RECOVERY_WARDEN = 5, /* how often the warden itself was started anew */
};

/* Accesses of a program's device to what it was not given, each of them stopped. */
enum system_strays_word {
    SYSTEM_STRAYS_COUNT = 0,   /* over all lives */
    SYSTEM_STRAYS_ADDRESS = 1, /* of the last one, for the device */
    SYSTEM_STRAYS_REASON = 2,  /* as io_space.fault */
    SYSTEM_STRAYS_SOURCE = 3,  /* bus << 8 | device << 3 | function */
};

/* What the description says of a program. */
enum system_shape_word {
    SYSTEM_SHAPE_USES = 0,   /* bit n: it may call interface n */
    SYSTEM_SHAPE_RANK = 1,   /* rank | priority << 32 */
    SYSTEM_SHAPE_BUDGET = 2, /* ns */
    SYSTEM_SHAPE_PERIOD = 3, /* ns */
};

enum system_interface_word {
    SYSTEM_INTERFACE_NAME = 0,   /* two words of text */
    SYSTEM_INTERFACE_SERVER = 2, /* number of the program; SYSTEM_NOBODY: the warden */
};

/* A capability in a program's table. */
enum system_caps_word {
    SYSTEM_CAPS_NAME = 0,   /* two words of text: the program's name for it */
    SYSTEM_CAPS_SLOT = 2,   /* slot | type << 16 | enum system_cap_kind << 32 | owner << 48 */
    SYSTEM_CAPS_RIGHTS = 3, /* rights | flags of cap_table.identify << 32 */
    SYSTEM_CAPS_BADGE = 4,
    SYSTEM_CAPS_SIZE = 5,   /* bytes; of tables: slots */
    SYSTEM_CAPS_DETAIL = 6, /* as cap_table.identify | the program's restarts << 32 */
};

/* Owner: number + 1 of the program whose it is, or of a place for children; 0: nobody's in particular. */
#define SYSTEM_CAP_WARDEN 0xffffu

enum system_cap_kind {
    SYSTEM_CAP_OWN = 0,     /* the program made it, or got it in a message */
    SYSTEM_CAP_GIVEN = 1,   /* it was given this when it was started */
    SYSTEM_CAP_SESSION = 2, /* memory that it shares with the owner */
    SYSTEM_CAP_BELL = 3,    /* wakes the owner */
};

/* What the program says of itself (service/stats.h), over all its lives. */
enum system_counts_word {
    SYSTEM_COUNTS_CALLS = 0, /* answered */
    SYSTEM_COUNTS_IN = 1,    /* entries taken from rings */
    SYSTEM_COUNTS_OUT = 2,   /* and put into them */
    SYSTEM_COUNTS_SIGNALS = 3,
    SYSTEM_COUNTS_SERVING = 4, /* ns from calls' arrivals to their answers */
    SYSTEM_COUNTS_WORST = 5,   /* the longest, in ns */
};

enum system_times {
    SYSTEM_TIMES_CALLS = 0, /* from a call's arrival to its answer, as the program says */
    SYSTEM_TIMES_RECOVERY =
        1, /* from when a death is noticed until the successor runs; of all programs */
};

/* Times by powers of two: [0] less than 1024 ns, [n] less than 1024 << n ns, the last all others. */
#define SYSTEM_TIMES_BUCKETS 16u

#define SYSTEM_NOBODY UINT64_MAX

enum system_state {
    SYSTEM_STATE_STOPPED = 0, /* not started, or killed */
    SYSTEM_STATE_RUNNING = 1,
    SYSTEM_STATE_FAULTED = 2,  /* and is not restarted */
    SYSTEM_STATE_ENDED = 3,    /* by itself, with a status, and is not restarted */
    SYSTEM_STATE_WAITING = 4,  /* for its restart */
    SYSTEM_STATE_DEGRADED = 5, /* died too often: stays down */
};

#define SYSTEM_ARGS_WORDS 6u
#define SYSTEM_NAME_BYTES 16u
