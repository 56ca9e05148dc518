/* SPDX-License-Identifier: MIT */
/*
 * The state of x87, SSE, AVX and so on (SDM volume 1, chapter 13). It is saved when another thread
 * that has an FPU takes over, never lazily: a thread without one runs with CR0.TS set, and what it
 * would find in the registers is a fault instead.
 */
#include "arch_private.h"
#include "core/core.h"
#include "cpu.h"

#define ID1C_XSAVE (1u << 26)
#define IDDA_XSAVEOPT (1u << 0)

/* x87, SSE, AVX and AVX-512; not the protection keys (CR4.PKE stays off), nor what is larger. */
#define FEATURES_WANTED 0xe7ull
#define FEATURES_LEAST 0x3ull
#define MXCSR_INITIAL 0x1f80u
#define FCW_INITIAL 0x37fu

struct fpu {
    bool has_xsave;
    bool has_xsaveopt;
    uint64_t features;
    _Alignas(64) uint8_t initial[ARCH_FPU_BYTES];
};
static struct fpu fpu;

static void xsave_init(void)
{
    struct cpuid id = cpu_id(0xd, 0);
    uint64_t features = ((uint64_t)id.d << 32 | id.a) & FEATURES_WANTED;

    cr4_write(cr4_read() | CR4_OSXSAVE);
    xcr0_write(features);
    /* Leaf 0xd says in ebx how much the enabled features need. */
    if (cpu_id(0xd, 0).b > ARCH_FPU_BYTES) {
        features &= FEATURES_LEAST;
        xcr0_write(features);
    }
    fpu.has_xsave = true;
    fpu.has_xsaveopt = (cpu_id(0xd, 1).a & IDDA_XSAVEOPT) != 0;
    fpu.features = features;
}

void fpu_init(void)
{
    if ((cpu_id(1, 0).c & ID1C_XSAVE) != 0) {
        xsave_init();
    }
    /* An empty header means the initial state; only these two are read in any case. */
    *(uint16_t *)(void *)fpu.initial = FCW_INITIAL;
    *(uint32_t *)(void *)(fpu.initial + 24) = MXCSR_INITIAL;
}

static void fpu_save(uint8_t *area)
{
    if (fpu.has_xsaveopt) {
        fpu_xsaveopt(area, fpu.features);
    } else if (fpu.has_xsave) {
        fpu_xsave(area, fpu.features);
    } else {
        fpu_fxsave(area);
    }
}

static void fpu_load(const uint8_t *area)
{
    if (fpu.has_xsave) {
        fpu_xrstor(area, fpu.features);
    } else {
        fpu_fxrstor(area);
    }
}

void fpu_save_owner(struct core *core)
{
    struct thread *owner = core->arch.fpu_owner;

    if (owner != NULL) {
        fpu_save(owner->arch.fpu);
        owner->registers.fpu_is_saved = true;
    }
}

void fpu_switch(struct core *core, struct thread *next)
{
    struct arch_core *arch = &core->arch;

    if (!next->has_fpu) {
        if (!arch->fpu_is_off) {
            arch->fpu_is_off = true;
            cr0_write(cr0_read() | CR0_TS);
        }
        return;
    }
    if (arch->fpu_is_off) {
        arch->fpu_is_off = false;
        task_switched_clear();
    }
    if (arch->fpu_owner != next) {
        fpu_save_owner(core);
        fpu_load(next->registers.fpu_is_saved ? next->arch.fpu : fpu.initial);
        arch->fpu_owner = next;
    }
}
