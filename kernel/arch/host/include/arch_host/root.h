/* SPDX-License-Identifier: MIT */
/*
 * What boot does on hardware, for the simulated machine: a first thread with a table, an address space,
 * a context, a message buffer, and all memory as untyped capabilities in its table, in the slots of
 * abi/boot_info.h. Its table holds capabilities for all of them.
 */
#pragma once

#include <stdint.h>

#include "cap/cap.h"

struct core;
struct thread;

/*
 * The parent of all boot originals, so that the whole tree can be reached from one place wherever they
 * are moved. On hardware they have none.
 */
extern struct cap host_origin;

struct host_root_options {
    uint32_t table_log2;    /* slots of the table; 0: 8 */
    uint32_t untyped_count; /* into how many equal pieces the memory goes; 0: 1 */
    uint32_t rank;          /* of the thread; 0: 15 */
    uint8_t priority;
};

struct host_root {
    struct cap_table *table;
    struct thread *thread;
    uint32_t slot_untyped;  /* the first; the last one is the device memory */
    uint32_t untyped_count; /* with that */
};

/** Makes machine and root thread on core 0, which runs it; memory that was never used holds garbage. */
struct host_root host_root_create(const struct host_root_options *options);
