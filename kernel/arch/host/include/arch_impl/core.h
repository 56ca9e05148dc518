/* SPDX-License-Identifier: MIT */
/* What a core keeps for the machine; here the simulation has its own record: arch_host/machine.h. */
#pragma once

#define ARCH_CORES 2u /* so many can be used at most */

struct arch_core {
    unsigned host_number;
};
