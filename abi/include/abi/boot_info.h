/* SPDX-License-Identifier: MIT */
/*
 * The page that the kernel hands to the root program, read-only, at BOOT_INFO_ADDR. The capabilities that
 * the root program starts with stand in fixed slots; untyped memory follows from ROOT_SLOT_UNTYPED.
 */
#pragma once

#include <stdint.h>

#define BOOT_INFO_MAGIC 0x544f4f4248544950ull /* "PITHBOOT" */
#define BOOT_INFO_ADDR 0x7fffe0000000ull      /* one page */
#define BOOT_CLOCK_ADDR 0x7fffe0001000ull     /* one page: struct clock_page */
#define BOOT_BUFFER_ADDR                                                                           \
    0x7fffe0002000ull /* one page: the root thread's struct msg_buffer is first */
#define BOOT_ARCHIVE_ADDR 0x7f0000000000ull /* the boot archive, read-only */
#define BOOT_STACK_TOP 0x7fffd0000000ull    /* 64 KiB below it */

enum root_slot {
    ROOT_SLOT_TABLE = 1,
    ROOT_SLOT_VSPACE = 2,
    ROOT_SLOT_THREAD = 3,
    ROOT_SLOT_CONTEXT = 4,
    ROOT_SLOT_MACHINE = 5,
    ROOT_SLOT_CLOCK = 6,       /* frame, READ */
    ROOT_SLOT_INFO = 7,        /* frame, READ */
    ROOT_SLOT_BUFFER = 8,      /* frame, attached to the root thread as its buffer */
    ROOT_SLOT_IMAGE = 9,       /* frame, the root program's own pages */
    ROOT_SLOT_STACK = 10,      /* frame */
    ROOT_SLOT_TABLES = 11,     /* page tables of the root program's space */
    ROOT_SLOT_ARCHIVE = 12,    /* frame, READ, the boot archive */
    ROOT_SLOT_TRACE = 13,      /* frame, READ, the trace ring */
    ROOT_SLOT_BUFFER_MAP = 14, /* frame, the same page as ROOT_SLOT_BUFFER, attached to the space */
    ROOT_SLOT_UNTYPED = 16,
};

#define BOOT_UNTYPED_MAX 64u

struct boot_untyped {
    uint64_t base;
    uint64_t size_bytes;
    uint32_t device; /* 1: device memory */
    uint32_t slot;
};

/* How a colour lies in a pixel. */
struct boot_colour {
    uint8_t shift; /* its lowest bit */
    uint8_t bits;
};

/* What the loader set up to be drawn on: device memory, of which the root program can make a frame. */
struct boot_framebuffer {
    uint64_t base; /* physical address; 0: there is none */
    uint32_t width, height;
    uint32_t pitch_bytes; /* from one line to the next */
    uint32_t pixel_bits;
    struct boot_colour red, green, blue;
    uint16_t reserved;
};
_Static_assert(sizeof(struct boot_framebuffer) == 32, "no padding");

#define BOOT_RSDP_BYTES 36u

struct boot_info {
    uint64_t magic;
    uint64_t abi_hash;
    uint64_t ram_bytes;    /* all RAM the firmware reported as usable */
    uint64_t kernel_bytes; /* of which the kernel keeps */
    uint64_t archive_bytes;
    uint64_t pci_ecam_base; /* PCI configuration space from bus 0 on, 1 MiB a bus; 0: unknown */
    struct boot_framebuffer framebuffer;
    uint32_t pci_ecam_buses;
    uint32_t reserved;
    uint32_t table_slots;               /* of the root table */
    uint32_t untyped_count;             /* entries used below */
    uint64_t image_end;                 /* first address after the root program */
    uint8_t acpi_rsdp[BOOT_RSDP_BYTES]; /* a copy of ACPI's root pointer; zeros: unknown */
    uint8_t reserved_2[4];
    char command_line[512]; /* ends with 0 */
    struct boot_untyped untyped[BOOT_UNTYPED_MAX];
};
_Static_assert(sizeof(struct boot_info) <= 4096, "one page");
