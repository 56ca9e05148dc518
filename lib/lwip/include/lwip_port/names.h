/* SPDX-License-Identifier: MIT */
/* What stands between those who tell us servers for names and lwIP's list of them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lwip/ip_addr.h"

/** dns_setserver_unchecked() - lwIP's own dns_setserver(). */
void dns_setserver_unchecked(uint8_t number, const ip_addr_t *server);
