/* SPDX-License-Identifier: MIT */
/*
 * A client of the protocol file. It goes on over deaths of the servers and of all that is behind them: a call that
 * a death ended is made again, files that were open are opened again, and whoever reads sees that it took
 * longer. If what the path leads to by then is another file, or was changed, that is ERR_GONE.
 *
 *     files_connect(&files)
 *     files_open(&files, "/docs/files.md", 0, &file)
 *     files_read(&file, position, into, bytes, &done)
 *     files_close(&file)
 *
 * A program with a view (docs/names.md) sees one tree, made of directories of several servers; one without sees that of
 * one server. ".." and symbolic links are followed in here, and mean what they mean in that tree.
 *
 * One thread uses a struct files and what was opened with it. Errors of all calls, beside those of abi/idl/file.idl:
 *   ERR_TIMED_OUT  it took longer than patience_ns.
 *   ERR_CANCELLED  the server is down for good.
 *   ERR_GONE       the file is not what it was when it was opened; or there is no file system.
 *   ERR_TOO_DEEP   more than FILES_LINKS_MAX symbolic links.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "file/walk.h"
#include "pith/file_calls.h"
#include "pith/program_info.h"
#include "service/session.h"

/* Flags of files_open(). What is created or emptied is so when it is opened, not when it is opened again after a death. */
#define FILES_NO_FOLLOW 1u /* a symbolic link at the end is what is opened */
#define FILES_DIRECTORY FILE_HOW_DIRECTORY
#define FILES_WRITE FILE_HOW_WRITE
#define FILES_CREATE FILE_HOW_CREATE
#define FILES_EXCLUSIVE FILE_HOW_EXCLUSIVE
#define FILES_TRUNCATE FILE_HOW_TRUNCATE

#define FILES_SERVERS_MAX 4u
#define FILES_MOUNTS_MAX 8u
#define FILES_MOUNT_BYTES 48u

/* A server, and the session with it; its data area: a path, then what is read or written. */
struct files_server {
    char name[PROGRAM_NAME_BYTES]; /* of the interface */
    cap_addr_t cap;
    struct session session;
};

/* A directory of a server, and where it stands in the tree. */
struct files_mount {
    struct files_server *server;
    uint32_t root;   /* what the server calls it */
    uint32_t length; /* of path; 0: the top of the tree */
    char path[FILES_MOUNT_BYTES];
};

struct files {
    cap_addr_t names; /* 0: there is no view */
    bool has_view;    /* it was asked for */
    uint32_t asked;   /* mounts that the name space was asked for */
    uint32_t server_count;
    uint32_t mount_count;
    struct files_server servers[FILES_SERVERS_MAX];
    struct files_mount mounts[FILES_MOUNTS_MAX];
    ns_t patience_ns;  /* for one call, all repetitions together; 10 s, or as the program says */
    uint64_t sequence; /* of the last change */
    uint64_t repeated; /* calls */
    uint64_t reopened; /* files */
    struct files_leftover leftovers[FILES_LEFTOVERS_MAX];
    uint32_t leftover_count;
    struct files_walk walk;
    char second[FILES_PATH_MAX]; /* path of a call that has two */
};

/* An open file. What is said about it is as it was when it was opened, or at files_refresh(). */
struct file {
    struct files *files; /* borrowed, as is the path, until files_close() */
    const char *path;
    const struct files_mount *mount;
    const struct files_server *server; /* of the mount; NULL: a directory that only mounts are in */
    uint32_t flags;
    uint32_t handle;
    uint32_t epoch; /* of the session, when the handle was given */
    uint32_t kind;  /* enum file_kind */
    uint32_t traits;
    uint32_t mounts; /* bit n: mount n is somewhere below this directory, */
    uint32_t length; /* whose own path in the tree has that many bytes */
    uint64_t bytes;
    uint64_t modified; /* ns since 1970 */
    uint64_t inode;
};

/* A name in a directory. */
struct files_name {
    uint64_t inode;
    uint32_t kind; /* enum file_kind; NONE: it is not known without opening it */
    uint32_t length;
    char text[FILES_NAME_MAX + 1]; /* ends with 0 */
};

