/* SPDX-License-Identifier: MIT */
#pragma once

#include "socket/client.h"

/** socket_new() - a number that is free, with rings if the operation needs them. Errors: ERR_NO_MEMORY. */
MUST_CHECK err_t socket_new(struct socket_client *client, uint32_t operation, uint32_t *number);

static inline uint64_t socket_bit(uint32_t number)
{
    return 1ull << number;
}
