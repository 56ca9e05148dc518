/* SPDX-License-Identifier: MIT */
/*
 * /etc/resolv.conf of a program whose files hold none: the servers for names that the network server was told of (DHCP, a router).
 * Where there is such a file it counts, and nothing else.
 */
#pragma once

#include "descriptor.h"

/** resolver_open() - make the opening that text, if its path is that one, and it is to be read. */
bool resolver_open(struct opening *opening);

/** resolver_read() - from its position on; as read(). */
long resolver_read(const struct opening *opening, void *into, size_t bytes);
