/* SPDX-License-Identifier: MIT */
#pragma once

#include "socket/client.h"

/** socket_new() - a number that is free, with rings if the operation needs them. Errors: ERR_NO_MEMORY. */
MUST_CHECK err_t socket_new(struct socket_client *client, uint32_t operation, uint32_t *number);
