/* SPDX-License-Identifier: MIT */
/*
 * The driver's side of a disk against a fake device that fails, lies, answers short or not at all. What lib/driver
 * does on a real machine is done here in a line or two.
 */
#include "virtio_block/disk.h"

#include <stdlib.h>
#include <string.h>

#include "block_fake/fake.h"
#include "host_test/test.h"
#include "pith/debug.h"
#include "virtio/registers.h"
#include "virtio_fake/fake.h"

#define S(n) ((ns_t)(n)*1000000000u)

enum { SECTORS = 1000, TRIES = 3 };

static struct fake_virtio fake;
static struct disk disk;
static uint8_t area[65536];
static uint32_t said; /* lines for people */

/* --- In place of lib/driver and lib/virtio/src/pci_device.c --- */

err_t driver_open(struct driver *driver)
{
    *driver = (struct driver){ 0 };
    return ERR_OK;
}

err_t driver_irq_start(struct driver *driver, uint32_t number)
{
    (void)driver;
    return number == 0 ? ERR_OK : ERR_NO_ENTRY;
}

err_t driver_memory_create(struct driver *driver, uint64_t bytes, struct driver_memory *memory)
{
    static void *last;

    (void)driver;
    free(last);
    last = aligned_alloc(4096, (bytes + 4095) & ~4095ull);
    *memory = (struct driver_memory){ .at = last,
                                      .address = (uint64_t)(uintptr_t)last + FAKE_SHIFT,
                                      .bytes = bytes };
    return ERR_OK;
}

err_t driver_memory_share(struct driver *driver, cap_addr_t frame, uint32_t first,
                          struct driver_memory *memory)
{
    (void)driver;
    (void)frame;
    (void)first;
    *memory = (struct driver_memory){ .address = (uint64_t)(uintptr_t)area + FAKE_SHIFT,
                                      .bytes = sizeof(area) };
    return ERR_OK;
}

err_t virtio_pci_open(struct virtio_pci *virtio, struct driver *driver)
{
    *virtio = (struct virtio_pci){ .driver = driver, .device = fake.driver };
    return ERR_OK;
}

err_t virtio_pci_memory(struct virtio_pci *virtio, uint32_t slots, uint32_t segments_max,
                        struct virtio_memory *memory)
{
    static void *last;

    (void)virtio;
    free(last);
    *memory = fake_memory(slots, segments_max);
    last = memory->at;
    return ERR_OK;
}

void debug_printf(const char *text, ...)
{
    (void)text;
    said++;
}

void program_panic(const char *text, const char *file, unsigned line)
{
    (void)file;
    (void)line;
    test_check(false, text, "an assertion of the driver failed", __FILE__);
    abort();
}

/* --- The tests --- */

static void config_set(uint32_t offset, uint32_t width, uint64_t value)
{
    memcpy(&fake.config[offset], &value, width);
}

/* A disk that works; what the test changes it does before open(). */
static void start(uint64_t features)
{
    fake_virtio_start(&fake);
    fake.offers |= features;
    fake.last_byte = 0; /* all is well */
    config_set(0, 8, SECTORS);
    config_set(8, 4, 8192);
    config_set(12, 4, 4);
    fake_time_set(S(1));
    said = 0;
    disk = (struct disk){ 0 };
}

static err_t open_disk(void)
{
    struct program_session info = { 0 };
    struct session session = { .info = &info, .data_bytes = sizeof(area) };
    const char *why;
    err_t err = disk_open(&disk, &why);

    if (err == ERR_OK) {
        err = disk_share(&disk, 0, &session);
    }
    return err;
}

static void job_start(uint64_t tag, uint32_t operation, uint32_t bytes)
{
    struct block_job job = {
        .tag = tag, .operation = operation, .bytes = bytes, .sector = tag, .offset = 512
    };

    disk_start(&disk, &job);
    disk_publish(&disk);
}

