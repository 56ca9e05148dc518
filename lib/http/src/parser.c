/* SPDX-License-Identifier: MIT */
#include "http/parser.h"

#include "pith/string.h"

void http_parser_init(struct http_parser *parser)
{
    memset(parser, 0, sizeof(*parser));
    parser->state = HTTP_IN_HEAD;
}

bool http_parser_is_idle(const struct http_parser *parser)
{
    return parser->state == HTTP_IN_HEAD && parser->used == 0;
}

static void refuse(struct http_parser *parser, enum http_status status)
{
    parser->state = HTTP_IS_REFUSED;
    parser->status = status;
}

static void head_begin(struct http_parser *parser)
{
    parser->state = HTTP_IN_HEAD;
    parser->used = 0;
    parser->line = 0;
    parser->empty_lines = 0;
}

/* The head is full and not at its end. */
static enum http_status status_of_full(const struct http_parser *parser)
{
    return parser->line == 0 ? HTTP_TARGET_TOO_LONG : HTTP_FIELDS_TOO_LARGE;
}

/* A line ended with the byte just stored. True: the head is whole. */
static bool head_line_end(struct http_parser *parser)
{
    size_t length = parser->used - 1 - parser->line;
    bool is_empty = length == 0 || (length == 1 && parser->head[parser->line] == '\r');

    if (is_empty && parser->line == 0) {
        /* RFC 9112, 2.2: ignore an empty line before a request. */
        uint32_t lines = parser->empty_lines + 1;

        head_begin(parser);
        parser->empty_lines = lines;
        if (lines > HTTP_EMPTY_LINES_MAX) {
            refuse(parser, HTTP_BAD_REQUEST);
        }
        return false;
    }
    parser->line = parser->used;
    return is_empty;
}

static void head_byte(struct http_parser *parser, char byte)
{
    if (parser->used == HTTP_HEAD_MAX) {
        refuse(parser, status_of_full(parser));
        return;
    }
    parser->head[parser->used++] = byte;
    if (byte != '\n' || !head_line_end(parser)) {
        return;
    }
    enum http_status status = http_request_parse(parser->head, parser->used, &parser->request);

    if (status != HTTP_OK) {
        refuse(parser, status);
    } else if (!parser->request.is_chunked && parser->request.body_bytes > HTTP_BODY_MAX) {
        refuse(parser, HTTP_TOO_LARGE);
    } else {
        parser->state = HTTP_AT_BODY;
    }
}

/* The request was answered: now for what comes after its head. */
static void body_begin(struct http_parser *parser)
{
    parser->body_bytes = 0;
    parser->left = parser->request.body_bytes;
    parser->used = 0;
    if (parser->request.is_chunked) {
        parser->state = HTTP_IN_CHUNK_SIZE;
    } else if (parser->left > 0) {
        parser->state = HTTP_IN_BODY;
    } else {
        head_begin(parser);
    }
}

/* Length without the CR that may come before a LF. */
static struct http_text line_of(const struct http_parser *parser)
{
    struct http_text line = { parser->head, parser->used };

    if (line.length > 0 && line.at[line.length - 1] == '\r') {
        line.length--;
    }
    return line;
}

static void chunk_size_end(struct http_parser *parser)
{
    struct http_text line = line_of(parser);
    size_t digits = 0;

    while (digits < line.length && line.at[digits] != ';' && line.at[digits] != ' ' &&
           line.at[digits] != '\t') {
        digits++;
    }
    line.length = digits;
    parser->used = 0;
    if (!http_number_parse(line, 16, &parser->left)) {
        refuse(parser, HTTP_BAD_REQUEST);
    } else if (parser->left > HTTP_BODY_MAX - parser->body_bytes) {
        refuse(parser, HTTP_TOO_LARGE);
    } else {
        parser->body_bytes += parser->left;
        parser->line = 0;
        parser->state = parser->left == 0 ? HTTP_IN_TRAILER : HTTP_IN_CHUNK;
    }
}

static void chunk_size_byte(struct http_parser *parser, char byte)
{
    if (byte == '\n') {
        chunk_size_end(parser);
    } else if (parser->used == HTTP_CHUNK_LINE_MAX) {
        refuse(parser, HTTP_BAD_REQUEST);
    } else {
        parser->head[parser->used++] = byte;
    }
}

/* CR LF, or LF, after the bytes of a chunk. */
static void chunk_end_byte(struct http_parser *parser, char byte)
{
    if (byte == '\n') {
        parser->used = 0;
        parser->state = HTTP_IN_CHUNK_SIZE;
    } else if (byte == '\r' && parser->used == 0) {
        parser->used = 1;
    } else {
        refuse(parser, HTTP_BAD_REQUEST);
    }
}

/* Lines up to an empty one, thrown away. used counts the bytes of the line, line those of all. */
static void trailer_byte(struct http_parser *parser, char byte)
{
    if (++parser->line > HTTP_TRAILER_MAX) {
        refuse(parser, HTTP_FIELDS_TOO_LARGE);
    } else if (byte != '\n') {
        parser->used++;
        parser->head[0] = byte;
    } else if (parser->used == 0 || (parser->used == 1 && parser->head[0] == '\r')) {
        head_begin(parser);
    } else {
        parser->used = 0;
    }
}

/* How many bytes of a body or chunk there are to skip at once. */
static size_t skip(struct http_parser *parser, size_t length)
{
    size_t count = parser->left < length ? (size_t)parser->left : length;

    parser->left -= count;
    if (parser->left == 0) {
        if (parser->state == HTTP_IN_BODY) {
            head_begin(parser);
        } else {
            parser->used = 0;
            parser->state = HTTP_IN_CHUNK_END;
        }
    }
    return count;
}

static void byte_take(struct http_parser *parser, char byte)
{
    switch (parser->state) {
    case HTTP_IN_HEAD:
        head_byte(parser, byte);
        break;
    case HTTP_IN_CHUNK_SIZE:
        chunk_size_byte(parser, byte);
        break;
    case HTTP_IN_CHUNK_END:
        chunk_end_byte(parser, byte);
        break;
    default:
        trailer_byte(parser, byte);
    }
}

enum http_parser_result http_parser_feed(struct http_parser *parser, const char *bytes,
                                         size_t length, size_t *taken)
{
    size_t at = 0;

    if (parser->state == HTTP_AT_BODY) {
        body_begin(parser);
    }
    while (at < length && parser->state != HTTP_AT_BODY && parser->state != HTTP_IS_REFUSED) {
        if (parser->state == HTTP_IN_BODY || parser->state == HTTP_IN_CHUNK) {
            at += skip(parser, length - at);
        } else {
            byte_take(parser, bytes[at++]);
        }
    }
    *taken = at;
    if (parser->state == HTTP_IS_REFUSED) {
        return HTTP_PARSER_REFUSED;
    }
    return parser->state == HTTP_AT_BODY ? HTTP_PARSER_REQUEST : HTTP_PARSER_MORE;
}
