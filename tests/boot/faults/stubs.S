/* SPDX-License-Identifier: MIT */
/* See stubs.h. rdi: an address. rbp keeps the stack pointer, so that each can be ended at stub_end. */
    .text
    .macro stub name:req
    .balign 64
    .globl \name, \name\()_at, \name\()_after
\name:
    push %rbp
    mov %rsp, %rbp
    .endm
    .macro at name:req, code:vararg
\name\()_at:
    \code
\name\()_after:
    jmp stub_end
    .endm

    stub stub_read
    at stub_read, mov (%rdi), %eax
    stub stub_write
    at stub_write, mov %eax, (%rdi)
    stub stub_exec
    at stub_exec, jmp *%rdi
    stub stub_illegal
    at stub_illegal, ud2
    stub stub_divide
    xor %ecx, %ecx
    at stub_divide, div %ecx
    stub stub_alignment
    pushfq
    orl $0x40000, (%rsp)
    popfq
    at stub_alignment, mov 1(%rsp), %eax
    stub stub_halt
    at stub_halt, hlt
    stub stub_canonical
    movabs $0x8000000000000000, %rcx
    at stub_canonical, mov (%rcx), %eax
    stub stub_interrupt
    at stub_interrupt, int $0x80
    stub stub_breakpoint
    at stub_breakpoint, int3
    stub stub_overflow
    at stub_overflow, int $4
    stub stub_stack
    movabs $0x8000000000000000, %rsp
    at stub_stack, push %rax
    stub stub_x87
    push $0
    fninit
    movw $0x037b, (%rsp) /* division by zero unmasked */
    fldcw (%rsp)
    fld1
    fldz
    fdivrp
    at stub_x87, fwait
    stub stub_sse
    push $0x1d80 /* division by zero unmasked */
    ldmxcsr (%rsp)
    xorps %xmm1, %xmm1
    push $0x3f800000
    movss (%rsp), %xmm0
    at stub_sse, divss %xmm1, %xmm0
    stub stub_no_fpu
    at stub_no_fpu, xorps %xmm0, %xmm0
    stub stub_in
    mov %rdi, %rdx
    at stub_in, in %dx, %al
    stub stub_out
    mov %rdi, %rdx
    at stub_out, out %al, %dx

    stub stub_steps
stub_steps_at:
    nop
    inc %eax
    add $1, %rcx
stub_steps_after:
    jmp stub_end

    .globl stub_end
stub_end:
    mov %rbp, %rsp
    push $2
    popfq /* CF and the like, and AC, off */
    pop %rbp
    ret
    .section .note.GNU-stack, "", @progbits
