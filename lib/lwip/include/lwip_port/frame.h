/* SPDX-License-Identifier: MIT */
/*
 * Received frames that stay where the driver put them: the stack reads them in place, and says when it
 * is done with them. Descriptors are a pool of NET_BORROWED_FRAMES.
 */
#pragma once

#include <stdint.h>

struct pbuf;

/* Called once for each frame lent, when nothing of the stack points into it any more. */
typedef void (*frame_release_t)(void *context, uint64_t cookie);

/** frame_pool_init() - set up the pool; lwip_port_start() does it. */
void frame_pool_init(void);

/**
 * frame_lend() - make a packet buffer of a received frame. The stack may change bytes of it.
 * NULL: all descriptors are in use, the frame stays the caller's.
 */
struct pbuf *frame_lend(void *data, uint16_t length, frame_release_t release, void *context,
                        uint64_t cookie);

/** frames_lent() - how many are in the stack's hands. */
uint32_t frames_lent(void);
