/* SPDX-License-Identifier: MIT */
/*
 * What goes over the rings of a session of the protocol block (abi/idl/block.idl). Entries are SESSION_ENTRY_BYTES
 * long. The data of a request is in the session's data area, at `offset`, and belongs to the server
 * from the request to its completion.
 *
 * A new epoch. If the server died, its device was reset before the epoch began, and the data area is the
 * client's again. If the client died, the device may still write into the data area for it. So the first
 * request of a client in each epoch is BEGIN; the server takes nothing from a client before the device is
 * done with all requests of its earlier epochs. Until BEGIN completes a client touches no data.
 *
 * What a restarted driver keeps: the reset of a device loses nothing that it had completed (a driver whose device
 * forgets its write cache then reports none and writes through). So a client submits again exactly
 * what was in flight, a flush included.
 */
#pragma once

#include <stdint.h>

#define BLOCK_SECTOR_BYTES 512u

enum block_operation {
    BLOCK_READ = 1,
    BLOCK_WRITE = 2,
    BLOCK_FLUSH = 3, /* completes when all writes completed before are on the medium */
    BLOCK_BEGIN = 4, /* completes when nothing of earlier epochs is in the device */
};

/* Client to server. */
struct block_request {
    uint64_t tag; /* the client's own; comes back */
    uint32_t operation;
    uint32_t bytes;  /* a multiple of 512, at most request_max; FLUSH, BEGIN: 0 */
    uint64_t sector; /* of 512 bytes */
    uint64_t offset; /* in the data area, a multiple of 512; bytes must fit behind it */
    uint64_t reserved[4];
};
_Static_assert(sizeof(struct block_request) == 64, "an entry");

/*
 * Server to client. error: ERR_OK; ERR_RANGE (a number was not allowed, or past the last sector); ERR_NO_RIGHT (writing a
 * read-only disk); ERR_BAD_CALL (no such operation); ERR_IO (the device failed after the driver's retries).
 */
struct block_completion {
    uint64_t tag;
    uint32_t error;
    uint32_t bytes; /* transferred; equal to the request's if error is ERR_OK */
    uint64_t reserved[6];
};
_Static_assert(sizeof(struct block_completion) == 64, "an entry");
