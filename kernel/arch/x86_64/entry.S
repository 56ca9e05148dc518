/* SPDX-License-Identifier: MIT */
/*
 * Into the kernel and out of it. Interrupts are off in here. While the kernel runs, gs points to
 * the core and KERNEL_GS_BASE holds the user's gs base; the stack is the core's one stack, always
 * empty when we enter and when we leave.
 */
#include "arch_impl/cores.h"
#include "offsets.h"
#include "offsets_gen.h"
#include "arch_impl/fast_locks.inc"
#include "ways.inc"

/* All but rdi, which points to them. */
#define EACH_REGISTER(DO)                                                                                              \
    DO(REGISTERS_BX, %rbx) DO(REGISTERS_R8, %r8) DO(REGISTERS_R9, %r9) DO(REGISTERS_R10, %r10) DO(REGISTERS_R12, %r12) \
    DO(REGISTERS_R13, %r13) DO(REGISTERS_R14, %r14) DO(REGISTERS_R15, %r15) DO(REGISTERS_AX, %rax)                     \
    DO(REGISTERS_SI, %rsi) DO(REGISTERS_DX, %rdx) DO(REGISTERS_BP, %rbp) DO(REGISTERS_CX, %rcx) DO(REGISTERS_R11, %r11)
#define STORE(place, register) movq register, place(%rdi);
#define LOAD(place, register) movq place(%rdi), register;

    .text

/* The registers from rdx on, and what C is called with: the core. */
    .macro push_rest
    .irp register, rdx, rsi, rdi, rax, r15, r14, r13, r12, r10, r9, r8, rbx
    pushq %\register
    .endr
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
    on_syscall
/* Resume core->current, whoever that is by now. */
    .globl arch_leave
arch_leave:
    cmpb $0, %gs:CORE_PENDING_ANY
    jne leave_slowly
    movq %gs:CORE_CURRENT, %rsp
    testq %rsp, %rsp
    jz leave_slowly
resume_in_rsp:
    cmpb $0, REGISTERS_MUST_IRET(%rsp)
    jne leave_by_iret
    .irp register, rbx, r8, r9, r10, r12, r13, r14, r15, rax, rdi, rsi, rdx, rbp, rcx, r11, rsp
    popq %\register
    .endr
    way arch_verw_sysret, arch_pti_sysret, 0, swapgs, sysretq

leave_slowly:
    movq %gs:CORE_STACK_TOP, %rsp
    movq %gs:CORE_SELF, %rdi
    call arch_leave_slowly
    jmp arch_leave

    slow_ways

/* All registers, and flags with TF, which sysret would not restore in time. */
leave_by_iret:
    trap_first leave_slowly
    movq %rsp, %rdi
    movq %gs:CORE_FRAME_TOP, %rsp
    movb $0, REGISTERS_MUST_IRET(%rdi)
    pushq $SEGMENT_USER_DATA
    pushq REGISTERS_SP(%rdi)
    pushq REGISTERS_FLAGS(%rdi)
    pushq $SEGMENT_USER_CODE
    pushq REGISTERS_IP(%rdi)
    EACH_REGISTER(LOAD)
    movq REGISTERS_DI(%rdi), %rdi
    way arch_verw_iret, arch_pti_iret, 0, swapgs, iretq

/* From fast.S: a system call that is not native, as an exception at its instruction. rsp is where the thread's rip is. */
    .globl arch_foreign_slowly
arch_foreign_slowly:
    subq $FOREIGN_SYSCALL_BYTES, (%rsp)
    pushq %rbp
    push_rest
    movl $VECTOR_FOREIGN, %esi
    xorl %edx, %edx
    jmp vector_comes

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
    .irp register, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
    pushq %\register
    .endr
    .endm

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

/*
 * void arch_call(struct core *core, struct cap *cap, function): a return to it, which nobody can have trained (Intel, as above, 2).
 */
    .globl arch_call
arch_call:
    call 1f
2:  pause
    lfence
    jmp 2b
1:  movq %rdx, (%rsp)
    ret

/*
 * Overwrites the history of branches: so many that the processor remembers no others (Intel, "Branch History Injection", 2022: 5 times 5
 * for those that cannot be told to do without). gs is the kernel's; there may be an exception's frame on the core's stack.
 */
    .macro bhb_clear
    movq %rsp, %gs:CORE_SCRATCH
    movq %gs:CORE_STACK_TOP, %rsp
    subq $64, %rsp
    pushq %rax; pushq %rcx
    movl $5, %ecx
    call 1f; jmp 5f
