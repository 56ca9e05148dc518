/* SPDX-License-Identifier: MIT */
/* See boot_program.h; System V ABI, chapters 4 and 5, and cpio's format "newc". */
#include "boot_program.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

enum {
    MEMBER_AT = 112, /* header and name, aligned */
    SEGMENTS = 3,
    NOTE_AT = 512,
    DATA_AT = 640,
    TEXT_AT = 1024,
    FILE_BYTES = ARCHIVE_BYTES - MEMBER_AT,
};

struct abi_note {
    Elf64_Nhdr header;
    char name[8];
    uint64_t hash;
} __attribute__((packed));

uint8_t program_text_byte(uint32_t i)
{
    return (uint8_t)(i * 7 + 1);
}

uint8_t program_data_byte(uint32_t i)
{
    return (uint8_t)(i * 5 + 3);
}

static void program_make(uint8_t *file, const struct program_order *order)
{
    uint64_t text = order->text_addr != 0 ? order->text_addr : PROGRAM_TEXT_ADDR;
    Elf64_Ehdr header = {
        .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_entry = order->entry != 0 ? order->entry : text,
        .e_phoff = sizeof(header),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = order->abi_hash != 0 ? SEGMENTS : SEGMENTS - 1,
    };
    const Elf64_Phdr segments[SEGMENTS] = {
        { PT_LOAD, PF_R | PF_X, TEXT_AT, text, 0, PROGRAM_TEXT_BYTES, PROGRAM_TEXT_BYTES, 4096 },
        { PT_LOAD, PF_R | PF_W, DATA_AT, text + PROGRAM_DATA_OFFSET, 0, PROGRAM_DATA_BYTES,
          PROGRAM_BSS_PAGES * 4096, 4096 },
        { PT_NOTE, PF_R, NOTE_AT, 0, 0, sizeof(struct abi_note), sizeof(struct abi_note), 4 },
    };
    const struct abi_note note = { { 5, 8, 1 }, "Pith", order->abi_hash };

    memcpy(file, &header, sizeof(header));
    memcpy(file + sizeof(header), segments, sizeof(segments));
    memcpy(file + NOTE_AT, &note, sizeof(note));
    for (uint32_t i = 0; i < PROGRAM_TEXT_BYTES; i++) {
        file[TEXT_AT + i] = program_text_byte(i);
    }
    for (uint32_t i = 0; i < PROGRAM_DATA_BYTES; i++) {
        file[DATA_AT + i] = program_data_byte(i);
    }
}

void boot_archive_make(uint8_t *archive, const struct program_order *order)
{
    memset(archive, 0, ARCHIVE_BYTES);
    /* Thirteen numbers: the size is the seventh, the length of the name the twelfth. */
    snprintf((char *)archive, MEMBER_AT,
             "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1, 0, 0, 0, 1, 0,
             FILE_BYTES, 0, 0, 0, 0, 2, 0);
    memcpy(archive + 110, "p", 2);
    program_make(archive + MEMBER_AT, order);
}
