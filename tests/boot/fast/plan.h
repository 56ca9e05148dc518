/* SPDX-License-Identifier: MIT */
/* A situation: who does what, in which order, and what else happens. */
#pragma once

#include <stdbool.h>

#include "cast.h"

enum third { NOBODY, ALSO_CALLS, IN_BETWEEN, LENDS, THIRDS };
enum ending {
    END_QUIETLY,
    END_SERVER,
    END_CALLER_STOPS,
    END_SERVER_STOPS,
    END_CANCEL,
    END_BELL,
    ENDINGS
};
/* Absolute times are made when the situation is played. */
enum deadline { NEVER, BEHIND_THE_SLICE, WITHIN_THE_SLICE, SOON, PAST };

struct plan {
    enum third third;
    enum who order[ACTORS];
    cap_addr_t endpoint;      /* where the server serves */
    cap_addr_t target;        /* the same, to be called */
    uint32_t server_priority; /* 0: passive, once it waits */
    uint32_t third_priority;
    bool has_buffer[ACTORS];
    bool is_bound;
    uint64_t bound_mask;
    uint64_t rings_before, rings_between;
    bool is_timed; /* time passes: how often who runs is a matter of some instructions */
    enum ending ending;
    uint32_t counts[ACTORS];
    struct step steps[ACTORS][STEPS_MAX];
    enum deadline deadlines[ACTORS][STEPS_MAX];
};

void plan_random(struct plan *plan, const struct cast *cast);