1:  call 2f; ret
2:  movl $5, %eax
3:  jmp 4f; nop
4:  subl $1, %eax; jnz 3b
    subl $1, %ecx; jnz 1b; ret
5:  lfence
    popq %rcx; popq %rax
    movq %gs:CORE_SCRATCH, %rsp
    .endm

    .globl arch_bhb_syscall
arch_bhb_syscall:
    swapgs
bhb_pti_syscall:
    bhb_clear
    swapgs
    jmp arch_fast_entry

bhb_interrupt:
    swapgs; lfence
bhb_pti_interrupt:
    bhb_clear
    jmp interrupt_from_user

/* void arch_start_first(uint64_t stack_top): the kernel's first way out. */
    .globl arch_start_first
arch_start_first:
    movq %rdi, %rsp
    jmp arch_leave

/*
 * What runs with the tables of user mode, where PTI leaves no more of the kernel than this section, what traps.h calls shown, and the page
 * before struct core (kernel.ld, paging.c). A space's root for user mode is the page after that for the kernel.
 */
    .section .text.entry, "ax"

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
    /* lfence, or the branch, mispredicted, goes on with the user's gs (CVE-2019-1125). */
    way 0, pti_interrupt, bhb_interrupt, swapgs, lfence
interrupt_from_user:
    pushq %rdi
    movq %gs:CORE_CURRENT, %rdi
    popq REGISTERS_DI(%rdi)
    EACH_REGISTER(STORE)
    movb $1, REGISTERS_MUST_IRET(%rdi)
    popq %rsi
    popq %rdx
    popq REGISTERS_IP(%rdi)
    addq $8, %rsp
    popq REGISTERS_FLAGS(%rdi)
    popq REGISTERS_SP(%rdi)
    movq %gs:CORE_STACK_TOP, %rsp
    movq %gs:CORE_SELF, %rdi
vector_comes:
    on_vector

/* NMI, #DF and #MC, from anywhere, and exceptions in the kernel: the end. */
fatal_from_anywhere:
    cld
    testb $3, 24(%rsp)
    jz fatal
    swapgs
fatal:
    push_general
    movq arch_panic_root(%rip), %rax
    testq %rax, %rax
    jz 1f
    movq %rax, %cr3
1:
    movq %rsp, %rdi
    movq %rsp, %rsi /* the last word of one of the four stacks: see arch_ist_core_place */
    orq $4095, %rsi
    subq $7, %rsi
    andq $-16, %rsp
    call arch_on_fatal
    ud2

/* rsp is all there is to work with. */
    .macro to_kernel_root
    movq %rsp, %gs:ENTRY_SCRATCH
    movq %cr3, %rsp
    subq $4096, %rsp
    movq %rsp, %cr3
    movq %gs:ENTRY_SCRATCH, %rsp
    .endm

    .globl arch_pti_syscall
arch_pti_syscall:
    swapgs
    to_kernel_root
    way 0, 0, bhb_pti_syscall, swapgs, "jmp arch_fast_entry"

pti_interrupt:
    swapgs
    lfence
    to_kernel_root
    way 0, 0, bhb_pti_interrupt, lfence, "jmp interrupt_from_user"

/* The last instructions in the kernel; nothing of a program stays in the scratch word. */
    .macro way_out name, instruction
    .globl arch_pti_\name, arch_verw_\name
arch_pti_\name:
    movq %rax, %gs:ENTRY_SCRATCH
    movq %cr3, %rax
    addq $4096, %rax
    movq %rax, %cr3
    xchgq %rax, %gs:ENTRY_SCRATCH
arch_verw_\name:
    verw verw_selector(%rip) /* only the form with a memory operand empties buffers */
    swapgs
    \instruction
    .endm
    way_out sysret, sysretq
    way_out iret, iretq

    .balign 8
    .globl arch_panic_root
arch_panic_root:
    .quad 0 /* of the kernel; 0: whatever is loaded will do */
verw_selector:
    .word SEGMENT_KERNEL_DATA

    .section .note.GNU-stack, "", @progbits
