/* SPDX-License-Identifier: MIT */
/*
 * Where locks are asked for, had and given back, for who counts from outside (bench/plugin/locks.c): addresses of instructions, in a
 * section that is not loaded. What must not be reached but through its mark gets an instruction of its own. docs/locking.md
 */
#pragma once

#define LOCK_WAITS_ALL 0
#define LOCK_ASKS_ALL 1
#define LOCK_ASKED_ALL 2 /* has it, and nobody went before it because it was not there */
#define LOCK_HAS_ALL 3   /* the lock of all; the cores' own come next */
#define LOCK_GIVES_ALL 4
#define LOCK_PASSES_ALL 5 /* has taken the turn from a core that is not there */
#define LOCK_WAITS_OWN 6
#define LOCK_ASKS_OWN 7
#define LOCK_ASKED_OWN 8
#define LOCK_HAS_OWN 9
#define LOCK_GIVES_OWN 10
#define LOCK_PASSES_OWN 11 /* goes before a core that asks for its own and is not there */
#define LOCK_SPINS 12      /* for another core, and no longer: */
#define LOCK_SPUN 13
#define LOCK_DECLINES 14 /* gives the lock of all back, for it cannot have all others at once */

/* In struct arch_core, in bytes: for on_vector (fast_locks.inc). */
#define OWN_LOCK_TO_WANTED 4

/* At the next instruction. */
#define LOCK_MARK(kind)                                                                            \
    __asm__ volatile("9: .pushsection .lock_marks, \"\", @progbits; .quad 9b, %c0\n\t"             \
                     ".popsection" ::"i"(kind)                                                     \
                     : "memory")

/* At a nop. */
#define LOCK_MARK_NOP(kind)                                                                        \
    __asm__ volatile("9: nop; .pushsection .lock_marks, \"\", @progbits; .quad 9b, %c0\n\t"        \
                     ".popsection" ::"i"(kind)                                                     \
                     : "memory")
