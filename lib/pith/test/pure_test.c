/* SPDX-License-Identifier: MIT */
/* The parts of the library that make no system call: text, slots, ranges, archive, ELF. */
#include "pith/archive.h"
#include "pith/elf.h"
#include "pith/format.h"
#include "pith/ranges.h"
#include "pith/slots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/kernel_calls.h"
#include "host_test/test.h"

#define CHECK_FORMAT(want, ...)                                                                    \
    do {                                                                                           \
        char text_[64];                                                                            \
        size_t length_ = format(text_, sizeof(text_), __VA_ARGS__);                                \
        CHECK(strcmp(text_, want) == 0, want);                                                     \
        CHECK_EQ(length_, strlen(want), "the length is that of the text");                         \
    } while (0)

TEST(format_writes_what_printf_writes)
{
    CHECK_FORMAT("plain", "plain");
    CHECK_FORMAT("a%b", "a%%b");
    CHECK_FORMAT("x=-5, y=7", "x=%d, y=%u", -5, 7u);
    CHECK_FORMAT("-9223372036854775808", "%ld", INT64_MIN);
    CHECK_FORMAT("18446744073709551615", "%llu", 18446744073709551615ull);
    CHECK_FORMAT("deadbeef BEEF", "%x %X", 0xdeadbeefu, 0xbeefu);
    CHECK_FORMAT("[   42] [42   ] [00042] [-0042]", "[%5d] [%-5d] [%05d] [%05d]", 42, 42, 42, -42);
    CHECK_FORMAT("[  ab] [ab  ] [a]", "[%4s] [%-4s] [%.1s]", "ab", "ab", "ab");
    CHECK_FORMAT("[   c] [3]", "[%*c] [%.*s]", 4, 'c', 1, "345");
    CHECK_FORMAT("0x1000", "%p", (void *)0x1000);
    CHECK_FORMAT("0", "%zu", (size_t)0);
}

TEST(format_never_writes_past_the_buffer)
{
    char text[8];

    for (size_t size = 0; size < sizeof(text); size++) {
        memset(text, '#', sizeof(text));
        CHECK_EQ(format(text, size, "%s%u", "abcdef", 123456u), 12, "the whole length");
        CHECK(size == 0 || text[size - 1] == 0, "ends with 0");
        for (size_t i = size; i < sizeof(text); i++) {
            CHECK_EQ(text[i], '#', "what lies behind stays");
        }
    }
}

TEST(slots_never_give_one_twice)
{
    enum { COUNT = 200, FIRST = 16 };
    static struct slots slots;
    bool taken[COUNT + FIRST] = { 0 };
    uint32_t used = 0;

    slots_init(&slots, FIRST, COUNT);
    for (int step = 0; step < 100000 && !test_has_failed(); step++) {
        cap_addr_t at = FIRST + test_random(COUNT);
        uint32_t count = 1 + test_random(4);

        if (test_random(2) == 0 && slots_take(&slots, count, &at) == ERR_OK) {
            CHECK(at >= FIRST && at + count <= FIRST + COUNT, "inside the table");
            for (uint32_t i = 0; i < count; i++) {
                CHECK(!taken[at + i], "free until now");
                taken[at + i] = true;
            }
            used += count;
        } else if (taken[at]) {
            slots_give(&slots, at, 1);
            taken[at] = false;
            used--;
        }
        CHECK_EQ(slots.taken, used, "the count is right");
    }
}

TEST(slots_say_when_none_is_left)
{
    static struct slots slots;
    cap_addr_t at;

    slots_init(&slots, 8, 8);
    CHECK_EQ(slots_take(&slots, 9, &at), ERR_NO_SLOT, "more than there are");
    CHECK_EQ(slots_take(&slots, 0, &at), ERR_RANGE, "none");
    CHECK_EQ(slots_take(&slots, 8, &at), ERR_OK, "all");
    CHECK_EQ(slots_take(&slots, 1, &at), ERR_NO_SLOT, "one more");
    slots_give(&slots, 8, 8);
    CHECK_EQ(slots_take(&slots, 8, &at), ERR_OK, "all again");
}

