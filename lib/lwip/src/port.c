/* SPDX-License-Identifier: MIT */
#include "lwip_port/port.h"

#include <stdbool.h>

#include "arch/cc.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"
#include "lwip_port/frame.h"
#include "lwip_port/lease.h"

#define NS_OF_MS 1000000ull

static struct lwip_port port;

void lwip_port_start(const struct lwip_port *given)
{
    port = *given;
    frame_pool_init();
    lwip_init();
    lease_start();
}

_Noreturn void lwip_port_assert_failed(const char *text)
{
    port.fail(port.context, text);
    __builtin_trap();
}

uint32_t lwip_port_random(void)
{
    return port.random(port.context);
}

uint64_t lwip_port_now_ns(void)
{
    return port.now_ns(port.context);
}

/* The stack's own name for its clock; it may wrap. */
u32_t sys_now(void)
{
    return (u32_t)(lwip_port_now_ns() / NS_OF_MS);
}

void lwip_port_poll(void)
{
    netif_poll_all();
    sys_check_timeouts();
    for (struct netif *netif = netif_list; netif != NULL; netif = netif->next) {
        lease_follow(netif);
    }
}

static bool loops_have_packets(void)
{
    for (const struct netif *netif = netif_list; netif != NULL; netif = netif->next) {
        if (netif->loop_first != NULL) {
            return true;
        }
    }
    return false;
}

uint64_t lwip_port_deadline_ns(void)
{
    uint32_t sleep_ms = sys_timeouts_sleeptime();

    if (loops_have_packets()) {
        return lwip_port_now_ns();
    }
    if (sleep_ms == SYS_TIMEOUTS_SLEEPTIME_INFINITE) {
        return UINT64_MAX;
    }
    /* To the end of that millisecond: sys_now() cuts the rest off. */
    return (lwip_port_now_ns() / NS_OF_MS + sleep_ms) * NS_OF_MS;
}
