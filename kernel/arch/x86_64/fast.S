/* SPDX-License-Identifier: MIT */
/*
 * The system calls that are made most, at the very entry: call and reply_receive when the other side just waits, and abi_version.
 * What is asked and what is changed is what kernel/ipc/fast.c asks and changes, line for line; read that first, and change both
 * together (tests/boot/fast holds this file against the slow paths, kernel/ipc/test that one).
 *
 * The eight words of a message (rbx r8 r9 r10 r12 r13 r14 r15) are in their registers when the sender comes in and are
 * still there when the receiver goes out; nobody stores them. So a thread that waits for a message has in memory only what
 * it needs to go on: rsp, rip, rflags and rbp. Its other registers there are old values of its own; whoever ends its wait
 * writes them all (words.h, ipc_abandon()).
 *
 * Interrupts are off, and there is no stack but where C is called: the user's rsp stays in the register until the other's
 * replaces it, and nothing here can fault. NMI and machine check have stacks of their own.
 *
 * Whatever is not the common case goes to the slow path, in entry.S, which cannot tell: no register that it saves has changed
 * by then, and nothing else but rsp, rip, rflags and rbp in the thread, which it would have saved there itself.
 *
 * Not asked here, because it is always so when one core comes in from user mode: that the core need not dispatch, that no
 * interrupt waits to be handed on (both are seen to on the way out), and that the running context is the thread's lend.top.
 * With several cores it is so when the own lock was had at once: who asks a core to dispatch has all locks, makes it enter the kernel
 * first, and it finds its lock taken (many/cores.c); and what hangs on the core changes with that lock only.
 */
#include "offsets.h"
#include "offsets_gen.h"
#include "arch_impl/fast_locks.inc"
#include "ways.inc"

    .text

/*
 * What the thread needs to go on; then whether the call is native (thread_is_native_at()). rcx, r11 and rbp are free after it, and rsp is no
 * longer needed.
 */
    .macro save_frame thread, foreign
    movq %rsp, REGISTERS_SP(\thread)
    movq %r11, REGISTERS_FLAGS(\thread)
    movq %rcx, REGISTERS_IP(\thread)
    movq %rbp, REGISTERS_BP(\thread)
    subq THREAD_NATIVE_START(\thread), %rcx
    cmpq THREAD_NATIVE_BYTES(\thread), %rcx
    jae \foreign
    .endm

/*
 * cap_lookup() of an endpoint with a right, by rax: its slot less the table's header in rcx, the endpoint in r11. Slot 0 needs
 * no check: what lies there is never an endpoint (struct cap_table). Uses rbp.
 */
    .macro lookup thread, right, otherwise
    movq %rax, %rcx
    shrq $32, %rcx
    movq THREAD_TABLE(\thread), %rbp
    cmpl TABLE_SLOT_COUNT(%rbp), %ecx
    jae \otherwise
    sbbl %r11d, %r11d /* ones; 0 if the branch was predicted wrongly: then it is slot 0 */
    andl %r11d, %ecx
    shlq $SLOT_SHIFT, %rcx
    addq %rbp, %rcx
    cmpb $FAST_ENDPOINT, SLOT_TYPE(%rcx)
    jne \otherwise
    testb $\right, SLOT_RIGHTS(%rcx)
    jz \otherwise
    movq SLOT_OBJECT(%rcx), %r11
    .endm

/* Fewer than eight words (rdi): those past the length are nobody's business. */
    .macro clear_rest done
    cmpl $(4 << FAST_WORDS_SHIFT), %edi
    jb 4f
    xorl %r15d, %r15d
    cmpl $(7 << FAST_WORDS_SHIFT), %edi
    jae \done
    xorl %r14d, %r14d
    cmpl $(6 << FAST_WORDS_SHIFT), %edi
    jae \done
    xorl %r13d, %r13d
    cmpl $(5 << FAST_WORDS_SHIFT), %edi
    jae \done
    xorl %r12d, %r12d
    jmp \done
4:
    xorl %r15d, %r15d
    xorl %r14d, %r14d
    xorl %r13d, %r13d
    xorl %r12d, %r12d
    xorl %r10d, %r10d
    cmpl $(3 << FAST_WORDS_SHIFT), %edi
    jae \done
    xorl %r9d, %r9d
    cmpl $(2 << FAST_WORDS_SHIFT), %edi
    jae \done
    xorl %r8d, %r8d
    cmpl $(1 << FAST_WORDS_SHIFT), %edi
    jae \done
    xorl %ebx, %ebx
    jmp \done
    .endm