/**
 * files_connect() - with the servers of the program's view, or if it has none with the server that it may use. Waits for
 * nobody. @files must stay where it is. Errors: ERR_NO_ENTRY  it may use none.
 */
MUST_CHECK err_t files_connect(struct files *files);

/** files_open() - Borrows @files and @path until files_close(). Errors: ERR_RANGE  it is longer than FILES_PATH_MAX. */
MUST_CHECK err_t files_open(struct files *files, const char *path, uint32_t flags,
                            struct file *file);

/**
 * files_refresh() - ask for bytes and modified again, of a file that changes.
 * Errors: none but those of all calls.
 */
MUST_CHECK err_t files_refresh(struct file *file);

/** files_close() - whether or not the server is there. */
void files_close(struct file *file);

/** files_close_now() - the same for who is impatient. Errors: ERR_TIMED_OUT, ERR_BUSY  it may still be open: call again. */
MUST_CHECK err_t files_close_now(struct file *file);

/**
 * files_view() - bytes of a file, where the server puts them: there until the next call.
 * At most files_view_bytes() at once, which is no less than FILES_PATH_MAX; *done is less only at the end of the file.
 */
MUST_CHECK err_t files_view(struct file *file, uint64_t position, uint32_t bytes, const void **data,
                            uint32_t *done);
uint32_t files_view_bytes(const struct file *file);

/**
 * files_buffer() - memory of the first server's session, *bytes of it, to read into without a copy in between: the server puts the bytes
 * where files_read() says. The program divides it as it likes; other calls than files_read() use its beginning.
 */
void *files_buffer(const struct files *files, uint64_t *bytes);

/**
 * files_read() - bytes of a file to @into, anywhere. A place in files_buffer() costs least. *done is less at the end of the file, where it
 * may be 0, and before what cannot be read: who reads on from there hears why.
 */
MUST_CHECK err_t files_read(struct file *file, uint64_t position, void *into, uint64_t bytes,
                            uint64_t *done);

/**
 * files_write() - copy bytes to a file opened with FILES_WRITE; *done is less where the room ended, or something else: who writes on hears what.
 * Errors: ERR_NO_SPACE  nothing could be written.
 */
MUST_CHECK err_t files_write(struct file *file, uint64_t position, const void *from, uint64_t bytes,
                             uint64_t *done);

/** files_truncate() - make a file opened with FILES_WRITE that long. */
MUST_CHECK err_t files_truncate(struct file *file, uint64_t bytes);

/** files_link() - the target of a symbolic link that was opened with NO_FOLLOW, ended with 0. */
MUST_CHECK err_t files_link(struct file *file, char *into, uint32_t bytes);

/* About a file as it is now. */
struct files_status {
    uint32_t kind; /* enum file_kind */
    uint32_t mode; /* as in the file system: permissions, and the kind once more */
    uint64_t bytes;
    uint64_t modified; /* ns since 1970 */
    uint64_t inode;
    uint64_t owner; /* user | group << 32 */
    uint32_t links;
};

/** files_stat() - of an open file. */
MUST_CHECK err_t files_stat(struct file *file, struct files_status *status);

/* Where the listing of a directory is. */
struct files_list {
    struct file *dir; /* borrowed */
    uint32_t mount;   /* below it, the next to be named */
    uint64_t next;    /* position to ask for */
    uint32_t at;      /* in the part that is here */
    uint32_t used;
    bool is_last; /* part */
    unsigned char part[2048];
};

/** files_list() - begin at the first name. */
void files_list(struct files_list *list, struct file *dir);

/**
 * files_next() - the next name; "." and ".." are among them.
 * Errors: ERR_NO_ENTRY  that was all.
 */
MUST_CHECK err_t files_next(struct files_list *list, struct files_name *name);

/* Gets a file piece by piece, from its beginning; false ends it. @data is good for this call. */
typedef bool files_visit_t(void *context, const struct file *file, uint64_t position,
                           const void *data, uint32_t bytes);

/** files_all() - show all of a regular file. Errors: ERR_CANCELLED  the visitor said so. */
MUST_CHECK err_t files_all(struct files *files, const char *path, files_visit_t *visit,
                           void *context);
