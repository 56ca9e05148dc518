/* SPDX-License-Identifier: MIT */
/* What the files of this folder tell each other. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"
#include "core/boot.h"
#include "core/dmar.h"
#include "core/speculation.h"

#define EARLY_MAP_END 0x100000000ull /* boot.S maps as much; new tables must lie below */

struct acpi_facts;
struct core;
struct thread;

/* Of the image: kernel.ld. */
extern uint8_t kernel_image_start[];
extern uint8_t kernel_text_start[];
extern uint8_t kernel_text_end[];
extern uint8_t kernel_rodata_start[];
extern uint8_t kernel_data_start[];
extern uint8_t kernel_image_end[];

/* entry.S, fast.S, boot.S */
extern uint8_t arch_vector_stubs[];
extern uint8_t arch_syscall_entry[];
extern uint8_t arch_fast_entry[];    /* fast.S */
extern const uint64_t arch_abi_hash; /* it gives that out */
extern uint8_t arch_clac_place[];
extern uint8_t arch_pti_syscall[];
extern uint8_t arch_bhb_syscall[];
extern phys_t arch_panic_root; /* in the text */
/* What user mode's tables have with PTI: kernel.ld. */
extern uint8_t arch_entry_start[];
extern uint8_t arch_entry_end[];
extern uint8_t arch_shown_start[];
extern uint8_t arch_shown_end[];
void arch_rsb_fill(void);
extern uint8_t boot_stack_guard[];
extern uint8_t boot_stack_top[];
extern uint8_t boot_ist_stacks[];
_Noreturn void arch_start_first(uint64_t stack_top);

/* pvh.c */
/** Fills plan from what a PVH loader hands over; the first 4 GiB must be mapped. */
void pvh_read(phys_t start_info, struct boot_plan *plan);

/* start.c */
/** From boot.S: a loader's information, and 0 if it is a PVH loader's, else what Multiboot2 says of itself. */
_Noreturn __attribute__((cold)) void arch_start(phys_t info, uint32_t magic);

/* one/ or many/: cores.c */
/** Takes memory for the cores of facts beyond this one. */
void cores_prepare(struct boot_plan *plan, const struct acpi_facts *facts);
/** Starts them, tells core_join() of each that comes up, and lets the first program run, on this core. */
void cores_start(struct core *core);
/**
 * The first core to panic says the last words, and stops the others; who comes later, because it is stopped or by a machine check that all
 * get, stays here. Who comes again goes on: core_on_panic() tells him so.
 */
void cores_claim_panic(void);
/** This other core, whose lock is held, loads the kernel's own space. */
void core_leave_space(struct core *core);

/* cpu.c */
extern struct processor_choice cpu_choice; /* of the boot core, for all */
/** What this core has: first of all on the boot core. */
struct processor_choice cpu_ask(void);
void cpu_init(struct core *core, uint64_t stack_top, uint8_t *ist_stacks);

/* machine_check.c */
/** On each core, from cpu_init(). */
void machine_check_init(void);
/** What the registers say of a machine check, for a panic's last words. */
void machine_check_print(void);

/* ways.inc: places where a jump may be written, by the map of all memory, and where to; 0: none. */
struct way {
    uint64_t place, verw, pti, bhb;
};
extern const struct way arch_ways[];
extern const struct way arch_ways_end[];

/* defences.c */
/** Chooses, on the boot core, before cpu_init(), and says what. */
void defences_choose(const char *command_line);
/** On each core, from cpu_init(). */
void defences_init(struct core *core);
/** This core is to run programs of the space with this root. Only if something of SPECULATION_AT_SWITCH is on. */
void defences_at_switch(struct core *core, phys_t root);
extern uint32_t defences_on; /* set of enum speculation_defence */
static inline bool defences_has_pti(void)
{
    return (defences_on & SPECULATION_PTI) != 0;
}
/* In place of a base that is known, so that the next thread is not thought to have the same. */
#define GS_BASE_UNKNOWN UINT64_MAX

/* fpu.c */
void fpu_init(void);
/** What the core's FPU holds is in its thread, too, now. */
void fpu_save_owner(struct core *core);
void fpu_switch(struct core *core, struct thread *next);

