/* SPDX-License-Identifier: MIT */
/* What a server of the protocol file (abi/idl/file.idl) and its clients put into the memory that they share. */
#pragma once

#include <stdint.h>

#define FILE_ENTRY_ALIGN 8u

/* An entry of a directory, followed by its name, without a 0; the next one is `bytes` further. */
struct file_entry {
    uint64_t inode;
    uint16_t bytes;      /* of the entry with its name, a multiple of FILE_ENTRY_ALIGN */
    uint8_t kind;        /* enum file_kind; NONE: ask the file */
    uint8_t name_length; /* 1 .. 255; a name holds no '/' and no 0 */
    uint32_t reserved;
};
_Static_assert(sizeof(struct file_entry) == 16, "the same for both sides");

#define FILE_REQUEST_BYTES_MAX 131072u

enum file_request_operation {
    FILE_REQUEST_READ = 1, /* as file.read */
};

/* In the ring of requests. */
struct file_request {
    uint64_t tag; /* the client's own: comes back with the completion */
    uint32_t operation;
    uint32_t handle;
    uint64_t position;
    uint32_t bytes;  /* 1 .. FILE_REQUEST_BYTES_MAX */
    uint32_t offset; /* in the data area: the server's until the completion */
    uint64_t reserved[4];
};
_Static_assert(sizeof(struct file_request) == 64, "an entry of a session's ring");

/* In the ring of completions; in any order. */
struct file_completion {
    uint64_t tag;
    uint32_t
        error; /* as of file.read; BAD_CALL: no such operation; CANCELLED: the handle was closed */
    uint32_t done; /* bytes; less than was asked for only at the end of the file */
    uint64_t reserved[6];
};
_Static_assert(sizeof(struct file_completion) == 64, "an entry of a session's ring");
