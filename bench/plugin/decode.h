/* SPDX-License-Identifier: MIT */
/* Which x86-64 instructions cost more than their count says. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an instruction is, besides one more to count. */
enum {
    INSN_CR3_WRITE = 1 << 0,
    INSN_INVLPG = 1 << 1,      /* and invpcid */
    INSN_ATOMIC = 1 << 2,      /* a lock prefix, or xchg with memory */
    INSN_SERIALISING = 1 << 3, /* as the manual lists them: volume 3A, 9.3 */
    INSN_HALT = 1 << 4,
    INSN_LETS_IN =
        1 << 5, /* sti, iret, sysret: interrupts that wait are taken behind it, or one further */
};

/** insn_kind() - the flags above for one whole instruction of 64-bit code. */
unsigned insn_kind(const uint8_t *bytes, size_t length);

/**
 * insn_is_marker() - whether it is `nopl 0x5049XXXX(%rax)`, the mark of a benchmark.
 * @code: receives XXXX: the row's number times two, plus one at the end of what is measured.
 */
bool insn_is_marker(const uint8_t *bytes, size_t length, unsigned *code);
