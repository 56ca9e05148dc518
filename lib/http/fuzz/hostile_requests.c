/* SPDX-License-Identifier: MIT */
/*
 * Hostile bytes into the HTTP parser: requests put together from pieces that nearly make sense, then damaged.
 * The same bytes, whole and in pieces, must give the same requests; a path never leaves the root;
 * what a choice says lies in the file. Under the sanitizers, every buffer of exactly its size.
 *
 *     hostile_requests --runs 1000000 [--seed 7]
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/answer.h"
#include "http/page.h"
#include "http/parser.h"

enum { TEXT_MAX = 12000, REQUESTS_MAX = 64 };

static uint64_t state;

static uint32_t below(uint32_t limit)
{
    uint64_t mixed = state += 0x9e3779b97f4a7c15u;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    mixed ^= mixed >> 31;
    return (uint32_t)(((mixed >> 32) * limit) >> 32);
}

struct text {
    size_t length;
    char bytes[TEXT_MAX];
};

static void put(struct text *text, const char *piece)
{
    size_t length = strlen(piece);

    if (text->length + length <= TEXT_MAX) {
        memcpy(text->bytes + text->length, piece, length);
        text->length += length;
    }
}

static void put_one(struct text *text, const char *const *pieces, uint32_t count)
{
    put(text, pieces[below(count)]);
}

#define PUT_ONE(text, pieces) put_one((text), (pieces), sizeof(pieces) / sizeof((pieces)[0]))

static void put_path(struct text *text)
{
    static const char *const parts[] = { "/",   "/..", "/.",   "/a",     "/%2e%2e", "/%2e",
                                         "%2f", "..",  "/...", "%00",    "%41",     "?q=",
                                         "%",   "//",  "a",    "%c3%a9", "/b",      "\x80z",
                                         "#",   "?",   "/./",  "/../",   "*",       "http://h" };

    put(text, "/a/b");
    for (uint32_t count = below(4) == 0 ? below(10) : 0; count > 0; count--) {
        PUT_ONE(text, parts);
    }
    for (uint32_t count = below(60) == 0 ? below(3000) : 0; count > 0; count--) {
        put(text, "x");
    }
}

static void put_field(struct text *text)
{
    static const char *const names[] = { "Host: ",
                                         "host:",
                                         "Range: bytes=",
                                         "If-Range: ",
                                         "Content-Length: ",
                                         "Transfer-Encoding: ",
                                         "Connection: ",
                                         "If-None-Match: ",
                                         "If-Modified-Since: ",
                                         "If-Match: ",
                                         "X: ",
                                         " folded",
                                         "bad name: ",
                                         ":" };
    static const char *const values[] = { "a",
                                          "0-",
                                          "-5",
                                          "1-2",
                                          "5-4",
                                          ",",
                                          "\"x\"",
                                          "W/\"x\"",
                                          "*",
                                          "chunked",
                                          "close",
                                          "keep-alive",
                                          "3",
                                          "5",
                                          "99999999999999999999",
                                          "gzip",
                                          "Sun, 06 Nov 1994 08:49:37 GMT",
                                          "\"",
                                          "\t",
                                          "Sunday, 06-Nov-94 08:49:37 GMT" };

    static const char *const good[] = { "Range: bytes=0-5\r\n",
                                        "Range: bytes=-3\r\n",
                                        "If-Range: \"x\"\r\n",
                                        "Connection: close\r\n",
                                        "Content-Length: 3\r\n",
                                        "Transfer-Encoding: chunked\r\n",
                                        "If-None-Match: \"y\", \"x\"\r\n",
                                        "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n" };

    if (below(4) != 0) {
        PUT_ONE(text, good);
        return;
    }
    PUT_ONE(text, names);
    for (uint32_t count = below(3); count > 0; count--) {
        PUT_ONE(text, values);
    }
    put(text, below(8) == 0 ? "\n" : "\r\n");
}

static void put_body(struct text *text)
{
    static const char *const pieces[] = {
        "3\r\nabc\r\n", "0\r\n\r\n", "5;x\r\n12345\r\n",  "a\r\n",
        "ffff\r\n",     "abc",       "0\r\nt: 1\r\n\r\n", "\r\n"
    };

    for (uint32_t count = below(4); count > 0; count--) {
        PUT_ONE(text, pieces);
    }
}

static void text_make(struct text *text)
{
    static const char *const methods[] = { "GET ",  "GET ",     "GET ",  "HEAD ",
                                           "POST ", "OPTIONS ", "BREW ", "" };
    static const char *const versions[] = { " HTTP/1.1\r\nHost: h\r\n",
                                            " HTTP/1.1\r\nHost: h\r\n",
                                            " HTTP/1.0\r\n",
                                            " HTTP/2.0\r\n",
                                            "\r\n",
                                            " HTTP/1.1\n" };

    text->length = 0;
    for (uint32_t requests = 1 + below(4); requests > 0; requests--) {
        PUT_ONE(text, methods);
        put_path(text);
        PUT_ONE(text, versions);
        for (uint32_t count = below(30) == 0 ? below(400) : below(4); count > 0; count--) {
            put_field(text);
        }
        put(text, "\r\n");
        put_body(text);
    }
    for (uint32_t count = below(3) == 0 ? below(4) : 0; count > 0 && text->length > 0; count--) {
        text->bytes[below((uint32_t)text->length)] = (char)below(256);
    }
}

/* What came out of a text: enough to tell two outcomes apart. */
struct outcome {
    uint32_t requests;
    uint32_t sum; /* of everything about them */
    int status;   /* with which it was refused; 0: not */
    size_t taken;
};

