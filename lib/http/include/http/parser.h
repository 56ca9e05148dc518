/* SPDX-License-Identifier: MIT */
/*
 * Requests out of a stream of bytes that comes in any pieces. One parser per connection; its memory is
 * all that there is. Bodies of requests are skipped.
 *
 *     while (have bytes) {
 *         switch (http_parser_feed(&parser, bytes, length, &taken)) {
 *         case HTTP_PARSER_MORE:     all was taken
 *         case HTTP_PARSER_REQUEST:  parser.request is there until the next call; answer it
 *         case HTTP_PARSER_REFUSED:  answer parser.status, then close
 *         }
 *         bytes += taken;            what follows is the next request's (pipelining)
 *     }
 */
#pragma once

#include "http/request.h"

#define HTTP_BODY_MAX (1u << 20)       /* bytes of a body that are skipped; more is refused */
#define HTTP_CHUNK_LINE_MAX 256u       /* size and extensions of a chunk */
#define HTTP_TRAILER_MAX HTTP_HEAD_MAX /* after a chunked body */
#define HTTP_EMPTY_LINES_MAX 4u        /* before a request line, as some old clients send */

enum http_parser_result { HTTP_PARSER_MORE, HTTP_PARSER_REQUEST, HTTP_PARSER_REFUSED };

enum http_parser_state {
    HTTP_IN_HEAD,
    HTTP_AT_BODY, /* a request was given out; what its body is decides what comes next */
    HTTP_IN_BODY,
    HTTP_IN_CHUNK_SIZE,
    HTTP_IN_CHUNK,
    HTTP_IN_CHUNK_END,
    HTTP_IN_TRAILER,
    HTTP_IS_REFUSED,
};

struct http_parser {
    enum http_parser_state state;
    enum http_status status; /* HTTP_IS_REFUSED: why */
    size_t used;             /* of head, or of the line being read in a chunked body */
    size_t line;             /* where the line being read begins */
    uint32_t empty_lines;
    uint64_t left;       /* of the body or of the chunk */
    uint64_t body_bytes; /* skipped so far */
    struct http_request request;
    char head[HTTP_HEAD_MAX];
};

/** http_parser_init() - at the start of a connection. */
void http_parser_init(struct http_parser *parser);

/**
 * http_parser_feed() - take bytes in, up to the end of the next head.
 * @taken: how many; all of them if the result is HTTP_PARSER_MORE.
 */
enum http_parser_result http_parser_feed(struct http_parser *parser, const char *bytes,
                                         size_t length, size_t *taken);

/** http_parser_is_idle() - whether it is between requests: a good moment to close. */
bool http_parser_is_idle(const struct http_parser *parser);
