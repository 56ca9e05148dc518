/* SPDX-License-Identifier: MIT */
/*
 * A loader that says anything: tags that are almost right, and sizes, counts and numbers that are not. The reader must end,
 * stay inside what it was given, and leave a plan that the kernel can work with, whether it refuses or not.
 *
 *     multiboot_fuzz --runs 3000 --seed 1
 *
 * The same seed gives the same runs. Ends with status 0 if all held.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/multiboot.h"
#include "host_test/fuzz.h"

enum { INFO_MAX = 8192, TAGS_MAX = 12, ENTRIES_MAX = 150, PAGE = 4096 };

static uint32_t refused, read_well, with_many;

struct info {
    uint8_t bytes[INFO_MAX];
    uint32_t length;
};

static void append(struct info *info, uint64_t value, uint32_t bytes)
{
    if (info->length + bytes <= INFO_MAX) {
        memcpy(info->bytes + info->length, &value, bytes);
        info->length += bytes;
    }
}

/* Mostly the numbers that lead somewhere: small, page-aligned, at the ends of what there is. */
static uint64_t number(void)
{
    switch (below(6)) {
    case 0:
        return below(64);
    case 1:
        return (uint64_t)below(1u << 20) * PAGE;
    case 2:
        return (1ull << 52) - below(3) * PAGE;
    case 3:
        return 0 - (uint64_t)below(3) * PAGE;
    case 4:
        return random64() >> below(64);
    default:
        return (uint64_t)below(4) << 30;
    }
}

static void add_memory(struct info *info)
{
    uint32_t step = below(8) == 0 ? below(64) : 24 + 8 * below(2);
    uint32_t count = below(ENTRIES_MAX);
    bool is_scattered = below(3) == 0;

    append(info, step, 4);
    append(info, 0, 4);
    for (uint32_t i = 0; i < count; i++) {
        append(info, is_scattered ? (1 + 2 * (uint64_t)i) * PAGE : number(), 8);
        append(info, is_scattered ? PAGE : number(), 8);
        append(info, below(4) == 0 ? below(6) : 1, 4);
        for (uint32_t more = 20; more < step && more < 64; more++) {
            append(info, below(256), 1);
        }
    }
}

static void add_tag(struct info *info)
{
    static const uint32_t types[] = { 0, 1, 2, 3, 4, 6, 6, 6, 8, 14, 15, 99 };
    uint32_t type = types[below(sizeof(types) / sizeof(types[0]))];
    uint32_t begin;

    info->length = (info->length + 7) & ~7u;
    begin = info->length;
    if (begin + 64 > INFO_MAX) {
        return;
    }
    append(info, below(40) == 0 ? random64() : type, 4);
    append(info, 0, 4);
    if (type == 6) {
        add_memory(info);
    } else {
        for (uint32_t words = below(type == 1 ? 200 : 12); words > 0; words--) {
            append(info, below(2) == 0 ? number() : below(256), type == 1 ? 1 : 4);
        }
    }
    uint32_t size = below(20) == 0 ? (uint32_t)number() : info->length - begin;

    memcpy(info->bytes + begin + 4, &size, 4);
}

static void check_ranges(const struct boot_range *ranges, uint32_t count)
{
    phys_t end = 0;

    require(count <= BOOT_RANGES_MAX, "no more pieces than there is room for");
    for (uint32_t i = 0; i < count; i++) {
        require(ranges[i].size_bytes != 0 && ranges[i].base % PAGE == 0 &&
                    ranges[i].size_bytes % PAGE == 0,
                "whole pages");
        require(i == 0 || ranges[i].base > end, "in order, and apart");
        end = ranges[i].base + ranges[i].size_bytes;
        require(end > ranges[i].base && end <= 1ull << 52, "where addresses are");
    }
}

static void check_framebuffer(const struct boot_framebuffer *found)
{
    if (found->base == 0) {
        return;
    }
    require(found->base + (uint64_t)found->pitch_bytes * found->height <= 1ull << 52,
            "a frame buffer lies where addresses are");
    require(found->pixel_bits >= 8 && found->pixel_bits <= 32, "its pixels have a size");
    require((uint64_t)found->width * ((found->pixel_bits + 7) / 8) <= found->pitch_bytes,
            "its lines hold them");
    require(found->red.shift + found->red.bits <= 32, "its colours lie in them");
}

static void one_run(void)
{
    static struct info info;
    static struct boot_plan plan;
    uint32_t tags = below(TAGS_MAX);

    info.length = 8;
    memset(info.bytes, 0, 8);
    for (uint32_t i = 0; i < tags; i++) {
        add_tag(&info);
    }
    for (uint32_t flips = below(4) == 0 ? below(8) : 0; flips > 0; flips--) {
        info.bytes[below(info.length)] ^= (uint8_t)(1u << below(8));
    }
    uint32_t total = below(16) == 0 ? (uint32_t)number() : info.length;
    uint8_t *exact = malloc(info.length);

    memcpy(info.bytes, &total, 4);
    memcpy(exact, info.bytes, info.length);
    memset(&plan, 0, sizeof(plan));
    const char *wrong = multiboot2_read(exact, info.length, &plan);

    free(exact);
    check_ranges(plan.ram, plan.ram_count);
    check_framebuffer(&plan.framebuffer);
    require(memchr(plan.command_line, 0, BOOT_LINE_BYTES) != NULL, "the command line ends");
    require(plan.archive + plan.archive_bytes <= UINT32_MAX, "the archive can be reached");
    require(wrong != NULL || plan.ram_bytes != 0 || plan.ram_count == 0, "RAM is counted");
    refused += wrong != NULL;
    read_well += wrong == NULL;
    with_many += plan.ram_count == BOOT_RANGES_MAX;
}

int main(int argc, char **argv)
{
    uint64_t runs = 1000;
    uint64_t seed = 1;

    for (int i = 1; i + 1 < argc; i += 2) {
        uint64_t value = strtoull(argv[i + 1], NULL, 0);

        if (strcmp(argv[i], "--runs") == 0) {
            runs = value;
        } else if (strcmp(argv[i], "--seed") == 0) {
            seed = value;
        }
    }
    for (uint64_t i = 0; i < runs; i++) {
        fuzz_begin("multiboot_fuzz", seed + i);
        one_run();
    }
    require(runs < 1000 || (refused > runs / 20 && read_well > runs / 20 && with_many > 0),
            "both roads are taken");
    printf("note: multiboot_fuzz: %llu runs, %u refused, %u read, %u with more pieces than fit\n",
           (unsigned long long)runs, refused, read_well, with_many);
    return 0;
}