static void fail(const char *why)
{
    printf("FAIL hostile_requests: %s\n", why);
    abort();
}

static uint32_t sum_add(uint32_t sum, const void *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        sum = sum * 31 + ((const uint8_t *)bytes)[i];
    }
    return sum;
}

static void path_check(const char *path)
{
    if (path[0] != '/' || strstr(path, "/../") != NULL || strstr(path, "/./") != NULL ||
        strstr(path, "//") != NULL || strlen(path) >= HTTP_PATH_MAX) {
        fail("a path is not plain");
    }
    size_t length = strlen(path);

    if ((length >= 3 && strcmp(path + length - 3, "/..") == 0) ||
        (length >= 2 && strcmp(path + length - 2, "/.") == 0)) {
        fail("a path ends outside");
    }
}

static void answer_check(const struct http_request *request)
{
    const struct http_file file = { below(1000), 784111777, "\"x\"" };
    struct http_choice choice = http_choose(request, &file, 1700000000);
    char *page_text = malloc(2048);
    char *encoded = malloc(64);
    struct http_page page;

    if (choice.first > file.bytes || choice.length > file.bytes - choice.first ||
        (choice.status == HTTP_PARTIAL && choice.length == 0)) {
        fail("a choice is not in the file");
    }
    if (http_page_begin(&page, page_text, below(2049), request->path)) {
        http_page_entry(&page, &(struct http_entry){ request->path, false, 1, 2 });
        http_page_end(&page);
    }
    (void)http_path_encode(request->path, encoded, below(65));
    free(encoded);
    free(page_text);
}

static void request_note(struct outcome *outcome, const struct http_request *request)
{
    outcome->requests++;
    outcome->sum = sum_add(outcome->sum, request->path, strlen(request->path));
    outcome->sum = sum_add(outcome->sum, &request->method, sizeof(request->method));
    outcome->sum = sum_add(outcome->sum, request->query.at, request->query.length);
    outcome->sum = sum_add(outcome->sum, &request->range.kind, sizeof(request->range.kind));
    outcome->sum = sum_add(outcome->sum, &request->range.first, sizeof(request->range.first));
    outcome->sum = sum_add(outcome->sum, &request->range.last, sizeof(request->range.last));
    outcome->sum = outcome->sum * 2 + request->keep_alive;
    path_check(request->path);
    answer_check(request);
}

/* @piece: at most so many bytes at once. */
static struct outcome outcome_of(const struct text *text, uint32_t piece)
{
    struct http_parser *parser = malloc(sizeof(*parser));
    struct outcome outcome = { 0, 0, 0, 0 };
    enum http_parser_result result = HTTP_PARSER_MORE;

    http_parser_init(parser);
    while (outcome.taken < text->length && result != HTTP_PARSER_REFUSED) {
        size_t left = text->length - outcome.taken;
        size_t length = 1 + below(piece), taken;

        length = length < left ? length : left;
        char *exact = malloc(length);

        memcpy(exact, text->bytes + outcome.taken, length);
        result = http_parser_feed(parser, exact, length, &taken);
        free(exact);
        if (taken > length || (result == HTTP_PARSER_MORE && taken != length)) {
            fail("it took another number of bytes than it may");
        }
        outcome.taken += taken;
        if (result == HTTP_PARSER_REQUEST) {
            request_note(&outcome, &parser->request);
        }
    }
    outcome.status = result == HTTP_PARSER_REFUSED ? (int)parser->status : 0;
    free(parser);
    return outcome;
}

static bool outcomes_agree(const struct outcome *left, const struct outcome *right)
{
    return left->requests == right->requests && left->sum == right->sum &&
           left->status == right->status && left->taken == right->taken;
}

int main(int count, char **words)
{
    uint64_t runs = 10000, seed = 1, requests = 0, refused = 0;
    static struct text text;

    for (int i = 1; i + 1 < count; i += 2) {
        uint64_t value = strtoull(words[i + 1], NULL, 0);

        *(strcmp(words[i], "--seed") == 0 ? &seed : &runs) = value;
    }
    for (uint64_t run = 0; run < runs; run++) {
        state = seed * 1000003 + run;
        text_make(&text);
        struct outcome whole = outcome_of(&text, TEXT_MAX);
        struct outcome pieces = outcome_of(&text, 1 + below(50));

        if (!outcomes_agree(&whole, &pieces)) {
            printf("FAIL hostile_requests: run %" PRIu64 " of seed %" PRIu64
                   ": pieces give something else than the whole\n",
                   run, seed);
            return 1;
        }
        requests += whole.requests;
        refused += whole.status != 0;
    }
    printf("ok hostile_requests: %" PRIu64 " texts, %" PRIu64 " requests, %" PRIu64 " refused\n",
           runs, requests, refused);
    return requests > 0 && refused > 0 ? 0 : 1;
}
