/* SPDX-License-Identifier: MIT */
/* What probes execute: wherever it is mapped. See boot_test/probe.h. */
    .text
    .balign 4096
    .globl probe_code, probe_read, probe_write, probe_exec, probe_spin, probe_call, probe_flags, probe_code_end
probe_code:
probe_read:
    mov (%rdi), %rax
    ud2
probe_write:
    mov %rsi, (%rdi)
    ud2
probe_exec:
    jmp *%rdi
    ud2
probe_spin:
    jmp probe_spin
probe_call:
    syscall
    ud2
probe_flags:
    lea probe_stack_end(%rip), %rsp
    push %rdi
    popfq
    ud2
probe_code_end:
    .balign 4096
    .bss
    .balign 16
probe_stack:
    .skip 256
probe_stack_end:
    .section .note.GNU-stack, "", @progbits
