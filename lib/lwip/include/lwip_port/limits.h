/* SPDX-License-Identifier: MIT */
/*
 * How much the stack holds of each thing: all its memory is in these pools, none grows. Who asks for one
 * more is refused, and the refusal is counted (stats of lwIP, "err" of each pool).
 */
#pragma once

#define NET_MSS 1460           /* over Ethernet: its packets bound it */
#define NET_MSS_LOOPBACK 15360 /* where nothing does; four of them fit into 16 bits */
#define NET_WINDOW_SHIFT 5
#define NET_RECEIVE_WINDOW (1024 * 1024 - 64) /* bytes of one connection, at most */
#define NET_SEND_BUFFER (512 * 1024)

#define NET_TCP_MAX 256
#define NET_TCP_LISTEN_MAX 64
#define NET_TCP_WAITING 64 /* connections that nobody has accepted */
#define NET_UDP_MAX 64
#define NET_RAW_MAX 8
#define NET_TCP_SEGMENTS 4096    /* sent and not acknowledged, or received out of order */
#define NET_HEAP_BYTES (1 << 20) /* copies of what is sent */
#define NET_POOL_FRAMES 512      /* received frames that were copied, 1536 bytes each */
#define NET_BORROWED_FRAMES 1024 /* received frames that stay where the driver put them */
#define NET_REFERENCES 1536      /* descriptors of memory that is not the stack's own */
#define NET_REASSEMBLIES 16      /* packets in fragments, per version of IP */
#define NET_REASSEMBLY_PBUFS 64  /* fragments in all of them */
#define NET_OUT_OF_ORDER_BYTES (256 * 1024) /* kept per connection */
#define NET_OUT_OF_ORDER_FRAMES 256         /* the same, in frames */
#define NET_NEIGHBOURS 64
#define NET_NEIGHBOUR_QUEUE 64 /* packets that wait for an address to be resolved */
#define NET_LOOPBACK_PBUFS 1024
