/* SPDX-License-Identifier: MIT */
/*
 * From a loader to 64-bit C in the upper half. Both protocols enter in 32-bit protected mode with flat segments, paging
 * off and ebx pointing to what the loader says: PVH (Xen's docs/misc/pvh.pandoc), and Multiboot2 (specification 2.0, 3.3),
 * with its magic number in eax. The first page tables, made here, map the first 4 GiB three times: one to one, at the
 * direct map, and (1 GiB) at the image.
 */
#include "offsets.h"

#define PHYS(symbol) ((symbol) - KERNEL_OFFSET)

#define CR0_PE  0x00000001
#define CR0_PG  0x80000000
#define CR4_PAE 0x00000020
#define MSR_EFER 0xc0000080
#define EFER_LME 0x00000100

#define TABLE_FLAGS 0x003 /* present, write */
#define PAGE_FLAGS  0x083 /* present, write, large */

/* XEN_ELFNOTE_PHYS32_ENTRY */
    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 8, 18
    .asciz "Xen"
    .quad PHYS(boot_pvh)

/* Multiboot2 specification 2.0, 3.1: within the first 32 KiB of the file, tags on multiples of 8. */
#define MULTIBOOT2_HEADER_MAGIC 0xe85250d6
#define MULTIBOOT2_I386 0
#define TAG_END 0
#define TAG_ENTRY 3
#define TAG_FRAMEBUFFER 5
#define TAG_MODULES_ON_PAGES 6
#define TAG_OPTIONAL 1

    .section .boot.header, "a", @progbits
    .balign 8
multiboot2_header:
    .long MULTIBOOT2_HEADER_MAGIC, MULTIBOOT2_I386, multiboot2_header_end - multiboot2_header
    .long -(MULTIBOOT2_HEADER_MAGIC + MULTIBOOT2_I386 + (multiboot2_header_end - multiboot2_header))
    .word TAG_ENTRY, 0
    .long 12, PHYS(boot_multiboot2)
    .balign 8
    .word TAG_FRAMEBUFFER, TAG_OPTIONAL
    .long 20, 1024, 768, 32 /* if there is such a one */
    .balign 8
    .word TAG_MODULES_ON_PAGES, 0
    .long 8
    .word TAG_END, 0
    .long 8
multiboot2_header_end:

    .section .boot.text, "ax", @progbits
    .code32
    .globl boot_pvh
boot_pvh:
    xorl %esi, %esi
    jmp boot_loaded

boot_multiboot2:
    movl %eax, %esi /* 0 is no loader's */

boot_loaded:
    cld
    cli
    movl %ebx, %ebp

    /* After a restart a loader may leave here what the last run left. */
    movl $PHYS(kernel_bss_start), %edi
    movl $PHYS(kernel_image_end), %ecx
    subl %edi, %ecx
    shrl $2, %ecx
    xorl %eax, %eax
    rep stosl

    /* Four page directories of 2 MiB pages. */
    movl $PHYS(boot_directories), %edi
    movl $PAGE_FLAGS, %eax
    movl $(4 * 512), %ecx
1:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop 1b

    movl $PHYS(boot_low), %edi
    movl $(PHYS(boot_directories) + TABLE_FLAGS), %eax
    movl $4, %ecx
2:  movl %eax, (%edi)
    addl $0x1000, %eax
    addl $8, %edi
    loop 2b
    movl $(PHYS(boot_directories) + TABLE_FLAGS), PHYS(boot_high) + 510 * 8

    movl $(PHYS(boot_low) + TABLE_FLAGS), PHYS(boot_root)
    movl $(PHYS(boot_low) + TABLE_FLAGS), PHYS(boot_root) + 256 * 8
    movl $(PHYS(boot_high) + TABLE_FLAGS), PHYS(boot_root) + 511 * 8

    movl $CR4_PAE, %eax /* and nothing that firmware switched on */
    movl %eax, %cr4
    movl $PHYS(boot_root), %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME, %eax
    wrmsr
    movl %cr0, %eax
    orl $(CR0_PG | CR0_PE), %eax
    movl %eax, %cr0
    lgdt PHYS(boot_gdt_pointer)
    ljmp $SEGMENT_KERNEL_CODE, $PHYS(boot_long)

    .code64
boot_long:
    movabsq $boot_upper, %rax
    jmp *%rax
boot_upper:
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %eax, %fs
    movl %eax, %gs
    movq $boot_stack_top, %rsp
    movl %ebp, %edi
    movl %esi, %esi
    xorl %ebp, %ebp
    call arch_start
    ud2

    .section .rodata
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9a000000ffff /* 64-bit code */
boot_gdt_pointer:
    .word . - boot_gdt - 1
    .long PHYS(boot_gdt)

    .bss
    .balign 4096
    .globl boot_root
boot_root:
    .skip 4096
boot_low:
    .skip 4096
boot_high:
    .skip 4096
boot_directories:
    .skip 4 * 4096

/* The stack until the first thread runs, then core 0's. Its guard page is taken out of the map. */
    .globl boot_stack_guard, boot_stack_top
boot_stack_guard:
    .skip 4096
    .skip 16384
boot_stack_top:
/* The stacks of #DB, NMI, #DF and #MC; the last word of each is for a pointer to the core. */
    .section .bss.shown, "aw", @nobits
    .balign 4096
    .globl boot_ist_stacks
boot_ist_stacks:
    .skip 4 * 4096

    .section .note.GNU-stack, "", @progbits
