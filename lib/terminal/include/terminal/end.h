/* SPDX-License-Identifier: MIT */
/* What either side of a terminal's session has. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "service/session.h"
#include "terminal/wire.h"

struct terminal_end {
    struct session session;
    struct terminal_shared *shared;
    bool is_due;      /* a position was moved, and the peer is to look */
    uint64_t refused; /* positions and entries that are not possible */
};
