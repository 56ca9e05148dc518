/* SPDX-License-Identifier: MIT */
/*
 * The last words. The kernel keeps no frame pointers, which would cost instructions on every path,
 * so the back trace is a guess: every word on the stack that points behind a call instruction in
 * the kernel's text. It may show calls that have returned already; it leaves none out.
 * docs/kernel/x86_64.md.
 */
#include "core/panic.h"
#include "arch/arch.h"
#include "arch_private.h"
#include "core/core.h"
#include "core/print.h"
#include "cpu.h"
#include "fatal.h"
#include "offsets.h"
#include "symbols.h"

#define BACK_TRACE_MAX 24u
#define WAIT_STEPS 10000u
#define MACHINE_CHECK_VECTOR 18u

static const struct fatal_frame *panic_frame;

void panic_frame_set(const struct fatal_frame *frame)
{
    cores_claim_panic();
    if (panic_frame == NULL) {
        panic_frame = frame;
    }
}

/* Comes from arch_panic in entry.S. */
_Noreturn void panic_from_code(const char *text, const char *file, uint32_t line,
                               const struct fatal_frame *frame)
{
    panic_frame_set(frame);
    core_on_panic(text, file, line);
}

/*
 * back: 1 for return addresses, so that a call at a function's end is not taken for the next one.
 */
static void print_symbol(uint64_t address, uint64_t back)
{
    const struct symbol_table *table = &kernel_symbol_table;
    const char *names = (const char *)&table->entries[table->count];
    uint32_t low = 0;
    uint32_t high = table->count;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (address - back - table->base < table->entries[middle].offset) {
            high = middle;
        } else {
            low = middle;
        }
    }
    print_hex("  ", address, 16);
    print_text(" ");
    print_text(names + table->entries[low].name);
    print_hex("+", address - table->base - table->entries[low].offset, 1);
    print_text("\n");
}

static bool is_text(uint64_t address)
{
    return address >= (uintptr_t)kernel_text_start + 8 && address < (uintptr_t)kernel_text_end;
}

/* e8 rel32; or ff /2 with a register, a register and displacement, or an absolute address. */
static bool is_after_call(uint64_t address)
{
    const uint8_t *code = (const uint8_t *)(uintptr_t)address;

    return code[-5] == 0xe8 || (code[-2] == 0xff && (code[-1] & 0x38) == 0x10) ||
           (code[-3] == 0xff && (code[-2] & 0x38) == 0x10) ||
           (code[-6] == 0xff && (code[-5] & 0x38) == 0x10) ||
           (code[-7] == 0xff && (code[-6] & 0x38) == 0x10);
}

static void back_trace_print(const uint64_t *stack, const uint64_t *end)
{
    uint32_t printed = 0;

    for (; stack < end && printed < BACK_TRACE_MAX; stack++) {
        if (is_text(*stack) && is_after_call(*stack)) {
            print_symbol(*stack, 1);
            printed++;
        }
    }
}

/* In the order of struct fatal_frame. */
static const char *const frame_names[] = {
    "  rax ", "  rbx ", "  rcx ", "  rdx ", "  rsi ", "  rdi ", "  rbp ", "  r8  ",
    "  r9  ", "  r10 ", "  r11 ", "  r12 ", "  r13 ", "  r14 ", "  r15 ",
};

static void print_frame(const struct fatal_frame *frame)
{
    const uint64_t *registers = (const uint64_t *)(const void *)frame;

    print_hex("  rip ", frame->rip, 16);
    print_hex("  rsp ", frame->rsp, 16);
    print_hex("  flg ", frame->rflags, 16);
    print_hex("  cs  ", frame->cs, 16);
    for (uint32_t i = 0; i < sizeof(frame_names) / sizeof(frame_names[0]); i++) {
        print_text(i % 4 == 0 ? "\n" : "");
        print_hex(frame_names[i], registers[i], 16);
    }
    print_hex("  cr2 ", cr2_read(), 16);
    print_hex("\n  cr3 ", cr3_read(), 16);
    if (frame->vector != FATAL_VECTOR_NONE) {
        print_decimal("  vector ", frame->vector);
        print_hex("  error ", frame->error, 16);
    }
    print_text("\n");
}

/*
 * The stack that an address lies on ends with the core's stack, or with the page for the four
 * others.
 */
static const uint64_t *stack_end(uint64_t stack)
{
    uint64_t top = core_this()->arch.stack_top;

    if (stack >= top - ARCH_STACK_BYTES && stack < top) {
        return (const uint64_t *)(uintptr_t)top;
    }
    return (const uint64_t *)(uintptr_t)((stack | 4095u) - 7);
}

static bool is_stack(uint64_t address)
{
    const struct arch_core *arch = &core_this()->arch;
    const struct arch_tss *tss = &arch_entry_of(core_this())->tss;

    if (address >= arch->stack_top - ARCH_STACK_BYTES && address < arch->stack_top) {
        return true;
    }
    for (uint32_t i = 0; i < ARCH_IST_STACKS; i++) {
        uint64_t top = (uint64_t)tss->ist[i][1] << 32 | tss->ist[i][0];

        if (address >= (top & ~(uint64_t)(ARCH_IST_BYTES - 1)) && address <= top) {
            return true;
        }
    }
    return false;
}

static void print_where(void)
{
    uint64_t stack = panic_frame->rsp;

    print_frame(panic_frame);
    if (panic_frame->vector == MACHINE_CHECK_VECTOR) {
        machine_check_print();
    }
    print_text("Perhaps called from (calls that have returned may show up, too):\n");
    if (is_text(panic_frame->rip)) {
        print_symbol(panic_frame->rip, panic_frame->vector == FATAL_VECTOR_NONE ? 1 : 0);
    }
    if (stack % 8 == 0 && is_stack(stack)) {
        back_trace_print((const uint64_t *)(uintptr_t)stack, stack_end(stack));
    }
}

/*
 * Without interrupts, which may be part of what is broken. Reading the clock is slow in emulators:
 * not always.
 */
static void wait_s(uint32_t seconds)
{
    ns_t end = arch_now() + (ns_t)seconds * 1000000000u;

    while (arch_now() < end) {
        for (uint32_t i = 0; i < WAIT_STEPS; i++) {
            __asm__ volatile("");
        }
    }
}

_Noreturn void arch_stop(void)
{
    for (;;) {
        cpu_halt();
    }
}

_Noreturn void arch_panic_end(const char *text, const char *file, uint32_t line)
{
    struct panic_policy policy = panic_policy();

    (void)text; /* the core has printed these */
    (void)file;
    (void)line;
    print_where();
    panic_record_seal();
    if (policy.after == PANIC_EXIT) {
        arch_restart(0, 0x7f);
    }
    if (policy.after == PANIC_REBOOT && arch_clock.mult != 0) {
        print_decimal("Restarting in ", policy.delay_s);
        print_text(" s.\n");
        wait_s(policy.delay_s);
        arch_restart(1, 0);
    }
    arch_stop();
}
