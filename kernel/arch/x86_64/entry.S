/* SPDX-License-Identifier: MIT */
/*
 * Into the kernel and out of it. Interrupts are off in here. While the kernel runs, gs points to
 * the core and KERNEL_GS_BASE holds the user's gs base; the stack is the core's one stack, always
 * empty when we enter and when we leave.
 */
#include "arch_impl/cores.h"
#include "offsets.h"
#include "offsets_gen.h"

    .text

/* The registers from rdx on, and what C is called with: the core. */
    .macro push_rest
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rax
    pushq %r15
    pushq %r14
    pushq %r13
    pushq %r12
    pushq %r10
    pushq %r9
    pushq %r8
    pushq %rbx
    movq %gs:CORE_STACK_TOP, %rsp
    movq %gs:CORE_SELF, %rdi
    .endm

/* SDM volume 2, SYSCALL: rcx holds rip, r11 rflags; the stack is still the user's. In front of this stands fast.S. */
    .globl arch_syscall_entry
    .balign 64
arch_syscall_entry:
    swapgs
    movq %rsp, %gs:CORE_SCRATCH
    movq %gs:CORE_CURRENT, %rsp
    addq $REGISTERS_PUSHED, %rsp
    pushq %gs:CORE_SCRATCH
    pushq %r11
    pushq %rcx
    subq (THREAD_NATIVE_START - REGISTERS_IP)(%rsp), %rcx
    cmpq (THREAD_NATIVE_BYTES - REGISTERS_IP)(%rsp), %rcx
    jae arch_foreign
    pushq %rbp
/* fast.S comes here when it has saved so much. */
    .globl arch_syscall_saved
arch_syscall_saved:
    push_rest
    call ARCH_ON_SYSCALL

/* Resume core->current, whoever that is by now. */
    .globl arch_leave
arch_leave:
    cmpb $0, %gs:CORE_PENDING_ANY
    jne leave_slowly
    movq %gs:CORE_CURRENT, %rsp
    testq %rsp, %rsp
    jz leave_slowly
    cmpb $0, REGISTERS_MUST_IRET(%rsp)
    jne leave_by_iret
    popq %rbx
    popq %r8
    popq %r9
    popq %r10
    popq %r12
    popq %r13
    popq %r14
    popq %r15
    popq %rax
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rbp
    popq %rcx
    popq %r11
    popq %rsp
    swapgs
    sysretq

leave_slowly:
    movq %gs:CORE_STACK_TOP, %rsp
    movq %gs:CORE_SELF, %rdi
    call ARCH_LEAVE_SLOWLY
    jmp arch_leave

/* All registers, and flags with TF, which sysret would not restore in time. */
leave_by_iret:
    movq %rsp, %rdi
    movq %gs:CORE_STACK_TOP, %rsp
    movb $0, REGISTERS_MUST_IRET(%rdi)
    pushq $SEGMENT_USER_DATA
    pushq REGISTERS_SP(%rdi)
    pushq REGISTERS_FLAGS(%rdi)
    pushq $SEGMENT_USER_CODE
    pushq REGISTERS_IP(%rdi)
    movq REGISTERS_BX(%rdi), %rbx
    movq REGISTERS_R8(%rdi), %r8
    movq REGISTERS_R9(%rdi), %r9
    movq REGISTERS_R10(%rdi), %r10
    movq REGISTERS_R12(%rdi), %r12
    movq REGISTERS_R13(%rdi), %r13
    movq REGISTERS_R14(%rdi), %r14
    movq REGISTERS_R15(%rdi), %r15
    movq REGISTERS_AX(%rdi), %rax
    movq REGISTERS_SI(%rdi), %rsi
    movq REGISTERS_DX(%rdi), %rdx
    movq REGISTERS_BP(%rdi), %rbp
    movq REGISTERS_CX(%rdi), %rcx
    movq REGISTERS_R11(%rdi), %r11
    movq REGISTERS_DI(%rdi), %rdi
    swapgs
    iretq

/* From fast.S: a system call that is not native, as an exception at its instruction. rsp is where the thread's rip is. */
    .globl arch_foreign_slowly
arch_foreign_slowly:
    subq $FOREIGN_SYSCALL_BYTES, (%rsp)
    pushq %rbp
    push_rest
    movl $VECTOR_FOREIGN, %esi
    xorl %edx, %edx
    call ARCH_ON_VECTOR
    jmp arch_leave

/*
 * Interrupts and exceptions. The stack holds vector, error, rip, cs, rflags, rsp, ss; it is the
 * core's, or one of the stacks that #DB, NMI, #DF and #MC always get.
 */
    .globl arch_interrupt_common
interrupt_common:
arch_interrupt_common:
    .globl arch_clac_place
