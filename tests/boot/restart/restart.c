/* SPDX-License-Identifier: MIT */
/*
 * machine.restart: how the machine ends is what the runner looks at. The command line says which way:
 * how=1 reboots, how=2 panics, how=3 panics after it has switched off the trace. What calls() does
 * is what a panic must show of the trace: tests/boot/panic*.toml.
 */
#include "abi/boot_info.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/start.h"
#include "pith/string.h"
#include "pith/syscall.h"

#define STATUS_FAILED 0x11
#define EMPTY_SLOT 15u
#define YIELDS 3000u /* twice as many events, more than the ring holds */

static void calls(void)
{
    uint64_t bits, number;
    uint32_t small;

    for (uint32_t i = 0; i < YIELDS; i++) {
        (void)!thread_yield();
    }
    (void)!notification_signal(EMPTY_SLOT);
    (void)!notification_poll(EMPTY_SLOT, 1, &bits);
    (void)!machine_info(ROOT_SLOT_MACHINE, &small, &number, &number, &number, &small);
}

int main(void)
{
    const struct boot_info *boot = (const struct boot_info *)BOOT_INFO_ADDR;
    uint32_t how = 0;

    for (const char *at = boot->command_line; *at != 0; at++) {
        if (strncmp(at, "how=", 4) == 0) {
            how = (uint32_t)(at[4] - '0');
        }
    }
    debug_printf("ok restart_%s\n1 passed, 0 failed\n", how == 1 ? "reboots" : "panics");
    calls();
    if (how == 3) {
        uint64_t events;

        (void)!machine_trace(ROOT_SLOT_MACHINE, 0, &events);
        how = 2;
    }
    if (how != 0) {
        (void)!machine_restart(ROOT_SLOT_MACHINE, how, 0);
    }
    return STATUS_FAILED;
}
