/* SPDX-License-Identifier: MIT */
/*
 * Threads in address spaces of their own. A peer's space shows the same image as the root program's, at
 * the same addresses, so the two share code and writable data; stack and message buffer are its own.
 * Capabilities are those of the root program's table. Peers end with the benchmark, never before.
 * Whatever goes wrong is a panic: a benchmark that cannot set up has nothing to tell.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"

#define PEER_RANK_HIGH 12u /* may call peers of the low rank */
#define PEER_RANK_LOW 4u
#define PEER_PRIORITY 100u
#define PEER_SLICE_NS 10000000u

/* Only the rank, the entry and the time are each peer's own choice. */
struct peer_spec {
    void (*entry)(void); /* never returns: ends with peer_finish() */
    uint32_t rank;
    uint32_t priority;  /* 0: passive, runs on the time of its callers */
    uint64_t budget_ns; /* of PEER_SLICE_NS; 0: all of it, so round robin */
    cap_addr_t handler; /* endpoint for its faults; 0: none */
    bool has_fpu;
};

/** peer_start() - make a peer and let it run. Returns the capability of its thread. */
cap_addr_t peer_start(const struct peer_spec *spec);

/** peer_start_foreign() - the same with a foreign thread, of that native range; rsp is its frame at the entry. */
void peer_start_foreign(const struct peer_spec *spec, user_addr_t start, uint64_t size,
                        user_addr_t entry);

/** peer_buffer() - the message buffer of the peer that asks. */
struct msg_buffer *peer_buffer(void);

/** peer_finish() - tell the root program that this part is done, and sleep for ever. */
_Noreturn void peer_finish(void);

/** peer_sleep() - the same without telling. */
_Noreturn void peer_sleep(void);

/** peers_init() - before all others. */
void peers_init(void);

/** peers_share_space() - all that are made from now on have one address space, and in it a stack and a buffer each. */
void peers_share_space(void);

/** peers_wait() - let peers run until one calls peer_finish(). For the root program. */
void peers_wait(void);

/** endpoint_make(), notification_make() - new objects; the capability has badge 1 or all rights. */
cap_addr_t endpoint_make(uint32_t rank);
cap_addr_t notification_make(void);

/** cap_with_badge() - another capability for an endpoint or notification. */
cap_addr_t cap_with_badge(cap_addr_t source, uint64_t badge);
