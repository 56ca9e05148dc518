/* SPDX-License-Identifier: MIT */
/*
 * Interrupts and exceptions, from the stubs in entry.S to the core. An interrupt that finds the
 * kernel running (it can only in the windows opened here) is noted in core->arch.pending and handed
 * to the core on the way out, unacknowledged until then.
 */
#include "trap.h"
#include "abi/kernel_calls.h"
#include "arch/arch.h"
#include "arch_private.h"
#include "core/alone.h"
#include "core/core.h"
#include "cpu.h"
#include "fatal.h"
#include "offsets.h"

_Static_assert(sizeof(struct thread) <= 4096, "a thread is one page");
_Static_assert(VECTOR_DEVICES + ARCH_IRQ_VECTORS <= VECTOR_DMA_FAULT, "vectors must not overlap");
_Static_assert(VECTOR_DEVICES % ARCH_IRQ_CLASS_VECTORS == 0 && ARCH_IRQ_CLASS_VECTORS == 16,
               "the upper half of a vector is its class");

enum exception {
    EXCEPTION_DIVIDE = 0,
    EXCEPTION_DEBUG = 1,
    EXCEPTION_NMI = 2,
    EXCEPTION_BREAKPOINT = 3,
    EXCEPTION_OVERFLOW = 4,
    EXCEPTION_ILLEGAL = 6,
    EXCEPTION_NO_FPU = 7,
    EXCEPTION_DOUBLE = 8,
    EXCEPTION_STACK = 12,
    EXCEPTION_PAGE = 14,
    EXCEPTION_X87 = 16,
    EXCEPTION_ALIGNMENT = 17,
    EXCEPTION_MACHINE = 18,
    EXCEPTION_SIMD = 19
};

/* Error code of a page fault (SDM volume 3, figure 4-12). */
#define PAGE_ERROR_PRESENT 1u
#define PAGE_ERROR_WRITE 2u
#define PAGE_ERROR_FETCH 16u

/* SDM volume 3, figure 6-8. */
struct gate {
    uint16_t offset_low;
    uint16_t segment;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};
_Static_assert(sizeof(struct gate) == 16, "fixed by the CPU");

#define GATE_INTERRUPT 0x8eu
#define GATE_INTERRUPT_USER 0xeeu

struct idt_pointer {
    uint8_t padding[6];
    uint16_t limit;
    uint64_t base;
};

static __attribute__((section(".bss.shown"))) _Alignas(4096) struct gate gates[VECTOR_COUNT];

_Noreturn void arch_on_fatal(const struct fatal_frame *frame, struct core *const *ist_core);

/* Which of the stacks of its own it gets; 0: none. */
static uint8_t ist_of(uint64_t vector)
{
    static const uint8_t stacks[] = {
        [EXCEPTION_DEBUG] = 1, [EXCEPTION_NMI] = 2, [EXCEPTION_DOUBLE] = 3, [EXCEPTION_MACHINE] = 4
    };

    return vector < sizeof(stacks) ? stacks[vector] : 0;
}

/* Users may execute int3 and int 4; any other int is a #GP. */
void traps_init(void)
{
    for (uint32_t i = 0; i < VECTOR_COUNT; i++) {
        uint64_t stub = (uintptr_t)arch_vector_stubs + i * VECTOR_STUB_BYTES;
        bool is_for_users = i == EXCEPTION_BREAKPOINT || i == EXCEPTION_OVERFLOW;

        gates[i] = (struct gate){
            .offset_low = (uint16_t)stub,
            .segment = SEGMENT_KERNEL_CODE,
            .ist = ist_of(i),
            .type = is_for_users ? GATE_INTERRUPT_USER : GATE_INTERRUPT,
            .offset_middle = (uint16_t)(stub >> 16),
            .offset_high = (uint32_t)(stub >> 32),
        };
    }
    traps_load();
}

void traps_load(void)
{
    struct idt_pointer pointer = { .limit = sizeof(gates) - 1, .base = (uintptr_t)gates };

    idt_load(&pointer.limit);
}

static struct arch_fault page_fault(uint64_t error)
{
    return (struct arch_fault){
        .kind = (error & PAGE_ERROR_PRESENT) != 0 ? FAULT_PROTECTION : FAULT_NOT_PRESENT,
        .address = cr2_read(),
        .detail = ((error & PAGE_ERROR_WRITE) != 0 ? 1u : 0u) |
                  ((error & PAGE_ERROR_FETCH) != 0 ? 2u : 0u),
    };
}

