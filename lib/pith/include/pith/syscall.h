/* SPDX-License-Identifier: MIT */
/*
 * The system calls of x86-64, by the table of registers in docs/abi.md. Everything is inlined:
 * where a count of words is a constant, only those registers are set, and words[] that does not
 * escape is never stored.
 * A call that returns a message overwrites all eight word registers; signal, wait, poll and yield
 * return none and keep them.
 * Size: one function per system call; their parameters are the registers of the ABI.
 * Whatever a call does, rax, rdi, rsi, rdx, rcx and r11 are overwritten.
 */
#pragma once

#include <stdint.h>

#include "abi/errors.h"
#include "abi/kernel_calls.h"
#include "abi/types.h"

#define SYSCALL_INLINE static inline __attribute__((always_inline))

/* Gives a register some value without an instruction: the kernel ignores it. */
#define SYSCALL_ANY(variable) __asm__ volatile("" : "=r"(variable))

SYSCALL_INLINE uint64_t syscall_op(uint32_t number, cap_addr_t cap)
{
    return number | (uint64_t)cap << 32;
}

/* What comes back beside error and words. */
struct syscall_out {
    msg_info_t info;
    uint64_t badge;
    uint64_t bits;
};

#define SYSCALL_WORDS_IN(i, variable)                                                              \
    if (sent > (i)) {                                                                              \
        (variable) = words[i];                                                                     \
    } else {                                                                                       \
        SYSCALL_ANY(variable);                                                                     \
    }
#define SYSCALL_WORDS_OUT(i, variable)                                                             \
    if (returned > (i)) {                                                                          \
        words[i] = (variable);                                                                     \
    }

/**
 * syscall_message() - any system call that sends or returns a message.
 * @words: the first `sent` are sent; the first `returned` are overwritten, even after an error.
 */
SYSCALL_INLINE MUST_CHECK err_t syscall_message(uint64_t op, msg_info_t info, uint64_t deadline,
                                                uint64_t mask, uint32_t sent, uint32_t returned,
                                                uint64_t *words, struct syscall_out *out)
{
    register uint64_t w0 __asm__("rbx");
    register uint64_t w1 __asm__("r8");
    register uint64_t w2 __asm__("r9");
    register uint64_t w3 __asm__("r10");
    register uint64_t w4 __asm__("r12");
    register uint64_t w5 __asm__("r13");
    register uint64_t w6 __asm__("r14");
    register uint64_t w7 __asm__("r15");

    SYSCALL_WORDS_IN(0, w0)
    SYSCALL_WORDS_IN(1, w1)
    SYSCALL_WORDS_IN(2, w2)
    SYSCALL_WORDS_IN(3, w3)
    SYSCALL_WORDS_IN(4, w4)
    SYSCALL_WORDS_IN(5, w5)
    SYSCALL_WORDS_IN(6, w6)
    SYSCALL_WORDS_IN(7, w7)
    __asm__ volatile("syscall"
                     : "+a"(op), "+D"(info), "+S"(deadline), "+d"(mask), "+r"(w0), "+r"(w1),
                       "+r"(w2), "+r"(w3), "+r"(w4), "+r"(w5), "+r"(w6), "+r"(w7)
                     :
                     : "rcx", "r11", "cc", "memory");
    SYSCALL_WORDS_OUT(0, w0)
    SYSCALL_WORDS_OUT(1, w1)
    SYSCALL_WORDS_OUT(2, w2)
    SYSCALL_WORDS_OUT(3, w3)
    SYSCALL_WORDS_OUT(4, w4)
    SYSCALL_WORDS_OUT(5, w5)
    SYSCALL_WORDS_OUT(6, w6)
    SYSCALL_WORDS_OUT(7, w7)
    out->info = info;
    out->badge = deadline;
    out->bits = mask;
    return (err_t)op;
}

/**
 * syscall_method() - call a method of a kernel object, or of a program that stands in for one.
 * @words: as syscall_message(); may be NULL when both counts are 0.
 */
