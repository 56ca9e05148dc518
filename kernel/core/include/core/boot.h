/* SPDX-License-Identifier: MIT */
/*
 * What the hardware layer found out about the machine, in the same form for every boot protocol,
 * and the way from there to the first program.
 */
#pragma once

#include <stdint.h>

#include "abi/boot_info.h"
#include "abi/types.h"

#define BOOT_RANGES_MAX 64u
#define BOOT_HELD_MAX 256u
#define BOOT_LINE_BYTES 512u

struct boot_range {
    phys_t base;
    uint64_t size_bytes;
};

/*
 * Invariant: the ranges are multiples of 4 KiB, do not overlap and are in order of base.
 */
struct boot_plan {
    struct core *core;                      /* the boot core: its arch part is ready */
    struct boot_range ram[BOOT_RANGES_MAX]; /* free: all usable RAM less what is in use already */
    struct boot_range held[BOOT_HELD_MAX];  /* RAM or devices that nobody gets */
    uint32_t ram_count;
    uint32_t held_count;
    uint64_t ram_bytes; /* all that the firmware reported as usable */
    phys_t device_end;  /* devices are below */
    phys_t archive;     /* the boot archive, page-aligned; its pages are held */
    uint64_t archive_bytes;
    char command_line[BOOT_LINE_BYTES];
    uint8_t rsdp[BOOT_RSDP_BYTES]; /* ACPI's root pointer; zeros: unknown */
    phys_t ecam; /* PCI configuration space of segment 0 from bus 0 on; 0: unknown */
    uint32_t ecam_buses;
    phys_t panic_record; /* a page of RAM that keeps its contents over a restart */
    struct boot_framebuffer framebuffer;
    uint64_t clock_base_tsc; /* for the clock page */
    uint64_t clock_mult;
    uint32_t clock_shift;
};

/**
 * Adds or takes away a range, which may overlap others; less than whole pages are free to nobody. Of a map in
 * more pieces than there is room for, the smallest are free to nobody.
 */
void boot_plan_add_ram(struct boot_plan *plan, phys_t base, uint64_t size_bytes);
void boot_plan_hold(struct boot_plan *plan, phys_t base, uint64_t size_bytes);

/** Copies the command line, which ends with a 0 or after max_bytes; what is too long is cut. */
void boot_plan_set_line(struct boot_plan *plan, const char *text, uint64_t max_bytes);

/**
 * boot_plan_take() - memory for the kernel itself, cleared, from the largest range of free RAM.
 * @below: the memory ends at or below this address; it must be within the direct map.
 * Panics if there is none. Cost: linear in ranges and bytes.
 */
phys_t boot_plan_take(struct boot_plan *plan, uint64_t size_bytes, uint64_t align, phys_t below);

/**
 * boot_plan_hold_archive() - keeps the boot archive, if there is one, from everybody. What the kernel itself writes to must
 * be held already: a loader may have put the archive there, and then it is copied to free memory below that address.
 */
void boot_plan_hold_archive(struct boot_plan *plan, phys_t below);

/** Makes the first program with its capabilities and leaves core->current to run it. Once. */
__attribute__((cold)) void core_boot(struct boot_plan *plan);
