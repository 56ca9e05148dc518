/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "block/client.h"
#include "service/service.h"

#define DEPTH_MAX 16u    /* requests in flight */
#define PIECE_MAX 65536u /* bytes of one */

/* Words of the program's arguments; a number follows `=`. */
struct options {
    uint64_t depth;   /* depth=16: requests in flight */
    uint64_t rounds;  /* rounds=1 */
    uint64_t random;  /* random=0: requests in no order, after each round */
    uint64_t piece;   /* piece=65536: bytes of a request, at most */
    uint64_t limit;   /* sectors=...: of the disk; 0: all */
    bool has_pattern; /* pattern: the disk holds pattern version 0 */
    bool writes; /* write: fill the disk with a new version in each round, flush, read it back */
};

void options_read(struct options *options, const char *text);

struct disk_info {
    uint64_t sectors;
    uint32_t request_max;
    bool is_read_only;
};

/* What one pass over the disk does. */
struct pass {
    const char *name;
    uint32_t operation; /* READ or WRITE */
    bool is_random;
    uint64_t sectors; /* of the disk, or as many as are wanted */
    uint64_t count;   /* requests; 0: as many as the disk has */
    bool has_pattern;
    uint64_t version; /* of the pattern, to check or to write */

    /* Results. */
    uint64_t requests;
    uint64_t bad_sectors;
    uint64_t first_bad;
    uint64_t errors;
    uint64_t checksum;
    uint64_t bytes;
    ns_t took_ns;
};

struct checker {
    struct block_client client;
    struct service service;
    uint32_t depth;
    uint32_t piece; /* bytes of one request */
    uint64_t random;
};

/** pass_run() - all requests of a pass, `depth` at a time. */
void pass_run(struct checker *checker, struct pass *pass);
