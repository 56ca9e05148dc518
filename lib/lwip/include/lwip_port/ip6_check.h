/* SPDX-License-Identifier: MIT */
/* The chain of headers of an IPv6 packet: lwIP walks its options without asking where they end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** ip6_chain_is_sane() - whether a packet, with at least its 40 bytes of header, is one that lwIP may see. */
bool ip6_chain_is_sane(const uint8_t *packet, size_t length);
