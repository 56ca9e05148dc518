/* SPDX-License-Identifier: MIT */
/*
 * A Multiboot2 loader's information: what it says arrives in the plan, what makes no sense is refused or as if it were
 * not there, and none makes the reader look outside: each is given in a buffer of exactly its size.
 */
#include "core/multiboot.h"

#include <stdlib.h>
#include <string.h>

#include "host_test/test.h"

enum { INFO_MAX = 4096, LINE = 1, MODULE = 3, MEMORY = 6, FRAMEBUFFER = 8, OLD = 14, NEW = 15 };

#define MIB (1ull << 20)

struct info {
    uint8_t bytes[INFO_MAX];
    uint32_t length;
    uint32_t last; /* where the tag made last begins */
};

static void put(uint8_t *at, uint64_t value, size_t bytes)
{
    memcpy(at, &value, bytes);
}

static void append(struct info *info, uint64_t value, size_t bytes)
{
    put(info->bytes + info->length, value, bytes);
    info->length += (uint32_t)bytes;
    put(info->bytes + info->last + 4, info->length - info->last, 4);
}

static void tag(struct info *info, uint32_t type)
{
    info->length = (info->length + 7) & ~7u;
    info->last = info->length;
    info->length += 8;
    put(info->bytes + info->last, type, 4);
    put(info->bytes + info->last + 4, 8, 4);
}

static void tag_text(struct info *info, uint32_t type, const char *text)
{
    tag(info, type);
    for (size_t i = 0; i <= strlen(text); i++) {
        append(info, (uint8_t)text[i], 1);
    }
}

static void tag_module(struct info *info, uint32_t start, uint32_t end)
{
    tag(info, MODULE);
    append(info, start, 4);
    append(info, end, 4);
    append(info, 0, 1);
}

static void tag_memory(struct info *info, uint32_t entry_bytes)
{
    tag(info, MEMORY);
    append(info, entry_bytes, 4);
    append(info, 0, 4);
}

static void entry(struct info *info, uint64_t base, uint64_t size_bytes, uint32_t type)
{
    append(info, base, 8);
    append(info, size_bytes, 8);
    append(info, type, 4);
    append(info, 0, 4);
}

/* 1024 by 768 pixels of 8 bits for each of red, green, blue. */
static void tag_framebuffer(struct info *info)
{
    tag(info, FRAMEBUFFER);
    append(info, 0xfd000000, 8);
    append(info, 4096, 4);
    append(info, 1024, 4);
    append(info, 768, 4);
    append(info, 32, 1);
    append(info, 1, 1);
    append(info, 0, 2);
    append(info, 0x0810, 2); /* lowest bit and number of bits */
    append(info, 0x0808, 2);
    append(info, 0x0800, 2);
}

static void begin(struct info *info)
{
    memset(info, 0, sizeof(*info));
    info->length = 8;
}

static void begin_with_ram(struct info *info)
{
    begin(info);
    tag_memory(info, 24);
    entry(info, MIB, 63 * MIB, 1);
}

static const char *read_exactly(const uint8_t *bytes, size_t length, struct boot_plan *plan)
{
    uint8_t *copy = malloc(length == 0 ? 1 : length);

    memcpy(copy, bytes, length);
    *plan = (struct boot_plan){ 0 };
    const char *wrong = multiboot2_read(copy, length, plan);

    free(copy);
    return wrong;
}

static const char *finish_and_read(struct info *info, struct boot_plan *plan)
{
    tag(info, 0);
    put(info->bytes, info->length, 4);
    return read_exactly(info->bytes, info->length, plan);
}

static bool is_text(const char *got, const char *wanted)
{
    return got != NULL && strcmp(got, wanted) == 0;
}

