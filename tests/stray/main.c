/* SPDX-License-Identifier: MIT */
/*
 * A driver of QEMU's `edu` device (docs/specs/edu.rst there) that tells it to write where it must not. Before that it
 * tries to get hold of its domain, and shows that the device does reach its own memory. tests/scenario/attack.py starts
 * it. Arguments: write|read ADDRESS in hexadecimal; none: no access.
 */
#include <stdbool.h>

#include "driver/driver.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/string.h"
#include "service/service.h"

#include "abi/names.h"

enum { REGISTER_FROM = 0x80, REGISTER_TO = 0x88, REGISTER_COUNT = 0x90, REGISTER_COMMAND = 0x98 };
enum { COMMAND_RUN = 1, COMMAND_TO_MEMORY = 2, BUFFER = 0x40000, BYTES = 64, LOOK_MS = 5 };

static struct driver driver;
static struct driver_bar registers;
static struct driver_memory memory;
static struct service service;

static volatile uint64_t *reg(uint32_t offset)
{
    return (volatile uint64_t *)(registers.at + offset);
}

/* Serve whoever calls until then: probes are answered in there. */
static void pass(ns_t ns)
{
    ns_t end_ns = clock_now() + ns;

    while (service_wait(&service, end_ns) != SERVICE_TIME) {
        service.info = MSG_INFO(ERR_BAD_CALL, 0, 0);
    }
}

static void copy(uint64_t from, uint64_t to, uint64_t direction)
{
    *reg(REGISTER_FROM) = from;
    *reg(REGISTER_TO) = to;
    *reg(REGISTER_COUNT) = BYTES;
    *reg(REGISTER_COMMAND) = COMMAND_RUN | direction;
    while ((*reg(REGISTER_COMMAND) & COMMAND_RUN) != 0) {
        pass(LOOK_MS * NS_PER_MS);
    }
}

static bool own_memory_is_reached(void)
{
    uint64_t *words = memory.at;

    words[0] = 0x1122334455667788;
    copy(memory.address, BUFFER, 0);
    copy(BUFFER, memory.address + BYTES, COMMAND_TO_MEMORY);
    return words[BYTES / 8] == words[0];
}

/* What would hide an access from the warden. */
static bool domain_is_out_of_reach(void)
{
    uint32_t count, source, reason, lost;
    uint64_t address;

    return io_space_fault(driver.io_space, &count, &source, &address, &reason, &lost) ==
               ERR_NO_RIGHT &&
           io_space_bind(driver.io_space, 0) == ERR_NO_RIGHT &&
           io_space_detach(driver.io_space, driver.id) == ERR_NO_RIGHT &&
           io_space_unmute(driver.io_space, driver.id) == ERR_NO_RIGHT;
}

static uint64_t hexadecimal(const char *text)
{
    uint64_t number = 0;

    for (; *text != 0; text++) {
        number = number * 16 + (uint64_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
    }
    return number;
}

int main(void)
{
    const char *args = self_args();
    err_t err = driver_open(&driver);

    if (err == ERR_OK) {
        err = driver_bar_map(&driver, 0, &registers);
    }
    if (err == ERR_OK) {
        err = driver_memory_create(&driver, PAGE_BYTES, &memory);
    }
    if (err) {
        debug_printf("stray: no device: %s\n", error_name(err));
        return 1;
    }
    debug_printf("stray: its domain is %s; own memory is %s\n",
                 domain_is_out_of_reach() ? "out of reach" : "IN REACH",
                 own_memory_is_reached() ? "reached" : "NOT REACHED");
    if (strncmp(args, "write ", 6) == 0) {
        copy(BUFFER, hexadecimal(args + 6), COMMAND_TO_MEMORY);
    } else if (strncmp(args, "read ", 5) == 0) {
        copy(hexadecimal(args + 5), BUFFER, 0);
    }
    debug_printf("stray: done, and still here\n");
    for (;;) {
        pass(NS_PER_S);
    }
}
