/* SPDX-License-Identifier: MIT */
/* Must stay true: never reads past the file, whatever its headers say. */
#include "pith/elf.h"

#include <stdbool.h>

#include "abi/kernel_calls.h"
#include "pith/ranges.h"
#include "pith/string.h"

struct elf_header {
    unsigned char ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, segments_at, sections_at;
    uint32_t flags;
    uint16_t header_bytes, segment_bytes, segment_count, section_bytes, section_count, names;
};

struct elf_program {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_bytes, memory_bytes, align;
};

struct elf_note {
    uint32_t name_bytes, desc_bytes, type;
    char name[8];
    uint32_t desc[2];
};
_Static_assert(sizeof(struct elf_header) == 64 && sizeof(struct elf_program) == 56, "the format");
_Static_assert(sizeof(struct elf_note) == 28, "the format");

enum { TYPE_EXEC = 2, MACHINE_X86_64 = 62, SEGMENT_LOAD = 1, SEGMENT_NOTE = 4, PROGRAMS_MAX = 16 };
enum { FLAG_EXEC = 1, FLAG_WRITE = 2, FLAG_READ = 4 };

#define USER_START 0x1000ull
#define USER_END 0x7f0000000000ull /* above are the archive and what parents hand over */

static bool file_holds(size_t file_bytes, uint64_t offset, uint64_t bytes)
{
    return offset <= file_bytes && bytes <= file_bytes - offset;
}

/* The file need not be aligned in memory. */
static void file_copy(void *dst, const unsigned char *file, uint64_t offset, size_t bytes)
{
    memcpy(dst, file + offset, bytes);
}

static bool header_is_right(const struct elf_header *header)
{
    static const unsigned char ident[] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };

    for (size_t i = 0; i < sizeof(ident); i++) {
        if (header->ident[i] != ident[i]) {
            return false;
        }
    }
    return header->type == TYPE_EXEC && header->machine == MACHINE_X86_64 &&
           header->segment_bytes == sizeof(struct elf_program) &&
           header->segment_count <= PROGRAMS_MAX;
}

static err_t note_check(const unsigned char *file, size_t file_bytes,
                        const struct elf_program *program, uint64_t abi_hash, const char **why)
{
    struct elf_note note;

    if (program->file_bytes < sizeof(note) ||
        !file_holds(file_bytes, program->offset, sizeof(note))) {
        *why = "its ABI note is damaged";
        return ERR_WRONG_TYPE;
    }
    file_copy(&note, file, program->offset, sizeof(note));
    if (note.name_bytes != 5 || note.desc_bytes != 8 || note.type != 1 || note.name[0] != 'P' ||
        note.name[1] != 'i' || note.name[2] != 't' || note.name[3] != 'h' || note.name[4] != 0) {
        *why = "its ABI note is damaged";
        return ERR_WRONG_TYPE;
    }
    if (((uint64_t)note.desc[1] << 32 | note.desc[0]) != abi_hash) {
        *why = "it was built for another ABI; build it again with this kernel";
        return ERR_WRONG_TYPE;
    }
    return ERR_OK;
}

static err_t segment_add(const unsigned char *file, size_t file_bytes,
                         const struct elf_program *program, struct elf_image *image,
                         const char **why)
{
    uint64_t start = program->address & ~(PAGE_BYTES - 1);
    uint64_t end;

    if (program->memory_bytes == 0) {
        return ERR_OK;
    }
    *why = "a segment is damaged";
    if (program->file_bytes > program->memory_bytes ||
        !file_holds(file_bytes, program->offset, program->file_bytes) ||
        program->memory_bytes > USER_END || program->address > USER_END - program->memory_bytes ||
        start < USER_START || start < image->end || image->segment_count == ELF_SEGMENTS_MAX) {
        return ERR_RANGE;
    }
    if ((program->flags & (FLAG_WRITE | FLAG_EXEC)) == (FLAG_WRITE | FLAG_EXEC)) {
        *why = "a segment is both writable and executable";
        return ERR_NO_RIGHT;
    }
    end = (program->address + program->memory_bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    image->segments[image->segment_count++] = (struct elf_segment){
        .start = start,
        .bytes = end - start,
        .skip = program->address - start,
        .data = file + program->offset,
        .data_bytes = program->file_bytes,
        .prot = PROT_READ | (program->flags & FLAG_WRITE ? (uint32_t)PROT_WRITE : 0u) |
                (program->flags & FLAG_EXEC ? (uint32_t)PROT_EXEC : 0u),
    };
    image->end = end;
    return ERR_OK;
}

err_t elf_read(const void *file, size_t file_bytes, uint64_t abi_hash, struct elf_image *image,
               const char **why)
{
    struct elf_header header;
    struct elf_image found = { 0 };
    bool has_note = false;
    err_t err;

    *why = "it is no ELF program for this machine";
    if (file_bytes < sizeof(header)) {
        return ERR_RANGE;
    }
    file_copy(&header, file, 0, sizeof(header));
    if (!header_is_right(&header) ||
        !file_holds(file_bytes, header.segments_at,
                    header.segment_count * sizeof(struct elf_program))) {
        return ERR_RANGE;
    }
    for (uint32_t i = 0; i < header.segment_count; i++) {
        struct elf_program program;

        file_copy(&program, file, header.segments_at + i * sizeof(program), sizeof(program));
        err = ERR_OK;
        if (program.type == SEGMENT_LOAD) {
            err = segment_add(file, file_bytes, &program, &found, why);
        } else if (program.type == SEGMENT_NOTE) {
            err = note_check(file, file_bytes, &program, abi_hash, why);
            has_note = true;
        } else if (program.type == ELF_SEGMENT_THREAD) {
            /* Where it points is the program's own affair: the kernel refuses what no user may have. */
            found.thread_pointer = program.address;
        }
        if (err) {
            return err;
        }
    }
    if (!has_note) {
        *why = "it has no ABI note; link it with lib/pith";
        return ERR_WRONG_TYPE;
    }
    if (found.segment_count == 0 || header.entry < USER_START || header.entry >= found.end) {
        *why = "it has nothing to run";
        return ERR_RANGE;
    }
    found.entry = header.entry;
    *image = found;
    return ERR_OK;
}
