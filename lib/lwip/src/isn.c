/* SPDX-License-Identifier: MIT */
/* SipHash-2-4 (Aumasson and Bernstein, 2012), and sequence numbers made with it (RFC 6528, section 3). */
#include "lwip_port/isn.h"

#include <stdbool.h>

#include "arch/cc.h"
#include "lwip_port/port.h"
#include "pith/string.h"

#define NS_OF_TICK 4096u /* about 4 us */

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static void sip_rounds(uint64_t v[4], int count)
{
    while (count-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

static void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_rounds(v, 2);
    v[0] ^= word;
}

uint64_t siphash(const uint64_t key[2], const void *data, size_t length)
{
    const uint8_t *bytes = data;
    uint64_t v[4] = { key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                      key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573 };
    uint64_t word;
    size_t at = 0;

    for (; at + 8 <= length; at += 8) {
        memcpy(&word, bytes + at, 8);
        sip_word(v, word);
    }
    word = (uint64_t)length << 56;
    for (unsigned shift = 0; at < length; at++, shift += 8) {
        word |= (uint64_t)bytes[at] << shift;
    }
    sip_word(v, word);
    v[2] ^= 0xff;
    sip_rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Everything in words, so that there are no gaps with something else in them. */
struct connection_key {
    uint32_t local[4];
    uint32_t remote[4];
    uint32_t ports;
};

static void address_copy(uint32_t words[4], const ip_addr_t *address)
{
    if (IP_IS_V6(address)) {
        memcpy(words, ip_2_ip6(address)->addr, 16);
    } else {
        words[0] = ip_2_ip4(address)->addr;
    }
}

uint32_t lwip_port_isn(const ip_addr_t *local, uint16_t local_port, const ip_addr_t *remote,
                       uint16_t remote_port)
{
    static struct {
        bool is_set;
        uint64_t key[2];
    } secret;
    struct connection_key connection = { .ports = (uint32_t)local_port << 16 | remote_port };

    if (!secret.is_set) {
        for (int i = 0; i < 4; i++) {
            secret.key[i / 2] = secret.key[i / 2] << 32 | lwip_port_random();
        }
        secret.is_set = true;
    }
    address_copy(connection.local, local);
    address_copy(connection.remote, remote);
    return (uint32_t)(siphash(secret.key, &connection, sizeof(connection)) +
                      lwip_port_now_ns() / NS_OF_TICK);
}
