/* SPDX-License-Identifier: MIT */
/* Pages of a session's memory that its client, a server, granted to clients of its own: docs/grants.md. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "system/description.h"
#include "warden/slots.h"

/* The badge of the ear's endpoint for calls about it: number of the server + 1, and this. */
#define BADGE_LENDER 0x800000000ull

enum loan_state {
    LOAN_NONE = 0,
    LOAN_OUT = 1,    /* its capability may be there, and what was derived from it */
    LOAN_REVOKE = 2, /* the client is gone, and the hand is to revoke what it left to others */
};

/* Must stay true: while the state is NONE, its slot is empty. The state is written last. */
struct loan {
    _Atomic uint32_t state; /* enum loan_state */
    uint32_t first;         /* page of the data area */
    uint32_t count;
    uint32_t life; /* of the client, when it was given */
    uint16_t server;
    uint16_t client;
};

/* In pages that outlive the warden. */
struct lending {
    _Atomic uint32_t lives[DESCRIPTION_PROGRAMS]; /* that ended, of each program and place */
    struct loan loans[WARDEN_LENT_MAX];
};

/** lending_answer() - calls of a server about what it grants. Waits for nobody. */
MUST_CHECK err_t lending_answer(uint32_t op, uint32_t server, uint64_t words[8]);

/** lending_note_end() - a life of a program is over; what was granted to it is nobody's. */
void lending_note_end(uint32_t program);

/** lending_handle() - revoke what the ear says. The hand's. */
void lending_handle(void);

/* sessions.c */
struct session_place {
    cap_addr_t frame;
    uint64_t bytes;
};
/** session_find_as_client() - the program's session of that number, in which it must be the client. Errors: ERR_RANGE. */
MUST_CHECK err_t session_find_as_client(uint32_t program, uint64_t position,
                                        struct session_place *place);
/** session_is_between() - a server and a client of it share memory. */
bool session_is_between(uint32_t server, uint64_t client);
