/* SPDX-License-Identifier: MIT */
/* The kernel for several cores. docs/locking.md */
#pragma once

#define ARCH_CORES 64u /* so many can be used at most */
#define ARCH_FAST_ENTRY 1 /* fast.S, not ipc/fast.c */

/*
 * fast.S: the core's own lock, at once or not at all (contended; uses rcx); the server is of this core (uses rax); so is the
 * endpoint, where no caller of another core waits (uses rcx).
 */
#define FAST_ENTER(contended)                                                                      \
    movl $1, %ecx;                                                                                \
    xchgb %cl, %gs:CORE_OWN_LOCK;                                                              \
    testb %cl, %cl;                                                                              \
    jnz contended
#define FAST_IS_HERE(server, otherwise)                                                            \
    movq THREAD_HOME(server), %rax;                                                               \
    cmpq %gs:CORE_SELF, %rax;                                                                  \
    jne otherwise
#define FAST_IS_OURS(endpoint, otherwise)                                                          \
    movq ENDPOINT_HOME(endpoint), %rcx;                                                           \
    cmpq %gs:CORE_SELF, %rcx;                                                                  \
    jne otherwise;                                                                                 \
    cmpq $0, ENDPOINT_PLAIN(endpoint);                                                             \
    jne otherwise
#define FAST_LEAVE movb $0, %gs:CORE_OWN_LOCK

/* What entry.S calls: each of them takes the locks it needs, and gives them back. */
#define ARCH_ON_SYSCALL locked_on_syscall
#define ARCH_ON_VECTOR locked_on_vector
#define ARCH_LEAVE_SLOWLY locked_leave_slowly
