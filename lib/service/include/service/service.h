/* SPDX-License-Identifier: MIT */
/*
 * The loop of every program's first thread: one wait for calls at its endpoint, bits of its notification, and
 * a time. Probes of the warden and messages that are none are answered in here.
 *
 *     struct service service = { 0 };
 *     for (;;) {
 *         switch (service_wait(&service, deadline_ns)) {
 *         case SERVICE_CALL:    block_dispatch(client_of(service.badge), &service.info, service.words); break;
 *         case SERVICE_SIGNALS: handle(service.bits); break;
 *         case SERVICE_TIME:    ...
 *         }
 *     }
 *
 * A call is answered by the next service_wait(), with what stands in info and words by then.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"

/* The badge of the warden's own calls; those of clients are below. */
#define SERVICE_BADGE_WARDEN 0x100000000ull

#define SERVICE_PROBE 0xfff1u /* label: answered by service_wait() */

/* Label, from the warden only, for tests: (enum service_hang) the program never comes back. */
#define SERVICE_HANG 0xfff2u

enum service_hang {
    SERVICE_HANG_LOOP = 0, /* spins in its main loop */
    SERVICE_HANG_LOCK = 1, /* spins with the lock of lib/pith in its hand */
    SERVICE_HANG_IRQ = 2,  /* spins at its next interrupt, which it does not acknowledge */
    SERVICE_HANG_CALL = 3, /* spins in its next call, on the caller's time */
    SERVICE_HANG_WAIT = 4, /* waits for what never comes */
    SERVICE_HANG_KINDS
};
#define SERVICE_HANG_NAMES                                                                         \
    {                                                                                              \
        "loop", "lock", "irq", "call", "wait"                                                      \
    }

enum service_event { SERVICE_CALL, SERVICE_SIGNALS, SERVICE_TIME };

struct service {
    /* SERVICE_CALL: the message; afterwards the answer. */
    msg_info_t info;
    uint64_t words[8];
    uint64_t badge;

    uint64_t bits;    /* SERVICE_SIGNALS: those taken */
    uint64_t ignored; /* bits that do not end a wait */

    uint64_t arrived; /* SERVICE_CALL: when, in ticks (service/stats.h) */
    bool has_call;    /* to be answered by the next wait */
    bool is_started;  /* set by the first wait */
    uint32_t hang;    /* SERVICE_HANG_IRQ, _CALL: what is to come of the next one */
};

/**
 * service_wait() - answer the call in hand, if there is one, then wait for something to do.
 * @deadline_ns: absolute; DEADLINE_NEVER: none. Gives SERVICE_TIME when it passed.
 * A program whose parent gave it no endpoint cannot wait: that is the end of it, in words.
 */
enum service_event service_wait(struct service *service, ns_t deadline_ns);

/**
 * service_defer() - move the call in hand into a reply object; the caller answers that later, and then says
 * stats_answered(@service->arrived as it was).
 */
MUST_CHECK err_t service_defer(struct service *service, cap_addr_t reply);
