/* SPDX-License-Identifier: MIT */
/*
 * Single instructions, as functions, and the numbers of registers and features (SDM volumes 2 to
 * 4).
 * Size: a list; splitting it would scatter the inline assembly.
 */
#pragma once

#include <stdint.h>

#include "core/processor.h"
#include "offsets.h"

#define MSR_APIC_BASE 0x1bu
#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_X2APIC 0x800u
#define MSR_PAT 0x277u
#define MSR_EFER 0xc0000080u
#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_CSTAR 0xc0000083u
#define MSR_FMASK 0xc0000084u
#define MSR_FS_BASE 0xc0000100u
#define MSR_GS_BASE 0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u

#define EFER_SCE 0x001u
#define EFER_LME 0x100u
#define EFER_NXE 0x800u

#define CR0_PE 0x00000001ull
#define CR0_MP 0x00000002ull
#define CR0_TS 0x00000008ull
#define CR0_ET 0x00000010ull
#define CR0_NE 0x00000020ull
#define CR0_WP 0x00010000ull
#define CR0_AM 0x00040000ull
#define CR0_PG 0x80000000ull

#define FLAGS_CF 0x00001ull
#define FLAGS_PF 0x00004ull
#define FLAGS_AF 0x00010ull
#define FLAGS_ZF 0x00040ull
#define FLAGS_SF 0x00080ull
#define FLAGS_TF 0x00100ull
#define FLAGS_IF 0x00200ull
#define FLAGS_DF 0x00400ull
#define FLAGS_OF 0x00800ull
#define FLAGS_IOPL 0x03000ull
#define FLAGS_NT 0x04000ull
#define FLAGS_RF 0x10000ull
#define FLAGS_AC 0x40000ull

struct core;

static inline struct cpuid cpu_id(uint32_t leaf, uint32_t part)
{
    struct cpuid out;

    __asm__ volatile("cpuid"
                     : "=a"(out.a), "=b"(out.b), "=c"(out.c), "=d"(out.d)
                     : "a"(leaf), "c"(part));
    return out;
}

static inline uint64_t msr_read(uint32_t number)
{
    uint32_t low;
    uint32_t high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t number, uint64_t value)
{
    __asm__ volatile("wrmsr" ::"c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

#define CONTROL_REGISTER(name)                                                                     \
    static inline uint64_t name##_read(void)                                                       \
    {                                                                                              \
        uint64_t value;                                                                            \
                                                                                                   \
        __asm__ volatile("movq %%" #name ", %0" : "=r"(value));                                    \
        return value;                                                                              \
    }                                                                                              \
    static inline void name##_write(uint64_t value)                                                \
    {                                                                                              \
        __asm__ volatile("movq %0, %%" #name ::"r"(value) : "memory");                             \
    }
CONTROL_REGISTER(cr0)
CONTROL_REGISTER(cr2)
CONTROL_REGISTER(cr3)
CONTROL_REGISTER(cr4)
/* The class of interrupts that the processor takes no longer, with all below: SDM volume 3, 10.8.6. */
CONTROL_REGISTER(cr8)

/** The core that runs this: gs points to it while the kernel runs. */
static inline struct core *core_this(void)
{
    struct core *core;

    __asm__ volatile("movq %%gs:%c1, %0" : "=r"(core) : "i"(CORE_SELF));
    return core;
}

#define PORT(bits)                                                                                 \
    static inline uint##bits##_t port_read##bits(uint32_t port)                                    \
    {                                                                                              \
        uint##bits##_t value;                                                                      \
                                                                                                   \
        __asm__ volatile("in %w1, %0" : "=a"(value) : "Nd"(port));                                 \
        return value;                                                                              \
    }                                                                                              \
    static inline void port_write##bits(uint32_t port, uint##bits##_t value)                       \
    {                                                                                              \
        __asm__ volatile("out %0, %w1" ::"a"(value), "Nd"(port));                                  \
    }
PORT(8)
PORT(16)
PORT(32)

#define INSTRUCTION(name, text)                                                                    \
    static inline void name(void)                                                                  \
    {                                                                                              \
        __asm__ volatile(text ::: "memory");                                                       \
    }
INSTRUCTION(task_switched_clear, "clts")
/* Lets interrupts in for one instruction: sti takes effect after the next one. */
INSTRUCTION(interrupts_window, "sti; nop; cli")
/* Sleeps until an interrupt has been noted. None can slip in between sti and hlt. */
INSTRUCTION(interrupts_wait, "sti; hlt; cli")
INSTRUCTION(cpu_pause, "pause")
INSTRUCTION(cpu_halt, "cli; hlt")
INSTRUCTION(fence_all, "mfence")

#define INSTRUCTION_AT(name, text, type)                                                           \
    static inline void name(type *at)                                                              \
    {                                                                                              \
        __asm__ volatile(text " (%0)" ::"r"(at) : "memory");                                       \
    }
/* Writes a line of the caches back to memory; fence_all() waits for it. */
INSTRUCTION_AT(cache_line_flush, "clflush", const void)
INSTRUCTION_AT(gdt_load, "lgdt", const void)
INSTRUCTION_AT(idt_load, "lidt", const void)
INSTRUCTION_AT(fpu_fxsave, "fxsave64", void)
INSTRUCTION_AT(fpu_fxrstor, "fxrstor64", const void)

/** No local descriptor table. After a reset there is one at address 0, where a program may have a page: SDM volume 3, 9.1.1. */
static inline void ldt_forget(void)
{
    __asm__ volatile("lldt %w0" ::"r"(0));
}

static inline void tss_load(uint16_t selector)
{
    __asm__ volatile("ltr %0" ::"r"(selector));
}

#define FPU_STATE(name, instruction, area_type)                                                    \
    static inline void name(area_type *area, uint64_t features)                                    \
    {                                                                                              \
        __asm__ volatile(instruction " (%0)" ::"r"(area), "a"((uint32_t)features),                 \
                         "d"((uint32_t)(features >> 32))                                           \
                         : "memory");                                                              \
    }
FPU_STATE(fpu_xsave, "xsave64", void)
FPU_STATE(fpu_xsaveopt, "xsaveopt64", void)
FPU_STATE(fpu_xrstor, "xrstor64", const void)

static inline void xcr0_write(uint64_t value)
{
    __asm__ volatile("xsetbv" ::"c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}
