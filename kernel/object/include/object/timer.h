/* SPDX-License-Identifier: MIT */
/* Timers, interrupts and ports, from the side of the kernel. */
#pragma once

#include "object/device_objects.h"

void timer_expired(struct core *core, struct timer *timer);
void timer_destroy(struct core *core, struct timer *timer);

/** An interrupt with a vector of an irq object, below ARCH_IRQ_VECTORS, came. */
void irq_on_interrupt(struct core *core, uint32_t vector);
void irq_destroy(struct core *core, struct irq *irq);

void io_port_destroy(struct core *core, struct io_port *port);
