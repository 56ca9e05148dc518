/* SPDX-License-Identifier: MIT */
/* Timers, interrupts and ports, from the side of the kernel. */
#pragma once

#include "object/device_objects.h"
#include "object/ipc_objects.h"

void timer_expired(struct core *core, struct timer *timer);
void timer_destroy(struct core *core, struct timer *timer);
/**
 * timers_go_on() - bits of a notification are to be taken: its timers that waited for that go on, at most CORE_STEPS_MAX of them. Returns
 * the bits without those of the others, which stay set.
 */
uint64_t timers_go_on(struct core *core, struct notification *notification, uint64_t bits);

/** Takes bits out of a notification; which: most often all. */
static inline uint64_t notification_take(struct core *core, struct notification *notification,
                                         uint64_t bits)
{
    if (notification->ticking != (struct timer *)0) {
        bits = timers_go_on(core, notification, bits);
    }
    notification->bits &= ~bits;
    return bits;
}

/** An interrupt with a vector of an irq object, below ARCH_IRQ_VECTORS, came. */
void irq_on_interrupt(struct core *core, uint32_t vector);
void irq_destroy(struct core *core, struct irq *irq);

void io_port_destroy(struct core *core, struct io_port *port);
