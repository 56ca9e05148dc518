/* SPDX-License-Identifier: MIT */
/*
 * An address that DHCP gave is used from the acknowledgement on, and not after the second in which lwIP listens for
 * another machine that has it (RFC 2131, 4.4.1). lwIP goes on listening while the address is in use; if another
 * machine is heard, the address is given back at once, and declined.
 * Invariant: an interface is marked as early exactly while lwIP listens and we have set the address offered.
 */
#pragma once

#include <stdbool.h>

struct etharp_hdr;
struct ip4_addr;
struct netif;

/** lease_start() - once, when the stack has begun and before interfaces are added. */
void lease_start(void);

/** lease_follow() - do what the state of an interface's DHCP client asks for; after timers and received frames. */
void lease_follow(struct netif *netif);

/** lease_hear() - an ARP packet that an interface received, before lwIP sees it. Borrows @heard. */
void lease_hear(struct netif *netif, const struct etharp_hdr *heard);

/** lease_is_held() - the IPv4 address of an interface came by DHCP. */
bool lease_is_held(const struct netif *netif);

/**
 * lease_contested() - the last address that DHCP gave an interface, if it was another machine's: DHCP will be asked again.
 * NULL: it was not. Lent until the stack is called again.
 */
const struct ip4_addr *lease_contested(const struct netif *netif);
