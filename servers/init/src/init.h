/* SPDX-License-Identifier: MIT */
/* The state of init. One thread uses it after the start, so nothing is locked. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "pith/program.h"
#include "system/description.h"
#include "warden/slots.h"

/* Badges of init's endpoint. */
#define BADGE_WARDEN 1ull
#define BADGE_CHILD 0x100ull /* + number of the program */

struct init {
    struct description description;
    cap_addr_t endpoint; /* all faults of the warden and of init's children */

    /* The warden: what is kept of it, and the present one. */
    cap_addr_t table;   /* its capability table */
    cap_addr_t untyped; /* that each warden is made of */
    cap_addr_t first;   /* slots for making it */
    uint64_t untyped_bytes;
    cap_addr_t ear;
    cap_addr_t hand;
    cap_addr_t handler; /* our endpoint, badged for the warden's faults */
    struct program warden;
    struct warden_page *page; /* shared with the warden; it may write anything there */
    uint32_t deaths;          /* within the window */
    ns_t window_start_ns;
    bool has_given_up;

    struct program children[DESCRIPTION_PROGRAMS];
};

/** init() - the one there is. */
struct init *init(void);

/** init_build() - read the description, start init's children and the first warden. Says what is wrong. */
MUST_CHECK err_t init_build(void);

/** warden_start() - make a warden on what is kept, in place of the one before. */
MUST_CHECK err_t warden_start(void);

/** guard() - wait for faults and look at the warden's heart, for ever. */
_Noreturn void guard(void *unused);
