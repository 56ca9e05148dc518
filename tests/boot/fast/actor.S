/* SPDX-License-Identifier: MIT */
/* See actor.h. rdi: the actor's page, which rsp points into. */
#include "actor.h"

    .text
    .balign 4096
    .globl actor_code, actor_code_end
actor_code:
    pushq %rdi
next:
    movq (%rsp), %rdi
    movq ACTOR_NEXT(%rdi), %rax
    cmpq ACTOR_COUNT(%rdi), %rax
    jae over
    imulq $STEP_BYTES, %rax, %rsi
    leaq ACTOR_STEPS(%rdi,%rsi), %rsi
    pushq %rsi
    movq STEP_SPIN(%rsi), %rcx
1:
    subq $1, %rcx
    jns 1b
    cmpq $0, ACTOR_USES_FPU(%rdi)
    je 2f
    movdqu STEP_XMM0(%rsi), %xmm0
    movdqu STEP_XMM15(%rsi), %xmm15
2:
    movq STEP_AX(%rsi), %rax
    movq STEP_BX(%rsi), %rbx
    movq STEP_CX(%rsi), %rcx
    movq STEP_DX(%rsi), %rdx
    movq STEP_DI(%rsi), %rdi
    movq STEP_BP(%rsi), %rbp
    movq STEP_R8(%rsi), %r8
    movq STEP_R9(%rsi), %r9
    movq STEP_R10(%rsi), %r10
    movq STEP_R11(%rsi), %r11
    movq STEP_R12(%rsi), %r12
    movq STEP_R13(%rsi), %r13
    movq STEP_R14(%rsi), %r14
    movq STEP_R15(%rsi), %r15
    pushq STEP_FLAGS(%rsi)
    movq STEP_SI(%rsi), %rsi
    popfq
    syscall
    pushq %rax
    pushfq
    movq 16(%rsp), %rax
    popq STEP_FLAGS(%rax)
    popq STEP_AX(%rax)
    cld
    movq %rbx, STEP_BX(%rax)
    movq %rcx, STEP_CX(%rax)
    movq %rdx, STEP_DX(%rax)
    movq %rsi, STEP_SI(%rax)
    movq %rdi, STEP_DI(%rax)
    movq %rbp, STEP_BP(%rax)
    movq %r8, STEP_R8(%rax)
    movq %r9, STEP_R9(%rax)
    movq %r10, STEP_R10(%rax)
    movq %r11, STEP_R11(%rax)
    movq %r12, STEP_R12(%rax)
    movq %r13, STEP_R13(%rax)
    movq %r14, STEP_R14(%rax)
    movq %r15, STEP_R15(%rax)
    movq %rsp, STEP_SP(%rax)
    addq $8, %rsp
    movq (%rsp), %rdi
    cmpq $0, ACTOR_USES_FPU(%rdi)
    je 3f
    movdqu %xmm0, STEP_XMM0(%rax)
    movdqu %xmm15, STEP_XMM15(%rax)
3:
    cmpq $0, ACTOR_USES_FS(%rdi)
    je 4f
    movq %fs:ACTOR_SELF, %rcx
    movq %rcx, STEP_BASE(%rax)
4:
    addq $1, ACTOR_NEXT(%rdi)
    jmp next
over:
    ud2
actor_code_end:
    .balign 4096

    .section .note.GNU-stack, "", @progbits
