/* SPDX-License-Identifier: MIT */
/* The registers of a thread on the simulated machine: those of x86-64, by the names of arch/arch.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct arch_registers {
    uint64_t words[8];
    uint64_t op;
    uint64_t info;
    uint64_t time;
    uint64_t bits;
    uint64_t ip;
    uint64_t sp;
    uint64_t flags;
    uint64_t bp;
    uint64_t fs_base;
    uint64_t gs_base;
    uint64_t lost[2]; /* rcx and r11 */
};

#define HOST_REGISTER_COUNT 20u
#define HOST_FLAG_TRAP 0x100u
#define ARCH_SYSCALL_BYTES 2u /* length of the instruction that a restart goes back over */
#define ARCH_FLAGS_PLAIN 0u

/* What a thread keeps for the machine: who holds the floating-point unit is known per core. */
struct arch_thread {
    bool was_entered; /* and not forgotten since */
};
