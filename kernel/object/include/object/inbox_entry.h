/* SPDX-License-Identifier: MIT */
/* What makes a thread or a notification fit into the inbox of a core: core/inbox.h. */
#pragma once

#include <stdint.h>

enum inbox_kind { INBOX_SIGNAL, INBOX_CALL, INBOX_BACK, INBOX_END };

struct inbox_entry {
    struct inbox_entry *next;
    uint8_t kind; /* enum inbox_kind */
};
