/* SPDX-License-Identifier: MIT */
/* What to answer about a file, and the head of a response. */
#pragma once

#include "http/request.h"

/* What a server knows of a file. */
struct http_file {
    uint64_t bytes;
    int64_t modified; /* seconds since 1970 */
    const char *etag; /* strong, with its quotes; NULL: it has none */
};

struct http_choice {
    enum http_status status; /* 200, 206, 304, 412, 416 */
    uint64_t first;          /* of the file: where the body begins, */
    uint64_t length;         /* and how long it is; 0 where there is none */
};

/**
 * http_choose() - conditions, then the range (RFC 9110, 13.2.2 and 14.2), of a GET or HEAD for a file.
 * @now: seconds since 1970.
 */
struct http_choice http_choose(const struct http_request *request, const struct http_file *file,
                               int64_t now);

struct http_response {
    enum http_status status;
    bool keep_alive;
    int64_t now;                  /* 0: no Date line */
    const char *type;             /* NULL: no body */
    uint64_t length;              /* of the body that follows, or would for a GET */
    const struct http_file *file; /* ETag, Last-Modified, Accept-Ranges; NULL: none */
    uint64_t range_first;         /* 206: with length and file */
    const char *location;         /* 301: where, already encoded */
};

/**
 * http_response_head() - write a head, with its empty line.
 * Gives its length; 0: it does not fit.
 */
size_t http_response_head(const struct http_response *response, char *buffer, size_t size);

/** http_status_text() - "Not Found" and so on. */
const char *http_status_text(enum http_status status);

/** http_type_of() - content type by the end of a name. */
const char *http_type_of(const char *name);

/** http_etag_make() - an ETag from size and time of change: what @text must hold is HTTP_ETAG_BYTES. */
#define HTTP_ETAG_BYTES 40u
void http_etag_make(uint64_t bytes, int64_t modified_ns, char text[HTTP_ETAG_BYTES]);
