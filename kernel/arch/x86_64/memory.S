/* SPDX-License-Identifier: MIT */
/*
 * The four functions that compilers call on their own, for structs (GCC manual, 2.1, "Standards").
 * Eight bytes at a time, then the rest.
 */
    .text

/* void *memcpy(void *dst, const void *src, size_t count) */
    .globl memcpy
memcpy:
    movq %rdi, %rax
    movq %rdx, %rcx
    shrq $3, %rcx
    rep movsq
    movl %edx, %ecx
    andl $7, %ecx
    rep movsb
    ret

/* void *memmove(void *dst, const void *src, size_t count) */
    .globl memmove
memmove:
    movq %rdi, %rax
    subq %rsi, %rax
    cmpq %rdx, %rax
    jae memcpy
    movq %rdi, %rax
    leaq -1(%rdi, %rdx), %rdi
    leaq -1(%rsi, %rdx), %rsi
    movq %rdx, %rcx
    std
    rep movsb
    cld
    ret

/* void *memset(void *dst, int byte, size_t count) */
    .globl memset
memset:
    movq %rdi, %r9
    movzbl %sil, %eax
    movabsq $0x0101010101010101, %rcx
    imulq %rcx, %rax
    movq %rdx, %rcx
    shrq $3, %rcx
    rep stosq
    movl %edx, %ecx
    andl $7, %ecx
    rep stosb
    movq %r9, %rax
    ret

/* int memcmp(const void *a, const void *b, size_t count) */
    .globl memcmp
memcmp:
    xorl %eax, %eax
    movq %rdx, %rcx
    cmpq %rcx, %rcx
    repe cmpsb
    je 1f
    movzbl -1(%rdi), %eax
    movzbl -1(%rsi), %ecx
    subl %ecx, %eax
1:  ret

    .section .note.GNU-stack, "", @progbits
