/* SPDX-License-Identifier: MIT */
/* Instructions that no program may execute: each must fault where it stands. */
#pragma once

#include <stdint.h>

struct privileged {
    const char *code; /* dx: a port, di/si: an address */
    const char *name;
};
extern const struct privileged privileged_list[], privileged_list_end[];
/* in and out by width: dx is the port. */
extern const char port_in_1[], port_in_2[], port_in_4[], port_out_1[], port_out_2[], port_out_4[];
extern const char port_ins[], port_outs[];
