/* SPDX-License-Identifier: MIT */
/* What the files of this program share; its sockets are in servers/net/core. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"

/* random.c */
void random_start(void);
uint32_t random_next(void *unused);

/* netif.c */
struct link_counts {
    uint64_t received, sent, dropped, refused, epochs;
};

/** link_start() - the interface over the session with the driver, if there is one. */
MUST_CHECK err_t link_start(void);
/** link_work() - take frames that came; gives how many. */
uint32_t link_work(void);
bool link_rest(void);
struct link_counts link_counts(void);