/* Those that are not here are FAULT_GENERAL; #PF is page_fault(). */
static const uint8_t fault_kinds[VECTOR_EXCEPTIONS] = {
    [EXCEPTION_DIVIDE] = FAULT_DIVIDE,
    [EXCEPTION_DEBUG] = FAULT_SINGLE_STEP,
    [EXCEPTION_BREAKPOINT] = FAULT_BREAKPOINT,
    [EXCEPTION_OVERFLOW] = FAULT_OVERFLOW,
    [EXCEPTION_ILLEGAL] = FAULT_ILLEGAL,
    [EXCEPTION_NO_FPU] = FAULT_NO_FPU,
    [EXCEPTION_STACK] = FAULT_STACK,
    [EXCEPTION_X87] = FAULT_FPU,
    [EXCEPTION_SIMD] = FAULT_FPU,
    [EXCEPTION_ALIGNMENT] = FAULT_ALIGNMENT,
    [VECTOR_FOREIGN] = FAULT_SYSCALL,
};

/* An instruction pointer in the hole would make iretq fault: some CPUs jump there before they fault. */
struct arch_fault fault_of(struct core *core, uint64_t vector, uint64_t error)
{
    struct arch_registers *registers = &core->current->registers;

    if (registers->ip > ARCH_USER_END) {
        registers->ip = ARCH_USER_END - 1;
    }
    if (vector == EXCEPTION_PAGE) {
        return page_fault(error);
    }
    return (struct arch_fault){
        .kind = fault_kinds[vector] != 0 ? (enum fault)fault_kinds[vector] : FAULT_GENERAL,
        .detail = vector,
    };
}

bool vector_comes_again(uint64_t vector)
{
    return vector != EXCEPTION_DEBUG && vector != EXCEPTION_BREAKPOINT &&
           vector != EXCEPTION_OVERFLOW;
}

static void on_interrupt(struct core *core, uint64_t vector)
{
    if (vector == VECTOR_TIMER) {
        core_on_interrupt(core, ARCH_VECTOR_TIMER);
    } else if (vector - VECTOR_DEVICES < ARCH_IRQ_VECTORS) {
        core_on_interrupt(core, (uint32_t)(vector - VECTOR_DEVICES));
        return;
    } else if (vector == VECTOR_DMA_FAULT) {
        core_on_dma_fault(core);
    } else if (vector == VECTOR_POKE) {
        core->must_look = true; /* what that is about lies in the core */
    } else {
        return; /* spurious (SDM volume 3, 10.9): nothing happened and nothing is to be acknowledged */
    }
    if (!core_has_declined(core)) {
        lapic_acknowledge();
    }
}

static __attribute__((noinline)) void on_other_vector(struct core *core, uint64_t vector,
                                                      uint64_t error)
{
    if (vector < VECTOR_EXCEPTIONS) {
        struct arch_fault fault = fault_of(core, vector, error);

        core_on_fault(core, &fault);
    } else {
        on_interrupt(core, vector);
    }
}

/* From user mode. */
void arch_on_vector(struct core *core, uint64_t vector, uint64_t error)
{
    if (__builtin_expect(vector - VECTOR_DEVICES < ARCH_IRQ_VECTORS, 1)) {
        core_on_interrupt(core, (uint32_t)(vector - VECTOR_DEVICES));
    } else {
        on_other_vector(core, vector, error);
    }
}

bool pending_next(struct core *core, uint32_t *vector)
{
    struct arch_core *arch = &core->arch;

    for (uint32_t i = 4; i-- > 0;) {
        if (arch->pending[i] != 0) {
            uint32_t bit = 63u - (uint32_t)__builtin_clzll(arch->pending[i]);

            arch->pending[i] &= ~(1ull << bit);
            *vector = i * 64 + bit;
            return true;
        }
    }
    arch->pending_any = 0;
    return false;
}

bool arch_interrupt_pending(struct core *core)
{
    interrupts_window();
    return core->arch.pending_any != 0 || cores_wait();
}

static const char *fatal_name(uint64_t vector)
{
    switch (vector) {
    case EXCEPTION_NMI:
        return "non-maskable interrupt";
    case EXCEPTION_DOUBLE:
        return "double fault";
    case EXCEPTION_MACHINE:
        return "machine check";
    default:
        return "exception in the kernel";
    }
}

_Noreturn void arch_on_fatal(const struct fatal_frame *frame, struct core *const *ist_core)
{
    if (ist_of(frame->vector) != 0) {
        msr_write(MSR_GS_BASE, (uintptr_t)*ist_core); /* it may have been the user's */
    }
    panic_frame_set(frame);
    core_on_panic(fatal_name(frame->vector), __FILE__, __LINE__);
}
