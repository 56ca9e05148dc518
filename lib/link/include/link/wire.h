/* SPDX-License-Identifier: MIT */
/*
 * What goes over the rings of a session of the protocol link (abi/idl/link.idl). The client is the network server,
 * the server a driver. All frames lie in the session's data area, which the client shares out: it gives the driver buffers
 * to be filled (RECEIVE) and frames to be sent (SEND) and hears of each by an answer of the same operation.
 * Between the two a buffer is the driver's, whose device writes into it or reads it.
 *
 * A new epoch. If the driver died, its device was reset before the epoch began, and all buffers are the client's again. If
 * the client died, the device may still write into buffers of it. So the first request in each epoch is
 * BEGIN; its answer comes when the device has been reset, and until then a client touches no buffer.
 */
#pragma once

#include <stdint.h>

#define LINK_FRAMES 7u /* in one entry */
#define LINK_HEADER_BYTES 14u
#define LINK_ADDRESS_BYTES 6u

enum link_operation {
    LINK_BEGIN = 1,   /* both ways; state.tag comes back with the rest of the state */
    LINK_RECEIVE = 2, /* buffers of `bytes` bytes; answered with the bytes received, 0: none were */
    LINK_SEND = 3,    /* frames; answered when the device no longer reads them */
    LINK_STATE = 4,   /* from the driver only: the state has changed */
};

struct link_frame {
    uint32_t offset; /* in the data area */
    uint16_t bytes;
    uint16_t flags; /* 0; place for what devices do about checksums */
};

enum link_flags { LINK_IS_UP = 1 };

struct link_state {
    uint64_t tag;
    uint8_t address[LINK_ADDRESS_BYTES];
    uint16_t mtu; /* without the header of LINK_HEADER_BYTES */
    uint32_t flags;
    uint16_t receive_max; /* buffers that the driver takes at once */
    uint16_t send_max;    /* frames */
    uint64_t reserved[4];
};

struct link_entry {
    uint32_t operation;
    uint32_t count; /* of frames */
    union {
        struct link_frame frames[LINK_FRAMES];
        struct link_state state;
    };
};
_Static_assert(sizeof(struct link_entry) == 64, "an entry");
