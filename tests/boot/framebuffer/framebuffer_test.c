/* SPDX-License-Identifier: MIT */
/*
 * The frame buffer that the loader set up: where boot information says, device memory can be had of it, and pixels
 * written there stay. The picture is one that another program can compute (tests/scenario/iso.py): red grows to the right, green
 * downwards, blue is a pattern of both.
 */
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "pith/kernel_calls.h"

#define PIXEL_BITS 32u /* what the kernel asks for, and every emulator gives */

static const struct boot_framebuffer *screen(void)
{
    const struct boot_info *boot = (const struct boot_info *)BOOT_INFO_ADDR;

    return &boot->framebuffer;
}

static uint32_t shade(uint32_t value, struct boot_colour colour)
{
    return (value & 255u) >> (8u - colour.bits) << colour.shift;
}

static uint32_t pixel(uint32_t x, uint32_t y)
{
    return shade(x * 255u / (screen()->width - 1), screen()->red) |
           shade(y * 255u / (screen()->height - 1), screen()->green) | shade(x ^ y, screen()->blue);
}

static const struct boot_untyped *device_around(phys_t base, uint64_t size_bytes)
{
    const struct boot_info *boot = (const struct boot_info *)BOOT_INFO_ADDR;

    for (uint32_t i = 0; i < boot->untyped_count; i++) {
        const struct boot_untyped *untyped = &boot->untyped[i];

        if (untyped->device && untyped->base <= base &&
            base + size_bytes <= untyped->base + untyped->size_bytes) {
            return untyped;
        }
    }
    return NULL;
}

static volatile uint32_t *screen_map(void)
{
    uint64_t size_bytes = (uint64_t)screen()->pitch_bytes * screen()->height;
    uint32_t pages = (uint32_t)((size_bytes + PAGE_BYTES - 1) / PAGE_BYTES);
    const struct boot_untyped *untyped = device_around(screen()->base, size_bytes);

    REQUIRE(untyped != NULL, "it is among the device memory that the root program is given");
    if (untyped->base < screen()->base) {
        (void)make_from(untyped->slot, OBJECT_UNTYPED, screen()->base - untyped->base);
    }
    cap_addr_t frame = make_from(untyped->slot, OBJECT_FRAME, FRAME_SIZE(pages, PAGE_CLASS_4K));

    REQUIRE_OK(frame_set_cache(frame, CACHE_WRITE_COMBINING));
    map_at(frame, PLACE, pages, PROT_READ | PROT_WRITE);
    return (volatile uint32_t *)PLACE;
}

TEST(the_loader_says_where_pixels_are_and_how_they_look)
{
    REQUIRE(screen()->base != 0, "there is a frame buffer");
    CHECK_EQ(screen()->base % PAGE_BYTES, 0, "on a page of its own");
    CHECK_EQ(screen()->pixel_bits, PIXEL_BITS, "as the kernel asked for");
    CHECK(screen()->width >= 640 && screen()->height >= 480, "large enough to draw on");
    CHECK(screen()->pitch_bytes >= screen()->width * (PIXEL_BITS / 8), "lines do not overlap");
    CHECK_EQ(screen()->red.bits, 8, "red");
    CHECK_EQ(screen()->green.bits, 8, "green");
    CHECK_EQ(screen()->blue.bits, 8, "blue");
    test_note("framebuffer: %u x %u pixels", screen()->width, screen()->height);
}

TEST(what_is_drawn_stays)
{
    REQUIRE(screen()->base != 0, "there is a frame buffer");
    volatile uint32_t *pixels = screen_map();
    uint32_t line = screen()->pitch_bytes / sizeof(*pixels);
    uint32_t wrong = 0;

    for (uint32_t y = 0; y < screen()->height; y++) {
        for (uint32_t x = 0; x < screen()->width; x++) {
            pixels[y * line + x] = pixel(x, y);
        }
    }
    for (uint32_t y = 0; y < screen()->height; y++) {
        for (uint32_t x = 0; x < screen()->width; x++) {
            wrong += pixels[y * line + x] != pixel(x, y);
        }
    }
    CHECK_EQ(wrong, 0, "every pixel reads as it was written");
}
