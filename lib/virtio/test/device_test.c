/* SPDX-License-Identifier: MIT */
/* Finding, starting and resetting a device, and refusing one that lies. */
#include "virtio/device.h"

#include <string.h>

#include "host_test/test.h"
#include "pci/registers.h"
#include "virtio/registers.h"
#include "virtio_fake/fake.h"

static uint8_t config[256];

static err_t config_read(void *context, uint32_t offset, uint32_t width, uint32_t *value)
{
    (void)context;
    if (offset % width != 0 || offset + width > sizeof(config)) {
        return ERR_RANGE;
    }
    *value = 0;
    for (uint32_t i = 0; i < width; i++) {
        *value |= (uint32_t)config[offset + i] << 8 * i;
    }
    return ERR_OK;
}

static void put(uint32_t at, uint32_t value)
{
    memcpy(&config[at], &value, 4);
}

static void structure(uint32_t at, uint32_t kind, uint32_t bar, uint32_t offset, uint32_t bytes)
{
    config[at] = PCI_CAP_VENDOR;
    config[at + 1] = config[PCI_CAPABILITIES];
    config[PCI_CAPABILITIES] = (uint8_t)at;
    config[PCI_STATUS] |= PCI_STATUS_HAS_LIST;
    config[at + 3] = (uint8_t)kind;
    config[at + 4] = (uint8_t)bar;
    put(at + 8, offset);
    put(at + 12, bytes);
}

static void structures(void)
{
    memset(config, 0, sizeof(config));
    structure(0x40, PCI_VIRTIO_NOTIFY, 4, 0x3000, 0x1000);
    put(0x40 + PCI_VIRTIO_MULTIPLIER, 4);
    structure(0x54, PCI_VIRTIO_DEVICE, 4, 0x2000, 0x1000);
    structure(0x64, PCI_VIRTIO_ISR, 4, 0x1000, 0x1000);
    structure(0x74, PCI_VIRTIO_COMMON, 4, 0, 0x1000);
}

TEST(layout_is_found_and_the_first_of_a_kind_counts)
{
    struct virtio_layout layout;

    structures();
    structure(0x84, PCI_VIRTIO_COMMON, 6, 0, 0x1000); /* a reserved BAR is passed over */
    CHECK_EQ(virtio_layout_find(config_read, NULL, &layout), ERR_OK, "all is there");
    CHECK_EQ(layout.parts[VIRTIO_PART_COMMON].bar, 4, "the one that can be used");
    CHECK_EQ(layout.parts[VIRTIO_PART_NOTIFY].offset, 0x3000, "where it is");
    CHECK_EQ(layout.parts[VIRTIO_PART_DEVICE].bytes, 0x1000, "how long it is");
    CHECK_EQ(layout.notify_step, 4, "from behind the capability");
    structure(0x94, PCI_VIRTIO_DEVICE, 1, 0x10, 0x20);
    CHECK_EQ(virtio_layout_find(config_read, NULL, &layout), ERR_OK, "all is there");
    CHECK_EQ(layout.parts[VIRTIO_PART_DEVICE].bar, 1, "the first in the list");
}

TEST(layout_refuses_what_cannot_be)
{
    struct virtio_layout layout;

    structures();
    config[0x74 + 3] = PCI_VIRTIO_ISR;
    CHECK_EQ(virtio_layout_find(config_read, NULL, &layout), ERR_NO_ENTRY, "no common structure");
    structures();
    put(0x74 + PCI_VIRTIO_BYTES, VIRTIO_COMMON_BYTES - 1);
    CHECK_EQ(virtio_layout_find(config_read, NULL, &layout), ERR_RANGE, "too small");
    structures();
    put(0x54 + PCI_VIRTIO_OFFSET, UINT32_MAX - 0xffe);
    CHECK_EQ(virtio_layout_find(config_read, NULL, &layout), ERR_RANGE, "wraps");
    structures();
    config[0x41] = 0x74;
    CHECK_EQ(virtio_layout_find(config_read, NULL, &layout), ERR_RANGE, "a list that loops");
    structures();
    config[0xfc] = PCI_CAP_VENDOR;
    config[PCI_CAPABILITIES] = 0xfc;
    CHECK_EQ(virtio_layout_find(config_read, NULL, &layout), ERR_RANGE, "out of its place");
    memset(config, 0, sizeof(config));
    CHECK_EQ(virtio_layout_find(config_read, NULL, &layout), ERR_NO_ENTRY, "no list");
}

