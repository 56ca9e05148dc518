/* SPDX-License-Identifier: MIT */
/*
 * Descriptors and what they stand for. Several descriptors may share one opening (dup()); it goes with the last.
 * All of it is guarded by posix_lock().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"
#include "file/file.h"
#include "socket/wire.h"

enum { DESCRIPTORS_MAX = 128, PATH_BYTES = FILES_PATH_MAX + 1, TEXT_BYTES = 256 };

/* Linux's numbers. */
enum {
    OPEN_READ = 0,
    OPEN_WRITE = 1,
    OPEN_BOTH = 2,
    OPEN_ACCESS = 3, /* the bits of the three above */
    OPEN_CREATE = 0x40,
    OPEN_EXCLUSIVE = 0x80,
    OPEN_TRUNCATE = 0x200,
    OPEN_APPEND = 0x400,
    OPEN_NO_WAIT = 0x800,
    OPEN_LARGE = 0x8000,
    OPEN_DIRECTORY = 0x10000,
    OPEN_NO_FOLLOW = 0x20000,
    OPEN_CLOSE_ON_EXEC = 0x80000,
};

enum opening_kind {
    OPENING_NONE,
    OPENING_INPUT,
    OPENING_OUTPUT,
    OPENING_FILE,
    OPENING_SOCKET,
    OPENING_TEXT
};

#define SOCKET_NONE UINT32_MAX

struct posix_socket {
    uint32_t family, type;
    uint32_t number; /* of lib/socket; SOCKET_NONE: none yet */
    uint32_t port;   /* its own, as far as it was said */
    struct socket_address peer;
    uint32_t peer_port;  /* 0: it has none */
    uint32_t wishes;     /* enum socket_wish, of a connection */
    ns_t patience_ns[2]; /* for receiving, for sending; 0: for ever */
    bool is_bound, is_listener, is_open, is_deaf;
};

struct opening {
    uint32_t kind; /* enum opening_kind */
    uint32_t references;
    uint32_t flags; /* of open() */
    uint32_t pages; /* that this one takes; 0: it is static */

    /* OPENING_FILE, also for directories */
    struct file file;
    uint64_t position; /* of a directory: names read */
    struct files_list list;
    struct files_name name; /* of a directory: read, and not handed out yet */
    bool has_name;
    char path[PATH_BYTES];

    struct posix_socket socket; /* OPENING_SOCKET */

    /* OPENING_TEXT: what stands in no file system (resolver.c) */
    char text[TEXT_BYTES];
    uint32_t text_bytes;
};

/** opening_of() - what a descriptor stands for; NULL: nothing. */
struct opening *opening_of(long descriptor);

/** opening_create() - one without references yet. NULL: there is no memory. */
struct opening *opening_create(uint32_t kind, uint32_t flags);

/** opening_put() - give a reference back. */
void opening_put(struct opening *opening);

/** opening_discard() - one without references. */
void opening_discard(struct opening *opening);

/** descriptor_give() - the lowest free descriptor from @from on; takes a reference. Gives it, or -EMFILE. */
long descriptor_give(struct opening *opening, long from, bool closes_on_exec);
