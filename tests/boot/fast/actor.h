/* SPDX-License-Identifier: MIT */
/*
 * A thread that makes a row of system calls, each with every register given and every register noted afterwards. Its code and
 * its page stand at the same address in each space that it may run in. When the row is over it stops with ud2.
 */
#pragma once

/* struct actor_page; actor.c... the numbers for actor.S, asserted in cast.c. */
#define ACTOR_NEXT 0
#define ACTOR_COUNT 8
#define ACTOR_SELF 16
#define ACTOR_USES_FPU 24
#define ACTOR_USES_FS 32
#define ACTOR_STEPS 64
#define STEP_BYTES 208
#define STEP_AX 0
#define STEP_BX 8
#define STEP_CX 16
#define STEP_DX 24
#define STEP_SI 32
#define STEP_DI 40
#define STEP_BP 48
#define STEP_R8 56
#define STEP_R9 64
#define STEP_R10 72
#define STEP_R11 80
#define STEP_R12 88
#define STEP_R13 96
#define STEP_R14 104
#define STEP_R15 112
#define STEP_FLAGS 120
#define STEP_SP 128
#define STEP_SPIN 136
#define STEP_BASE 144
#define STEP_XMM0 160
#define STEP_XMM15 176

#ifndef __ASSEMBLER__

#include <stdint.h>

enum { STEPS_MAX = 5 };

/* What goes in, and in the same place what came out. */
struct step {
    uint64_t ax, bx, cx, dx, si, di, bp, r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t flags;
    uint64_t sp;   /* out only */
    uint64_t spin; /* rounds before the call */
    uint64_t base; /* out only: what lies at %fs:ACTOR_SELF */
    uint64_t unused;
    uint64_t xmm0[2], xmm15[2];
    uint64_t padding[2];
};

struct actor_page {
    uint64_t next; /* the step to be made; those before have been */
    uint64_t count;
    uint64_t self;
    uint64_t uses_fpu, uses_fs;
    uint64_t unused[3];
    struct step steps[STEPS_MAX];
    uint64_t stack[];
};

extern const char actor_code[], actor_code_end[];

#endif
