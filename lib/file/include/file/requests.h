/* SPDX-License-Identifier: MIT */
/*
 * Reads that nobody waits for: many at once over the ring of the session, done in any order. Whatever dies behind them, each
 * that was submitted is completed once; what was in flight in a server that died is asked for again.
 *
 *     files_queue_open(&queue, &files)
 *     files_submit(&queue, &wish)                  wish.into lies in files_buffer(), and is the server's from now on
 *     while (files_completed(&queue, &completion) == ERR_OK) ...
 *     if (files_queue_rest(&queue)) service_wait(&service, files_queue_deadline(&queue))
 *
 * One queue for a struct files, used by the thread that uses that. Other calls may be made meanwhile, but they use the
 * beginning of the buffer: files_view(), files_read() to other places, and those that name a path, at most FILES_PATH_MAX bytes of it.
 */
#pragma once

#include "file/file.h"

#define FILES_REQUESTS_MAX 16u

struct files_wish {
    struct file *file; /* borrowed until it is completed, or cancelled */
    uint64_t position;
    void *into;     /* in the buffer of the file's server */
    uint32_t bytes; /* 1 .. FILE_REQUEST_BYTES_MAX (file/wire.h) */
    uint64_t tag;   /* the caller's own */
};

struct files_completion {
    uint64_t tag;
    err_t err; /* as files_read(); ERR_CANCELLED: by files_cancel() */
    uint32_t done;
};

enum files_request_state {
    FILES_REQUEST_FREE,
    FILES_REQUEST_QUEUED, /* to be sent */
    FILES_REQUEST_SENT,
    FILES_REQUEST_CANCELLED, /* sent, and nobody wants it any more */
    FILES_REQUEST_OVER,      /* to be told: with `err` */
};

struct files_request {
    enum files_request_state state;
    struct files_wish wish;
    struct files_server *server;
    uint32_t offset; /* in the data area */
    uint32_t serial; /* of the tag it was sent with */
    err_t err;
};

struct files_queue {
    struct files *files;
    struct files_request requests[FILES_REQUESTS_MAX];
    uint32_t count; /* not FREE */
    uint32_t queued;
    uint32_t over;
    uint32_t serial;
    bool is_full;  /* a ring was: nothing more could be sent */
    ns_t again_ns; /* a file could not be opened again yet: when to try; 0: all could */
    uint64_t resubmitted;
    uint64_t refused; /* what a server said that cannot be */
};

/** files_queue_open() - Borrows @files, which is connected. */
void files_queue_open(struct files_queue *queue, struct files *files);

/**
 * files_submit() - ask for bytes of a file. Sent at once; the server is woken by files_queue_rest() or files_completed().
 * Errors: ERR_WOULD_BLOCK  FILES_REQUESTS_MAX are not completed yet. ERR_RANGE  bytes are too many, or not in the buffer.
 *         ERR_WRONG_TYPE   only mounts are in that directory.
 */
MUST_CHECK err_t files_submit(struct files_queue *queue, const struct files_wish *wish);

/**
 * files_completed() - the next one that is done. May take files.patience_ns if a server has died and the file is to be opened again.
 * Errors: ERR_WOULD_BLOCK  none is, now.
 */
MUST_CHECK err_t files_completed(struct files_queue *queue, struct files_completion *completion);

/**
 * files_cancel() - before files_close(): what is submitted of the file will complete with ERR_CANCELLED. The buffer is the
 * caller's again when that has come, which closing hastens.
 */
void files_cancel(struct files_queue *queue, const struct file *file);

/** files_queue_rest() - before sleeping. True: nothing is there, the session's bit will say when; false: look again first. */
bool files_queue_rest(struct files_queue *queue);

/** files_queue_deadline() - when to look again in any case. */
ns_t files_queue_deadline(const struct files_queue *queue);
