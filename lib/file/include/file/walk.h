/* SPDX-License-Identifier: MIT */
/* What lib/file keeps of a path while it finds out where that leads, and of what it met on the way. */
#pragma once

#include <stdint.h>

#define FILES_PATH_MAX 4096u
#define FILES_NAME_MAX 255u
#define FILES_LINKS_MAX 40u
#define FILES_LEFTOVERS_MAX 8u

struct files_walk {
    uint32_t length;  /* of done */
    uint32_t checked; /* of them */
    uint32_t at;      /* in rest */
    uint32_t links;
    char done[FILES_PATH_MAX];
    char rest[2 * FILES_PATH_MAX];
};

struct files_server;

/* A handle that its server did not close in time. */
struct files_leftover {
    const struct files_server *server;
    uint32_t handle;
    uint32_t epoch;
};
