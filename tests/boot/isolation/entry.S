/* SPDX-License-Identifier: MIT */
/* See entry.h. */
    .text
    .globl entry_with_flags, entry_with_flags_end, entry_far_jump, entry_far_there
entry_with_flags:
    pushq %rbp
    popfq
    syscall
    pushfq
    popq %rbp
    ud2
entry_with_flags_end:

entry_far_jump:
    ljmpl *(%rdi)
    ud2
entry_far_there:
    ud2
    .section .note.GNU-stack, "", @progbits
