/* SPDX-License-Identifier: MIT */
/*
 * The simulated machine, from the side of a test: what hardware and user programs would do.
 * There is one machine at a time. Nothing happens on its own: the clock, interrupts and user
 * accesses move only when a test says so, so a run depends on nothing but the test.
 *
 *     host_start(&(struct host_options){ .cores = 1 });
 *     host_root_create(...);             what boot does on hardware: arch_host/root.h
 *     host_syscall(core);                core->current executes `syscall`
 *     host_time_advance(1000);
 *     host_interrupts_deliver(core);     before the next user instruction
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"

struct arch_fault;
struct arch_registers;
struct core;
struct thread;

#define HOST_LINES 24u
#define HOST_TLB_ENTRIES 64u
#define HOST_RAM_BASE 0x1000000ull
#define HOST_DEVICE_BASE 0x80000000ull /* registers of devices: the kernel must never touch them */
#define HOST_DEVICE_BYTES 0x80000000ull
#define HOST_SYSCALL_IP 0x400000ull /* where user threads keep their `syscall` instruction, */
#define HOST_SHIM_IP 0x600000ull    /* and another, where foreign ones may keep their shim */

struct host_options {
    uint64_t ram_bytes; /* 0: 64 MiB */
    uint64_t tick_ns;   /* how far the clock goes on with each look at it */
    uint32_t cores;     /* at most ARCH_CORES; 0: one */
    bool has_iommu;
};

/** Makes a machine with cleared memory and nothing in it; host_stop() gives its memory back. */
void host_start(const struct host_options *options);
void host_stop(void);
struct core *host_core(uint32_t number);
uint32_t host_core_count(void);
uint64_t host_ram_bytes(void);

/** Called instead of abort() when the kernel panics; it must not return. */
void host_on_panic(void (*handler)(const char *text, const char *file, uint32_t line));

/* --- What user programs do --------------------------------------------------------------------- */

/** The current thread executes `syscall` with the registers it has: where it is restarting, else at HOST_SYSCALL_IP. */
void host_syscall(struct core *core);
/** The same at either place. */
void host_syscall_at(struct core *core, uint64_t ip);
/** True if the thread's last system call was cut short and runs again when the thread runs. */
bool host_is_restarting(const struct thread *thread);
void host_fault(struct core *core, const struct arch_fault *fault);

enum host_access { HOST_READ = 1, HOST_WRITE = 2, HOST_EXEC = 4 };

/**
 * host_user_access() - an access of the current thread to its memory, through the TLB and the page
 * tables, setting accessed and dirty marks. Returns 0, or the kind of fault (enum fault) it raises.
 */
uint32_t host_user_access(struct core *core, user_addr_t addr, uint32_t access, phys_t *phys);

/* --- What the hardware does -------------------------------------------------------------------- */

void host_time_advance(ns_t ns);
ns_t host_time(void);
/** When the timer of the core goes off; DEADLINE_NEVER: not armed. */
ns_t host_time_armed(const struct core *core);
void host_line_raise(uint32_t line);
void host_line_lower(uint32_t line);
/** A message from a source: without a unit anyone's counts, with one only its owner's. */
void host_msi_raise(uint32_t vector, uint32_t source);
uint32_t host_msi_source(uint32_t vector);
#define HOST_NO_SOURCE UINT32_MAX
/**
 * host_dma() - a device reads or writes memory through the DMA remapping unit. False: refused, and recorded
 * as a fault.
 */
bool host_dma(uint32_t source, uint64_t address, bool is_write, phys_t *phys);
#define HOST_SOURCES 32u /* that the unit covers, from 0 on */
#define HOST_SOURCES_PER_BUS 8u
#define HOST_DOMAINS 6u /* numbers from 1 to one less */

/**
 * Does an interrupt wait for the core: a poke, its timer, a line or message that was claimed there? Faults that the
 * unit recorded are for core 0.
 */
bool host_interrupt_waits(const struct core *core);
/** Hands all interrupts that wait to the core. Returns how many there were. */
uint32_t host_interrupts_deliver(struct core *core);

/** The nth look (from 1) at whether an interrupt waits says that one does; 0: none does. */
void host_preempt_at(uint32_t nth);
/** How often the kernel has looked since host_preempt_at(), and whether the forced one came. */
uint32_t host_preempt_looks(void);

/* --- What a checker wants to know -------------------------------------------------------------- */

/** False, with why, if the machine's state does not fit what the core is about to resume. */
bool host_check_core(const struct core *core, char *why, uint32_t why_bytes);
/** True if another core has poked the core, and it has not looked yet: what it is about to resume may be out of date. */
bool host_is_poked(const struct core *core);
/** The class of vectors from which on the core takes interrupts. */
uint32_t host_irq_class_min(const struct core *core);
/** How often cores were poked so far. */
uint64_t host_pokes(void);
/**
 * From now on a look before each entry of the kernel and one after it; was_alone: it needed no lock but the core's own. And one where the
 * entry gave up, and is to be done again with all locks. NULL: none.
 */
void host_watch(void (*before)(const struct core *core),
                void (*after)(const struct core *core, bool was_alone),
                void (*gave_up)(const struct core *core));
/** The same of the DMA remapping unit, and what it holds of a source. */
bool host_check_iommu(char *why, uint32_t why_bytes);
uint32_t host_source_domain(uint32_t source, phys_t *root);
bool host_source_is_muted(uint32_t source);
/** The thread whose registers live in the core's floating-point unit, or NULL. */
const struct thread *host_fpu_owner(uint32_t core);
/** The page tables that the core walks; 0: none. */
phys_t host_loaded_root(uint32_t core);
bool host_is_ram(phys_t phys, uint64_t size_bytes);

/*
 * Under the address sanitizer, memory without an object in it is poisoned; clearing it for a new
 * object makes it usable again. Without the sanitizer these do nothing.
 */
void host_memory_poison(phys_t phys, uint64_t size_bytes);
void host_memory_unpoison(phys_t phys, uint64_t size_bytes);

/** The last characters written to the debug UART; ends with 0. */
const char *host_debug_output(void);
void host_debug_input(char character);
