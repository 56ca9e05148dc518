/* SPDX-License-Identifier: MIT */
/*
 * The boot information of Multiboot2: two numbers, then tags of a type, a size and contents, each on a multiple of 8.
 * Must stay true: nothing outside the information is read, whatever sizes it holds.
 */
#include "core/multiboot.h"

#include <stdbool.h>
#include <stddef.h>

#include "core/bytes.h"

#define HEAD_BYTES                                                                                 \
    8u /* of the information: its size, and a word for later; of a tag: type and size */

#define TAG_LINE 1u
#define TAG_MODULE 3u
#define TAG_MEMORY 6u
#define TAG_FRAMEBUFFER 8u
#define TAG_RSDP_OLD 14u /* ACPI 1.0: 20 bytes */
#define TAG_RSDP_NEW 15u

/* Places, from the start of a tag. */
#define MODULE_START 8u
#define MODULE_END 12u
#define MODULE_BYTES 16u
#define MEMORY_ENTRY_BYTES 8u
#define MEMORY_ENTRIES 16u
#define FRAMEBUFFER_BASE 8u
#define FRAMEBUFFER_PITCH 16u
#define FRAMEBUFFER_WIDTH 20u
#define FRAMEBUFFER_HEIGHT 24u
#define FRAMEBUFFER_BITS 28u
#define FRAMEBUFFER_KIND 29u
#define FRAMEBUFFER_COLOURS 32u /* red, green, blue: lowest bit, number of bits */
#define FRAMEBUFFER_BYTES 38u

#define FRAMEBUFFER_DIRECT 1u /* the bits of a pixel are its colour, and not the number of one */

/* Of an entry of the memory map. */
#define ENTRY_SIZE 8u
#define ENTRY_TYPE 16u
#define ENTRY_BYTES 24u
#define ENTRY_RAM 1u

#define RSDP_OLD_BYTES 20u

#define ADDRESS_END (1ull << 52) /* no physical address is wider */

struct reading {
    struct boot_plan *plan;
    bool has_memory;
    bool has_module;
    bool has_new_rsdp;
};

static const char *read_module(struct reading *reading, const uint8_t *tag, uint64_t bytes)
{
    if (bytes < MODULE_BYTES) {
        return "a module's tag is too short";
    }
    uint64_t start = bytes_get(tag + MODULE_START, 4);
    uint64_t end = bytes_get(tag + MODULE_END, 4);

    if (end < start) {
        return "a module ends before it starts";
    }
    if (!reading->has_module) { /* others are not for us */
        reading->plan->archive = start;
        reading->plan->archive_bytes = end - start;
    }
    reading->has_module = true;
    return NULL;
}

static const char *read_memory(struct reading *reading, const uint8_t *tag, uint64_t bytes)
{
    uint64_t step = bytes < MEMORY_ENTRIES ? 0 : bytes_get(tag + MEMORY_ENTRY_BYTES, 4);

    if (step < ENTRY_BYTES) {
        return "the entries of the memory map are too short";
    }
    for (uint64_t at = MEMORY_ENTRIES; at + ENTRY_BYTES <= bytes; at += step) {
        uint64_t base = bytes_get(tag + at, 8);
        uint64_t size_bytes = bytes_get(tag + at + ENTRY_SIZE, 8);

        if (bytes_get(tag + at + ENTRY_TYPE, 4) != ENTRY_RAM || base >= ADDRESS_END) {
            continue;
        }
        if (size_bytes > ADDRESS_END - base) {
            size_bytes = ADDRESS_END - base;
        }
        boot_plan_add_ram(reading->plan, base, size_bytes);
        reading->has_memory = true;
    }
    return NULL;
}

static bool colour_fits(const struct boot_colour *colour, uint32_t pixel_bits)
{
    return colour->bits != 0 && (uint32_t)colour->shift + colour->bits <= pixel_bits;
}

