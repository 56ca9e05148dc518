/* SPDX-License-Identifier: MIT */
/* The stack as fatal and arch_panic in entry.S leave it. */
#pragma once

#include <stdint.h>

/* vector is FATAL_VECTOR_NONE (offsets.h) if the kernel found it out, and called arch_panic(). */

struct fatal_frame {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

/**
 * The panic that follows prints these registers and where they came from. One in the middle of another's last words, or on another
 * core, leaves those of the first. Borrows.
 */
void panic_frame_set(const struct fatal_frame *frame);

/** What arch_panic() calls. Borrows. */
_Noreturn void panic_from_code(const char *text, const char *file, uint32_t line,
                               const struct fatal_frame *frame);
