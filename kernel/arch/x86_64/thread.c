/* SPDX-License-Identifier: MIT */
/* Changing from one thread to another, and the registers of those that do not run. */
#include <stdatomic.h>

#include "arch/arch.h"

#include "abi/kernel_calls.h"
#include "arch_private.h"
#include "core/core.h"
#include "cpu.h"
#include "object/vspace.h"

#define FLAGS_USER                                                                                 \
    (FLAGS_CF | FLAGS_PF | FLAGS_AF | FLAGS_ZF | FLAGS_SF | FLAGS_TF | FLAGS_DF | FLAGS_OF |       \
     FLAGS_AC)

const uint64_t arch_abi_hash = ABI_HASH;

/* In the order of thread.write_registers (abi/idl/kernel.idl). */
enum register_number {
    REGISTER_RIP,
    REGISTER_RSP,
    REGISTER_RFLAGS,
    REGISTER_FS_BASE = 18,
    REGISTER_GS_BASE = 19,
    REGISTER_COUNT = 20,
    REGISTER_ROOM = 32 /* a power of two: speculation does not leave the table */
};

#define PLACE(member) (uint8_t) __builtin_offsetof(struct arch_registers, member)
static const uint8_t register_places[REGISTER_ROOM] = {
    PLACE(ip),       PLACE(sp),       PLACE(flags),    PLACE(op),      PLACE(words[0]),
    PLACE(rcx),      PLACE(bits),     PLACE(time),     PLACE(info),    PLACE(rbp),
    PLACE(words[1]), PLACE(words[2]), PLACE(words[3]), PLACE(r11),     PLACE(words[4]),
    PLACE(words[5]), PLACE(words[6]), PLACE(words[7]), PLACE(fs_base), PLACE(gs_base),
};

void arch_vspace_root_init(uint64_t *root)
{
    const uint64_t *kernel = arch_phys_to_ptr(paging_kernel_root);

    for (uint32_t i = PTE_USER_IN_ROOT; i < VSPACE_ROOT_BYTES / 8; i += PTE_PER_TABLE) {
        arch_memory_copy_words(root + i, kernel + i, paging_direct_entries);
        root[i + PTE_USER_IN_ROOT - 1] = kernel[i + PTE_USER_IN_ROOT - 1];
    }
}

static void vspace_load(struct arch_core *arch, phys_t root)
{
    atomic_store_explicit(&arch->root, root, memory_order_relaxed);
    cr3_write(root); /* serialises: who looks up something by it is known to have it */
}

/* The next space with this root is another's. Relaxed: no thread of this one runs any more. */
static void guard_forget(struct core *core, phys_t root)
{
    (void)atomic_compare_exchange_strong_explicit(&core->arch.guarded_root, &root, 0,
                                                  memory_order_relaxed, memory_order_relaxed);
}

void arch_vspace_leave(struct core *core, phys_t root)
{
    if (defences_on != 0) {
        guard_forget(core, root);
    }
    if (atomic_load_explicit(&core->arch.root, memory_order_relaxed) != root) {
        return;
    }
    if (ARCH_CORES == 1 || core == core_this()) {
        vspace_load(&core->arch, paging_kernel_root);
    } else {
        core_leave_space(core);
    }
}

void arch_tlb_flush_all(void)
{
    cr3_write(cr3_read()); /* the kernel's own pages are global and stay */
}

void arch_thread_enter(struct core *core, struct thread *next)
{
    struct arch_core *arch = &core->arch;
    const struct arch_registers *registers = &next->registers;
    phys_t root = next->space->root;

    if (atomic_load_explicit(&arch->root, memory_order_relaxed) != root) {
        vspace_load(arch, root);
    }
    fpu_switch(core, next);
    /*
     * A program can make its own bases 0 (by loading a selector) and the kernel would not know: only if
     * 0 was loaded last is it certain what is there.
     */
    if ((arch->fs_base | registers->fs_base) != 0) {
        arch->fs_base = registers->fs_base;
        msr_write(MSR_FS_BASE, registers->fs_base);
    }
    if ((arch->gs_base | registers->gs_base) != 0) {
        arch->gs_base = registers->gs_base;
        msr_write(MSR_KERNEL_GS_BASE, registers->gs_base);
        /* With some defences the base never counts as known, so that each thread comes by here; without, none does for their sake. */
        if ((defences_on & SPECULATION_AT_SWITCH) != 0) {
            arch->gs_base = GS_BASE_UNKNOWN;
            defences_at_switch(core, root);
        }
    }
}

void arch_thread_forget(struct core *core, struct thread *thread)
{
    if (core->arch.fpu_owner == thread) {
        core->arch.fpu_owner = NULL;
    }
}

void arch_registers_init(struct arch_registers *registers, bool has_fpu)
{
    *registers = (struct arch_registers){ .flags = ARCH_FLAGS_PLAIN,
                                          .must_iret = true,
                                          .is_special = has_fpu || (defences_on &
                                                                    SPECULATION_AT_SWITCH) != 0 };
}

bool arch_register_get(const struct arch_registers *registers, uint32_t number, uint64_t *value)
{
    if (number >= REGISTER_COUNT) {
        return false;
    }
    *value = *(const uint64_t *)(const void *)((const uint8_t *)registers +
                                               register_places[number % REGISTER_ROOM]);
    return true;
}

/*
 * What cannot be told by the user's own instructions must not come in from outside: addresses in
 * the hole, flags of the system.
 */
bool arch_register_set(struct arch_registers *registers, uint32_t number, uint64_t value)
{
    bool is_address =
        number == REGISTER_RIP || number == REGISTER_FS_BASE || number == REGISTER_GS_BASE;

    if (number >= REGISTER_COUNT || (is_address && value >= ARCH_USER_END)) {
        return false;
    }
    if (number == REGISTER_RFLAGS) {
        value = (value & FLAGS_USER) | ARCH_FLAGS_PLAIN;
    }
    if (number == REGISTER_RIP) {
        registers->trap = 0; /* it was of where the thread is no longer */
    }
    *(uint64_t *)(void *)((uint8_t *)registers + register_places[number % REGISTER_ROOM]) = value;
    registers->must_iret = true;
    if (registers->fs_base != 0 || registers->gs_base != 0) {
        registers->is_special = true; /* for good: it hardly ever goes back */
    }
    return true;
}

void arch_single_step_set(struct arch_registers *registers, bool on)
{
    registers->flags = on ? registers->flags | FLAGS_TF : registers->flags & ~FLAGS_TF;
    registers->must_iret = true;
}

void arch_syscall_restart(struct arch_registers *registers)
{
    registers->ip -= ARCH_SYSCALL_BYTES;
}
