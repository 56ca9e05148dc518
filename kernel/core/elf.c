/* SPDX-License-Identifier: MIT */
/* System V ABI, chapters 4 and 5, and its x86-64 supplement for the machine's number. */
#include "core/elf.h"

#include <stddef.h>

#include "abi/kernel_calls.h"
#include "arch/arch.h"
#include "core/bytes.h"

#define PAGE 4096ull

#define MACHINE_X86_64 62u
#define TYPE_EXEC 2u
#define SEGMENT_LOAD 1u
#define SEGMENT_NOTE 4u
#define SEGMENT_EXEC 1u
#define SEGMENT_WRITE 2u
#define SEGMENT_READ 4u
#define NOTE_ABI 1u

struct file_header {
    uint8_t ident[16]; /* magic, class 2, data 1 (little-endian), version 1 */
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t segments_at;
    uint64_t sections_at;
    uint32_t flags;
    uint16_t header_bytes;
    uint16_t segment_bytes;
    uint16_t segment_count;
    uint16_t section_bytes, section_count, section_names;
};
_Static_assert(sizeof(struct file_header) == 64, "fixed by the format");

struct segment_header {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t address;
    uint64_t physical;
    uint64_t file_bytes;
    uint64_t memory_bytes;
    uint64_t align;
};
_Static_assert(sizeof(struct segment_header) == 56, "fixed by the format");

struct note {
    uint32_t name_bytes;
    uint32_t content_bytes;
    uint32_t type;
    char name[8]; /* "Pith", 0, padding */
    uint32_t hash[2];
};
_Static_assert(sizeof(struct note) == 28, "our own");

static uint32_t prot_of(uint32_t flags)
{
    return ((flags & SEGMENT_READ) != 0 ? PROT_READ : 0u) |
           ((flags & SEGMENT_WRITE) != 0 ? PROT_WRITE : 0u) |
           ((flags & SEGMENT_EXEC) != 0 ? PROT_EXEC : 0u);
}

static const char *segment_add(const uint8_t *file, const struct segment_header *header,
                               struct elf_program *program)
{
    uint64_t end = header->address + header->memory_bytes;

    if (header->memory_bytes == 0) {
        return NULL;
    }
    if (header->file_bytes > header->memory_bytes) {
        return "a segment is longer in the file than in memory";
    }
    if (header->address < PAGE || header->address >= ARCH_USER_END ||
        header->memory_bytes > ELF_IMAGE_MAX || end > ARCH_USER_END) {
        return "a segment lies outside the user half";
    }
    if (program->segment_count == ELF_SEGMENTS_MAX) {
        return "it has too many segments";
    }
    if (program->segment_count > 0 && (header->address & ~(PAGE - 1)) < program->high) {
        return "its segments overlap, share a page, or are out of order";
    }
    if ((header->flags & SEGMENT_WRITE) != 0 && (header->flags & SEGMENT_EXEC) != 0) {
        return "a segment is writable and executable";
    }
    if (program->segment_count == 0) {
        program->low = header->address & ~(PAGE - 1);
    }
    program->high = (end + PAGE - 1) & ~(PAGE - 1);
    program->segments[program->segment_count++] =
        (struct elf_segment){ header->address, header->memory_bytes, file + header->offset,
                              header->file_bytes, prot_of(header->flags) };
    return program->high - program->low > ELF_IMAGE_MAX ? "it is too large" : NULL;
}

static void note_read(const uint8_t *content, uint64_t size_bytes, struct elf_program *program)
{
    uint64_t at = 0;
    struct note note;

    while (size_bytes - at >= 12) {
        bytes_copy(&note, content + at, 12);
        uint64_t name_bytes = ((uint64_t)note.name_bytes + 3) & ~3ull;
        uint64_t length = 12 + name_bytes + (((uint64_t)note.content_bytes + 3) & ~3ull);

        if (length > size_bytes - at) {
            return;
        }
        if (length == sizeof(note) && note.type == NOTE_ABI && note.name_bytes == 5 &&
            note.content_bytes == 8) {
            bytes_copy(&note, content + at, sizeof(note));
            if (bytes_are(note.name, "Pith", 5)) {
                program->abi_hash = (uint64_t)note.hash[1] << 32 | note.hash[0];
            }
        }
        at += length;
    }
}

static const char *header_check(const struct file_header *header)
{
    if (!bytes_are(header->ident, "\177ELF", 4)) {
        return "it is not an ELF file";
    }
    if (!bytes_are(header->ident + 4, "\2\1\1", 3) || header->machine != MACHINE_X86_64) {
        return "it is for another machine";
    }
    if (header->type != TYPE_EXEC || header->segment_bytes != sizeof(struct segment_header)) {
        return "it is not a static program";
    }
    return NULL;
}

const char *elf_read(const uint8_t *file, uint64_t size_bytes, struct elf_program *program)
{
    struct file_header header;
    struct segment_header segment;
    const char *wrong;

    *program = (struct elf_program){ 0 };
    if (size_bytes < sizeof(header)) {
        return "it is not an ELF file";
    }
    bytes_copy(&header, file, sizeof(header));
    wrong = header_check(&header);
    if (wrong == NULL &&
        (header.segments_at > size_bytes ||
         header.segment_count > (size_bytes - header.segments_at) / sizeof(segment))) {
        wrong = "it is cut short";
    }
    for (uint32_t i = 0; i < header.segment_count && wrong == NULL; i++) {
        bytes_copy(&segment, file + header.segments_at + i * sizeof(segment), sizeof(segment));
        if (segment.offset > size_bytes || segment.file_bytes > size_bytes - segment.offset) {
            wrong = "it is cut short";
        } else if (segment.type == SEGMENT_LOAD) {
            wrong = segment_add(file, &segment, program);
        } else if (segment.type == SEGMENT_NOTE) {
            note_read(file + segment.offset, segment.file_bytes, program);
        }
    }
    program->entry = header.entry;
    if (wrong == NULL && (program->segment_count == 0 || header.entry < program->low ||
                          header.entry >= program->high)) {
        wrong = "it has no entry";
    }
    return wrong;
}
