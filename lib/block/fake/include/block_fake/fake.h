/* SPDX-License-Identifier: MIT */
/*
 * Sessions over plain memory, both sides in one process, in place of those of lib/service. Side 0 is the server's:
 * session number n there is number n + FAKE_CLIENT on the client's side.
 */
#pragma once

#include <stdint.h>

#include "service/session.h"

#define FAKE_LINKS 8u
#define FAKE_CLIENT 32u
#define FAKE_DATA_BYTES 65536u

struct fake_link {
    _Alignas(64) unsigned char memory[SESSION_DATA + FAKE_DATA_BYTES];
    struct ring_epoch epoch;
    struct program_session infos[2];
    uint32_t bells[2]; /* rung by that side */
};

extern struct fake_link fake_links[FAKE_LINKS];

/** fake_links_start() - all empty, epoch 1. */
void fake_links_start(void);

/** fake_epoch_begin() - as the warden does, without the bells. */
void fake_epoch_begin(uint32_t number);

/** fake_time_set() - what clock_now() says from now on. */
void fake_time_set(ns_t now);
