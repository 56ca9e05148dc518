/* SPDX-License-Identifier: MIT */
/* The parts of the benchmark. Each makes its peers, lets them run, and returns when they are done. */
#pragma once

/* At least 1,000; two rounds of map_4k fill one page table. */
#define REPETITIONS 1024u

/** Calls between two address spaces: 0, 8 and 64 words. */
void bench_calls(void);

/** Null system call, signals, yield. */
void bench_switches(void);

/** From a fault to its handler in another address space, and back. */
void bench_faults(void);

/** A system call of a foreign thread, to its shim and back. */
void bench_foreign(void);
extern const char foreign_native[], foreign_entry[]; /* its native range, and the shim in it */

/** A device interrupt to a thread in another address space. */
void bench_interrupts(void);

/** Mapping and unmapping one page. */
void bench_memory(void);

/** A gigabyte shared page by page, as for a fork. */
void bench_share(void);
