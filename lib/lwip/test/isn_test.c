/* SPDX-License-Identifier: MIT */
#include "lwip_port/isn.h"

#include "host_test/test.h"
#include "net_sim/sim.h"

TEST(siphash_gives_the_published_values)
{
    /* The first vectors of the authors' reference: key 00 01 .. 0f, data of that many bytes 00 01 .. */
    static const uint64_t key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
    static const struct {
        size_t length;
        uint64_t want;
    } cases[] = {
        { 0, 0x726fdb47dd0e0e31 },
        { 1, 0x74f839c593dc67fd },
        { 8, 0x93f5f5799a932462 },
        { 15, 0xa129ca6149be45e5 },
    };
    uint8_t data[16];

    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_EQ(siphash(key, data, cases[i].length), cases[i].want, "a published value");
    }
}

TEST(sequence_numbers_grow_with_time_and_differ_by_connection)
{
    ip_addr_t local = IPADDR4_INIT_BYTES(10, 0, 0, 1);
    ip_addr_t remote = IPADDR4_INIT_BYTES(10, 0, 0, 2);

    sim_start(test_seed());
    uint32_t first = lwip_port_isn(&local, 1000, &remote, 80);

    CHECK_EQ(lwip_port_isn(&local, 1000, &remote, 80), first, "the same at the same time");
    CHECK(lwip_port_isn(&local, 1001, &remote, 80) != first, "another port, another number");
    CHECK(lwip_port_isn(&remote, 1000, &local, 80) != first, "another address, another number");
    sim_pass(1000);
    CHECK(lwip_port_isn(&local, 1000, &remote, 80) - first - 1000000000u / 4096 <= 1,
          "one more every 4096 ns");
}
