/* SPDX-License-Identifier: MIT */
/* The stack as fatal in entry.S leaves it. */
#pragma once

#include <stdint.h>

struct fatal_frame {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

/** The panic that follows prints these registers and where they came from. Borrows. */
void panic_frame_set(const struct fatal_frame *frame);
