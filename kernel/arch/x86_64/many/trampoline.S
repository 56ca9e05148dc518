/* SPDX-License-Identifier: MIT */
/*
 * Another core's first instructions (SDM volume 3, 8.4.4: real mode, at the page that the start interrupt names), copied to
 * OTHERS_START. It goes through the page tables of boot.S, which map the first 4 GiB one to one, to the kernel's own.
 */
#include "offsets.h"

#define PHYS(symbol) ((symbol) - KERNEL_OFFSET)
#define HERE(symbol) ((symbol) - others_code + OTHERS_START)

#define CR0_PE  0x00000001
#define CR0_PG  0x80000000
#define CR4_PAE 0x00000020
#define MSR_EFER 0xc0000080
#define EFER_LME_NXE 0x00000900

    .section .rodata
    .balign 16
    .globl others_code, others_code_end
    .code16
others_code:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ds
    lgdtl HERE(others_gdt_pointer)
    movl %cr0, %eax
    orl $CR0_PE, %eax
    movl %eax, %cr0
    ljmpl $0x18, $HERE(others_32)

    .code32
others_32:
    movw $0x10, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl %cr4, %eax
    orl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $PHYS(boot_root), %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME_NXE, %eax
    wrmsr
    movl %cr0, %eax
    orl $(CR0_PG | CR0_PE), %eax
    movl %eax, %cr0
    ljmpl $0x08, $HERE(others_64)

    .code64
others_64:
    movabsq $others_upper, %rax
    jmp *%rax

    .balign 8
others_gdt:
    .quad 0
    .quad 0x00af9a000000ffff /* 64-bit code */
    .quad 0x00cf92000000ffff /* data */
    .quad 0x00cf9a000000ffff /* 32-bit code */
others_gdt_pointer:
    .word . - others_gdt - 1
    .long HERE(others_gdt)
others_code_end:

    .text
others_upper:
    movq others_begin(%rip), %rax
    movq %rax, %cr3
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %eax, %fs
    movl %eax, %gs
    movq others_begin+8(%rip), %rsp
    movq others_begin+16(%rip), %rdi
    xorl %ebp, %ebp
    call arch_start_other
    ud2

    .section .note.GNU-stack, "", @progbits
