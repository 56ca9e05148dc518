/* SPDX-License-Identifier: MIT */
/*
 * long __syscall_cp_asm(volatile int *cancel, long number, long a1 .. a6): a system call at which a thread
 * may be cancelled. musl looks whether a thread stopped between __cp_begin and __cp_end.
 */
    .text
    .global __syscall_cp_asm, __cp_begin, __cp_end, __cp_cancel
    .hidden __syscall_cp_asm, __cp_begin, __cp_end, __cp_cancel, __cancel
    .type __syscall_cp_asm, @function
__syscall_cp_asm:
__cp_begin:
    mov (%rdi), %eax
    test %eax, %eax
    jnz __cp_cancel
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    mov %r8, %rcx
    mov %r9, %r8
    mov 8(%rsp), %r9
    mov 16(%rsp), %rax
    push %rax
    call pith_syscall
    add $8, %rsp
__cp_end:
    ret
__cp_cancel:
    jmp __cancel
    .size __syscall_cp_asm, . - __syscall_cp_asm

    .section .note.GNU-stack, "", @progbits
