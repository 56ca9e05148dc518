/* SPDX-License-Identifier: MIT */
#include "decode.h"
#include "host_test/test.h"

TEST(insn_kind_knows_what_costs_more_than_one_instruction)
{
    static const struct {
        const char *text;
        uint8_t length;
        uint8_t bytes[12];
        unsigned want;
    } cases[] = {
        { "nop", 1, { 0x90 }, 0 },
        { "syscall", 2, { 0x0f, 0x05 }, 0 },
        { "swapgs", 3, { 0x0f, 0x01, 0xf8 }, 0 },
        { "mov %cr3, %rax", 3, { 0x0f, 0x20, 0xd8 }, 0 },
        { "mov %rax, %cr3", 3, { 0x0f, 0x22, 0xd8 }, INSN_CR3_WRITE | INSN_SERIALISING },
        { "mov %r8, %cr3", 4, { 0x41, 0x0f, 0x22, 0xd8 }, INSN_CR3_WRITE | INSN_SERIALISING },
        { "mov %rax, %cr0", 3, { 0x0f, 0x22, 0xc0 }, INSN_SERIALISING },
        { "invlpg (%rdi)", 3, { 0x0f, 0x01, 0x3f }, INSN_INVLPG | INSN_SERIALISING },
        { "lidt (%rdi)", 3, { 0x0f, 0x01, 0x1f }, INSN_SERIALISING },
        { "sgdt (%rdi)", 3, { 0x0f, 0x01, 0x07 }, 0 },
        { "invpcid", 5, { 0x66, 0x0f, 0x38, 0x82, 0x07 }, INSN_INVLPG | INSN_SERIALISING },
        { "crc32", 6, { 0xf2, 0x48, 0x0f, 0x38, 0xf1, 0xc0 }, 0 },
        { "lock incl (%rsi)", 3, { 0xf0, 0xff, 0x06 }, INSN_ATOMIC },
        { "lock cmpxchg", 5, { 0xf0, 0x48, 0x0f, 0xb1, 0x0e }, INSN_ATOMIC },
        { "xchg %rax, (%rsi)", 3, { 0x48, 0x87, 0x06 }, INSN_ATOMIC },
        { "xchg %rcx, %rbx", 3, { 0x48, 0x87, 0xcb }, 0 },
        { "iretq", 2, { 0x48, 0xcf }, INSN_SERIALISING | INSN_LETS_IN },
        { "sysretq", 3, { 0x48, 0x0f, 0x07 }, INSN_LETS_IN },
        { "sti", 1, { 0xfb }, INSN_LETS_IN },
        { "wrmsr", 2, { 0x0f, 0x30 }, INSN_SERIALISING },
        { "rdmsr", 2, { 0x0f, 0x32 }, 0 },
        { "cpuid", 2, { 0x0f, 0xa2 }, INSN_SERIALISING },
        { "ltr %ax", 3, { 0x0f, 0x00, 0xd8 }, INSN_SERIALISING },
        { "hlt", 1, { 0xf4 }, INSN_HALT },
        { "mov $0xf4, %al", 2, { 0xb0, 0xf4 }, 0 },
    };

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_EQ(insn_kind(cases[i].bytes, cases[i].length), cases[i].want, cases[i].text);
    }
}

TEST(insn_is_marker_takes_the_marked_nop_and_no_other)
{
    const uint8_t mark[] = { 0x0f, 0x1f, 0x80, 0x03, 0x01, 0x49, 0x50 };
    const uint8_t nop[] = { 0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00 };
    unsigned code = 0;

    CHECK(insn_is_marker(mark, sizeof(mark), &code), "a mark");
    CHECK_EQ(code, 0x103, "its row and end");
    CHECK(!insn_is_marker(nop, sizeof(nop), &code), "padding made by an assembler");
    CHECK(!insn_is_marker(mark, sizeof(mark) - 1, &code), "cut short");
}