/*
 * Words 8 and on (rdi says how many) go from one buffer to the other, by the kernel's own aliases. What is needed afterwards is kept on the
 * core's stack: registers of the thread can be read by others, and some of this are addresses of the kernel.
 */
    .macro copy_long from, to, otherwise
    cmpq $FAST_INFO_LONG, %rdi
    ja \otherwise
    cmpq $0, THREAD_BUFFER(\from)
    je \otherwise
    cmpq $0, THREAD_BUFFER(\to)
    je \otherwise
    movq %gs:CORE_STACK_TOP, %rsp
    pushq %rdi
    pushq %rsi
    pushq %rcx
    movl %edi, %ecx
    shrl $FAST_WORDS_SHIFT, %ecx
    subl $8, %ecx
    movq THREAD_BUFFER(\from), %rsi
    addq $FAST_BUFFER_WORDS, %rsi
    movq THREAD_BUFFER(\to), %rdi
    addq $FAST_BUFFER_WORDS, %rdi
    rep movsq
    popq %rcx
    popq %rsi
    popq %rdi
    .endm

/* Around a call of C: what that need not keep, but for rsp, which nobody needs. */
    .macro save_operands
    movq %gs:CORE_STACK_TOP, %rsp
    .irp register, rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11
    pushq %\register
    .endr
    subq $8, %rsp
    .endm

    .macro restore_operands
    addq $8, %rsp
    .irp register, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax
    popq %\register
    .endr
    .endm

/* Out, as the thread in rbp: what it gets back is in its registers but for rax. */
    .macro resume
    movq THREAD_SPACE(%rbp), %rax
    movq VSPACE_ROOT(%rax), %rax
    cmpq %gs:CORE_ROOT, %rax
    je 1f
    movq %rax, %gs:CORE_ROOT
    movq %rax, %cr3
1:
    movq REGISTERS_FLAGS(%rbp), %r11
    movq REGISTERS_IP(%rbp), %rcx
    movq REGISTERS_SP(%rbp), %rsp
    movq REGISTERS_BP(%rbp), %rbp
    xorl %eax, %eax
    fast_leave
    way arch_verw_sysret, arch_pti_sysret, 0, swapgs, sysretq
    .endm

    .globl arch_fast_entry
    .balign 64
arch_fast_entry:
    cmpb $FAST_REPLY_RECEIVE, %al
    ja other
    je reply_receive

/*
 * call: rax capability, rdi info, rsi deadline; rdx means nothing, if the call is native.
 * From here on rdx is the caller, rbp the server, r11 the endpoint, rcx the slot.
 */
    swapgs
    movq %rdx, %gs:CORE_SCRATCH
    movq %gs:CORE_CURRENT, %rdx
    save_frame %rdx, call_foreign
    fast_enter call_contended
    cmpl $0, core_trace + TRACE_IS_ON(%rip)
    jne call_slowly
    lookup %rdx, FAST_RIGHT_CALL, call_slowly
    movq ENDPOINT_WAITER(%r11), %rbp
    testq %rbp, %rbp
    jz call_slowly
    fast_is_here %rbp, call_slowly_late
    movb THREAD_LEND + LEND_RANK(%rdx), %al
    cmpb LEND_RANK(%r11), %al
    jbe call_slowly_late
    cmpq $0, THREAD_SERVING(%rdx)
    jne call_nested
call_not_nested:
    movl THREAD_LEND + LEND_KEY(%rdx), %eax
    cmpl %eax, THREAD_LEND + LEND_KEY(%rbp)
    jb call_slowly_late
    cmpw $FAST_LABEL_FAULT, %di
    jae call_slowly_late
    cmpq $FAST_INFO_REGISTERS, %rdi
    ja call_long
    cmpl $(8 << FAST_WORDS_SHIFT), %edi
    jb call_short

/* Point of no return. */
call_commit:
    movq %rsi, THREAD_DEADLINE(%rdx)
    cmpq %gs:CORE_ARMED, %rsi
    jb call_arms
call_armed:
    movw $FAST_CALLING, THREAD_STATE(%rdx) /* and no fault */
    movq %rbp, THREAD_SERVED_BY(%rdx)
    leaq THREAD_LEND(%rbp), %rsi
    movq %rsi, THREAD_LEND + LEND_TO(%rdx)
    movb $1, THREAD_LEND + NODE_IS_QUEUED(%rdx)
    leaq THREAD_LEND(%rdx), %rsi
    movq %rsi, THREAD_LEND + LEND_FROM(%rbp)
    movq %rax, THREAD_LEND + LEND_KEY(%rbp)
    movq THREAD_LEND + LEND_TOP(%rdx), %rax
    movq %rax, THREAD_LEND + LEND_TOP(%rbp)
    movw $FAST_READY, THREAD_STATE(%rbp)
    movq %rdx, THREAD_SERVING(%rbp)
    movq %rdx, THREAD_REPLIES_TO(%rbp)
    movq $0, THREAD_RECEIVING_ON(%rbp)
    movq $0, ENDPOINT_WAITER(%r11)
    movq SLOT_BADGE(%rcx), %rsi
    movq %rbp, %gs:CORE_CURRENT
    movq %rbp, %gs:CORE_ENTERED
    movw REGISTERS_ENTER_BITS(%rdx), %ax
    movl $0, %edx
    orw REGISTERS_ENTER_BITS(%rbp), %ax
    jnz resume_specially
    resume