/* paging.c */
void paging_init(struct boot_plan *plan);
/** Maps device registers, uncached; they stay mapped. */
void *paging_map_device(phys_t phys, uint64_t size_bytes);
/** Maps firmware tables, read-only, until paging_unmap_tables(). NULL: no room. */
const void *paging_map_table(phys_t phys, uint64_t size_bytes);
void paging_unmap_tables(void);
/** With PTI, user mode's tables have these pages, too. */
void paging_show(struct boot_plan *plan, const void *start, const void *end);
/** Maps a stack, with nothing below it; it stays mapped. Returns its low end. */
void *paging_map_stack(phys_t phys, uint64_t size_bytes);
extern phys_t paging_kernel_root;
extern uint64_t
    paging_direct_entries; /* of the root, in use for the direct map; beside these there is the last */

/* acpi.c */
#define ACPI_IOAPIC_MAX 8u
#define ACPI_CORES_MAX 64u
struct acpi_facts {
    uint32_t core_count; /* that the firmware says can be used */
    uint32_t apic_ids[ACPI_CORES_MAX];
    phys_t lapic;
    phys_t hpet;      /* 0: none */
    uint32_t pm_port; /* 0: none */
    uint32_t ioapic_count;
    struct {
        phys_t base;
        uint32_t first_line;
        uint32_t id;
    } ioapics[ACPI_IOAPIC_MAX];
    phys_t ecam; /* PCI configuration space from bus 0 on; 0: unknown */
    uint32_t ecam_buses;
    struct dmar_facts dmar; /* no units: none, or none that can be used */
};
/** Reads what the kernel needs from the tables behind a root pointer (zeros: none); what they do not say keeps the PC's usual place. */
void acpi_read(const uint8_t *rsdp, struct acpi_facts *facts);
/** Copies the root pointer, from where a loader says or from its usual place, into plan; below 4 GiB. */
void acpi_take_rsdp(struct boot_plan *plan, phys_t at);
void acpi_find_rsdp(struct boot_plan *plan);

/* apic.c */
#define APIC_BASE_ON 0x800u
#define APIC_BASE_X2 0x400u
/** forbids_x2apic: the firmware asks not to use it. */
void lapic_init(phys_t base, bool forbids_x2apic);
bool lapic_is_x2apic(void);
void lapic_acknowledge(void);
uint32_t lapic_id(void);
/** A register of the core's own, by its offset in memory. */
uint32_t lapic_read(uint32_t offset);
void lapic_write(uint32_t offset, uint32_t value);
void lapic_registers_init(void);
/** An interrupt to a processor, which may be this one: a vector, or what many/apic.c has. */
void lapic_send(uint32_t id, uint32_t what);
/** Counts down from the highest number, for calibration. */
void lapic_count_start(void);
uint32_t lapic_counted(void);
void lapic_timer_on(bool by_deadline);
void lapic_count_from(uint32_t count); /* 0: stop */
void ioapic_init(const struct acpi_facts *facts);

/** IOAPICs are known as these sources, by place in facts->ioapics. Lines are routed by irte_set() from now on. */
void ioapic_remap(const uint32_t *sources);

/* vtd.c: DMA remapping */
/** Finds and starts the units, with every device blocked, if they can be used; says so on the debug UART. */
void vtd_init(struct boot_plan *plan, const struct acpi_facts *facts);

/* vtd_interrupts.c: which interrupts a source may raise */
struct irte {
    uint32_t vector; /* of the core's numbering: also the number of the entry */
    uint32_t target; /* number of the core's local APIC */
    uint32_t source;
    bool level;
};
void irte_set(const struct irte *irte);
void irte_clear(uint32_t vector);
/** While it is masked what the entry lets through is lost, and that is no fault. */
void irte_mask(uint32_t vector, bool masked);

/* clock.c */
void clock_init(const struct acpi_facts *facts);

/* uart.c */
void uart_init(void);

/* trap.c */
void traps_init(void);
/** Loads the table that traps_init() made. */
void traps_load(void);
