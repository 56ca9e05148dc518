/* SPDX-License-Identifier: MIT */
/* See registers.h. */
    .macro same register:req
    cmp %rdi, \register
    jne 2f
    .endm
    .text
    .globl keep_registers
keep_registers:
1:
    .irp register, %rax, %rbx, %rcx, %rdx, %rsi, %rbp, %rsp, %r8, %r9, %r10, %r11, %r12, %r13, %r14, %r15
    same \register
    .endr
    cmp %rdi, %fs:0
    jne 2f
    cmp %rdi, %gs:0
    jne 2f
    movq %xmm0, %rax
    test %rax, %rax /* at first there is none */
    jz 3f
    same %rax
3:
    movq %rdi, %xmm0
    mov %rdi, %rax
    jmp 1b
2:
    ud2
    .section .note.GNU-stack, "", @progbits
