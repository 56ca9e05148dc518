/* SPDX-License-Identifier: MIT */
/* See boot_test/guest.h. */
#include "boot_test/guest.h"

    .macro push_all
    pushq %rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    .endm

    .macro pop_all
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rbp
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rbx
    popq %rax
    .endm

/* This part is copied to behind the page of each thread. */
    .text
    .balign 64
    .globl guest_shim, guest_low_after
guest_shim:
    syscall
guest_low_after:
    ud2

/* A native call: wait for the thread's own bit, without lending. rbp: the page. */
    .macro prepare_wait
    xorl %ebx, %ebx
    xorl %edi, %edi
    movq $-1, %rsi
    movq $-1, %rdx
    movq GUEST_GO(%rbp), %rax
    shlq $32, %rax
    orq $GUEST_WAIT, %rax
    .endm

/* rsp: the frame. */
    .globl guest_entry
guest_entry:
    push_all
    movq %gs:0, %rax
    pushq %rax
    pushfq
    movq %rsp, %rbp
    andq $-4096, %rbp
    addq $1, GUEST_ENTRIES(%rbp)
    cmpq $0, GUEST_QUICK(%rbp)
    jne quick
stop:
    prepare_wait
    syscall
    movq %rax, GUEST_NATIVE(%rbp)
    testq %rax, %rax
    jnz stop
    jmp return

quick:
    movq GUEST_AX(%rbp), %rax
    cmpq $GUEST_SIGRETURN, %rax
    je sigreturn
    cmpq $GUEST_PAUSE, %rax
    je pause
    addq $1, GUEST_AX(%rbp)

/*
 * Back to the program, unless a handler is to run first. Restartable: all that it goes on with is in the page still. No register is lost: the last
 * two lines find the frame by their own address.
 */
    .globl guest_back, guest_back_end
back:
guest_back:
    movq %rsp, %rbp
    andq $-4096, %rbp
    cmpq $0, GUEST_BUSY(%rbp)
    jne 1f
    cmpq $0, GUEST_FLAG(%rbp)
    jne deliver
1:
return:
    cmpq $0, GUEST_IRET(%rbp)
    jne by_iret
    addq $16, %rsp
    pop_all
    leaq 16(%rsp), %rsp
    popfq
    movq guest_shim - GUEST_SHIM_AT + GUEST_FRAME + 24(%rip), %rsp
    jmp *guest_shim - GUEST_SHIM_AT + GUEST_FRAME(%rip)
by_iret:
    addq $16, %rsp
    pop_all
    iretq
guest_back_end:

/* Until a handler has run. Restartable up to the native call, that included. */
    .globl guest_look, guest_look_end
pause:
guest_look:
    movq %rsp, %rbp
    andq $-4096, %rbp
    cmpq $0, GUEST_BUSY(%rbp)
    jne 1f
    cmpq $0, GUEST_FLAG(%rbp)
    jne 2f
1:
    prepare_wait
    syscall
guest_look_end:
    movq %rax, GUEST_NATIVE(%rbp)
    jmp guest_look
2:
    movq $0, GUEST_AX(%rbp)

/* The program is to run its handler first: what it was about is kept. */
deliver:
    movq $1, GUEST_BUSY(%rbp)
    movq $0, GUEST_FLAG(%rbp)
    leaq GUEST_SAVED + 16(%rbp), %rsi
    leaq GUEST_KEPT(%rbp), %rdi
    movl $(GUEST_KEPT_BYTES / 8), %ecx
    rep movsq
    movq GUEST_HANDLER(%rbp), %rax
    movq %rax, GUEST_FRAME(%rbp)
    jmp back

/* All registers of whom the handler interrupted, in place of the handler's. */
sigreturn:
    leaq GUEST_KEPT(%rbp), %rsi
    leaq GUEST_SAVED + 16(%rbp), %rdi
    movl $(GUEST_KEPT_BYTES / 8), %ecx
    rep movsq
    movq $0, GUEST_BUSY(%rbp)
    jmp back

    .globl guest_high, guest_shim_end
guest_high:
    syscall
    ud2
guest_shim_end:

/* --- The program --- */

    .balign 64
    .globl guest_call, guest_call_after, guest_step
guest_call:
    syscall
guest_call_after:
    jmp guest_call
guest_step:
    nop
    jmp guest_call

    .globl guest_count
guest_count:
    movq %r12, %rax
    syscall
    leaq 1(%r12), %r13
    cmpq %rax, %r13
    jne wrong
    cmpq %r8, %r9
    jne wrong
    addq $1, %r12
    movq %r12, (%r14)
    jmp guest_count
wrong:
    ud2

    .globl guest_once
guest_once:
    movl $1, %eax
    syscall
    movq $1, (%r14)
1:
    jmp 1b

    .globl guest_pause
guest_pause:
    movq $GUEST_PAUSE, %rax
    syscall
    testq %rax, %rax
    jnz wrong
    addq $1, %r12
    movq %r12, (%r14)
    jmp guest_pause

    .globl guest_handler
guest_handler:
    addq $1, 8(%r14)
    movq $GUEST_SIGRETURN, %rax
    syscall
    jmp wrong

    .globl guest_illegal, guest_divide, guest_load, guest_store, guest_jump, guest_breakpoint, guest_breakpoint_after, guest_general
guest_illegal:
    ud2
guest_divide:
    divq %rcx
guest_load:
    movq (%rdi), %rax
    jmp guest_call
guest_store:
    movq %rax, (%rdi)
    jmp guest_call
guest_jump:
    jmp *%rdi
guest_breakpoint:
    int3
guest_breakpoint_after:
    jmp guest_call
guest_general:
    hlt

    .section .note.GNU-stack, "", @progbits
