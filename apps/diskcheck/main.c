/* SPDX-License-Identifier: MIT */
/*
 * Reads a whole disk with many requests in flight, and says how fast that went and a checksum of what is on it. With
 * `pattern` it knows what must be there; with `write` it writes that itself (and what was on the disk is lost).
 * It goes on over deaths of the disk's driver, which it counts.
 */
#include "diskcheck.h"
#include "pith/block_calls.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/self.h"

#include "abi/names.h"

/* A call is shorter than the patience of who probes this program; in between it is answered. */
#define ASK_NS (4 * NS_PER_MS)

enum { ASK_TRIES = 250, FLAG_READ_ONLY = 1 };

static struct checker checker;
static uint32_t failures;

static void rate_print(const struct pass *pass)
{
    uint64_t kib_per_s = pass->bytes * (NS_PER_S / 1024) / (pass->took_ns | 1);

    debug_printf("diskcheck: %s: %lu requests, %lu KiB in %lu ms, %lu.%lu MiB/s, checksum %016lx\n",
                 pass->name, (unsigned long)pass->requests, (unsigned long)(pass->bytes / 1024),
                 (unsigned long)(pass->took_ns / NS_PER_MS), (unsigned long)(kib_per_s / 1024),
                 (unsigned long)(kib_per_s % 1024 * 10 / 1024), (unsigned long)pass->checksum);
}

static void pass_do(struct pass *pass)
{
    pass_run(&checker, pass);
    rate_print(pass);
    if (pass->errors != 0) {
        debug_printf("FAIL diskcheck_%s: errors: wanted: 0 got: %lu\n", pass->name,
                     (unsigned long)pass->errors);
        failures++;
    } else if (pass->bad_sectors != 0) {
        debug_printf("FAIL diskcheck_%s: bad sectors: wanted: 0 got: %lu, the first is %lu\n",
                     pass->name, (unsigned long)pass->bad_sectors, (unsigned long)pass->first_bad);
        failures++;
    } else {
        debug_printf("ok diskcheck_%s\n", pass->name);
    }
}

static void flush_do(void)
{
    struct block_work work = { .operation = BLOCK_FLUSH, .deadline_ns = DEADLINE_NEVER };
    err_t err = block_client_transfer(&checker.client, &checker.service, &work);

    if (err) {
        debug_printf("FAIL diskcheck_flush: wanted: done got: %s\n", error_name(err));
        failures++;
    } else {
        debug_printf("ok diskcheck_flush\n");
    }
}

/* Round 0 of a disk that is written to is version 1, and so on; what was made for the test is version 0. */
static void round_do(const struct options *options, uint64_t sectors, uint64_t round)
{
    uint64_t version = options->writes ? round + 1 : 0;
    bool has_pattern = options->has_pattern || options->writes;
    struct pass write = {
        .name = "write", .operation = BLOCK_WRITE, .sectors = sectors, .version = version
    };
    struct pass read = { .name = "sequential",
                         .operation = BLOCK_READ,
                         .sectors = sectors,
                         .has_pattern = has_pattern,
                         .version = version };
    struct pass random = read;

    if (options->writes) {
        pass_do(&write);
        flush_do();
    }
    pass_do(&read);
    if (options->random != 0) {
        random.name = "random";
        random.is_random = true;
        random.count = options->random;
        pass_do(&random);
    }
}

static err_t info_ask(struct disk_info *info)
{
    err_t err = ERR_GONE;
    uint32_t flags = 0;
    uint32_t block_bytes;
    uint64_t served, refused;

    for (uint32_t i = 0; i < ASK_TRIES && err != ERR_OK; i++) {
        err = block_info(self_cap("block"), clock_now() + ASK_NS, &info->sectors, &flags,
                         &block_bytes, &info->request_max, &served, &refused);
        if (err && service_wait(&checker.service, clock_now() + ASK_NS) == SERVICE_CALL) {
            checker.service.info = MSG_INFO(ERR_BAD_CALL, 0, 0);
        }
    }
    info->is_read_only = (flags & FLAG_READ_ONLY) != 0;
    return err;
}

static err_t checker_open(const struct options *options, const struct disk_info *info)
{
    uint32_t number;
    uint64_t piece;
    err_t err = session_find("block", false, 0, &number);

    if (err == ERR_OK) {
        err = block_client_open(&checker.client, number);
    }
    if (err) {
        return err;
    }
    block_client_start(&checker.client, &checker.service);
    checker.depth = (uint32_t)options->depth;
    checker.random = 0x123456789abcdefu;
    piece = checker.client.session.data_bytes / checker.depth;
    piece = piece < options->piece ? piece : options->piece;
    piece = piece < info->request_max ? piece : info->request_max;
    checker.piece = (uint32_t)piece & ~(BLOCK_SECTOR_BYTES - 1);
    return checker.piece == 0 ? ERR_RANGE : ERR_OK;
}

int main(void)
{
    struct options options;
    struct disk_info info;
    err_t err = info_ask(&info);

    options_read(&options, self_args());
    if (err == ERR_OK) {
        err = checker_open(&options, &info);
    }
    if (err == ERR_OK && options.writes && info.is_read_only) {
        err = ERR_NO_RIGHT;
    }
    if (err) {
        debug_printf("FAIL diskcheck: no disk: %s\n", error_name(err));
        return 1;
    }
    uint64_t sectors =
        options.limit != 0 && options.limit < info.sectors ? options.limit : info.sectors;

    for (uint64_t round = 0; round < options.rounds && sectors != 0; round++) {
        round_do(&options, sectors, round);
    }
    debug_printf("diskcheck: %lu of %lu sectors, %lu epochs, %lu resubmitted, %lu refused; "
                 "%u failures\n",
                 (unsigned long)sectors, (unsigned long)info.sectors,
                 (unsigned long)checker.client.epochs, (unsigned long)checker.client.resubmitted,
                 (unsigned long)checker.client.refused, failures);
    return failures != 0;
}
