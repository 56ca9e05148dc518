/* SPDX-License-Identifier: MIT */
/*
 * What lies in the data area of a session of the protocol terminal (abi/idl/terminal.idl): two streams of bytes, from the
 * driver what was typed, from the client what is to be shown. Each is a ring of bytes between two positions, which count
 * from when the system was built and never go back. A position has one writer; the other side reads it once, and takes it
 * for "no news" if it is not possible. The rings of the session only say "look" (TERMINAL_NEWS).
 *
 * Unlike the entries of rings, streams outlive both sides: bytes have no structure that a dead peer could have left half
 * written, and a position is moved after the bytes are there. A successor goes on at the position that its predecessor
 * left. So what was typed ahead is there after the death of the driver, or of the client; and what was to be shown is
 * shown, where the byte in hand at the driver's death may come twice.
 */
#pragma once

#include <stdint.h>

#define TERMINAL_INPUT_BYTES 4096u /* powers of two */
#define TERMINAL_OUTPUT_BYTES 8192u

enum terminal_operation { TERMINAL_NEWS = 1 };

struct terminal_entry {
    uint32_t operation;
    uint32_t reserved[15];
};
_Static_assert(sizeof(struct terminal_entry) == 64, "an entry");

struct terminal_shared {
    /* Written by the driver. */
    _Alignas(64) _Atomic uint64_t typed; /* input: behind the last byte */
    _Atomic uint64_t shown;              /* output: behind the last one that the device has */
    _Atomic uint64_t lost; /* how often input was lost because nobody took it in time */

    /* Written by the client. */
    _Alignas(64) _Atomic uint64_t taken; /* input: behind the last byte that it has read */
    _Atomic uint64_t written;            /* output: behind the last byte */

    _Alignas(64) unsigned char input[TERMINAL_INPUT_BYTES];
    unsigned char output[TERMINAL_OUTPUT_BYTES];
};
