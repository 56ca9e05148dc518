/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's core asks of a machine. Implemented by kernel/arch/<isa>; kernel/arch/host is a
 * simulated machine that lets the same core run under sanitizers.
 * struct arch_registers (arch_impl/registers.h) has on every ISA the members words[8], op, info,
 * time, bits (the registers of decision 0001) and ip.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "arch_impl/pte.h"
#include "arch_impl/registers.h"

struct cap;
struct core;
struct thread;

/* Memory. Any physical address of RAM or of the kernel's objects can be reached. */
void *arch_phys_to_ptr(phys_t phys);
phys_t arch_ptr_to_phys(const void *pointer);
/** Clears or copies; the pointers are kernel pointers. */
void arch_memory_clear(void *start, uint64_t size_bytes);
void arch_memory_copy_words(uint64_t *dst, const uint64_t *src, uint64_t count);

/* Time, in ns since boot; never goes back. Arming replaces; a time already past fires at once. */
ns_t arch_now(void);
void arch_timer_arm(ns_t at_ns);

/** Calls the function, by no branch that is predicted. */
void arch_call(struct core *core, struct cap *cap, void (*function)(struct core *, struct cap *));

/* Address spaces. */
/** What the kernel has in a space: in its root, and in the one behind it, by which user mode may run. */
void arch_vspace_root_init(uint64_t *root);
/** The space with this root goes: if it is the one loaded on the core, which may be another, load the kernel's own. */
void arch_vspace_leave(struct core *core, phys_t root);
void arch_tlb_flush_page(user_addr_t addr);
void arch_tlb_flush_all(void);

/*
 * Make next's address space, FPU state and segment bases current. previous may be NULL or destroyed already
 * (then arch_thread_forget() was called for it). Called once per change of thread, not per kernel exit.
 */
void arch_thread_enter(struct core *core, struct thread *next);
/** The thread is going away: forget FPU ownership and the like on the core, which may be another. */
void arch_thread_forget(struct core *core, struct thread *thread);
void arch_registers_init(struct arch_registers *registers, bool has_fpu);
/** Reads or writes one register by the ABI's numbering; false if there is none, or the value is not allowed. */
bool arch_register_get(const struct arch_registers *registers, uint32_t number, uint64_t *value);
bool arch_register_set(struct arch_registers *registers, uint32_t number, uint64_t value);
void arch_single_step_set(struct arch_registers *registers, bool on);
/** Makes the thread execute its system call again when it next runs. */
void arch_syscall_restart(struct arch_registers *registers);

/*
 * Other cores; never asked where ARCH_CORES (arch_impl/core.h) is 1. What is done to another core is done when
 * the function returns.
 */
/** Is it the core that runs this? */
bool arch_core_is_this(const struct core *core);
/** Does the core that runs this have the locks of all? Only then may it change what has no home here. */
bool arch_has_all(void);
/** From the own lock to all, if nobody has another and nothing is under way to any core; then nothing has changed. Never waits. */
bool arch_try_all(struct core *core);
/** The core enters the kernel, with ARCH_VECTOR_POKE, before its next user instruction; its registers are saved now. */
void arch_core_poke(struct core *core);
/** The same some time soon, without waiting; the own lock is enough. It may be the core that runs this. */
void arch_core_interrupt(struct core *core);
/** Translations of the space with this root that other cores may remember are dropped. With the own lock it waits for them, as long as an entry takes. */
void arch_flush_others(struct core *core, phys_t root);
/** A look while it waits for what another has, with the own lock: answers what others ask of this core's translations. Somebody waits for all locks? */
bool arch_others_wait(struct core *core);
/** The thread goes to another core: what this one's hardware holds of it is stored in it, and forgotten. */
void arch_thread_leave(struct core *core, struct thread *thread);

/*
 * True if an interrupt waits to be taken: long work stops and restarts. Interrupts that arrive are
 * handed to core_on_interrupt() before the core resumes any thread.
 */
bool arch_interrupt_pending(struct core *core);

/*
 * Interrupt lines (0 to arch_irq_line_count()-1) and vectors (0 to ARCH_IRQ_VECTORS-1). An interrupt comes to the core that
 * its line was routed to, or its message asked for. Vectors form classes, each as many in a row, of rising importance; a core can shut out
 * whole classes. So each of the 16 bands of priorities has a class, some together.
 */
#define ARCH_IRQ_VECTORS 176u
#define ARCH_IRQ_CLASS_VECTORS 16u
#define ARCH_IRQ_CLASSES (ARCH_IRQ_VECTORS / ARCH_IRQ_CLASS_VECTORS)
static inline uint32_t arch_irq_class(uint32_t band)
{
    return band * ARCH_IRQ_CLASSES / 16u;
}
/** From now on interrupts of bands below wait until this core lets them in again. It is the core that runs. */
void arch_irq_shut_below(struct core *core, uint32_t band);
uint32_t arch_irq_line_count(void);
/** Comes to core as vector; masked. */
void arch_irq_line_route(uint32_t line, const struct core *core, uint32_t vector, bool level,
                         bool active_low);
void arch_irq_line_mask(uint32_t line, bool masked);
void arch_irq_acknowledge(uint32_t vector);
/** What a device must write; ARCH_SOURCE_NONE only if interrupts are not remapped. */
void arch_irq_msi(const struct core *core, uint32_t vector, uint32_t source, uint64_t *address,
                  uint32_t *data);
/** While it is masked, messages of the vector are lost. Without remapping they come all the same. */
void arch_irq_message_mask(uint32_t vector, bool masked);
/** Nobody has the vector any more: nothing can raise it. */
void arch_irq_release(uint32_t vector);
/** Must every message come from the device that its vector was given out for? */
bool arch_irq_is_remapped(void);
#define ARCH_SOURCE_NONE 0x10000u

/* I/O ports; width 1, 2 or 4. */
bool arch_port_is_kernels(uint32_t first, uint32_t count);
uint32_t arch_port_read(uint32_t port, uint32_t width);
void arch_port_write(uint32_t port, uint32_t width, uint32_t value);

/* The debug UART. */
void arch_debug_put(char character);
bool arch_debug_get(char *character);

/** 0: power off with code, 1: reboot. */
_Noreturn void arch_restart(uint32_t how, uint32_t code);
/** The kernel is broken: keeps the registers as the caller has them, then core_on_panic(). */
_Noreturn __attribute__((cold)) void arch_panic(const char *text, const char *file, uint32_t line);
/** When that has said its part: registers and back trace to the debug UART, then reboot after the time set, or stop. */
/** Another core has found the kernel broken: this one stops for good. */
_Noreturn void arch_stop(void);
_Noreturn void arch_panic_end(const char *text, const char *file, uint32_t line);