TEST(start_agrees_on_what_both_want)
{
    struct fake_virtio fake;

    fake_virtio_start(&fake);
    fake.offers |= VIRTIO_FEATURE_EVENT_INDEX | 1u << 6 | 1u << 9;
    CHECK_EQ(virtio_start(&fake.driver, VIRTIO_FEATURE_INDIRECT | 1u << 9 | 1u << 5, 0, false),
             ERR_OK, "nothing is missing");
    CHECK_EQ(fake.accepted, VIRTIO_FEATURE_VERSION_1 | VIRTIO_FEATURE_INDIRECT | 1u << 9,
             "of what is wanted, what is offered");
    CHECK_EQ(fake.driver.features, fake.accepted, "both know");
    CHECK_EQ(virtio_ready(&fake.driver), ERR_OK, "it runs");
    CHECK_EQ(fake.status, 15, "all steps were taken");
    CHECK(!virtio_has_failed(&fake.driver), "it runs");
    CHECK_EQ(fake.bad_accesses, 0, "by the rules");
}

TEST(start_refuses_a_device_without_what_is_needed)
{
    struct fake_virtio fake;

    fake_virtio_start(&fake);
    CHECK_EQ(virtio_start(&fake.driver, 0, 0, true), ERR_NO_ENTRY, "it would not be remapped");
    CHECK(fake.status & VIRTIO_STATUS_FAILED, "told so");
    fake.offers |= VIRTIO_FEATURE_PLATFORM;
    CHECK_EQ(virtio_start(&fake.driver, 0, 0, true), ERR_OK, "now it is");
    CHECK_EQ(virtio_start(&fake.driver, 0, 1, true), ERR_NO_ENTRY, "the driver's own need");
    fake.offers = VIRTIO_FEATURE_INDIRECT;
    CHECK_EQ(virtio_start(&fake.driver, 0, 0, false), ERR_NO_ENTRY, "a legacy device");
}

TEST(start_reports_a_device_that_does_not_obey)
{
    struct fake_virtio fake;

    fake_virtio_start(&fake);
    fake.refuses_features = true;
    CHECK_EQ(virtio_start(&fake.driver, 0, 0, false), ERR_IO, "refuses what it offered");
    fake_virtio_start(&fake);
    fake.status = 15;
    fake.never_resets = true;
    CHECK_EQ(virtio_start(&fake.driver, 0, 0, false), ERR_IO, "does not reset");
    CHECK_EQ(fake.driver.lies, 1, "counted");
    fake_virtio_start(&fake);
    CHECK_EQ(virtio_start(&fake.driver, 0, 0, false), ERR_OK, "it starts");
    fake.status |= VIRTIO_STATUS_NEEDS_RESET;
    CHECK_EQ(virtio_ready(&fake.driver), ERR_IO, "it failed meanwhile");
    CHECK(virtio_has_failed(&fake.driver), "it says so");
    fake.status = 0xff;
    CHECK(virtio_has_failed(&fake.driver), "gone");
    fake.refuses_vectors = true;
    CHECK_EQ(virtio_config_interrupt(&fake.driver, 1), ERR_IO, "no vector");
}

TEST(config_is_read_in_one_moment_and_in_bounds)
{
    static const struct {
        uint32_t offset, width;
        err_t want;
    } cases[] = {
        { 0, 8, ERR_OK },     { 16, 8, ERR_OK },    { 20, 4, ERR_OK },
        { 20, 8, ERR_RANGE }, { 24, 1, ERR_RANGE }, { UINT32_MAX, 4, ERR_RANGE },
    };
    struct fake_virtio fake;
    uint64_t value = 0;

    fake_virtio_start(&fake);
    for (uint32_t i = 0; i < FAKE_CONFIG_BYTES; i++) {
        fake.config[i] = (uint8_t)(i + 1);
    }
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_EQ(virtio_config_read(&fake.driver, cases[i].offset, cases[i].width, &value),
                 cases[i].want, "in bounds or not");
    }
    CHECK_EQ(virtio_config_read(&fake.driver, 0, 8, &value), ERR_OK, "8 bytes");
    CHECK_EQ(value, 0x0807060504030201, "in order");
    fake.always_changes = true;
    CHECK_EQ(virtio_config_read(&fake.driver, 0, 8, &value), ERR_IO, "never the same");
    CHECK_EQ(fake.bad_accesses, 0, "never outside");
}
