/* SPDX-License-Identifier: MIT */
/*
 * Those who play: a caller, a server and a third, each with a message buffer, and the objects between them. The same cast plays
 * every situation of a test, from the beginning each time.
 */
#pragma once

#include <stdbool.h>

#include "abi/types.h"
#include "actor.h"

enum who { CALLER, SERVER, THIRD, ACTORS };
enum { PLAIN_RANK = 8, BUFFER_WORDS = 64 };

/* What kind of thread each is. */
struct cast_kind {
    bool apart; /* the server has a space of its own */
    bool fpu[ACTORS];
    bool base[ACTORS]; /* of fs */
};

struct actor {
    cap_addr_t thread;
    cap_addr_t context;
    struct actor_page *page;
    uint64_t *buffer; /* words 0 to 63 */
};

struct cast {
    struct cast_kind kind;
    struct actor actors[ACTORS];
    cap_addr_t buffers;
    cap_addr_t endpoint; /* the server's; */
    cap_addr_t badged, uncallable, unreceivable, ungranting;
    cap_addr_t high; /* another of the server's, above all in rank */
    cap_addr_t high_badged;
    cap_addr_t middle; /* the third's */
    cap_addr_t middle_badged;
    cap_addr_t bell;      /* bound to the server; */
    cap_addr_t bell_ring; /* with a badge for each of its bits: + n */
    cap_addr_t lock;      /* the third waits here and lends to the server */
};

/**
 * Does the guest's time go by instructions? On several cores it is the host's: what depends on it is left out, and nobody's
 * slice ends.
 */
bool time_is_exact(void);

void cast_make(struct cast *cast, const struct cast_kind *kind);

/** The actor begins anew, with the steps in its page. Not yet resumed. */
void actor_reset(const struct cast *cast, enum who who);
/** Gives it its message buffer, or none. */
void cast_buffer(const struct cast *cast, enum who who, bool has_one);
void actor_time(const struct actor *actor, uint32_t priority);
void actor_untime(const struct actor *actor);