arch_clac_place:
    .byte 0x0f, 0x1f, 0x00 /* a no-op as long as clac, which boot puts here if there is SMAP */
    cld
    testb $3, 24(%rsp)
    jz interrupt_in_kernel
    swapgs
    lfence /* or the branch, mispredicted, goes on with the user's gs (CVE-2019-1125); */
    pushq %rdi
    movq %gs:CORE_CURRENT, %rdi
    popq REGISTERS_DI(%rdi)
    movq %rbx, REGISTERS_BX(%rdi)
    movq %r8, REGISTERS_R8(%rdi)
    movq %r9, REGISTERS_R9(%rdi)
    movq %r10, REGISTERS_R10(%rdi)
    movq %r12, REGISTERS_R12(%rdi)
    movq %r13, REGISTERS_R13(%rdi)
    movq %r14, REGISTERS_R14(%rdi)
    movq %r15, REGISTERS_R15(%rdi)
    movq %rax, REGISTERS_AX(%rdi)
    movq %rsi, REGISTERS_SI(%rdi)
    movq %rdx, REGISTERS_DX(%rdi)
    movq %rbp, REGISTERS_BP(%rdi)
    movq %rcx, REGISTERS_CX(%rdi)
    movq %r11, REGISTERS_R11(%rdi)
    movb $1, REGISTERS_MUST_IRET(%rdi)
    popq %rsi
    popq %rdx
    popq REGISTERS_IP(%rdi)
    addq $8, %rsp
    popq REGISTERS_FLAGS(%rdi)
    popq REGISTERS_SP(%rdi)
    movq %gs:CORE_STACK_TOP, %rsp
    movq %gs:CORE_SELF, %rdi
    call ARCH_ON_VECTOR
    jmp arch_leave

/* An interrupt here came in a window that the kernel opened: note it, for the way out. */
interrupt_in_kernel:
    lfence /* or without swapgs */
    cmpq $VECTOR_EXCEPTIONS, (%rsp)
    jb fatal
    pushq %rax
    movq 8(%rsp), %rax
    btsq %rax, %gs:CORE_PENDING
    movb $1, %gs:CORE_PENDING_ANY
    popq %rax
    addq $16, %rsp
    iretq

/* struct fatal_frame (fatal.h), from rax to r15. */
    .macro push_general
    pushq %r15
    pushq %r14
    pushq %r13
    pushq %r12
    pushq %r11
    pushq %r10
    pushq %r9
    pushq %r8
    pushq %rbp
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq %rbx
    pushq %rax
    .endm

/* NMI, #DF and #MC, from anywhere, and exceptions in the kernel: the end. */
fatal_from_anywhere:
    cld
    testb $3, 24(%rsp)
    jz fatal
    swapgs
fatal:
    push_general
    movq %rsp, %rdi
    movq %rsp, %rsi /* the last word of one of the four stacks: see arch_ist_core_place */
    orq $4095, %rsi
    subq $7, %rsi
    andq $-16, %rsp
    call arch_on_fatal
    ud2

/*
 * void arch_panic(const char *text, const char *file, uint32_t line): make of the call what an exception
 * would have left (struct fatal_frame), with every register as the caller has it.
 */
    .globl arch_panic
arch_panic:
    pushq $0 /* ss; above it the return address */
    pushq %rsp
    pushfq
    addq $16, 8(%rsp) /* as before the call */
    pushq $SEGMENT_KERNEL_CODE
    pushq 32(%rsp) /* rip */
    pushq $0
    pushq $FATAL_VECTOR_NONE
    push_general
    movq %rsp, %rcx
    andq $-16, %rsp
    call panic_from_code
    ud2

/* One stub for each vector; some exceptions bring an error code: offsets.h. */
    .globl arch_vector_stubs
    .balign VECTOR_STUB_BYTES
arch_vector_stubs:
    .set vector, 0
    .rept VECTOR_COUNT
    .balign VECTOR_STUB_BYTES
    .if vector >= 32 || ((1 << (vector & 31)) & VECTORS_WITH_ERROR) == 0
    pushq $0
    .endif
    pushq $vector
    .if vector == 2 || vector == 8 || vector == 18
    jmp fatal_from_anywhere
    .else
    jmp interrupt_common
    .endif
    .set vector, vector + 1
    .endr

/*
 * void arch_rsb_fill(void): returns are predicted by the last calls; these are all the kernel's (Intel, "Retpoline: A Branch
 * Target Injection Mitigation", 3: 32 entries).
 */
    .globl arch_rsb_fill
arch_rsb_fill:
    .rept 32
    call 1f
    int3
1:
    .endr
    addq $(32 * 8), %rsp
    lfence
    ret

/* void arch_start_first(uint64_t stack_top): the kernel's first way out. */
    .globl arch_start_first
arch_start_first:
    movq %rdi, %rsp
    jmp arch_leave

    .section .note.GNU-stack, "", @progbits