/* The device does the next request: `written` bytes as it says. */
static bool device_does(uint32_t less)
{
    struct fake_request request;

    if (!fake_take(&fake, 0, &request)) {
        return false;
    }
    fake_give(&fake, 0, request.id, request.writable - less);
    return true;
}

static err_t finish(uint64_t *tag)
{
    struct block_job job;
    err_t result;

    if (!disk_finish(&disk, &job, &result)) {
        disk_publish(&disk);
        return ERR_WOULD_BLOCK;
    }
    *tag = job.tag;
    return result;
}

TEST(a_disk_is_what_it_says_within_bounds)
{
    static const struct {
        const char *why;
        uint64_t features, sectors;
        uint32_t size_max, seg_max, block;
        err_t want;
        uint32_t request_max, block_bytes;
    } cases[] = {
        { "nothing said", 0, 77, 1, 0, 7, ERR_OK, 1 << 20, 512 },
        { "small segments", 2 | 4, 77, 4096, 3, 0, ERR_OK, 12288, 512 },
        { "many segments", 2 | 4, 77, 4096, 1000, 0, ERR_OK, 14 * 4096, 512 },
        { "large segments", 2 | 4, 77, UINT32_MAX, UINT32_MAX, 0, ERR_OK, 1 << 20, 512 },
        { "odd segments", 2 | 4, 77, 1000, 2, 0, ERR_OK, 1536, 512 },
        { "no segment", 2 | 4, 77, 4096, 0, 0, ERR_RANGE, 0, 0 },
        { "tiny segments", 2, 77, 511, 0, 0, ERR_RANGE, 0, 0 },
        { "blocks of 4096", 64, 77, 0, 0, 4096, ERR_OK, 1 << 20, 4096 },
        { "odd blocks", 64, 77, 0, 0, 1000, ERR_OK, 1 << 20, 512 },
        { "huge blocks", 64, 77, 0, 0, 1u << 31, ERR_OK, 1 << 20, 512 },
        { "more than there is", 0, UINT64_MAX, 0, 0, 0, ERR_OK, 1 << 20, 512 },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        start(cases[i].features);
        config_set(0, 8, cases[i].sectors);
        config_set(8, 4, cases[i].size_max);
        config_set(12, 4, cases[i].seg_max);
        config_set(20, 4, cases[i].block);
        CHECK_EQ(open_disk(), cases[i].want, cases[i].why);
        if (cases[i].want == ERR_OK) {
            CHECK_EQ(disk.limits.request_max, cases[i].request_max, cases[i].why);
            CHECK_EQ(disk.block_bytes, cases[i].block_bytes, cases[i].why);
            CHECK(disk.limits.sectors <= 1ull << 54, cases[i].why);
        }
    }
}

TEST(reads_and_writes_are_made_of_segments_that_fit)
{
    struct fake_request request;
    uint64_t tag = 0;

    start(VIRTIO_FEATURE_EVENT_INDEX | 2 | 4);
    CHECK_EQ(open_disk(), ERR_OK, "it opens");
    job_start(7, BLOCK_READ, 20480);
    CHECK(fake_take(&fake, 0, &request), "seen");
    CHECK_EQ(request.segments, 5, "header, three of data, status");
    CHECK_EQ(request.readable, 16, "the header");
    CHECK_EQ(request.writable, 20481, "data and status");
    CHECK_EQ(area[511], 0, "not before the place");
    CHECK_EQ(area[512], FAKE_FILL, "in its place");
    CHECK_EQ(area[512 + 20479], FAKE_FILL, "to the end");
    CHECK_EQ(area[512 + 20480], 0, "and not behind");
    fake_give(&fake, 0, request.id, request.writable);
    CHECK_EQ(finish(&tag), ERR_OK, "done");
    CHECK_EQ(tag, 7, "it");
    job_start(8, BLOCK_WRITE, 512);
    CHECK(fake_take(&fake, 0, &request), "seen");
    CHECK_EQ(request.readable, 16 + 512, "header and data");
    CHECK_EQ(request.writable, 1, "status");
    fake_give(&fake, 0, request.id, 1);
    CHECK_EQ(finish(&tag), ERR_OK, "done");
    job_start(9, BLOCK_FLUSH, 0);
    CHECK(fake_take(&fake, 0, &request), "seen");
    CHECK_EQ(request.segments, 2, "no data");
    fake_give(&fake, 0, request.id, 1);
    CHECK_EQ(finish(&tag), ERR_OK, "done");
    CHECK_EQ(fake.bad_requests + fake.bad_accesses, 0, "by the rules");
}

