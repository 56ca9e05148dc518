/* SPDX-License-Identifier: MIT */
/*
 * The same rows on Linux, by the same marks (bench/marks): one static program, the first of the system. What
 * each row measures is said in docs/bench.md.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum row {
    ROW_READ_4K_CACHED = 0,
    ROW_READ_1M_WARM = 1,
    ROW_READ_4K_UNCACHED = 2,
    ROW_READ_1M_COLD = 3,
    ROW_TCP_PINGPONG = 4,
    ROW_TCP_BULK = 5,
    ROW_PROGRAM = 6,
};

/** must() - ends the machine with a message if it is false. */
void must(int is_true, const char *what);

/** child() - a process that runs this function and ends with it. */
int child(void (*run)(void *), void *argument);

void bench_files(void);
void bench_net(void);
void bench_program(void);

/** serve() - files of the disk by HTTP, for ever. */
void serve(void);
