/* SPDX-License-Identifier: MIT */
/* `ip`: what the network server says of itself. */
#include "console.h"

#include "io.h"
#include "pith/clock.h"
#include "pith/format.h"
#include "pith/net_calls.h"
#include "pith/self.h"

#include "abi/names.h"

enum { ADDRESS_BYTES = 48, GROUPS = 8, PREFIX_MAPPED = 96 };
enum { BY_DHCP = 1, ANNOUNCED = 2, LOOPBACK = 4 };

#define MAPPED 0xffffull /* ::ffff:a.b.c.d is the IPv4 address a.b.c.d */

static ns_t soon(void)
{
    return clock_now() + 2 * NS_PER_S;
}

static bool is_v4(uint64_t high, uint64_t low)
{
    return high == 0 && low >> 32 == MAPPED;
}

static uint32_t group_at(uint64_t high, uint64_t low, uint32_t index)
{
    return (uint32_t)((index < 4 ? high : low) >> (48 - 16 * (index % 4)) & 0xffff);
}

/* The longest run of two or more groups of zero is "::" (RFC 5952). */
static void zeros_find(uint64_t high, uint64_t low, uint32_t *from, uint32_t *count)
{
    *from = GROUPS;
    *count = 1;
    for (uint32_t i = 0; i < GROUPS; i++) {
        uint32_t end = i;

        while (end < GROUPS && group_at(high, low, end) == 0) {
            end++;
        }
        if (end - i > *count) {
            *from = i;
            *count = end - i;
        }
    }
}

static void address_text(uint64_t high, uint64_t low, char text[ADDRESS_BYTES])
{
    uint32_t from, count;
    size_t length = 0;

    if (is_v4(high, low)) {
        (void)format(text, ADDRESS_BYTES, "%lu.%lu.%lu.%lu", low >> 24 & 0xff, low >> 16 & 0xff,
                     low >> 8 & 0xff, low & 0xff);
        return;
    }
    zeros_find(high, low, &from, &count);
    text[0] = 0;
    for (uint32_t i = 0; i < GROUPS; i++) {
        if (i == from) {
            length += format(text + length, ADDRESS_BYTES - length, "::");
            i += count - 1;
        } else {
            bool has_colon = i == 0 || i == from + count;

            length += format(text + length, ADDRESS_BYTES - length, "%s%x", has_colon ? "" : ":",
                             group_at(high, low, i));
        }
    }
}

static err_t link_show(cap_addr_t net)
{
    uint32_t is_up, mtu;
    uint64_t address;
    err_t err = net_link(net, soon(), &is_up, &mtu, &address);

    if (err == ERR_GONE) {
        console_printf("link         none: only loopback\n");
        return ERR_OK;
    }
    if (err == ERR_OK) {
        console_printf("link         %s, %02lx:%02lx:%02lx:%02lx:%02lx:%02lx, mtu %u\n",
                       is_up != 0 ? "up" : "down", address >> 40 & 0xff, address >> 32 & 0xff,
                       address >> 24 & 0xff, address >> 16 & 0xff, address >> 8 & 0xff,
                       address & 0xff, mtu);
    }
    return err;
}

static err_t addresses_show(cap_addr_t net)
{
    char text[ADDRESS_BYTES];
    uint64_t high, low;
    uint32_t prefix, flags;
    err_t err;

    for (uint32_t i = 0; (err = net_info(net, soon(), i, &high, &low, &prefix, &flags)) == ERR_OK;
         i++) {
        address_text(high, low, text);
        console_printf("address      %s/%u%s%s%s\n", text,
                       is_v4(high, low) ? prefix - PREFIX_MAPPED : prefix,
                       (flags & BY_DHCP) != 0 ? ", by DHCP" : "",
                       (flags & ANNOUNCED) != 0 ? ", made by itself" : "",
                       (flags & LOOPBACK) != 0 ? ", loopback" : "");
    }
    return err == ERR_RANGE ? ERR_OK : err;
}

static err_t servers_show(cap_addr_t net)
{
    char text[ADDRESS_BYTES];
    uint64_t high, low;
    uint32_t flags;
    err_t err;

    for (uint32_t i = 0; (err = net_gateway(net, soon(), i, &high, &low, &flags)) == ERR_OK; i++) {
        address_text(high, low, text);
        console_printf("gateway      %s%s%s\n", text, (flags & BY_DHCP) != 0 ? ", by DHCP" : "",
                       (flags & ANNOUNCED) != 0 ? ", announced" : "");
    }
    if (err != ERR_RANGE) {
        return err;
    }
    for (uint32_t i = 0; (err = net_name_server(net, soon(), i, &high, &low)) == ERR_OK; i++) {
        address_text(high, low, text);
        console_printf("name server  %s\n", text);
    }
    return err == ERR_RANGE ? ERR_OK : err;
}

static err_t counts_show(cap_addr_t net)
{
    uint64_t received, sent, dropped, connections, refused, epochs, segments_out, segments_in;
    err_t err =
        net_counts(net, soon(), &received, &sent, &dropped, &connections, &refused, &epochs);

    if (err == ERR_OK) {
        err = net_segments(net, soon(), &segments_out, &segments_in);
    }
    if (err == ERR_OK) {
        console_printf("frames       %lu received, %lu sent, %lu dropped\n", received, sent,
                       dropped);
        console_printf("TCP          %lu connections; segments: %lu received, %lu sent\n",
                       connections, segments_in, segments_out);
        console_printf("refused      %lu requests and lies of peers; %lu drivers replaced\n",
                       refused, epochs);
    }
    return err;
}

void command_ip(const char *argument)
{
    cap_addr_t net = self_cap("net");

    (void)argument;
    if (net == 0) {
        console_printf(
            "there is no network for the console in this system: its file says neither uses "
            "nor calls `net`\n");
        return;
    }
    err_t err = link_show(net);

    if (err == ERR_OK) {
        err = addresses_show(net);
    }
    if (err == ERR_OK) {
        err = servers_show(net);
    }
    if (err == ERR_OK) {
        err = counts_show(net);
    }
    if (err) {
        console_printf("the network server does not answer: %s\n", error_text(err));
    }
}
