/* SPDX-License-Identifier: MIT */
/*
 * Two Ethernet interfaces of one stack, joined by a cable that loses, repeats and reorders frames; and a clock
 * that jumps from event to event. A run depends on its seed and on nothing else. Frames are lent to the
 * stack in allocations of exactly their size, so that the address sanitizer sees a byte too far.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwip_port/lwip.h"

struct sim_faults {
    uint32_t lose, repeat, delay; /* of 1000 frames */
};

struct sim_end {
    struct netif netif;
    struct sim_end *peer; /* NULL: what is sent goes nowhere, and is counted */
    uint32_t sent, lost;
};

/** sim_start() - start the stack, once per process; later calls only set the seed. */
void sim_start(uint64_t seed);

/** sim_on_failure() - call this before an assertion of the stack ends the process. */
void sim_on_failure(void (*called)(void));

/** sim_random() - a number from 0 to below - 1. */
uint32_t sim_random(uint32_t below);

/** sim_now_ns() - the simulated clock. */
uint64_t sim_now_ns(void);

/** sim_faults() - from now on. */
void sim_faults(struct sim_faults faults);

/** sim_watch() - call this with every frame that is sent; NULL: no longer. */
void sim_watch(void (*watcher)(const uint8_t *bytes, size_t length));

/** sim_end_create() - an interface, up, with address 10.0.0.@host/24, and a link-local one of IPv6 made from @host. */
void sim_end_create(struct sim_end *end, uint8_t host);

/** sim_join() - what one sends, the other receives. */
void sim_join(struct sim_end *left, struct sim_end *right);

/** sim_inject() - let an interface receive these bytes now. */
void sim_inject(struct sim_end *end, const void *bytes, size_t length);

/** sim_end_destroy() - remove it. */
void sim_end_destroy(struct sim_end *end);

/** sim_run() - until @is_done says so; false if it did not within @limit_ms of simulated time. */
bool sim_run(bool (*is_done)(void *context), void *context, uint64_t limit_ms);

/** sim_pass() - let that much time pass. */
void sim_pass(uint64_t ms);

/** sim_pools_used() - elements in use of all pools of the stack but its timers, and bytes of its heap. */
uint64_t sim_pools_used(void);