static void read_framebuffer(struct reading *reading, const uint8_t *tag, uint64_t bytes)
{
    if (bytes < FRAMEBUFFER_BYTES || tag[FRAMEBUFFER_KIND] != FRAMEBUFFER_DIRECT) {
        return;
    }
    const uint8_t *colours = tag + FRAMEBUFFER_COLOURS;
    struct boot_framebuffer found = {
        .base = bytes_get(tag + FRAMEBUFFER_BASE, 8),
        .width = (uint32_t)bytes_get(tag + FRAMEBUFFER_WIDTH, 4),
        .height = (uint32_t)bytes_get(tag + FRAMEBUFFER_HEIGHT, 4),
        .pitch_bytes = (uint32_t)bytes_get(tag + FRAMEBUFFER_PITCH, 4),
        .pixel_bits = tag[FRAMEBUFFER_BITS],
        .red = { colours[0], colours[1] },
        .green = { colours[2], colours[3] },
        .blue = { colours[4], colours[5] },
    };
    uint64_t size_bytes = (uint64_t)found.pitch_bytes * found.height;
    bool has_place = found.base != 0 && found.base < ADDRESS_END && size_bytes != 0 &&
                     size_bytes <= ADDRESS_END - found.base;
    bool has_pixels = found.width != 0 && found.pixel_bits >= 8 && found.pixel_bits <= 32 &&
                      found.pitch_bytes >= (uint64_t)found.width * ((found.pixel_bits + 7u) / 8);

    if (has_place && has_pixels && colour_fits(&found.red, found.pixel_bits) &&
        colour_fits(&found.green, found.pixel_bits) && colour_fits(&found.blue, found.pixel_bits)) {
        reading->plan->framebuffer = found;
    }
}

/* The loader's copy: on a machine with UEFI nothing else tells where ACPI's tables are. */
static void read_rsdp(struct reading *reading, const uint8_t *tag, uint64_t bytes, bool is_new)
{
    uint64_t wanted = is_new ? BOOT_RSDP_BYTES : RSDP_OLD_BYTES;

    if (bytes < HEAD_BYTES + wanted || (reading->has_new_rsdp && !is_new)) {
        return;
    }
    for (uint64_t i = 0; i < BOOT_RSDP_BYTES; i++) {
        reading->plan->rsdp[i] = i < wanted ? tag[HEAD_BYTES + i] : 0;
    }
    reading->has_new_rsdp = is_new;
}

static const char *read_tag(struct reading *reading, const uint8_t *tag, uint64_t bytes)
{
    switch (bytes_get(tag, 4)) {
    case TAG_LINE:
        boot_plan_set_line(reading->plan, (const char *)tag + HEAD_BYTES, bytes - HEAD_BYTES);
        return NULL;
    case TAG_MODULE:
        return read_module(reading, tag, bytes);
    case TAG_MEMORY:
        return read_memory(reading, tag, bytes);
    case TAG_FRAMEBUFFER:
        read_framebuffer(reading, tag, bytes);
        return NULL;
    case TAG_RSDP_OLD:
        read_rsdp(reading, tag, bytes, false);
        return NULL;
    case TAG_RSDP_NEW:
        read_rsdp(reading, tag, bytes, true);
        return NULL;
    default:
        return NULL; /* also the one that ends them: a size of 8, and the information's end */
    }
}

const char *multiboot2_read(const uint8_t *info, uint64_t room_bytes, struct boot_plan *plan)
{
    struct reading reading = { .plan = plan };
    uint64_t total = room_bytes < HEAD_BYTES ? 0 : bytes_get(info, 4);

    if (total < HEAD_BYTES || total > room_bytes) {
        return "its size makes no sense";
    }
    for (uint64_t at = HEAD_BYTES; at + HEAD_BYTES <= total;) {
        uint64_t bytes = bytes_get(info + at + 4, 4);

        if (bytes < HEAD_BYTES || bytes > total - at) {
            return "a tag is longer than what it stands in";
        }
        const char *wrong = read_tag(&reading, info + at, bytes);

        if (wrong != NULL) {
            return wrong;
        }
        at += (bytes + 7) & ~7ull;
    }
    return reading.has_memory ? NULL : "there is no memory map in it, or none with RAM";
}
