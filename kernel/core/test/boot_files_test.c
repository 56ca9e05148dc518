/* SPDX-License-Identifier: MIT */
/*
 * What boot reads from outside: the command line, the boot archive, the root program. Bad files are
 * refused, and none makes the readers look outside: each is given in a buffer of exactly its size.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/kernel_calls.h"
#include "core/command_line.h"
#include "core/cpio.h"
#include "core/elf.h"
#include "host_test/test.h"

enum {
    SEGMENTS_AT = 64,
    SEGMENT_BYTES = 56,
    NOTE_AT = SEGMENTS_AT + 3 * SEGMENT_BYTES,
    TEXT_AT = 512,
    FILE_BYTES = 640
};

/* Offsets in a segment's header. */
enum { TYPE = 0, FLAGS = 4, OFFSET = 8, ADDRESS = 16, FILE_SIZE = 32, MEMORY_SIZE = 40 };

static void put(uint8_t *at, uint64_t value, size_t bytes)
{
    memcpy(at, &value, bytes);
}

static void segment_put(uint8_t *file, uint32_t index, uint32_t type, uint32_t flags,
                        uint64_t address)
{
    uint8_t *header = file + SEGMENTS_AT + index * SEGMENT_BYTES;
    bool is_note = type == 4;

    put(header + TYPE, type, 4);
    put(header + FLAGS, flags, 4);
    put(header + OFFSET, is_note ? NOTE_AT : TEXT_AT, 8);
    put(header + ADDRESS, address, 8);
    put(header + FILE_SIZE, is_note ? 28 : 64, 8);
    put(header + MEMORY_SIZE, is_note ? 28 : 64, 8);
}

/* Text at 0x400000, data at 0x401000, and a note of the ABI. */
static void program_make(uint8_t file[FILE_BYTES])
{
    static const uint8_t ident[7] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };

    memset(file, 0, FILE_BYTES);
    memcpy(file, ident, sizeof(ident));
    put(file + 16, 2, 2);
    put(file + 18, 62, 2);
    put(file + 24, 0x400010, 8);
    put(file + 32, SEGMENTS_AT, 8);
    put(file + 54, SEGMENT_BYTES, 2);
    put(file + 56, 3, 2);
    segment_put(file, 0, 1, 4 | 1, 0x400000);
    segment_put(file, 1, 1, 4 | 2, 0x401000);
    segment_put(file, 2, 4, 4, 0);
    put(file + NOTE_AT, 5, 4);
    put(file + NOTE_AT + 4, 8, 4);
    put(file + NOTE_AT + 8, 1, 4);
    memcpy(file + NOTE_AT + 12, "Pith", 5);
    put(file + NOTE_AT + 20, ABI_HASH, 8);
}

/* Reads a copy of exactly that size, so that the sanitizer sees every byte too far. */
static const char *read_exactly(const uint8_t *file, size_t bytes, struct elf_program *program)
{
    uint8_t *copy = malloc(bytes == 0 ? 1 : bytes);

    memcpy(copy, file, bytes);
    const char *wrong = elf_read(copy, bytes, program);

    if (wrong == NULL) {
        for (uint32_t i = 0; i < program->segment_count; i++) {
            const struct elf_segment *segment = &program->segments[i];

            CHECK(segment->data >= copy && segment->data + segment->file_bytes <= copy + bytes,
                  "a segment lies in the file");
            CHECK(segment->file_bytes <= segment->memory_bytes, "and fits its memory");
            CHECK(segment->start >= program->low &&
                      segment->start + segment->memory_bytes <= program->high,
                  "and the image");
        }
        CHECK(program->entry >= program->low && program->entry < program->high,
              "so does its entry");
    }
    free(copy);
    return wrong;
}

TEST(a_good_program_is_read)
{
    uint8_t file[FILE_BYTES];
    struct elf_program program;

    program_make(file);
    const char *wrong = read_exactly(file, FILE_BYTES, &program);

    CHECK(wrong == NULL, wrong);
    CHECK_EQ(program.segment_count, 2, "text and data");
    CHECK_EQ(program.abi_hash, ABI_HASH, "the note is found");
    CHECK_EQ(program.segments[0].prot, PROT_READ | PROT_EXEC, "text");
    CHECK_EQ(program.segments[1].prot, PROT_READ | PROT_WRITE, "data");
    CHECK_EQ(program.low, 0x400000, "first page");
    CHECK_EQ(program.high, 0x402000, "end of the last");
}

