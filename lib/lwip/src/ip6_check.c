/* SPDX-License-Identifier: MIT */
#include "lwip_port/ip6_check.h"

enum {
    HEADER_BYTES = 40,
    UNIT = 8,
    NEXT_HOP_BY_HOP = 0,
    NEXT_ROUTING = 43,
    NEXT_FRAGMENT = 44,
    NEXT_DESTINATION = 60,
    NEXT_NONE = 59,
    OPTION_PAD1 = 0,
    CHAIN_MAX = 8
};

/* Options of type, length, value that fill a header exactly (RFC 8200, 4.2). */
static bool options_are_sane(const uint8_t *bytes, size_t length)
{
    size_t at = 2;

    while (at < length) {
        if (bytes[at] == OPTION_PAD1) {
            at++;
        } else if (at + 1 < length) {
            at += 2 + (size_t)bytes[at + 1];
        } else {
            return false;
        }
    }
    return at == length;
}

static bool is_extension(uint8_t next)
{
    return next == NEXT_HOP_BY_HOP || next == NEXT_ROUTING || next == NEXT_FRAGMENT ||
           next == NEXT_DESTINATION;
}

/* Length of the extension header at the start of @bytes; 0: it is damaged. */
static size_t extension_bytes(uint8_t next, const uint8_t *bytes, size_t length)
{
    if (length < UNIT) {
        return 0;
    }
    size_t header = next == NEXT_FRAGMENT ? UNIT : UNIT + (size_t)bytes[1] * UNIT;

    if (header > length) {
        return 0;
    }
    if (next != NEXT_ROUTING && next != NEXT_FRAGMENT && !options_are_sane(bytes, header)) {
        return 0;
    }
    return header;
}

bool ip6_chain_is_sane(const uint8_t *packet, size_t length)
{
    uint8_t next = packet[6];
    size_t at = HEADER_BYTES;
    bool was_fragment = false;

    for (int count = 0; is_extension(next); count++) {
        size_t header = extension_bytes(next, packet + at, length - at);

        if (header == 0 || count == CHAIN_MAX) {
            return false;
        }
        if (next == NEXT_FRAGMENT) {
            if (was_fragment) {
                return false;
            }
            was_fragment = true;
            if (packet[at + 2] != 0 || (packet[at + 3] & 0xf8) != 0) {
                return true; /* not the first: data, whatever they look like */
            }
        }
        next = packet[at];
        at += header;
    }
    /* RFC 7112: a first fragment holds all headers, that of the protocol above too. */
    return next == NEXT_NONE || !was_fragment || length - at >= UNIT;
}
