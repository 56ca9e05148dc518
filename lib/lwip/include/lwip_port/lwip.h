/* SPDX-License-Identifier: MIT */
/*
 * lwIP's raw interface under names that can stand beside ours: its err_t is lwip_err_t here, its ERR_OK is
 * LWIP_ERR_OK, and so on. Include this in place of lwIP's own headers.
 */
#pragma once

#define err_t lwip_err_t
#define ERR_OK LWIP_ERR_OK
#define ERR_MEM LWIP_ERR_MEM
#define ERR_BUF LWIP_ERR_BUF
#define ERR_TIMEOUT LWIP_ERR_TIMEOUT
#define ERR_RTE LWIP_ERR_RTE
#define ERR_INPROGRESS LWIP_ERR_INPROGRESS
#define ERR_VAL LWIP_ERR_VAL
#define ERR_WOULDBLOCK LWIP_ERR_WOULDBLOCK
#define ERR_USE LWIP_ERR_USE
#define ERR_ALREADY LWIP_ERR_ALREADY
#define ERR_ISCONN LWIP_ERR_ISCONN
#define ERR_CONN LWIP_ERR_CONN
#define ERR_IF LWIP_ERR_IF
#define ERR_ABRT LWIP_ERR_ABRT
#define ERR_RST LWIP_ERR_RST
#define ERR_CLSD LWIP_ERR_CLSD
#define ERR_ARG LWIP_ERR_ARG

#include "lwip/dhcp.h"
#include "lwip/dhcp6.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/icmp.h"
#include "lwip/inet_chksum.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/priv/nd6_priv.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/raw.h"
#include "lwip/tcp.h"
#include "lwip/udp.h"
#include "netif/ethernet.h"

#undef err_t
#undef ERR_OK
#undef ERR_MEM
#undef ERR_BUF
#undef ERR_TIMEOUT
#undef ERR_RTE
#undef ERR_INPROGRESS
#undef ERR_VAL
#undef ERR_WOULDBLOCK
#undef ERR_USE
#undef ERR_ALREADY
#undef ERR_ISCONN
#undef ERR_CONN
#undef ERR_IF
#undef ERR_ABRT
#undef ERR_RST
#undef ERR_CLSD
#undef ERR_ARG
