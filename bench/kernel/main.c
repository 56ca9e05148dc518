/* SPDX-License-Identifier: MIT */
/* The kernel's benchmarks: docs/bench.md says what each row measures. */
#include "bench.h"
#include "mark.h"
#include "peer.h"
#include "pith/debug.h"
#include "pith/start.h"

/* What the emulator takes as success when the machine is turned off with it: tools/qemu.py. */
enum { STATUS_SUCCESS = 0x10 };

int main(void)
{
    peers_init();
    bench_calls();
    bench_switches();
    bench_faults();
    bench_foreign();
    bench_interrupts();
    bench_memory();
    bench_share();
    peers_share_space();
    MARK_HIGHER();
    bench_calls();
    bench_switches();
    bench_faults();
    bench_interrupts();
    debug_printf("the benchmarks are done\n");
    return STATUS_SUCCESS;
}
