/* SPDX-License-Identifier: MIT */
/*
 * A foreign thread for tests (docs/kernel/foreign.md): a program that makes no call of the kernel's, and the shim that its calls come to. What the
 * shim does is told by its page:
 * - quick 0: it keeps all registers in `saved` and waits; the test looks at them, changes them, and lets it go back (guest_go());
 * - quick 1: it answers by itself, with the number and 1; a number below 0 is GUEST_PAUSE or GUEST_SIGRETURN.
 */
#pragma once

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"
#endif

/* struct guest_page, for guest.S; asserted in guest.c. */
#define GUEST_GO 0
#define GUEST_QUICK 8
#define GUEST_ENTRIES 16
#define GUEST_FLAG 24
#define GUEST_BUSY 32
#define GUEST_HANDLER 40
#define GUEST_NATIVE 48
#define GUEST_IRET 56
#define GUEST_SAVED 888
#define GUEST_AX 1016
#define GUEST_FRAME 1024
#define GUEST_KEPT 1088
#define GUEST_KEPT_BYTES 184
#define GUEST_BASE 2048
#define GUEST_SHIM_AT 4096 /* the shim's code, from the page */
#define GUEST_WAIT 5       /* the system call's number */
#define GUEST_PAUSE (-1)
#define GUEST_SIGRETURN (-2)

#ifndef __ASSEMBLER__

/* As pushed at the entry; but for the first two, what the program goes on with. */
struct guest_registers {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, bp, di, si, dx, cx, bx, ax;
};

struct guest_page {
    uint64_t go; /* capability: what it waits for */
    volatile uint64_t quick;
    volatile uint64_t entries; /* how often something came to the shim */
    volatile uint64_t flag;    /* a handler is to be run before the program goes on */
    volatile uint64_t busy;    /* one runs: kept is in use */
    volatile uint64_t handler; /* where it is */
    volatile uint64_t native;  /* the last native call's result */
    uint64_t iret;             /* it goes back by iretq: not with SMAP in QEMU before 9.1 */
    uint64_t unused[(GUEST_SAVED - 64) / 8];
    uint64_t shim_flags, base; /* its own; what lay at %gs:0 */
    struct guest_registers saved;
    struct foreign_frame frame;
    struct guest_registers kept; /* of whom a handler interrupted */
    struct foreign_frame kept_frame;
    uint64_t unused_too[(GUEST_BASE - GUEST_KEPT - GUEST_KEPT_BYTES) / 8];
    uint64_t based[(4096 - GUEST_BASE) / 8]; /* where its gs base points to */
};

struct guest {
    cap_addr_t thread;
    cap_addr_t context;
    cap_addr_t bell;   /* ends the shim's wait */
    cap_addr_t frame;  /* of its page */
    cap_addr_t pinned; /* a copy of it: what set_foreign got */
    struct guest_page *page;
};

/*
 * The shim: [guest_shim, guest_shim_end), of which each thread has a copy behind its page: guest_at() says where. A native call's
 * instruction, followed by ud2, is at each end of it.
 */
extern const char guest_shim[], guest_low_after[], guest_entry[], guest_back[], guest_back_end[],
    guest_look[], guest_look_end[], guest_high[], guest_shim_end[];
/*
 * The program. guest_call: `syscall`, again and again. guest_count: r12 counts calls that were answered right, told at (r14). guest_once: one call,
 * and then it spins. guest_pause: waits for handlers, and counts them at (r14). guest_handler counts at 8(r14).
 */
extern const char guest_call[], guest_call_after[], guest_step[], guest_count[], guest_once[],
    guest_pause[], guest_handler[], guest_illegal[], guest_divide[], guest_load[], guest_store[],
    guest_jump[], guest_breakpoint[], guest_breakpoint_after[], guest_general[];

/** guest_at() - where a part of the shim is in the thread's copy. */
user_addr_t guest_at(const struct guest *guest, const char *part);

/** guest_make() - with time on that core, not started. has_fpu: it uses fs, too. guest_end() - it goes, and so do its pages. */
struct guest guest_make(uint32_t core, bool has_fpu);
void guest_end(struct guest *guest);
/** guest_foreign() - the thread becomes foreign, with the shim as its range, and the kinds of fault (a bit each) reflected. */
void guest_foreign(struct guest *guest, uint32_t faults);
/** guest_set() - all registers but rip, rsp and flags. */
void guest_set(const struct guest *guest, const struct guest_registers *registers);
/** guest_start(), guest_run() - from there on, with that rsp and those flags. */
void guest_start(const struct guest *guest, user_addr_t ip, uint64_t sp, uint64_t flags);
void guest_run(const struct guest *guest, const char *code, uint64_t sp, uint64_t flags);
/** guest_go() - the shim goes back. */
void guest_go(const struct guest *guest);
/** guest_info() - the thread's state, and kind and place of its last fault. */
struct guest_info {
    uint32_t state, fault;
    uint64_t address, ip;
};
struct guest_info guest_info(const struct guest *guest);
/** guest_signal() - runs the handler in the thread, as a server of such programs would: at once, or when the shim goes back. False: it was to run already. */
bool guest_signal(struct guest *guest);

#endif
