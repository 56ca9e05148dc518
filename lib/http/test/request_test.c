/* SPDX-License-Identifier: MIT */
#include "http/parser.h"

#include <stdio.h>
#include <string.h>

#include "host_test/test.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
#define REST " HTTP/1.1\r\nHost: a\r\n"

static struct http_parser parser;

/* Feed a whole text; the result, and in *taken how far it came. */
static enum http_parser_result feed(const char *text, size_t *taken)
{
    http_parser_init(&parser);
    return http_parser_feed(&parser, text, strlen(text), taken);
}

/* The status of a text that must be one request or refused. */
static enum http_status status_of(const char *text)
{
    size_t taken;
    enum http_parser_result result = feed(text, &taken);

    return result == HTTP_PARSER_REQUEST   ? HTTP_OK
           : result == HTTP_PARSER_REFUSED ? parser.status
                                           : (enum http_status)0;
}

TEST(requests_are_taken_or_refused_with_the_right_status)
{
    static const struct {
        const char *text;
        unsigned want;
    } cases[] = {
        { "GET /" REST "\r\n", 200 },
        { "GET / HTTP/1.0\r\n\r\n", 200 },
        { "GET / HTTP/1.1\nHost: a\n\n", 200 },
        { "\r\n\r\nGET /" REST "\r\n", 200 },
        { "\r\n\r\n\r\n\r\n\r\n", 400 },
        { "GET / HTTP/1.2"
          "\r\nHost: a\r\n\r\n",
          200 },
        { "GET / HTTP/1.1\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400 },
        { "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505 },
        { "GET / HTTP/1.x\r\nHost: a\r\n\r\n", 400 },
        { "GET / http/1.1\r\nHost: a\r\n\r\n", 400 },
        { "GET /\r\n\r\n", 400 },
        { "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
        { "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400 },
        { "get /" REST "\r\n", 501 },
        { "BREW /" REST "\r\n", 501 },
        { "G\"T /" REST "\r\n", 400 },
        { " /" REST "\r\n", 400 },
        { "POST /" REST "\r\n", 200 },
        { "CONNECT a:80" REST "\r\n", 501 },
        { "OPTIONS *" REST "\r\n", 200 },
        { "GET *" REST "\r\n", 400 },
        { "GET a" REST "\r\n", 400 },
        { "GET /#x" REST "\r\n", 400 },
        { "GET http://a/b" REST "\r\n", 200 },
        { "GET http://a" REST "\r\n", 200 },
        { "GET ftp://a/b" REST "\r\n", 400 },
        { "GET /" REST "no colon\r\n\r\n", 400 },
        { "GET /" REST ": no name\r\n\r\n", 400 },
        { "GET /" REST "a : blank before the colon\r\n\r\n", 400 },
        { "GET /" REST "a: 1\r\n folded\r\n\r\n", 400 },
        { "GET /" REST "a: \1\r\n\r\n", 400 },
        { "GET /" REST "a: b\rc\r\n\r\n", 400 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK_EQ(status_of(cases[i].text), cases[i].want, cases[i].text);
    }
}

TEST(a_body_has_one_length_and_one_only)
{
    static const struct {
        const char *text;
        unsigned want;
    } cases[] = {
        { "GET /" REST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 200 },
        { "GET /" REST "Content-Length: 1, 1\r\n\r\n", 200 },
        { "GET /" REST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400 },
        { "GET /" REST "Content-Length: +1\r\n\r\n", 400 },
        { "GET /" REST "Content-Length: \r\n\r\n", 400 },
        { "GET /" REST "Content-Length: 18446744073709551616\r\n\r\n", 400 },
        { "GET /" REST "Content-Length: 1048577\r\n\r\n", 413 },
        { "GET /" REST "Transfer-Encoding: chunked\r\n\r\n", 200 },
        { "GET /" REST "Transfer-Encoding: gzip\r\n\r\n", 501 },
        { "GET /" REST "Transfer-Encoding: chunked, chunked\r\n\r\n", 400 },
        { "GET /" REST "Transfer-Encoding: \r\n\r\n", 400 },
        { "GET /" REST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400 },
        { "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK_EQ(status_of(cases[i].text), cases[i].want, cases[i].text);
    }
}

TEST(what_is_too_long_is_refused_at_its_limit)
{
    static char text[HTTP_HEAD_MAX * 2];
    static const char rest[] = " HTTP/1.1\r\nHost: a\r\n\r\n";

    for (unsigned extra = 0; extra < 2; extra++) {
        size_t length = HTTP_PATH_MAX - 1 + extra;

        memset(text, 'a', sizeof(text));
        memcpy(text, "GET /", 5);
        memcpy(text + 4 + length, rest, sizeof(rest));
        CHECK_EQ(status_of(text), extra == 0 ? 200 : 414, "a path");
        memcpy(text + 5, "?", 1);
        CHECK_EQ(status_of(text), 200, "as a query it is short enough");
        memset(text + 6, 'a', sizeof(text) - 6);
        memcpy(text + 4 + HTTP_TARGET_MAX + extra, rest, sizeof(rest));
        CHECK_EQ(status_of(text), extra == 0 ? 200 : 414, "a query");
    }
    memset(text, 'a', sizeof(text));
    memcpy(text, "GET /", 5);
    text[sizeof(text) - 1] = 0;
    CHECK_EQ(status_of(text), 414, "a first line without end");
    memcpy(text, "GET / HTTP/1.1\r\nHost: a\r\nb: ", 28);
    CHECK_EQ(status_of(text), 431, "a field without end");
    size_t used = (size_t)snprintf(text, sizeof(text), "GET /" REST);

    for (unsigned i = 1; i < HTTP_FIELDS_MAX; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "f%u: 1\r\n", i);
    }
    memcpy(text + used, "\r\n", 3);
    CHECK_EQ(status_of(text), 200, "as many fields as allowed");
    memcpy(text + used, "g: 1\r\n\r\n", 9);
    CHECK_EQ(status_of(text), 431, "one more");
}

TEST(paths_are_decoded_made_plain_and_stay_below_the_root)
{
    static const struct {
        const char *raw;
        const char *want; /* NULL: refused */
    } cases[] = {
        { "/", "/" },
        { "/a", "/a" },
        { "/a/", "/a/" },
        { "//a///b", "/a/b" },
        { "/./a/.", "/a/" },
        { "/a/..", "/" },
        { "/a/../b", "/b" },
        { "/a/b/../../c/", "/c/" },
        { "/..", NULL },
        { "/a/../..", NULL },
        { "/%2e%2e/x", NULL },
        { "/a/%2E%2e%2fb", "/b" },
        { "/a%2fb", "/a/b" },
        { "/...", "/..." },
        { "/..a/.b", "/..a/.b" },
        { "/%41%7a", "/Az" },
        { "/%c3%a9", "/\xc3\xa9" },
        { "/%00", NULL },
        { "/a%0ab", "/a\nb" },
        { "/%7f%01", "/\x7f\x01" },
        { "/a\nb", NULL },
        { "/a\x7f", NULL },
        { "/%", NULL },
        { "/%4", NULL },
        { "/%4g", NULL },
        { "/%%41", NULL },
        { "a", NULL },
        { "", NULL },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char path[HTTP_PATH_MAX];
        struct http_text raw = { cases[i].raw, strlen(cases[i].raw) };
        enum http_status status = http_path_decode(raw, path);

        if (CHECK_EQ(status == HTTP_OK, cases[i].want != NULL, cases[i].raw) && status == HTTP_OK) {
            CHECK(strcmp(path, cases[i].want) == 0, cases[i].raw);
        }
    }
}

TEST(connections_are_kept_as_the_version_and_the_client_say)
{
    static const struct {
        const char *text;
        bool keep;
    } cases[] = {
        { "GET /" REST "\r\n", true },
        { "GET /" REST "Connection: close\r\n\r\n", false },
        { "GET /" REST "Connection: te, Close\r\n\r\n", false },
        { "GET /" REST "Connection: closed\r\n\r\n", true },
        { "GET / HTTP/1.0\r\n\r\n", false },
        { "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true },
        { "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK_EQ(status_of(cases[i].text), 200, cases[i].text);
        CHECK_EQ(parser.request.keep_alive, cases[i].keep, cases[i].text);
    }
}

TEST(bodies_are_skipped_and_what_follows_is_the_next_request)
{
    static const char *const bodies[] = {
        "GET /1" REST "\r\n",
        "POST /1" REST "Content-Length: 5\r\n\r\nGET /",
        "POST /1" REST "Transfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\n\r\n",
        "POST /1" REST
        "Transfer-Encoding: chunked\r\n\r\n0a;x=\"y\"\r\n0123456789\r\n1\nx\n000\r\nt: 1\r\n\r\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        char text[512];
        size_t taken, more;

        (void)snprintf(text, sizeof(text), "%sGET /2" REST "\r\n", bodies[i]);
        CHECK_EQ(feed(text, &taken), HTTP_PARSER_REQUEST, "the first");
        CHECK(strcmp(parser.request.path, "/1") == 0, "its path");
        CHECK_EQ(http_parser_feed(&parser, text + taken, strlen(text + taken), &more),
                 HTTP_PARSER_REQUEST, bodies[i]);
        CHECK(strcmp(parser.request.path, "/2") == 0, "the path of the second");
        CHECK_EQ(taken + more, strlen(text), "and that was all");
        CHECK_EQ(http_parser_feed(&parser, text, 0, &more), HTTP_PARSER_MORE, "nothing more");
        CHECK(http_parser_is_idle(&parser), "it is between requests");
    }
}

TEST(damaged_chunks_are_refused)
{
    static const struct {
        const char *body;
        unsigned want;
    } cases[] = {
        { "\r\n", 400 },
        { "x\r\n", 400 },
        { "-1\r\n", 400 },
        { "1\r\nab", 400 },
        { "1\r\na\rb", 400 },
        { "10000000000000000\r\n", 400 },
        { "fffffffffffffff\r\n", 413 },
        { "100001\r\n", 413 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[512];
        size_t taken;

        (void)snprintf(text, sizeof(text), "POST /" REST "Transfer-Encoding: chunked\r\n\r\n%s",
                       cases[i].body);
        CHECK_EQ(feed(text, &taken), HTTP_PARSER_REQUEST, "the head");
        CHECK_EQ(http_parser_feed(&parser, text + taken, strlen(text + taken), &taken),
                 HTTP_PARSER_REFUSED, cases[i].body);
        CHECK_EQ(parser.status, cases[i].want, cases[i].body);
    }
}

TEST(the_pieces_in_which_bytes_come_make_no_difference)
{
    static const char text[] =
        "\r\nPOST /a%20b?q=1" REST "Content-Length: 3\r\nRange: bytes=1-2\r\n\r\nabc"
        "GET /c" REST "If-None-Match: \"x\"\r\n\r\n";

    for (unsigned run = 0; run < 200; run++) {
        size_t at = 0, requests = 0;

        http_parser_init(&parser);
        while (at < sizeof(text) - 1) {
            size_t length = 1 + test_random(run % 20 + 1), taken;

            length = length < sizeof(text) - 1 - at ? length : sizeof(text) - 1 - at;
            if (http_parser_feed(&parser, text + at, length, &taken) == HTTP_PARSER_REQUEST) {
                requests++;
                CHECK(strcmp(parser.request.path, requests == 1 ? "/a b" : "/c") == 0, "its path");
            }
            at += taken;
        }
        CHECK_EQ(requests, 2, "both");
        CHECK_EQ(parser.request.if_none_match.length, 3, "with its fields");
    }
}

TEST(ranges_are_read_or_ignored)
{
    static const struct {
        const char *value;
        enum http_range_kind kind;
        uint64_t first, last;
    } cases[] = {
        { "bytes=0-0", HTTP_RANGE_FROM, 0, 0 },
        { "bytes=5-", HTTP_RANGE_FROM, 5, UINT64_MAX },
        { "bytes=-7", HTTP_RANGE_LAST, 0, 7 },
        { "BYTES=1-2", HTTP_RANGE_FROM, 1, 2 },
        { "bytes= 1-2 ", HTTP_RANGE_FROM, 1, 2 },
        { "bytes=2-1", HTTP_RANGE_NONE, 0, 0 },
        { "bytes=1-2,4-5", HTTP_RANGE_NONE, 0, 0 },
        { "bytes=-", HTTP_RANGE_NONE, 0, 0 },
        { "bytes=", HTTP_RANGE_NONE, 0, 0 },
        { "bytes=a-b", HTTP_RANGE_NONE, 0, 0 },
        { "bytes=1", HTTP_RANGE_NONE, 0, 0 },
        { "bytes=1--2", HTTP_RANGE_NONE, 0, 0 },
        { "lines=1-2", HTTP_RANGE_NONE, 0, 0 },
        { "bytes=99999999999999999999-", HTTP_RANGE_NONE, 0, 0 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_text value = { cases[i].value, strlen(cases[i].value) };
        struct http_range range = http_range_parse(value);

        CHECK_EQ(range.kind, cases[i].kind, cases[i].value);
        if (range.kind != HTTP_RANGE_NONE) {
            CHECK_EQ(range.first, cases[i].first, cases[i].value);
            CHECK_EQ(range.last, cases[i].last, cases[i].value);
        }
    }
}
