/* SPDX-License-Identifier: MIT */
/*
 * A system call that is not the kernel's (docs/kernel/foreign.md): to the entry stub, and with the way back of a shim that has nothing to do. The
 * foreign part of the program lies before all that makes native calls, and what is behind its `syscall` is the native range.
 */
#include "bench.h"
#include "mark.h"
#include "peer.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"

#define GETPID 39u
#define USER_END 0x7ffffffff000ull

/* rsp: the frame. */
__asm__(".text\n"
        ".globl foreign_entry\n"
        "foreign_entry:\n"
        "    movl $4711, %eax\n"
        "    movq (%rsp), %rcx\n"
        "    movq 16(%rsp), %r11\n"
        "    pushq %r11\n"
        "    popfq\n"
        "    movq 24(%rsp), %rsp\n"
        "    jmp *%rcx\n");

static __attribute__((section(".text.start"), noinline)) void foreign_run(void)
{
    for (uint32_t i = 0; i < REPETITIONS; i++) {
        uint64_t result = GETPID;

        MARK_BEGIN(ROW_FOREIGN);
        __asm__ volatile("syscall\n"
                         ".globl foreign_native\n"
                         "foreign_native:"
                         : "+a"(result)
                         :
                         : "rcx", "r11", "cc", "memory");
        MARK_END(ROW_FOREIGN);
        if (result != 4711) {
            peer_sleep(); /* and the benchmark never ends */
        }
    }
    peer_finish();
}

void bench_foreign(void)
{
    struct peer_spec spec = {
        .entry = foreign_run, .rank = PEER_RANK_HIGH, .priority = PEER_PRIORITY, .has_fpu = true
    };

    peer_start_foreign(&spec, (uintptr_t)foreign_native, USER_END - (uintptr_t)foreign_native,
                       (uintptr_t)foreign_entry);
    peers_wait();
}