TEST(ranges_never_overlap_and_come_back_whole)
{
    enum { PAGES = 256, START = 0x10000 };
    static struct ranges ranges;
    uint8_t taken[PAGES] = { 0 };

    ranges_init(&ranges, START, START + PAGES * PAGE_BYTES);
    for (int step = 0; step < 50000 && !test_has_failed(); step++) {
        uint64_t pages = 1 + test_random(8);
        uint64_t align = PAGE_BYTES << test_random(4);
        user_addr_t at;

        if (test_random(2) == 0) {
            if (ranges_reserve(&ranges, pages * PAGE_BYTES, align, &at) == ERR_OK) {
                CHECK_EQ(at % align, 0, "aligned");
                uint64_t first = (at - START) / PAGE_BYTES;

                for (uint64_t i = 0; i < pages; i++) {
                    CHECK(first + i < PAGES && !taken[first + i], "free until now");
                    taken[first + i] = 1;
                }
            }
        } else {
            uint64_t page = test_random(PAGES);
            err_t err = ranges_release(&ranges, START + page * PAGE_BYTES, PAGE_BYTES);

            CHECK(err == ERR_NO_MEMORY || (err == ERR_OK) == (taken[page] == 1),
                  "only what is taken comes back");
            taken[page] = err == ERR_OK ? 0 : taken[page];
        }
    }
    for (uint64_t page = 0; page < PAGES; page++) {
        if (taken[page]) {
            CHECK_EQ(ranges_release(&ranges, START + page * PAGE_BYTES, PAGE_BYTES), ERR_OK,
                     "comes back");
        }
    }
    CHECK_EQ(ranges.count, 1, "one piece again");
}

/* An archive of two files. */
static size_t archive_make(char *archive, size_t size)
{
    static const struct {
        const char *name;
        const char *data;
    } files[] = { { "root", "first" }, { "system", "the second one" }, { "TRAILER!!!", "" } };
    size_t at = 0;

    memset(archive, 0, size);
    for (size_t i = 0; i < 3; i++) {
        at += (size_t)sprintf(archive + at,
                              "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 1u,
                              0x81a4u, 0u, 0u, 1u, 0u, (unsigned)strlen(files[i].data), 0u, 0u, 0u,
                              0u, (unsigned)strlen(files[i].name) + 1, 0u);
        strcpy(archive + at, files[i].name);
        at = (at + strlen(files[i].name) + 1 + 3) & ~(size_t)3;
        memcpy(archive + at, files[i].data, strlen(files[i].data));
        at = (at + strlen(files[i].data) + 3) & ~(size_t)3;
    }
    return at;
}

static void archive_members_are(const char *archive, size_t size)
{
    static const char *const names[] = { "root", "system" };
    struct archive_member member;
    uint64_t at = 0;

    for (size_t i = 0; i < 2; i++) {
        CHECK_EQ(archive_next(archive, size, &at, &member), ERR_OK, names[i]);
        CHECK(strcmp(member.name, names[i]) == 0, "in the order of the archive");
        CHECK_EQ(member.name_length, strlen(names[i]), names[i]);
    }
    CHECK_EQ(member.bytes, 14, "its size");
    CHECK(memcmp(member.data, "the second one", 14) == 0, "its bytes");
    CHECK_EQ(archive_next(archive, size, &at, &member), ERR_GONE, "that was the last");
}

/* All members of something that may be damaged, in memory that ends where it ends. */
static void archive_walk(const char *archive, size_t size)
{
    char *exact = malloc(size);
    struct archive_member member;
    uint64_t at = 0, before = 0;

    memcpy(exact, archive, size);
    while (archive_next(exact, size, &at, &member) == ERR_OK) {
        CHECK(at > before, "further with each");
        before = at;
        CHECK(member.name_length < size && member.name[member.name_length] == 0, "its name ends");
        CHECK((const char *)member.data + member.bytes <= exact + size, "its bytes end");
    }
    free(exact);
}