/* The caller serves somebody: it has his deadline at most, and that must be looked after while the caller waits. */
call_nested:
    movq THREAD_SERVING(%rdx), %rax
    cmpq $-1, THREAD_DEADLINE(%rax)
    je call_not_nested
    cmpb $0, THREAD_TIMEOUT_IS_QUEUED(%rax)
    je call_slowly_late
    cmpq THREAD_DEADLINE(%rax), %rsi
    jbe call_not_nested
    movq THREAD_DEADLINE(%rax), %rsi
    jmp call_not_nested

call_arms:
    save_operands
    movq %rdx, %rsi
    movq %gs:CORE_SELF, %rdi
    call deadline_queue
    restore_operands
    jmp call_armed

call_short:
    clear_rest call_commit

call_long:
    copy_long %rdx, %rbp, call_slowly_late
    jmp call_commit

/* rax has been used: the slot's number says what it was. */
call_slowly_late:
    subq THREAD_TABLE(%rdx), %rcx
    shlq $(32 - SLOT_SHIFT), %rcx
    movq %rcx, %rax
call_slowly:
    fast_leave
call_contended:
    leaq REGISTERS_BP(%rdx), %rsp
    xorl %edx, %edx
    jmp arch_syscall_saved

/*
 * reply_receive: rax capability, rdi info, rsi deadline (none, else this is not the place), rdx mask.
 * From here on rsi is the server, rbp the caller, r11 the endpoint.
 */
reply_receive:
    cmpq $-1, %rsi
    jne arch_syscall_entry
    swapgs
    movq %gs:CORE_CURRENT, %rsi
    save_frame %rsi, reply_foreign
    fast_enter reply_contended
    cmpl $0, core_trace + TRACE_IS_ON(%rip)
    jne reply_slowly
    lookup %rsi, FAST_RIGHT_RECEIVE, reply_slowly
    cmpq %rsi, ENDPOINT_SERVER(%r11)
    jne reply_slowly
    fast_is_ours %r11, reply_slowly
    movq THREAD_REPLIES_TO(%rsi), %rbp
    testq %rbp, %rbp
    jz reply_slowly
    cmpq $0, THREAD_BOUND(%rsi)
    jne reply_bound
reply_not_bound:
    cmpq $FAST_INFO_REGISTERS, %rdi
    ja reply_long
    cmpl $(8 << FAST_WORDS_SHIFT), %edi
    jb reply_short

/* Point of no return. Nobody is queued at the endpoint: it would lend to the server, beside the caller. */
reply_commit:
    cmpb $0, THREAD_TIMEOUT_IS_QUEUED(%rbp)
    jne reply_unqueues
reply_unqueued:
    movq $-1, THREAD_DEADLINE(%rsi)
    movq %rdx, THREAD_WAIT_MASK(%rsi)
    movq %r11, THREAD_RECEIVING_ON(%rsi)
    movq %rsi, ENDPOINT_WAITER(%r11)
    movw $FAST_RECEIVING, THREAD_STATE(%rsi)
    movq $0, THREAD_SERVING(%rsi)
    movq $0, THREAD_REPLIES_TO(%rsi)
    movq $0, THREAD_LEND + LEND_FROM(%rsi)
    movl $FAST_KEY_NONE, %ecx
    movq THREAD_CONTEXT(%rsi), %rax
    testq %rax, %rax
    jnz reply_own
reply_own_known:
    movq %rax, THREAD_LEND + LEND_TOP(%rsi)
    movq %rcx, THREAD_LEND + LEND_KEY(%rsi)
    movb $0, THREAD_LEND + NODE_IS_QUEUED(%rbp)
    movq $0, THREAD_LEND + LEND_TO(%rbp)
    movq $0, THREAD_SERVED_BY(%rbp)
    movw $FAST_READY, THREAD_STATE(%rbp)
    movq %rbp, %gs:CORE_CURRENT
    movq %rbp, %gs:CORE_ENTERED
    xorl %edx, %edx
    movw REGISTERS_ENTER_BITS(%rsi), %ax
    movl $0, %esi
    orw REGISTERS_ENTER_BITS(%rbp), %ax
    jnz resume_specially
    resume

/* A context of its own, if it has time, is what reaches the server now. */
reply_own:
    movzbl CONTEXT_PRIORITY(%rax), %ecx
    xorl $255, %ecx
    cmpb $0, CONTEXT_HAS_TIME(%rax)
    jne reply_own_known
    xorl %eax, %eax
    movl $FAST_KEY_NONE, %ecx
    jmp reply_own_known