TEST(multiboot_tells_all_that_boot_needs)
{
    struct info info;
    struct boot_plan plan;

    begin(&info);
    tag_text(&info, LINE, "panic=exit trace=on");
    tag_text(&info, 2, "a loader's name");
    tag_module(&info, 0x500000, 0x612345);
    tag_module(&info, 0x700000, 0x700001);
    tag_memory(&info, 24);
    entry(&info, 0, 0x9fc00, 1);
    entry(&info, 0x9fc00, 0x400, 2);
    entry(&info, MIB, 63 * MIB, 1);
    entry(&info, 64 * MIB, MIB, 3);
    tag_framebuffer(&info);
    CHECK_EQ(finish_and_read(&info, &plan) == NULL, true, "it is understood");
    CHECK(strcmp(plan.command_line, "panic=exit trace=on") == 0, plan.command_line);
    CHECK_EQ(plan.archive, 0x500000, "the first module is the archive");
    CHECK_EQ(plan.archive_bytes, 0x112345, "to its last byte");
    CHECK_EQ(plan.ram_count, 2, "RAM alone");
    CHECK_EQ(plan.ram[0].size_bytes, 0x9f000, "in whole pages");
    CHECK_EQ(plan.ram[1].base, MIB, "where it is");
    CHECK_EQ(plan.ram[1].size_bytes, 63 * MIB, "all of it");
    CHECK_EQ(plan.framebuffer.base, 0xfd000000, "the frame buffer");
    CHECK_EQ(plan.framebuffer.width, 1024, "its width");
    CHECK_EQ(plan.framebuffer.height, 768, "its height");
    CHECK_EQ(plan.framebuffer.pitch_bytes, 4096, "its lines");
    CHECK_EQ(plan.framebuffer.pixel_bits, 32, "its pixels");
    CHECK_EQ(plan.framebuffer.red.shift, 16, "red above");
    CHECK_EQ(plan.framebuffer.green.shift, 8, "green");
    CHECK_EQ(plan.framebuffer.blue.shift, 0, "and blue");
    CHECK_EQ(plan.framebuffer.blue.bits, 8, "of 8 bits each");
}

TEST(multiboot_the_new_root_pointer_wins_over_the_old)
{
    static const struct {
        const char *why;
        uint32_t first, second;
        uint8_t wanted, wanted_30;
    } cases[] = {
        { "the old alone", OLD, 0, 14, 0 },
        { "the new alone", NEW, 0, 15, 15 },
        { "the old first", OLD, NEW, 15, 15 },
        { "the new first", NEW, OLD, 15, 15 },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct info info;
        struct boot_plan plan;

        begin_with_ram(&info);
        for (uint32_t j = 0; j < 2; j++) {
            uint32_t type = j == 0 ? cases[i].first : cases[i].second;

            tag(&info, type == 0 ? 99 : type);
            for (uint32_t k = 0; k < (type == NEW ? 36 : 20); k++) {
                append(&info, type, 1);
            }
        }
        CHECK(finish_and_read(&info, &plan) == NULL, cases[i].why);
        CHECK_EQ(plan.rsdp[0], cases[i].wanted, cases[i].why);
        CHECK_EQ(plan.rsdp[19], cases[i].wanted, cases[i].why);
        CHECK_EQ(plan.rsdp[30], cases[i].wanted_30, cases[i].why);
    }
}

TEST(multiboot_entries_may_be_longer_and_end_where_addresses_do)
{
    struct info info;
    struct boot_plan plan;

    begin(&info);
    tag_memory(&info, 32);
    entry(&info, MIB, MIB, 1);
    append(&info, UINT64_MAX, 8);
    entry(&info, (1ull << 52) - MIB, UINT64_MAX, 1);
    append(&info, 0, 8);
    entry(&info, 1ull << 52, MIB, 1);
    append(&info, 0, 8);
    entry(&info, 4 * MIB, MIB, 1); /* cut: without the 8 bytes that belong to it, it still counts */
    CHECK(finish_and_read(&info, &plan) == NULL, "it is understood");
    CHECK_EQ(plan.ram_count, 3, "what lies past the last address is not RAM");
    CHECK_EQ(plan.ram[2].base + plan.ram[2].size_bytes, 1ull << 52, "nor what reaches past it");
}