TEST(archive_finds_files_and_survives_damage)
{
    char archive[1024];
    char damaged[1024];
    const void *data;
    size_t bytes;
    size_t size = archive_make(archive, sizeof(archive));

    CHECK_EQ(archive_find(archive, size, "system", &data, &bytes), ERR_OK, "it is there");
    CHECK_EQ(bytes, 14, "its size");
    CHECK(memcmp(data, "the second one", 14) == 0, "its bytes");
    CHECK_EQ(archive_find(archive, size, "sys", &data, &bytes), ERR_GONE, "a part of a name");
    CHECK_EQ(archive_find(archive, size, "systems", &data, &bytes), ERR_GONE, "a longer name");
    CHECK_EQ(archive_find(archive, 0, "root", &data, &bytes), ERR_RANGE, "nothing there");
    archive_members_are(archive, size);
    for (int step = 0; step < 100000; step++) {
        memcpy(damaged, archive, sizeof(archive));
        damaged[test_random((uint32_t)size)] = (char)test_random(256);
        if (archive_find(damaged, test_random((uint32_t)size + 1), "system", &data, &bytes) ==
            ERR_OK) {
            CHECK((const char *)data >= damaged && (const char *)data + bytes <= damaged + size,
                  "inside the archive");
        }
        archive_walk(damaged, size);
    }
}

/* A program of two segments and a note, as the linker script makes it. */
struct elf_file {
    unsigned char ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, segments_at, sections_at;
    uint32_t flags;
    uint16_t header_bytes, segment_bytes, segment_count, section_bytes, section_count, names;
    struct {
        uint32_t type, flags;
        uint64_t offset, address, physical, file_bytes, memory_bytes, align;
    } segments[3];
    struct {
        uint32_t name_bytes, desc_bytes, type;
        char name[8];
        uint32_t hash[2];
    } note;
    uint32_t padding;
    char code[64];
};

enum { HASH = 0x1234 };

static struct elf_file elf_make(void)
{
    struct elf_file file = {
        .ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 },
        .type = 2,
        .machine = 62,
        .entry = 0x400010,
        .segments_at = 64,
        .segment_bytes = 56,
        .segment_count = 3,
        .note = { 5, 8, 1, "Pith", { HASH, 0 } },
    };
    file.segments[0].type = 1;
    file.segments[0].flags = 5;
    file.segments[0].offset = offsetof(struct elf_file, code);
    file.segments[0].address = 0x400010;
    file.segments[0].file_bytes = file.segments[0].memory_bytes = 64;
    file.segments[1] = file.segments[0];
    file.segments[1].flags = 6;
    file.segments[1].address = 0x402000;
    file.segments[1].memory_bytes = 5000;
    file.segments[2].type = 4;
    file.segments[2].offset = offsetof(struct elf_file, note);
    file.segments[2].file_bytes = file.segments[2].memory_bytes = 28;
    return file;
}

TEST(elf_reads_a_program)
{
    struct elf_file file = elf_make();
    struct elf_image image;
    const char *why;

    CHECK_EQ(elf_read(&file, sizeof(file), HASH, &image, &why), ERR_OK, "all is well");
    CHECK_EQ(image.segment_count, 2, "the note is none");
    CHECK_EQ(image.entry, 0x400010, "the entry");
    CHECK_EQ(image.end, 0x404000, "the end");
    CHECK_EQ(image.segments[0].start, 0x400000, "whole pages");
    CHECK_EQ(image.segments[0].skip, 0x10, "data begins where it must");
    CHECK_EQ(image.segments[0].prot, PROT_READ | PROT_EXEC, "code");
    CHECK_EQ(image.segments[1].prot, PROT_READ | PROT_WRITE, "data");
    CHECK_EQ(image.segments[1].bytes, 0x2000, "more memory than file");
}

TEST(elf_says_where_a_thread_pointer_is_wanted)
{
    struct elf_file file = elf_make();
    struct elf_image image;
    const char *why;

    CHECK_EQ(elf_read(&file, sizeof(file), HASH, &image, &why), ERR_OK, "none is wanted");
    CHECK_EQ(image.thread_pointer, 0, "none is");
    file.segments[0].type = ELF_SEGMENT_THREAD;
    file.entry = 0x402000;
    CHECK_EQ(elf_read(&file, sizeof(file), HASH, &image, &why), ERR_OK, "one is wanted");
    CHECK_EQ(image.thread_pointer, 0x400010, "there");
    CHECK_EQ(image.segment_count, 1, "it is nothing to load");
}

