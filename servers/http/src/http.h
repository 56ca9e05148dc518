/* SPDX-License-Identifier: MIT */
/*
 * Between the files of the web server. One thread does everything and must answer the warden's probes, so no call
 * that it makes waits longer than CALL_NS: who does not get what it needs by then says STEP_LATER, and is called
 * again. What a call began goes on meanwhile: pages of the disk come into the file server's cache.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "file/file.h"
#include "http/answer.h"
#include "http/page.h"
#include "http/parser.h"
#include "pith/clock.h"
#include "socket/client.h"

enum {
    CONNECTIONS_MAX = 12,
    RING_BYTES = 65536, /* of a socket, each way */
    PAGES_MAX = 4,      /* being made or sent at once; who wants one more is told to come again */
    PAGE_BYTES_MAX = 256 * 1024,
    HEAD_BYTES_MAX = 4096,
    ERROR_BYTES_MAX = 512,
};

#define CALL_NS (2 * NS_PER_MS)       /* of one call of the file server or the warden */
#define TURN_NS (3 * NS_PER_MS)       /* until the loop looks for probes again */
#define AGAIN_NS (2 * NS_PER_MS)      /* what was not there is asked for again, */
#define AGAIN_MAX_NS (16 * NS_PER_MS) /* at most so much later */
#define REQUEST_NS                                                                                 \
    (15 * NS_PER_S) /* for the head of a request, from its connection or from the last answer */
#define STALL_NS (20 * NS_PER_S)  /* a client that takes nothing */
#define LINGER_NS (2 * NS_PER_S)  /* for the client to hear that we are done */
#define SOURCE_NS (30 * NS_PER_S) /* files that do not come in that time are given up */

/* Whether something that may take time is done. */
enum step { STEP_DONE, STEP_LATER, STEP_FAILED };

/* A page in the making, or being sent. */
struct page {
    bool is_used;
    /* A directory: */
    struct files_list list;
    struct files_name name;
    bool has_name, has_child, is_listed;
    struct file child;
    char child_path[HTTP_PATH_MAX + FILES_NAME_MAX + 1];
    /* The status: */
    uint32_t part;
    bool is_json, is_sampled;
    /* Both: */
    struct http_page html;
    char text[PAGE_BYTES_MAX];
};

enum connection_state {
    CONNECTION_FREE,
    CONNECTION_READING,   /* waits for a request */
    CONNECTION_OPENING,   /* what the request asks for */
    CONNECTION_LISTING,   /* makes the page of a directory */
    CONNECTION_COUNTING,  /* makes the page about the system */
    CONNECTION_SENDING,   /* head, then text, then file */
    CONNECTION_FINISHING, /* gives back file and page, then goes on as `next` says */
    CONNECTION_LINGERING, /* has said its last, waits for the client to say so */
};

/*
 * Invariant: has_file and page are given back before the state is READING, LINGERING or FREE. The socket is the
 * connection's as long as the state is not FREE.
 */
struct connection {
    enum connection_state state;
    enum connection_state next;
    uint32_t socket;
    struct http_parser parser; /* its request is there while it is answered */
    bool is_last;              /* the connection ends with this answer */
    bool is_lost;              /* and the client is gone already */

    char head[HEAD_BYTES_MAX];
    size_t head_bytes, head_sent;
    const char *text; /* in `page` or `error` */
    size_t text_bytes, text_sent;
    char error[ERROR_BYTES_MAX];
    struct page *page;
    struct file file;
    bool has_file;
    struct slot *slot;       /* the piece of it that was asked for; NULL: none is */
    uint64_t position, left; /* of the file, to be sent */

    ns_t wake;     /* when to be called again */
    ns_t deadline; /* of the request, or of lingering */
    ns_t again;    /* how much later the next try is */
    ns_t trouble;  /* since when what is asked for does not come; 0: it does */
    uint64_t written, acknowledged;
    ns_t moved; /* when the client last took something */
};

/* What was met, for people. */
struct web_counts {
    uint64_t connections, requests, bytes;
    uint64_t refused;  /* requests */
    uint64_t busy;     /* for want of a page */
    uint64_t stalled;  /* clients, in the middle */
    uint64_t lost;     /* connections, in the middle */
    uint64_t given_up; /* answers, since files did not come */
    uint64_t repeats;  /* of what was not there at once */
};

struct web {
    struct socket_client sockets;
    struct files files;
    struct connection connections[CONNECTIONS_MAX];
    struct page pages[PAGES_MAX];
    struct web_counts counts;
};

extern struct web web;

/* --- connection.c --- */

/** connection_begin() - serve a socket. False: there are too many. */
bool connection_begin(uint32_t socket);

/** connection_run() - do what can be done. True: more can be done at once; false: from connection->wake on, or with news. */
bool connection_run(struct connection *connection);

/** connection_later() - call again after a while, a longer one each time. Gives false if it has been too long. */
bool connection_later(struct connection *connection);

/* --- request.c --- */

/** request_begin() - answer the request in the parser, or what it said of one that it refused. */
void request_begin(struct connection *connection);
void request_refuse(struct connection *connection);

/** request_open(), request_list(), request_count() - what the states of these names do. */
enum step request_open(struct connection *connection);
enum step request_list(struct connection *connection);
enum step request_count(struct connection *connection);

/** request_fail() - answer with the page of an error. */
void request_fail(struct connection *connection, enum http_status status);

/* --- source.c: files, without waiting --- */

/** sources_open() - once there are files. */
void sources_open(void);

/** sources_hear() - wake who has got something. False: look again before you sleep; *wake: when to look in any case. */
bool sources_hear(ns_t *wake);

/** source_open() - as files_open(). LATER: call again. */
enum step source_open(const char *path, uint32_t flags, struct file *file, err_t *err);

/**
 * source_view() - bytes of a connection's file from its position on: there until the next call. LATER: call again.
 * source_taken() - after the position has moved. source_end() - before the file is closed.
 */
enum step source_view(struct connection *connection, uint32_t bytes, const void **data,
                      uint32_t *done);
void source_taken(struct connection *connection);
void source_end(struct connection *connection);

/** source_judge() - what an error of a call means for who may call again. */
enum step source_judge(err_t err);

/* --- listing.c --- */

/** page_take() - NULL: all are in use. */
struct page *page_take(void);

/** listing_begin() - the directory is open and stays so until the page is given back. */
void listing_begin(struct page *page, struct file *dir, const char *path);

/** listing_step() - one more name. DONE: the page is whole. */
enum step listing_step(struct page *page, const char *path);

/** page_give() - LATER: call again. */
enum step page_give(struct page *page);

/* --- status.c --- */

/** status_begin() - a page about the system, for people or for its script. */
void status_begin(struct page *page, bool is_json);

/** status_step() - a piece of it. DONE: page->is_listed says whether it is whole. LATER: the warden does not answer. */
enum step status_step(struct page *page);
