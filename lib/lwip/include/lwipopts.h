/* SPDX-License-Identifier: MIT */
/* Options of lwIP (its opt.h says what each means). Sizes are in lwip_port/limits.h. */
#pragma once

#include "lwip_port/limits.h"

/* One thread calls everything; its socket layer is not used. */
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_TIMERS 1

/* Memory: pools of fixed size and one heap of fixed size. */
#define MEM_ALIGNMENT 8
#define MEM_SIZE NET_HEAP_BYTES
#define MEMP_NUM_PBUF NET_REFERENCES
#define PBUF_POOL_SIZE NET_POOL_FRAMES
#define PBUF_POOL_BUFSIZE 1536
#define MEMP_NUM_TCP_PCB NET_TCP_MAX
#define MEMP_NUM_TCP_PCB_LISTEN NET_TCP_LISTEN_MAX
#define MEMP_NUM_TCP_SEG NET_TCP_SEGMENTS
#define MEMP_NUM_UDP_PCB NET_UDP_MAX
#define MEMP_NUM_RAW_PCB NET_RAW_MAX
#define MEMP_NUM_REASSDATA NET_REASSEMBLIES
#define MEMP_NUM_FRAG_PBUF 64
#define MEMP_NUM_ARP_QUEUE NET_NEIGHBOUR_QUEUE
#define MEMP_NUM_ND6_QUEUE NET_NEIGHBOUR_QUEUE
#define MEMP_NUM_IGMP_GROUP 16
#define MEMP_NUM_MLD6_GROUP 32
/* The default forgets DHCPv6's timer; the rest is for ours. */
#define MEMP_NUM_SYS_TIMEOUT (LWIP_NUM_SYS_TIMEOUT_INTERNAL + LWIP_IPV6_DHCP6 + 8)

/* Received frames may stay in the driver's memory: lwip_port/frame.h. */
#define LWIP_SUPPORT_CUSTOM_PBUF 1
#define PBUF_LINK_HLEN 14
#define ETH_PAD_SIZE 0

/* Links. */
#define LWIP_ETHERNET 1
#define LWIP_ARP 1
#define ARP_TABLE_SIZE NET_NEIGHBOURS
#define ARP_QUEUEING 1
#define ETHARP_SUPPORT_STATIC_ENTRIES 1
#define LWIP_HAVE_LOOPIF 1
#define LWIP_NETIF_LOOPBACK 1
#define LWIP_LOOPBACK_MAX_PBUFS NET_LOOPBACK_PBUFS
#define LWIP_NETIF_LOOPBACK_MULTITHREADING 0
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_NETIF_LINK_CALLBACK 1
#define LWIP_NETIF_EXT_STATUS_CALLBACK 1
/* lwip_port/lease.h */
#define LWIP_NUM_NETIF_CLIENT_DATA 1
/* A driver whose device sums says so per interface. */
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1

/* IPv4. */
#define LWIP_IPV4 1
#define IP_FORWARD 0
#define IP_REASSEMBLY 1
#define IP_REASS_MAX_PBUFS NET_REASSEMBLY_PBUFS
#define IP_FRAG 1
#define LWIP_ICMP 1
#define LWIP_BROADCAST_PING 0
#define LWIP_MULTICAST_PING 0
#define LWIP_IGMP 1
#define LWIP_DHCP 1
#define LWIP_RAW 1

/* IPv6. */
#define LWIP_IPV6 1
#define LWIP_IPV6_NUM_ADDRESSES 4
#define LWIP_IPV6_FORWARD 0
#define LWIP_IPV6_FRAG 1
#define LWIP_IPV6_REASS 1
#define IPV6_FRAG_COPYHEADER                                                                       \
    1 /* its bookkeeping does not fit into a header where pointers have 64 bits */
#define LWIP_ICMP6 1
#define LWIP_IPV6_MLD 1
#define LWIP_ND6_QUEUEING 1
#define LWIP_ND6_NUM_NEIGHBORS NET_NEIGHBOURS
#define LWIP_ND6_NUM_DESTINATIONS NET_NEIGHBOURS
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS DNS_MAX_SERVERS
#define LWIP_IPV6_AUTOCONFIG 1
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS 1
#define LWIP_IPV6_DHCP6 1
#define LWIP_IPV6_DHCP6_STATELESS 1
#define LWIP_DHCP6_MAX_DNS_SERVERS DNS_MAX_SERVERS

/* UDP, DNS. */
#define LWIP_UDP 1
#define LWIP_DNS 1
#define DNS_MAX_SERVERS 4
#define DNS_TABLE_SIZE 16
#define DNS_MAX_NAME_LENGTH 256

/* TCP. */
#define LWIP_TCP 1
#define TCP_MSS NET_MSS_LOOPBACK
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE NET_WINDOW_SHIFT
#define TCP_WND NET_RECEIVE_WINDOW
#define TCP_SND_BUF NET_SEND_BUFFER
#define TCP_SND_QUEUELEN (4 * NET_SEND_BUFFER / NET_MSS)
/* The default is half of the buffer, which its 16 bits do not hold; only lwIP's own sockets use it. */
#define TCP_SNDLOWAT (2 * NET_MSS)
#define TCP_SNDQUEUELOWAT (TCP_SND_QUEUELEN / 2)
#define TCP_QUEUE_OOSEQ 1
#define TCP_OOSEQ_MAX_BYTES NET_OUT_OF_ORDER_BYTES
#define TCP_OOSEQ_MAX_PBUFS NET_OUT_OF_ORDER_FRAMES
/* The program does that, before the pool is empty: servers/net/core/src/owner.c. */
#define PBUF_POOL_FREE_OOSEQ 0
#define LWIP_TCP_SACK_OUT 1
#define LWIP_TCP_TIMESTAMPS 1
#define LWIP_TCP_KEEPALIVE 1
#define TCP_LISTEN_BACKLOG 1
/* A listener may say what its connections begin with. */
#define LWIP_TCP_PCB_NUM_EXT_ARGS 1
/* A listener may come back while connections of its predecessor linger. */
#define SO_REUSE 1
/* They want a pool that holds a whole window. Ours goes on to the client's ring at once: only what is out of order stays. */
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1
#if NET_POOL_FRAMES / 2 * NET_MSS < NET_OUT_OF_ORDER_BYTES || NET_TCP_SEGMENTS < TCP_SND_QUEUELEN
#error "a connection may use up what all share"
#endif

/* First sequence numbers that nobody outside can guess: lwip_port/isn.h. */
#define LWIP_HOOK_FILENAME "lwip_port/isn.h"
#define LWIP_HOOK_TCP_ISN lwip_port_isn

#define LWIP_STATS 1
#define LWIP_STATS_LARGE 1
#define MIB2_STATS 0
