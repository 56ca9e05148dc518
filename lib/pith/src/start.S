/* SPDX-License-Identifier: MIT */
/* Where a program begins: rsp is the top of its stack, all else means nothing. */
    .section .text.start, "ax"
    .global _start
    .type _start, @function
_start:
    xor %ebp, %ebp
    /* The top of each stack is its thread's struct thread_block: pith/thread.h. */
    sub $64, %rsp
    mov %rsp, %rdi
    and $-16, %rsp
    call program_start
    ud2
    .size _start, . - _start

/* Where a further thread begins: rsp points at its struct thread_block. */
    .text
    .global thread_entry
    .type thread_entry, @function
thread_entry:
    xor %ebp, %ebp
    mov %rsp, %rdi
    and $-16, %rsp
    call thread_begin
    ud2
    .size thread_entry, . - thread_entry

    .section .note.GNU-stack, "", @progbits
