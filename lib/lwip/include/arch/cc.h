/* SPDX-License-Identifier: MIT */
/*
 * What lwIP has to know of compiler and platform. Assertions stay on: what fails there is a mistake of
 * the stack or of who uses it, and ends the program (lwip_port/port.h). What a packet can make
 * untrue is checked by lwIP with LWIP_ERROR and by conditions, and is a drop.
 */
#pragma once

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#ifndef BYTE_ORDER
#define LITTLE_ENDIAN 1234
#define BIG_ENDIAN 4321
#define BYTE_ORDER LITTLE_ENDIAN
#endif

/* A freestanding compiler has no such headers. */
#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_UNISTD_H 1
#define LWIP_NO_CTYPE_H 1
/* What every C library of this machine calls it. */
typedef long ssize_t;
#ifndef SSIZE_MAX
#define SSIZE_MAX LONG_MAX
#endif
#define X8_F "02x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "zu"

/** lwip_port_assert_failed() - end the program: see struct lwip_port. */
_Noreturn void lwip_port_assert_failed(const char *text);

/** lwip_port_random() - 32 bits that nobody outside can guess. */
uint32_t lwip_port_random(void);

#define LWIP_PLATFORM_DIAG(arguments)
#define LWIP_PLATFORM_ASSERT(text) lwip_port_assert_failed(text)
#define LWIP_RAND() lwip_port_random()