TEST(multiboot_says_what_is_wrong)
{
    struct info info;
    struct boot_plan plan;

    begin_with_ram(&info);
    tag_module(&info, 0x500000, 0x4fffff);
    CHECK(is_text(finish_and_read(&info, &plan), "a module ends before it starts"), "a module");
    begin_with_ram(&info);
    tag(&info, MODULE);
    append(&info, 0, 4);
    CHECK(is_text(finish_and_read(&info, &plan), "a module's tag is too short"), "a short one");
    begin(&info);
    tag_memory(&info, 23);
    CHECK(is_text(finish_and_read(&info, &plan), "the entries of the memory map are too short"),
          "short entries");
    begin(&info);
    tag(&info, MEMORY);
    CHECK(is_text(finish_and_read(&info, &plan), "the entries of the memory map are too short"),
          "a map without a head");
    begin(&info);
    CHECK(strstr(finish_and_read(&info, &plan), "no memory map") != NULL, "no map");
    begin(&info);
    tag_memory(&info, 24);
    entry(&info, 0, MIB, 2);
    CHECK(strstr(finish_and_read(&info, &plan), "none with RAM") != NULL, "a map without RAM");
    begin_with_ram(&info);
    put(info.bytes + info.last + 4, 7, 4);
    CHECK(strstr(finish_and_read(&info, &plan), "longer than") != NULL, "a tag without an end");
    begin_with_ram(&info);
    put(info.bytes + info.last + 4, INFO_MAX, 4);
    CHECK(strstr(finish_and_read(&info, &plan), "longer than") != NULL, "a tag past the end");
    for (uint32_t total = 0; total < 24; total++) {
        uint8_t bytes[16] = { (uint8_t)total };

        CHECK(read_exactly(bytes, sizeof(bytes), &plan) != NULL, "nothing in it");
    }
    CHECK(read_exactly(info.bytes, 0, &plan) != NULL, "nothing at all");
}

TEST(multiboot_a_frame_buffer_that_makes_no_sense_is_none)
{
    static const struct {
        const char *why;
        uint32_t at;
        uint64_t value;
        uint32_t bytes;
    } cases[] = {
        { "nowhere", 8, 0, 8 },
        { "past the last address", 8, 1ull << 52, 8 },
        { "reaching past it", 8, (1ull << 52) - 4096, 8 },
        { "without lines", 24, 0, 4 },
        { "without columns", 20, 0, 4 },
        { "lines that overlap", 16, 4095, 4 },
        { "more columns than a line has", 20, 1025, 4 },
        { "very many columns", 20, 0x40000001, 4 },
        { "no bits", 28, 0, 1 },
        { "too many", 28, 33, 1 },
        { "a palette", 29, 0, 1 },
        { "text", 29, 2, 1 },
        { "no red", 33, 0, 1 },
        { "green outside", 34, 25, 1 },
        { "blue outside", 36, 255, 1 },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct info info;
        struct boot_plan plan;

        begin_with_ram(&info);
        tag_framebuffer(&info);
        put(info.bytes + info.last + cases[i].at, cases[i].value, cases[i].bytes);
        CHECK(finish_and_read(&info, &plan) == NULL, "it does not keep from booting");
        CHECK_EQ(plan.framebuffer.base, 0, cases[i].why);
        CHECK_EQ(plan.ram_count, 1, "the rest is read");
    }
}

TEST(multiboot_cut_anywhere_is_refused_or_read_as_far_as_it_goes)
{
    struct info info;
    struct boot_plan plan;

    begin_with_ram(&info);
    tag_text(&info, LINE, "a line");
    tag_module(&info, 1, 2);
    tag_framebuffer(&info);
    tag(&info, 0);
    for (uint32_t length = 0; length < info.length; length++) {
        put(info.bytes, info.length, 4);
        CHECK(read_exactly(info.bytes, length, &plan) != NULL, "shorter than it says");
        put(info.bytes, length, 4);
        (void)read_exactly(info.bytes, length, &plan); /* the sanitizer judges */
    }
}

TEST(multiboot_a_line_without_an_end_ends_with_its_tag)
{
    struct info info;
    struct boot_plan plan;

    begin_with_ram(&info);
    tag(&info, LINE);
    for (uint32_t i = 0; i < 600; i++) {
        append(&info, 'x', 1);
    }
    CHECK(finish_and_read(&info, &plan) == NULL, "it is understood");
    CHECK_EQ(strlen(plan.command_line), BOOT_LINE_BYTES - 1, "and cut");
    begin_with_ram(&info);
    tag(&info, LINE);
    append(&info, 0x797877, 3);
    CHECK(finish_and_read(&info, &plan) == NULL, "it is understood");
    CHECK(strcmp(plan.command_line, "wxy") == 0, plan.command_line);
}
