/* SPDX-License-Identifier: MIT */
/* See privileged.h. Each is followed by ud2, where it ends if it does not fault. */
    .macro privileged code:vararg
    .text
100:
    \code
    ud2
    .section .rodata.names, "a"
101:
    .asciz "\code"
    .section .rodata.privileged, "a"
    .quad 100b, 101b
    .endm

    .section .rodata.privileged, "a"
    .balign 8
    .globl privileged_list
privileged_list:
    privileged cli
    privileged sti
    privileged hlt
    privileged clts
    privileged invd
    privileged wbinvd
    privileged swapgs
    privileged sysretq
    privileged sysretl
    privileged sysexitl
    privileged rdmsr
    privileged wrmsr
    privileged rdpmc
    privileged xsetbv
    privileged rdpkru
    privileged wrpkru
    privileged rdfsbase %rax
    privileged rdgsbase %rax
    privileged wrfsbase %rax
    privileged wrgsbase %rax
    privileged mov %cr0, %rax
    privileged mov %cr2, %rax
    privileged mov %cr3, %rax
    privileged mov %cr4, %rax
    privileged mov %cr8, %rax
    privileged mov %rax, %cr0
    privileged mov %rax, %cr2
    privileged mov %rax, %cr3
    privileged mov %rax, %cr4
    privileged mov %rax, %cr8
    privileged mov %db0, %rax
    privileged mov %db7, %rax
    privileged mov %rax, %db0
    privileged mov %rax, %db7
    privileged lgdt (%rdi)
    privileged lidt (%rdi)
    privileged lldt %ax
    privileged ltr %ax
    privileged lmsw %ax
    privileged sgdt (%rdi)
    privileged sidt (%rdi)
    privileged sldt %ax
    privileged str %ax
    privileged smsw %ax
    privileged invlpg (%rdi)
    privileged invpcid (%rdi), %rax
    privileged stac
    privileged clac
    privileged monitor
    privileged mwait
    privileged vmcall
    privileged vmlaunch
    privileged vmxoff
    privileged vmrun
    privileged stgi
    privileged clgi
    privileged skinit
    privileged getsec
    privileged rsm
    privileged int $0x0
    privileged int $0x20
    privileged int $0x2e
    privileged int $0x80
    privileged int $0xfe
    privileged int $0xff
    privileged ljmp *(%rdi)
    privileged lcall *(%rdi)
    privileged mov %di, %ss
    privileged in $0x60, %al
    privileged out %al, $0x80
    privileged insb
    privileged rep insl
    privileged outsb
    privileged rep outsl
    .section .rodata.privileged, "a"
    .globl privileged_list_end
privileged_list_end:

    .text
    .macro port name:req, code:vararg
    .globl \name
\name:
    \code
    ud2
    .endm
    port port_in_1, in %dx, %al
    port port_in_2, in %dx, %ax
    port port_in_4, in %dx, %eax
    port port_out_1, out %al, %dx
    port port_out_2, out %ax, %dx
    port port_out_4, out %eax, %dx
    port port_ins, insb
    port port_outs, outsb
    .section .note.GNU-stack, "", @progbits
