/* SPDX-License-Identifier: MIT */
/*
 * Brings a core into the state the kernel counts on: segments, task state, control registers, the
 * entry for system calls. What CPUID does not offer is left out.
 */
#include "cpu.h"

#include "abi/kernel_calls.h"
#include "arch_private.h"
#include "core/core.h"
#include "offsets.h"

#define MSR_ARCH_CAPABILITIES 0x10au
#define ID7D_ARCH_CAPABILITIES (1u << 29)

#define GDT_KERNEL_CODE 0x00af9b000000ffffull
#define GDT_KERNEL_DATA 0x00cf93000000ffffull
#define GDT_USER_DATA 0x00cff3000000ffffull
#define GDT_USER_CODE 0x00affb000000ffffull
#define GDT_TSS_TYPE 0x0000890000000000ull

/* PAT entries 0 to 7: write-back, write-through, write-combining, uncached, twice (pte.h). */
#define PAT_OURS 0x0001040600010406ull

struct table_pointer {
    uint8_t padding[6]; /* so that base is aligned */
    uint16_t limit;
    uint64_t base;
};
_Static_assert(sizeof(struct table_pointer) == 16, "limit and base must be neighbours");

struct processor_choice cpu_choice;

struct processor_choice cpu_ask(void)
{
    struct cpuid_words said = {
        cpu_id(0, 0),          cpu_id(1, 0),          cpu_id(7, 0),          cpu_id(7, 2),
        cpu_id(0x15, 0),       cpu_id(0x16, 0),       cpu_id(0x40000000, 0), cpu_id(0x40000010, 0),
        cpu_id(0x80000000, 0), cpu_id(0x80000001, 0), cpu_id(0x80000008, 0), cpu_id(0x80000021, 0)
    };

    struct processor_choice choice = processor_choose(&said);

    if ((choice.facts.leaf7_d & ID7D_ARCH_CAPABILITIES) != 0) {
        choice.facts.capabilities = msr_read(MSR_ARCH_CAPABILITIES);
    }
    return choice;
}

static void segments_init(struct arch_entry *entry)
{
    uint64_t base = (uintptr_t)&entry->tss;
    struct table_pointer pointer = { .limit = sizeof(entry->gdt) - 1,
                                     .base = (uintptr_t)entry->gdt };

    entry->gdt[SEGMENT_KERNEL_CODE / 8] = GDT_KERNEL_CODE;
    entry->gdt[SEGMENT_KERNEL_DATA / 8] = GDT_KERNEL_DATA;
    entry->gdt[SEGMENT_USER_DATA / 8] = GDT_USER_DATA;
    entry->gdt[SEGMENT_USER_CODE / 8] = GDT_USER_CODE;
    entry->gdt[SEGMENT_TSS / 8] = GDT_TSS_TYPE | (sizeof(struct arch_tss) - 1) |
                                  (base & 0xffffffull) << 16 | (base >> 24 & 0xffull) << 56;
    entry->gdt[SEGMENT_TSS / 8 + 1] = base >> 32;
    gdt_load(&pointer.limit);
    ldt_forget();
    tss_load(SEGMENT_TSS);
}

static void task_state_init(struct arch_tss *tss, struct core *core, uint8_t *ist_stacks)
{
    tss->rsp0_low = (uint32_t)core->arch.frame_top;
    tss->rsp0_high = (uint32_t)(core->arch.frame_top >> 32);
    tss->io_map_base = sizeof(struct arch_tss);
    for (uint32_t i = 0; i < ARCH_IST_STACKS; i++) {
        uint64_t *last = (uint64_t *)(void *)(ist_stacks + (i + 1) * ARCH_IST_BYTES - 8);
        uint64_t top = (uintptr_t)last - 8; /* stays a multiple of 16 */

        *last = (uintptr_t)core;
        tss->ist[i][0] = (uint32_t)top;
        tss->ist[i][1] = (uint32_t)(top >> 32);
    }
}

static void control_registers_init(void)
{
    /* AM lets users ask for alignment checks; WP binds the kernel to read-only pages. */
    cr0_write(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG);
    /* With PTI user mode could still use the kernel's translations. */
    cr4_write(cpu_choice.cr4 | (defences_has_pti() ? 0 : CR4_PGE));
    msr_write(MSR_PAT, PAT_OURS);
}

static void syscall_init(void)
{
    msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SCE);
    /* sysret: stack segment at base + 8, code at base + 16. */
    msr_write(MSR_STAR,
              (uint64_t)(SEGMENT_KERNEL_DATA | 3) << 48 | (uint64_t)SEGMENT_KERNEL_CODE << 32);
    msr_write(MSR_LSTAR,
              (uintptr_t)(defences_has_pti()                          ? arch_pti_syscall
                          : (defences_on & SPECULATION_BHB_LOOP) != 0 ? arch_bhb_syscall
                                                                      : arch_fast_entry));
    msr_write(MSR_CSTAR, 0); /* unreachable: there is no 32-bit code segment */
    msr_write(MSR_FMASK,
              FLAGS_IF | FLAGS_TF | FLAGS_DF | FLAGS_AC | FLAGS_NT | FLAGS_IOPL | FLAGS_RF);
}

/* Exceptions clear AC first, so that user mode cannot lift SMAP for the kernel. */
static void clac_patch(void)
{
    static const uint8_t clac[3] = { 0x0f, 0x01, 0xca };
    uint8_t *place = arch_phys_to_ptr((uintptr_t)arch_clac_place - KERNEL_OFFSET);

    if ((cpu_choice.cr4 & CR4_SMAP) == 0) {
        return;
    }
    for (uint32_t i = 0; i < sizeof(clac); i++) {
        place[i] = clac[i];
    }
}

void cpu_init(struct core *core, uint64_t stack_top, uint8_t *ist_stacks)
{
    struct arch_core *arch = &core->arch;

    if (!cpu_choice.has_nx) {
        arch_panic("this CPU cannot keep data from being executed (no NX)", __FILE__, __LINE__);
    }
    arch->self = core;
    arch->stack_top = stack_top;
    arch->frame_top = defences_has_pti() ? (uintptr_t)(arch_entry_of(core)->stack + 8) : stack_top;
    task_state_init(&arch_entry_of(core)->tss, core, ist_stacks);
    segments_init(arch_entry_of(core));
    control_registers_init();
    syscall_init();
    clac_patch();
    msr_write(MSR_FS_BASE, 0);
    msr_write(MSR_GS_BASE, (uintptr_t)core);
    msr_write(MSR_KERNEL_GS_BASE, 0);
    machine_check_init();
    defences_init(core);
}
