/* SPDX-License-Identifier: MIT */
/*
 * Between the stacks of a thread: the C library's, of any size, on which the program runs, and the one from lib/pith, on
 * which every call runs, since lib/pith finds a thread by its stack (pith/thread.h).
 */
    .text
/*
 * long pith_syscall(long number, long a1 .. a6): posix_syscall() of the same arguments, on the thread's own stack.
 * Without a struct posix_thread, which is before main(), it is on that stack already.
 */
    .global pith_syscall
    .type pith_syscall, @function
pith_syscall:
    mov %fs:posix_thread_self@tpoff, %rax
    test %rax, %rax
    jz posix_syscall
    push %rbp
    mov %rsp, %rbp
    mov 16(%rbp), %r10 /* a6 */
    mov (%rax), %rsp /* stack */
    and $-16, %rsp
    sub $8, %rsp
    push %r10
    call posix_syscall
    mov %rbp, %rsp
    pop %rbp
    ret
    .size pith_syscall, . - pith_syscall

/*
 * posix_main_enter(thread, stack, main, count, arguments): the first thread goes over to its large stack, and calls
 * __libc_start_main(main, count, arguments). What is below here on this stack is for calls from now on.
 */
    .global posix_main_enter
    .type posix_main_enter, @function
posix_main_enter:
    mov %rsp, (%rdi)
    mov %rdi, %fs:posix_thread_self@tpoff
    mov %rsi, %rsp
    xor %ebp, %ebp
    mov %rdx, %rdi
    mov %rcx, %rsi
    mov %r8, %rdx
    call __libc_start_main
    ud2
    .size posix_main_enter, . - posix_main_enter

/* A further thread begins; its stack holds function and argument, and the program's rounding is the default one. */
    .global posix_thread_enter
    .type posix_thread_enter, @function
posix_thread_enter:
    xor %ebp, %ebp
    fninit
    pushq $0x1f80
    ldmxcsr (%rsp)
    add $8, %rsp
    pop %rax
    pop %rdi
    call *%rax
    ud2
    .size posix_thread_enter, . - posix_thread_enter

    .section .note.GNU-stack, "", @progbits
