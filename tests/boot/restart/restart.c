/* SPDX-License-Identifier: MIT */
/*
 * machine.restart: how the machine ends is what the runner looks at. The command line says which way:
 * how=1 reboots, how=2 panics.
 */
#include "abi/boot_info.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/start.h"
#include "pith/string.h"

#define STATUS_FAILED 0x11

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
    if (how != 0) {
        (void)!machine_restart(ROOT_SLOT_MACHINE, how, 0);
    }
    return STATUS_FAILED;
}