/* Bits that it asks for would end the receive at once. */
reply_bound:
    movq THREAD_BOUND(%rsi), %rcx
    movq NOTIFICATION_BITS(%rcx), %rcx
    andq THREAD_BOUND_MASK(%rsi), %rcx
    testq %rdx, %rcx
    jz reply_not_bound
    jmp reply_slowly

reply_unqueues:
    save_operands
    leaq THREAD_TIMEOUT(%rbp), %rsi
    movq %gs:CORE_SELF, %rdi
    call timed_cancel
    restore_operands
    jmp reply_unqueued

reply_short:
    clear_rest reply_commit

reply_long:
    movq %rdx, REGISTERS_DX(%rsi)
    movq %rsi, %rdx
    copy_long %rdx, %rbp, reply_long_slowly
    movq REGISTERS_DX(%rdx), %rdx
    jmp reply_commit

reply_long_slowly:
    movq REGISTERS_DX(%rdx), %rdx
reply_slowly:
    fast_leave
reply_contended:
    leaq REGISTERS_BP(%rsi), %rsp
    movq $-1, %rsi
    jmp arch_syscall_saved

/*
 * More than the space changes with the thread in rbp, or it must leave by iretq: all is done but that. It gets what came back
 * stored, and leaves as every other.
 */
resume_specially:
    movq %rbx, REGISTERS_BX(%rbp)
    movq %r8, REGISTERS_R8(%rbp)
    movq %r9, REGISTERS_R9(%rbp)
    movq %r10, REGISTERS_R10(%rbp)
    movq %r12, REGISTERS_R12(%rbp)
    movq %r13, REGISTERS_R13(%rbp)
    movq %r14, REGISTERS_R14(%rbp)
    movq %r15, REGISTERS_R15(%rbp)
    movq $0, REGISTERS_AX(%rbp)
    movq %rdi, REGISTERS_DI(%rbp)
    movq %rsi, REGISTERS_SI(%rbp)
    movq $0, REGISTERS_DX(%rbp)
    movq %gs:CORE_STACK_TOP, %rsp
    movq %gs:CORE_SELF, %rdi
    movq %rbp, %rsi
    call arch_thread_enter
    fast_leave
    jmp arch_leave

/* abi_version needs nothing of anybody. All others are not made that often. */
other:
    cmpb $FAST_ABI_VERSION, %al
    jne arch_syscall_entry
    cmpl $0, core_trace + TRACE_IS_ON(%rip)
    jne arch_syscall_entry
    swapgs
    movq %rdx, %gs:CORE_SCRATCH
    movq %gs:CORE_CURRENT, %rdx
    save_frame %rdx, call_foreign
    movq REGISTERS_IP(%rdx), %rcx
    movq arch_abi_hash(%rip), %rbx
    xorl %eax, %eax
    xorl %edi, %edi
    xorl %esi, %esi
    xorl %edx, %edx
    way arch_verw_sysret, arch_pti_sysret, 0, swapgs, sysretq

/*
 * A system call that is not native: thread_reflect() of kernel/object/foreign.c, if nobody traces. Nothing of the user's is lost but rcx and r11; all
 * of it that was used is put back first, or in the thread: its rip, rflags and rsp, and rsp points to the first of them.
 */
reply_foreign:
    leaq REGISTERS_IP(%rsi), %rsp
    movq $-1, %rsi
    jmp arch_foreign
call_foreign:
    leaq REGISTERS_IP(%rdx), %rsp
    movq %gs:CORE_SCRATCH, %rdx
    .globl arch_foreign
arch_foreign:
    fast_enter arch_foreign_slowly
    cmpl $0, core_trace + TRACE_IS_ON(%rip)
    jne foreign_slowly
    movq (THREAD_FOREIGN_FRAME - REGISTERS_IP)(%rsp), %rcx
    testq %rcx, %rcx
    jz foreign_slowly
    popq FRAME_IP(%rcx)
    popq FRAME_FLAGS(%rcx)
    popq FRAME_SP(%rcx)
    movq $FOREIGN_KIND, FRAME_KIND(%rcx)
    movl $FOREIGN_FLAGS, %r11d
    movq (THREAD_FOREIGN_ENTRY - REGISTERS_PUSHED)(%rsp), %rcx
    movq (THREAD_FOREIGN_STACK - REGISTERS_PUSHED)(%rsp), %rsp
    fast_leave
    way arch_verw_sysret, arch_pti_sysret, 0, swapgs, sysretq

foreign_slowly:
    fast_leave
    jmp arch_foreign_slowly

    .section .note.GNU-stack, "", @progbits