static void tried_three_times(uint8_t status, uint32_t less)
{
    uint64_t tag = 0;

    start(0);
    CHECK_EQ(open_disk(), ERR_OK, "it opens");
    fake.last_byte = status;
    job_start(1, BLOCK_READ, 512);
    for (uint32_t i = 0; i < TRIES; i++) {
        CHECK(device_does(less), "tried");
        CHECK_EQ(finish(&tag), i + 1 == TRIES ? ERR_IO : ERR_WOULD_BLOCK, "three times");
    }
    CHECK(!device_does(0), "no more");
    CHECK_EQ(disk.used, 0, "no slot is left");
}

TEST(errors_are_tried_again_and_then_told)
{
    uint64_t tag = 0;

    tried_three_times(1, 0);
    CHECK_EQ(disk.errors, TRIES, "counted");
    tried_three_times(99, 0);
    tried_three_times(0, 1);
    CHECK_EQ(disk.short_answers, TRIES, "counted");
    start(0);
    CHECK_EQ(open_disk(), ERR_OK, "it opens");
    fake.last_byte = 1;
    job_start(1, BLOCK_WRITE, 512);
    CHECK(device_does(0), "tried");
    CHECK_EQ(finish(&tag), ERR_WOULD_BLOCK, "again");
    fake.last_byte = 0;
    CHECK(device_does(0), "tried");
    CHECK_EQ(finish(&tag), ERR_OK, "an error once is no error");
}

TEST(a_device_that_writes_no_status_is_not_believed)
{
    struct fake_request request;
    uint64_t tag;

    start(0);
    CHECK_EQ(open_disk(), ERR_OK, "it opens");
    job_start(1, BLOCK_WRITE, 512);
    CHECK(fake_take(&fake, 0, &request), "seen");
    ((uint8_t *)disk.headers.at)[16] = 0xff; /* as it was before */
    fake_give(&fake, 0, request.id, 1);
    CHECK_EQ(finish(&tag), ERR_WOULD_BLOCK, "tried again");
    CHECK_EQ(disk.errors, 1, "counted");
}

TEST(a_device_that_lies_is_reset_and_asked_again)
{
    uint64_t tag = 0;

    start(0);
    CHECK_EQ(open_disk(), ERR_OK, "it opens");
    job_start(1, BLOCK_READ, 512);
    job_start(2, BLOCK_READ, 512);
    fake_give(&fake, 0, 77, 513);
    CHECK_EQ(finish(&tag), ERR_WOULD_BLOCK, "nothing is believed");
    CHECK(disk_is_stopped(&disk), "stopped");
    job_start(3, BLOCK_READ, 512);
    CHECK(disk_check(&disk), "reset");
    CHECK_EQ(disk.resets, 1, "counted");
    CHECK(said > 0, "and said");
    CHECK(!disk_is_stopped(&disk), "it goes on");
    for (uint32_t i = 1; i <= 3; i++) {
        CHECK(device_does(0), "asked again");
        CHECK_EQ(finish(&tag), ERR_OK, "done");
        CHECK_EQ(tag, i, "each");
    }
    CHECK(!device_does(0), "once");
}

TEST(a_device_that_wants_to_be_reset_is)
{
    uint64_t tag = 0;

    start(0);
    CHECK_EQ(open_disk(), ERR_OK, "it opens");
    job_start(1, BLOCK_READ, 512);
    fake.status |= VIRTIO_STATUS_NEEDS_RESET;
    CHECK(disk_check(&disk), "reset");
    CHECK(device_does(0), "asked again");
    CHECK_EQ(finish(&tag), ERR_OK, "done");
    CHECK(disk_check(&disk), "all is well");
    CHECK_EQ(disk.resets, 1, "once");
}