TEST(elf_refuses_what_is_wrong)
{
    static const struct {
        const char *why;
        uint32_t offset; /* of a byte that is changed */
        uint8_t value;
        err_t want;
    } cases[] = {
        { "no ELF", 0, 0, ERR_RANGE },
        { "a shared object", offsetof(struct elf_file, type), 3, ERR_RANGE },
        { "another machine", offsetof(struct elf_file, machine), 3, ERR_RANGE },
        { "writable code", offsetof(struct elf_file, segments[0].flags), 7, ERR_NO_RIGHT },
        { "overlapping segments", offsetof(struct elf_file, segments[1].address) + 1, 0,
          ERR_RANGE },
        { "a segment in the kernel", offsetof(struct elf_file, segments[1].address) + 7, 0xff,
          ERR_RANGE },
        { "more file than memory", offsetof(struct elf_file, segments[0].memory_bytes), 1,
          ERR_RANGE },
        { "data behind the file", offsetof(struct elf_file, segments[0].offset) + 2, 1, ERR_RANGE },
        { "another ABI", offsetof(struct elf_file, note.hash), 9, ERR_WRONG_TYPE },
        { "another note", offsetof(struct elf_file, note.name), 'Q', ERR_WRONG_TYPE },
        { "no note", offsetof(struct elf_file, segments[2].type), 7, ERR_WRONG_TYPE },
        { "the entry is nowhere", offsetof(struct elf_file, entry) + 3, 1, ERR_RANGE },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct elf_file file = elf_make();
        struct elf_image image;
        const char *why;

        ((uint8_t *)&file)[cases[i].offset] = cases[i].value;
        CHECK_EQ(elf_read(&file, sizeof(file), HASH, &image, &why), cases[i].want, cases[i].why);
    }
}

/* Numbers at which sums overflow, and some that lead somewhere. */
static uint64_t elf_number(void)
{
    static const uint64_t numbers[] = { 0,          1,           63,         64,
                                        4095,       4096,        0x3fffff,   0x400000,
                                        0x402000,   0x7f0000000, UINT32_MAX, 0x7effffffffff,
                                        1ull << 47, 1ull << 63,  UINT64_MAX, UINT64_MAX - 4095 };

    return numbers[test_random(sizeof(numbers) / sizeof(numbers[0]))];
}

/* What a loader relies on, whatever the file says. */
static void elf_image_check(const struct elf_image *image, const char *file, uint64_t size)
{
    user_addr_t end = 0;

    CHECK(image->segment_count >= 1 && image->segment_count <= ELF_SEGMENTS_MAX, "not too many");
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segments[i];
        uint64_t offset = (uint64_t)((const char *)segment->data - file);

        CHECK(offset <= size && segment->data_bytes <= size - offset, "inside the file");
        CHECK(segment->skip <= segment->bytes &&
                  segment->data_bytes <= segment->bytes - segment->skip,
              "inside its memory");
        CHECK(segment->start % PAGE_BYTES == 0 && segment->bytes % PAGE_BYTES == 0, "whole pages");
        CHECK(segment->start >= end && segment->start >= PAGE_BYTES, "in order");
        end = segment->start + segment->bytes;
        CHECK(end > segment->start && end <= 0x7f0000000000, "where programs are");
        CHECK((segment->prot & (PROT_WRITE | PROT_EXEC)) != (PROT_WRITE | PROT_EXEC),
              "never writable and executable");
    }
    CHECK_EQ(image->end, end, "the end is that of the last");
}

/* In memory of exactly the file's size, so that the sanitizer sees what is read past it. */
TEST(elf_survives_damage)
{
    uint32_t good = 0;

    for (int step = 0; step < 200000; step++) {
        struct elf_file file = elf_make();
        struct elf_image image;
        const char *why;
        uint32_t size = test_random(2) ? sizeof(file) : test_random(sizeof(file));
        char *copy = malloc(size != 0 ? size : 1);

        for (uint32_t i = 0; i < 1 + test_random(3); i++) {
            ((uint8_t *)&file)[test_random(sizeof(file))] = (uint8_t)test_random(256);
        }
        for (uint32_t i = test_random(3); i > 0; i--) {
            uint64_t *fields = &file.segments[test_random(3)].offset;

            fields[test_random(6)] = elf_number();
        }
        memcpy(copy, &file, size);
        if (elf_read(copy, size, HASH, &image, &why) == ERR_OK) {
            elf_image_check(&image, copy, size);
            good++;
        }
        free(copy);
    }
    CHECK(good > 1000, "many are still programs");
}
