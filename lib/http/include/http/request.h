/* SPDX-License-Identifier: MIT */
/* A request as a server needs it (RFC 9110, RFC 9112). Texts are pieces of the parser's memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_MAX 8192u   /* request line and headers */
#define HTTP_TARGET_MAX 2048u /* of the request line; more is 414 */
#define HTTP_PATH_MAX 1024u   /* with its 0 */
#define HTTP_FIELDS_MAX 64u   /* header lines; more is 431 */

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_DELETE,
    HTTP_CONNECT,
    HTTP_OPTIONS,
    HTTP_TRACE,
    HTTP_PATCH,
};

enum http_status {
    HTTP_OK = 200,
    HTTP_PARTIAL = 206,
    HTTP_MOVED = 301,
    HTTP_NOT_MODIFIED = 304,
    HTTP_BAD_REQUEST = 400,
    HTTP_FORBIDDEN = 403,
    HTTP_NOT_FOUND = 404,
    HTTP_METHOD_NOT_ALLOWED = 405,
    HTTP_TIMEOUT = 408,
    HTTP_PRECONDITION_FAILED = 412,
    HTTP_TOO_LARGE = 413,
    HTTP_TARGET_TOO_LONG = 414,
    HTTP_RANGE_WRONG = 416,
    HTTP_FIELDS_TOO_LARGE = 431,
    HTTP_SERVER_ERROR = 500,
    HTTP_NOT_IMPLEMENTED = 501,
    HTTP_BUSY = 503,
    HTTP_VERSION_WRONG = 505,
};

struct http_text {
    const char *at; /* NULL: not there */
    size_t length;
};

enum http_range_kind {
    HTTP_RANGE_NONE, /* none, or one that the standard says to ignore */
    HTTP_RANGE_FROM, /* first to last, which may be past the end; UINT64_MAX: to the end */
    HTTP_RANGE_LAST, /* the last `last` bytes */
};

struct http_range {
    enum http_range_kind kind;
    uint64_t first;
    uint64_t last;
};

struct http_request {
    enum http_method method;
    uint8_t minor_version; /* of HTTP/1; 0 or 1 */
    bool keep_alive;
    bool is_directory; /* the path ends with a slash */
    char
        path[HTTP_PATH_MAX]; /* decoded; begins with /, has no . or .. or empty part, ends with 0 */
    struct http_text query;  /* after the ?, not decoded */
    struct http_text host;
    struct http_range range;
    struct http_text if_range;
    struct http_text if_match;
    struct http_text if_none_match;
    struct http_text if_modified_since;
    struct http_text if_unmodified_since;
    bool is_chunked;     /* its body */
    uint64_t body_bytes; /* if it is not chunked */
};

/**
 * http_request_parse() - read a whole head, up to and with its empty line. @request borrows from it.
 * Gives HTTP_OK, or with which status to refuse it: 400, 414, 431, 501, 505.
 */
enum http_status http_request_parse(const char *head, size_t length, struct http_request *request);

/**
 * http_path_decode() - decode a path and make it plain: percent-encoding, then . and .. and empty parts.
 * @path: HTTP_PATH_MAX bytes.
 * Gives HTTP_OK; 400 for bad encoding, control characters that are not encoded, 0, or a way above the root; 414 if too long.
 */
enum http_status http_path_decode(struct http_text raw, char *path);

/** http_range_parse() - the value of a Range header; kind NONE if it is to be ignored. */
struct http_range http_range_parse(struct http_text value);

/** http_text_is() - whether a text is that word, without regard to case. */
bool http_text_is(struct http_text text, const char *word);

/** http_list_next() - take the next element of a list with commas; false at its end. Empty ones are skipped. */
bool http_list_next(struct http_text *list, struct http_text *element);

/** http_number_parse() - digits only, in that base (10 or 16); false if there are none, others, or too many. */
bool http_number_parse(struct http_text text, uint32_t base, uint64_t *number);
