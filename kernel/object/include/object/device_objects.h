/* SPDX-License-Identifier: MIT */
/* Timers, interrupts, I/O ports. */
#pragma once

#include "cap/cap.h"
#include "object/timed.h"

struct core;

/*
 * With a period: in the list ticking of its notification, exactly while it is set. Its event is queued, but for while the lowest bit of the
 * badge is set there since it ended last; then it is of the notification's home.
 */
struct timer {
    struct timed timed;
    struct core *home;  /* of who set it, or of the notification: its event is queued there */
    uint64_t period_ns; /* 0: once */
    struct timer *next; /* list notification->ticking */
    struct cap notification_cap; /* embedded; type NONE: not set */
};

struct irq {
    struct core *home; /* where it comes, while something is claimed */
    struct core *wish; /* where the next claim is to come; NULL: to who claims it */
    uint32_t line;     /* IRQ_NO_LINE: message-signalled */
    uint32_t vector;
    uint8_t band; /* of the next claim */
    bool is_claimed;
    bool is_masked; /* a message */
    bool is_level;
    bool is_pending; /* delivered, not acknowledged */
    bool
        is_held; /* an edge came while it was pending: masked (if it can be), and delivered when acknowledged */
    struct cap notification_cap;
};

#define IRQ_NO_LINE UINT32_MAX

/* Claimed ranges form the machine's list, which is short: claims are rare. */
struct io_port {
    uint32_t first;
    uint32_t count; /* 0: nothing claimed */
    struct io_port *next;
};
