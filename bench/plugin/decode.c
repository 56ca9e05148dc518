/* SPDX-License-Identifier: MIT */
/*
 * Just enough decoding to tell the kinds of decode.h. Bytes past the end read as zero, so that a
 * short instruction needs no check.
 */
#include "decode.h"

#include <string.h>

enum { INSN_BYTES_MAX = 15, MARKER_LENGTH = 7, MARKER_TAG = 0x5049 };

struct opcode {
    bool has_lock;
    bool has_0f;
    uint8_t byte;
    uint8_t next[2]; /* what follows: most often ModRM */
};

static bool is_prefix(uint8_t byte)
{
    static const uint8_t prefixes[] = { 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e,
                                        0x36, 0x3e, 0x26, 0x64, 0x65 };

    return memchr(prefixes, byte, sizeof(prefixes)) != NULL;
}

static struct opcode opcode_of(const uint8_t *bytes, size_t length)
{
    uint8_t padded[INSN_BYTES_MAX + 4] = { 0 };
    struct opcode opcode = { 0 };
    size_t at = 0;

    memcpy(padded, bytes, length < INSN_BYTES_MAX ? length : INSN_BYTES_MAX);
    for (; at < INSN_BYTES_MAX && is_prefix(padded[at]); at++) {
        opcode.has_lock |= padded[at] == 0xf0;
    }
    if ((padded[at] & 0xf0) == 0x40) {
        at++; /* REX */
    }
    if (padded[at] == 0x0f) {
        opcode.has_0f = true;
        at++;
    }
    opcode.byte = padded[at];
    opcode.next[0] = padded[at + 1];
    opcode.next[1] = padded[at + 2];
    return opcode;
}

static unsigned modrm_reg(uint8_t modrm)
{
    return (modrm >> 3) & 7;
}

static bool modrm_is_memory(uint8_t modrm)
{
    return modrm >> 6 != 3;
}

/* 0f 01: a group of system instructions. */
static unsigned group7_kind(uint8_t modrm)
{
    unsigned reg = modrm_reg(modrm);

    if (modrm_is_memory(modrm)) {
        if (reg == 7) {
            return INSN_INVLPG | INSN_SERIALISING;
        }
        return reg == 2 || reg == 3 || reg == 6 ? INSN_SERIALISING : 0; /* lgdt, lidt, lmsw */
    }
    return reg == 6 || modrm == 0xe8 ? INSN_SERIALISING : 0; /* lmsw, serialize */
}

static unsigned two_byte_kind(const struct opcode *opcode)
{
    unsigned reg = modrm_reg(opcode->next[0]);

    switch (opcode->byte) {
    case 0x00: /* lldt, ltr */
        return reg == 2 || reg == 3 ? INSN_SERIALISING : 0;
    case 0x01:
        return group7_kind(opcode->next[0]);
    case 0x07: /* sysret */
        return INSN_LETS_IN;
    case 0x22: /* mov to a control register; cr8 reads as cr0 here, and nobody writes it */
        return INSN_SERIALISING | (reg == 3 ? INSN_CR3_WRITE : 0);
    case 0x38: /* invpcid */
        return opcode->next[0] == 0x82 ? INSN_INVLPG | INSN_SERIALISING : 0;
    case 0x08: /* invd */
    case 0x09: /* wbinvd */
    case 0x23: /* mov to a debug register */
    case 0x30: /* wrmsr */
    case 0xa2: /* cpuid */
    case 0xaa: /* rsm */
        return INSN_SERIALISING;
    default:
        return 0;
    }
}

unsigned insn_kind(const uint8_t *bytes, size_t length)
{
    struct opcode opcode = opcode_of(bytes, length);

    if (opcode.has_0f) {
        return two_byte_kind(&opcode) | (opcode.has_lock ? INSN_ATOMIC : 0);
    }
    if (opcode.has_lock) {
        return INSN_ATOMIC;
    }
    switch (opcode.byte) {
    case 0x86: /* xchg */
    case 0x87:
        return modrm_is_memory(opcode.next[0]) ? INSN_ATOMIC : 0;
    case 0xcf: /* iret */
        return INSN_SERIALISING | INSN_LETS_IN;
    case 0xfb: /* sti */
        return INSN_LETS_IN;
    case 0xf4:
        return INSN_HALT;
    default:
        return 0;
    }
}

bool insn_is_marker(const uint8_t *bytes, size_t length, unsigned *code)
{
    if (length != MARKER_LENGTH || bytes[0] != 0x0f || bytes[1] != 0x1f || bytes[2] != 0x80 ||
        (bytes[5] | bytes[6] << 8) != MARKER_TAG) {
        return false;
    }
    *code = bytes[3] | (unsigned)bytes[4] << 8;
    return true;
}