SYSCALL_INLINE MUST_CHECK err_t syscall_method(uint32_t number, cap_addr_t target, uint32_t label,
                                               uint32_t sent, uint32_t returned, uint64_t *words)
{
    struct syscall_out out;
    uint64_t mask;

    SYSCALL_ANY(mask);
    return syscall_message(syscall_op(number, target), MSG_INFO(label, sent, 0), DEADLINE_NEVER,
                           mask, sent, returned, words, &out);
}

/**
 * ipc_call_method() - call an op of a protocol: the label of the reply is the server's error.
 * @words: as syscall_message().
 */
SYSCALL_INLINE MUST_CHECK err_t ipc_call_method(cap_addr_t server, uint32_t label, ns_t deadline,
                                                uint32_t sent, uint32_t returned, uint64_t *words)
{
    struct syscall_out out;
    uint64_t mask;
    err_t err;

    SYSCALL_ANY(mask);
    err = syscall_message(syscall_op(SYSCALL_CALL, server), MSG_INFO(label, sent, 0), deadline,
                          mask, sent, returned, words, &out);
    return err != ERR_OK ? err : (err_t)MSG_LABEL(out.info);
}

/* --- Messages. info and words are overwritten by the answer, whatever the call returns. --- */

/**
 * ipc_call() - send a message and wait for the reply.
 * @deadline: absolute, in ns since boot; DEADLINE_NEVER: none.
 */
SYSCALL_INLINE MUST_CHECK err_t ipc_call(cap_addr_t endpoint, msg_info_t *info, uint64_t words[8],
                                         ns_t deadline)
{
    struct syscall_out out;
    uint64_t mask;
    err_t err;

    SYSCALL_ANY(mask);
    err = syscall_message(syscall_op(SYSCALL_CALL, endpoint), *info, deadline, mask, 8, 8, words,
                          &out);
    *info = out.info;
    return err;
}

/** ipc_call_0w() - ipc_call() without words; those of the reply are lost. */
SYSCALL_INLINE MUST_CHECK err_t ipc_call_0w(cap_addr_t endpoint, uint32_t label, ns_t deadline)
{
    struct syscall_out out;
    uint64_t mask;

    SYSCALL_ANY(mask);
    return syscall_message(syscall_op(SYSCALL_CALL, endpoint), MSG_INFO(label, 0, 0), deadline,
                           mask, 0, 0, (uint64_t *)0, &out);
}

/** ipc_call_8w() - ipc_call() with eight words each way; *info is not read back. */
SYSCALL_INLINE MUST_CHECK err_t ipc_call_8w(cap_addr_t endpoint, uint32_t label, uint64_t words[8],
                                            ns_t deadline)
{
    msg_info_t info = MSG_INFO(label, 8, 0);

    return ipc_call(endpoint, &info, words, deadline);
}

/**
 * ipc_reply_receive() - answer the call that this thread serves, if any, then receive the next.
 * @info: the reply's; then that of the call, or label MSG_LABEL_NOTIFIED with the bits in *bits.
 * @mask: bits of the bound notification that end the wait too.
 */
SYSCALL_INLINE MUST_CHECK err_t ipc_reply_receive(cap_addr_t endpoint, msg_info_t *info,
                                                  uint64_t words[8], uint64_t *badge,
                                                  uint64_t *bits, ns_t deadline, uint64_t mask)
{
    struct syscall_out out;
    err_t err = syscall_message(syscall_op(SYSCALL_REPLY_RECEIVE, endpoint), *info, deadline, mask,
                                8, 8, words, &out);

    *info = out.info;
    if (err == ERR_OK) {
        *badge = out.badge;
        *bits = out.bits;
    }
    return err;
}

/** ipc_reply_receive_0w() - reply with no words; words of the call are lost, info and badge too. */
SYSCALL_INLINE MUST_CHECK err_t ipc_reply_receive_0w(cap_addr_t endpoint, ns_t deadline)
{
    struct syscall_out out;

    return syscall_message(syscall_op(SYSCALL_REPLY_RECEIVE, endpoint), MSG_INFO(0, 0, 0), deadline,
                           0, 0, 0, (uint64_t *)0, &out);
}