TEST(a_bad_program_is_refused)
{
    enum { FIRST = SEGMENTS_AT, SECOND = SEGMENTS_AT + SEGMENT_BYTES };
    static const struct {
        const char *why;
        uint32_t at, bytes;
        uint64_t value;
    } cases[] = {
        { "no ELF file", 0, 1, 0 },
        { "32 bits", 4, 1, 1 },
        { "another machine", 18, 2, 3 },
        { "not static", 16, 2, 3 },
        { "headers of another size", 54, 2, 57 },
        { "headers past the end", 32, 8, FILE_BYTES + 1 },
        { "headers far past the end", 32, 8, UINT64_MAX },
        { "too many headers", 56, 2, 11 },
        { "no segment", 56, 2, 0 },
        { "an entry outside", 24, 8, 0x402000 },
        { "an entry below", 24, 8, 0x3fffff },
        { "contents past the end", FIRST + OFFSET, 8, FILE_BYTES - 63 },
        { "contents far past the end", FIRST + OFFSET, 8, UINT64_MAX },
        { "longer in the file", FIRST + MEMORY_SIZE, 8, 63 },
        { "in the first page", FIRST + ADDRESS, 8, 0xfff },
        { "in the kernel", FIRST + ADDRESS, 8, 0xffffffff80000000ull },
        { "past the user half", SECOND + ADDRESS, 8, 0x7fffffffeff0ull },
        { "too large", SECOND + MEMORY_SIZE, 8, 1ull << 46 },
        { "an overlap", SECOND + ADDRESS, 8, 0x400800 },
        { "out of order", SECOND + ADDRESS, 8, 0x300000 },
        { "too far apart", SECOND + ADDRESS, 8, 0x700000000000ull },
        { "writable and executable", SECOND + FLAGS, 4, 7 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t file[FILE_BYTES];
        struct elf_program program;

        program_make(file);
        put(file + cases[i].at, cases[i].value, cases[i].bytes);
        CHECK(read_exactly(file, FILE_BYTES, &program) != NULL, cases[i].why);
    }
}

TEST(a_program_without_our_note_has_no_abi)
{
    static const uint32_t places[] = { NOTE_AT, NOTE_AT + 4, NOTE_AT + 8, NOTE_AT + 12 };

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        uint8_t file[FILE_BYTES];
        struct elf_program program;

        program_make(file);
        file[places[i]] ^= 0x40;
        CHECK(read_exactly(file, FILE_BYTES, &program) == NULL, "it is a program all the same");
        CHECK_EQ(program.abi_hash, 0, "but none of ours");
    }
}

TEST(programs_cut_short_or_changed_anywhere_do_no_harm)
{
    uint8_t file[FILE_BYTES];
    struct elf_program program;

    for (size_t bytes = 0; bytes < FILE_BYTES; bytes++) {
        program_make(file);
        (void)read_exactly(file, bytes, &program);
    }
    for (uint32_t round = 0; round < 100000; round++) {
        program_make(file);
        for (uint32_t change = 1 + test_random(4); change > 0; change--) {
            file[test_random(TEXT_AT)] = (uint8_t)test_random(256);
        }
        (void)read_exactly(file, FILE_BYTES, &program);
    }
}

static void archive_make(uint8_t archive[128], const char *name_bytes, const char *file_bytes)
{
    static const uint8_t magic[6] = { '0', '7', '0', '7', '0', '1' };

    memset(archive, '0', 128);
    memcpy(archive, magic, sizeof(magic));
    memcpy(archive + 54, file_bytes, 8);
    memcpy(archive + 94, name_bytes, 8);
}

TEST(an_archive_gives_its_first_member_or_nothing)
{
    static const struct {
        const char *why, *name_bytes, *file_bytes;
        bool is_good;
    } cases[] = {
        { "a name of 2, 16 bytes", "00000002", "00000010", true },
        { "capital digits", "00000002", "0000000A", true },
        { "one byte too long", "00000002", "00000011", false },
        { "a name past the end", "00000013", "00000000", false },
        { "huge", "ffffffff", "ffffffff", false },
        { "no digits", "0000000g", "00000010", false },
        { "no digits, either", "00000002", "-0000010", false },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t *archive = malloc(128);
        uint64_t bytes = 0;

        archive_make(archive, cases[i].name_bytes, cases[i].file_bytes);
        const uint8_t *member = cpio_first(archive, 128, &bytes);

        CHECK_EQ(member != NULL, cases[i].is_good, cases[i].why);
        if (member != NULL) {
            CHECK_EQ((uint64_t)(member - archive), 112, "it begins after the name, aligned");
        }
        archive[3] = 'x';
        CHECK(cpio_first(archive, 128, &bytes) == NULL, "another format is refused");
        free(archive);
    }
    for (uint64_t bytes = 0; bytes < 110; bytes++) {
        uint8_t *archive = malloc(bytes + 1);
        uint64_t member_bytes;

        memset(archive, '0', bytes + 1);
        CHECK(cpio_first(archive, bytes, &member_bytes) == NULL, "too short for a header");
        free(archive);
    }
}

TEST(the_command_line_gives_whole_words_cut_to_size)
{
    static const struct {
        const char *line, *name, *want;
    } cases[] = {
        { "panic=exit", "panic", "exit" },
        { "trace=on panic=5", "panic", "5" },
        { "  a=1   b=2 ", "b", "2" },
        { "xpanic=1", "panic", NULL },
        { "panic", "panic", NULL },
        { "panicky=1", "panic", NULL },
        { "", "panic", NULL },
        { "panic=", "panic", "" },
        { "panic=0123456789", "panic", "0123456" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char value[8] = "-";
        bool found = command_line_get(cases[i].line, cases[i].name, value, sizeof(value));

        CHECK_EQ(found, cases[i].want != NULL, cases[i].line);
        CHECK(!found || strcmp(value, cases[i].want) == 0, cases[i].line);
    }
    CHECK_EQ(command_line_number("120"), 120, "a number");
    CHECK_EQ(command_line_number("7s"), 7, "the number it begins with");
    CHECK_EQ(command_line_number("stop"), 0, "none");
}