TEST(a_device_that_is_late_is_reset_and_its_requests_fail_in_the_end)
{
    uint64_t tag = 0;

    start(0);
    CHECK_EQ(open_disk(), ERR_OK, "it opens");
    CHECK_EQ(disk_deadline(&disk), DEADLINE_NEVER, "nothing to wait for");
    job_start(1, BLOCK_READ, 512);
    CHECK(disk_deadline(&disk) <= S(2), "looked at soon");
    for (uint32_t i = 0; i < TRIES; i++) {
        fake_time_set(S(7 + 6 * i) - 1000000000u);
        CHECK(disk_check(&disk), "in time");
        CHECK_EQ(disk.resets, i, "in time");
        fake_time_set(S(7 + 6 * i));
        CHECK(disk_check(&disk), "late");
        CHECK_EQ(disk.resets, i + 1, "reset");
    }
    CHECK_EQ(finish(&tag), ERR_IO, "told");
    CHECK_EQ(disk.used, 0, "no slot is left");
    CHECK_EQ(finish(&tag), ERR_WOULD_BLOCK, "once");
}

TEST(a_device_beyond_help_is_given_up)
{
    uint32_t resets = 0;

    start(0);
    CHECK_EQ(open_disk(), ERR_OK, "it opens");
    fake.status |= VIRTIO_STATUS_NEEDS_RESET;
    fake.never_resets = true;
    CHECK(!disk_check(&disk), "it does not obey");
    start(0);
    CHECK_EQ(open_disk(), ERR_OK, "it opens");
    do {
        fake.status |= VIRTIO_STATUS_NEEDS_RESET;
    } while (disk_check(&disk) && resets++ < 100);
    CHECK_EQ(resets, 8, "so often in vain and no more");
}

/* Whatever the device does, each job comes back once, or the device is given up. */
TEST(every_job_comes_back_once_from_a_device_that_lies)
{
    uint64_t resets = 0;

    for (uint32_t run = 0; run < 300 && !test_has_failed(); run++) {
        bool is_out[2000] = { false };
        uint32_t next = 0;
        ns_t now = S(1);
        bool is_good = true;

        start(test_random(2) ? VIRTIO_FEATURE_EVENT_INDEX : 0);
        CHECK_EQ(open_disk(), ERR_OK, "it opens");
        for (uint32_t step = 0; step < 500 && is_good; step++) {
            uint64_t tag = 0;
            err_t err;

            fake.last_byte = (uint8_t)(test_random(8) == 0);
            switch (test_random(16)) {
            case 0:
                fake_give(&fake, 0, test_random(200), test_random(2000));
                break;
            case 1:
                now += S(test_random(4));
                fake_time_set(now);
                is_good = disk_check(&disk);
                break;
            case 2:
                fake.status |= test_random(4) == 0 ? VIRTIO_STATUS_NEEDS_RESET : 0;
                break;
            case 3:
            case 4:
            case 5:
                (void)device_does(test_random(8) == 0);
                break;
            default:
                if (!disk_is_full(&disk) && next < 2000) {
                    is_out[next] = true;
                    job_start(next++, 1 + test_random(3), 512);
                }
            }
            while ((err = finish(&tag)) != ERR_WOULD_BLOCK) {
                CHECK(tag < next && is_out[tag], "what is out, once");
                is_out[tag] = false;
            }
            if (disk_is_stopped(&disk)) {
                is_good = disk_check(&disk);
            }
        }
        uint32_t out = 0;

        for (uint32_t i = 0; i < next; i++) {
            out += is_out[i];
        }
        CHECK_EQ(disk.used, out, "the rest is still in the device");
        resets += disk.resets;
    }
    CHECK(resets > 300, "it lied often");
    CHECK_EQ(fake.bad_requests + fake.bad_accesses, 0, "the driver keeps the rules");
}