/** ipc_receive() - wait for a call or for bits of the bound notification under the mask. */
SYSCALL_INLINE MUST_CHECK err_t ipc_receive(cap_addr_t endpoint, msg_info_t *info,
                                            uint64_t words[8], uint64_t *badge, uint64_t *bits,
                                            ns_t deadline, uint64_t mask)
{
    struct syscall_out out;
    err_t err;

    SYSCALL_ANY(out.info);
    err = syscall_message(syscall_op(SYSCALL_RECEIVE, endpoint), out.info, deadline, mask, 0, 8,
                          words, &out);
    *info = out.info;
    if (err == ERR_OK) {
        *badge = out.badge;
        *bits = out.bits;
    }
    return err;
}

/** ipc_reply() - answer the call that this thread serves (cap 0), or that a reply object holds. */
SYSCALL_INLINE MUST_CHECK err_t ipc_reply(cap_addr_t cap, msg_info_t info, const uint64_t words[8])
{
    struct syscall_out out;
    uint64_t unused;

    SYSCALL_ANY(unused);
    return syscall_message(syscall_op(SYSCALL_REPLY, cap), info, unused, unused, 8, 0,
                           (uint64_t *)(uintptr_t)words, &out);
}

/* --- Notifications and the rest. --- */

/** syscall_plain() - a call without a message. The word registers keep their values. */
SYSCALL_INLINE MUST_CHECK err_t syscall_plain(uint64_t op, uint64_t *mask)
{
    uint64_t bits = *mask;
    uint64_t info;
    uint64_t badge;

    __asm__ volatile("syscall"
                     : "+a"(op), "=D"(info), "=S"(badge), "+d"(bits)
                     :
                     : "rcx", "r11", "cc", "memory");
    *mask = bits;
    return (err_t)op;
}

/** notification_signal() - set the capability's badge bits. */
SYSCALL_INLINE MUST_CHECK err_t notification_signal(cap_addr_t notification)
{
    uint64_t unused;

    SYSCALL_ANY(unused);
    return syscall_plain(syscall_op(SYSCALL_SIGNAL, notification), &unused);
}

/**
 * notification_wait() - wait until there are bits under the mask, and take them; of those of timers with a period at most 8.
 * @lend_cap: a thread to lend time to meanwhile (right LEND); 0: none.
 */
SYSCALL_INLINE MUST_CHECK err_t notification_wait(cap_addr_t notification, uint64_t mask,
                                                  ns_t deadline, cap_addr_t lend_cap,
                                                  uint64_t *bits)
{
    uint64_t op = syscall_op(SYSCALL_WAIT, notification);
    uint64_t info = MSG_INFO(0, 1, 0);
    register uint64_t w0 __asm__("rbx") = lend_cap;

    __asm__ volatile("syscall"
                     : "+a"(op), "+D"(info), "+S"(deadline), "+d"(mask), "+r"(w0)
                     :
                     : "rcx", "r11", "cc", "memory");
    if (op == ERR_OK) {
        *bits = mask;
    }
    return (err_t)op;
}

/** notification_poll() - take the bits under the mask that are there now; of those of timers with a period at most 8. */
SYSCALL_INLINE MUST_CHECK err_t notification_poll(cap_addr_t notification, uint64_t mask,
                                                  uint64_t *bits)
{
    err_t err = syscall_plain(syscall_op(SYSCALL_POLL, notification), &mask);

    if (err == ERR_OK) {
        *bits = mask;
    }
    return err;
}

/** thread_yield() - let others of the same priority run. */
SYSCALL_INLINE MUST_CHECK err_t thread_yield(void)
{
    uint64_t unused;

    SYSCALL_ANY(unused);
    return syscall_plain(syscall_op(SYSCALL_YIELD, 0), &unused);
}

/** abi_version() - the kernel's ABI hash, to compare with ABI_HASH. */
SYSCALL_INLINE MUST_CHECK err_t abi_version(uint64_t *hash)
{
    struct syscall_out out;
    uint64_t unused;
    uint64_t words[8];
    err_t err;

    SYSCALL_ANY(unused);
    err = syscall_message(syscall_op(SYSCALL_ABI_VERSION, 0), unused, unused, unused, 0, 1, words,
                          &out);
    if (err == ERR_OK) {
        *hash = words[0];
    }
    return err;
}
