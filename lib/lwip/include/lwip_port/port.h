/* SPDX-License-Identifier: MIT */
/*
 * What the stack needs of its program, and how the program drives it. The stack is one per program
 * and is called by one thread. Its memory is bounded (lwip_port/limits.h).
 */
#pragma once

#include <stdint.h>

struct lwip_port {
    void *context;
    /* 32 bits that nobody outside can guess. */
    uint32_t (*random)(void *context);
    /* A clock that never goes back. */
    uint64_t (*now_ns)(void *context);
    /* An assertion of the stack failed, which is our own mistake: say so, and do not return. */
    void (*fail)(void *context, const char *text);
};

/** lwip_port_start() - begin, once. Copies *port; context is borrowed for good. Adds the loopback interface. */
void lwip_port_start(const struct lwip_port *port);

/** lwip_port_now_ns() - the clock given at the start. */
uint64_t lwip_port_now_ns(void);

/** lwip_port_poll() - deliver what was sent to ourselves, and run timers that are due. */
void lwip_port_poll(void);

/** lwip_port_deadline_ns() - when lwip_port_poll() must be called next at the latest; UINT64_MAX: never. */
uint64_t lwip_port_deadline_ns(void);
