/* SPDX-License-Identifier: MIT */
#include "http/answer.h"

#include <stdio.h>
#include <string.h>

#include "host_test/test.h"
#include "http/date.h"
#include "http/page.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
#define DAY "Sun, 06 Nov 1994 08:49:37 GMT"
#define DAY_BEFORE "Sat, 05 Nov 1994 08:49:37 GMT"

enum { DAY_SECONDS = 784111777 };

TEST(dates_are_read_in_all_three_forms_and_written_in_the_first)
{
    static const struct {
        const char *text;
        bool is_date;
        int64_t want;
    } cases[] = {
        { DAY, true, DAY_SECONDS },
        { "Sunday, 06-Nov-94 08:49:37 GMT", true, DAY_SECONDS },
        { "Sun Nov  6 08:49:37 1994", true, DAY_SECONDS },
        { "Thu, 01 Jan 1970 00:00:00 GMT", true, 0 },
        { "Thu, 29 Feb 2024 23:59:59 GMT", true, 1709251199 },
        { "Fri, 31 Dec 9999 23:59:59 GMT", true, 253402300799 },
        { "Sunday, 06-Nov-37 08:49:37 GMT", true, 2141110177 },
        { "Sun, 06 Nov 1994 08:49:37", false, 0 },
        { "Sun, 06 Nov 1994 24:49:37 GMT", false, 0 },
        { "Sun, 06 Nuv 1994 08:49:37 GMT", false, 0 },
        { "Sun, 00 Nov 1994 08:49:37 GMT", false, 0 },
        { "Sun, 06 Nov 1969 08:49:37 GMT", false, 0 },
        { "", false, 0 },
    };
    char text[HTTP_DATE_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_text date = { cases[i].text, strlen(cases[i].text) };
        int64_t seconds = 0;

        CHECK_EQ(http_date_parse(date, 1700000000, &seconds), cases[i].is_date, cases[i].text);
        CHECK_EQ(seconds, cases[i].want, cases[i].text);
    }
    http_date_format(DAY_SECONDS, text);
    CHECK(strcmp(text, DAY) == 0, "the standard's own example");
}

TEST(every_date_that_is_written_is_read_back)
{
    for (int i = 0; i < 20000; i++) {
        int64_t want = (int64_t)(test_random64() % 253402300800u), got = -1;
        char text[HTTP_DATE_BYTES];

        http_date_format(want, text);
        if (!CHECK(http_date_parse((struct http_text){ text, strlen(text) }, 0, &got), text) ||
            !CHECK_EQ(got, want, text)) {
            break;
        }
    }
}

/* A GET of a file of 1000 bytes, changed at DAY, with ETag "x", with these fields. */
static struct http_choice choose(const char *fields)
{
    static const struct http_file file = { 1000, DAY_SECONDS, "\"x\"" };
    static struct http_request request;
    char head[512];
    size_t length = (size_t)snprintf(head, sizeof(head), "GET / HTTP/1.0\r\n%s\r\n", fields);

    CHECK_EQ(http_request_parse(head, length, &request), HTTP_OK, fields);
    return http_choose(&request, &file, 1700000000);
}

TEST(conditions_and_ranges_decide_what_is_sent)
{
    static const struct {
        const char *fields;
        unsigned status;
        uint64_t first, length;
    } cases[] = {
        { "", 200, 0, 1000 },
        { "Range: bytes=0-0\r\n", 206, 0, 1 },
        { "Range: bytes=990-\r\n", 206, 990, 10 },
        { "Range: bytes=0-5000\r\n", 206, 0, 1000 },
        { "Range: bytes=-1\r\n", 206, 999, 1 },
        { "Range: bytes=-5000\r\n", 206, 0, 1000 },
        { "Range: bytes=-0\r\n", 416, 0, 0 },
        { "Range: bytes=1000-\r\n", 416, 0, 0 },
        { "Range: bytes=0-1,3-4\r\n", 200, 0, 1000 },
        { "Range: bytes=0-1\r\nRange: bytes=3-4\r\n", 200, 0, 1000 },
        { "Range: bytes=1-2\r\nIf-Range: \"x\"\r\n", 206, 1, 2 },
        { "Range: bytes=1-2\r\nIf-Range: \"y\"\r\n", 200, 0, 1000 },
        { "Range: bytes=1-2\r\nIf-Range: W/\"x\"\r\n", 200, 0, 1000 },
        { "Range: bytes=1-2\r\nIf-Range: " DAY "\r\n", 206, 1, 2 },
        { "Range: bytes=1-2\r\nIf-Range: " DAY_BEFORE "\r\n", 200, 0, 1000 },
        { "If-None-Match: \"x\"\r\n", 304, 0, 0 },
        { "If-None-Match: \"a\", W/\"x\"\r\n", 304, 0, 0 },
        { "If-None-Match: *\r\n", 304, 0, 0 },
        { "If-None-Match: \"y\"\r\nIf-Modified-Since: " DAY "\r\n", 200, 0, 1000 },
        { "If-Modified-Since: " DAY "\r\n", 304, 0, 0 },
        { "If-Modified-Since: " DAY_BEFORE "\r\n", 200, 0, 1000 },
        { "If-Modified-Since: nonsense\r\n", 200, 0, 1000 },
        { "If-Match: \"x\"\r\n", 200, 0, 1000 },
        { "If-Match: W/\"x\"\r\n", 412, 0, 0 },
        { "If-Match: \"y\"\r\n", 412, 0, 0 },
        { "If-Unmodified-Since: " DAY_BEFORE "\r\n", 412, 0, 0 },
        { "If-Unmodified-Since: " DAY "\r\n", 200, 0, 1000 },
        { "If-None-Match: \"x\"\r\nRange: bytes=0-0\r\n", 304, 0, 0 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_choice choice = choose(cases[i].fields);

        CHECK_EQ(choice.status, cases[i].status, cases[i].fields);
        CHECK_EQ(choice.first, cases[i].first, cases[i].fields);
        CHECK_EQ(choice.length, cases[i].length, cases[i].fields);
    }
}

TEST(heads_of_responses_are_written_whole_or_not_at_all)
{
    static const struct http_file file = { 1000, DAY_SECONDS, "\"x\"" };
    static const struct http_response response = { .status = HTTP_PARTIAL,
                                                   .keep_alive = true,
                                                   .now = DAY_SECONDS,
                                                   .type = "text/plain",
                                                   .length = 10,
                                                   .file = &file,
                                                   .range_first = 5 };
    static const char want[] =
        "HTTP/1.1 206 Partial Content\r\nDate: " DAY
        "\r\nContent-Type: text/plain\r\nX-Content-Type-Options: nosniff\r\n"
        "Content-Length: 10\r\nLast-Modified: " DAY "\r\nAccept-Ranges: bytes\r\nETag: \"x\"\r\n"
        "Content-Range: bytes 5-14/1000\r\nConnection: keep-alive\r\n\r\n";
    char text[sizeof(want)];

    for (size_t size = 0; size <= sizeof(want); size++) {
        size_t length = http_response_head(&response, text, size);

        CHECK_EQ(length, size == sizeof(want) ? sizeof(want) - 1 : 0, "whole or not at all");
    }
    CHECK(memcmp(text, want, sizeof(want)) == 0, "as the standard has it");
}

TEST(content_types_follow_the_end_of_the_name)
{
    CHECK(strcmp(http_type_of("/a.b/index.HTML"), "text/html; charset=utf-8") == 0, "any case");
    CHECK(strcmp(http_type_of("/a.png/x"), "application/octet-stream") == 0,
          "the name's, not a folder's");
    CHECK(strcmp(http_type_of("x."), "application/octet-stream") == 0, "no end");
}

TEST(pages_escape_what_names_hold_and_leave_out_what_does_not_fit)
{
    static const struct http_entry nasty = { "<a href=\"x\">&'?#%/ \xc3\xa9", false, 5,
                                             DAY_SECONDS };
    static const char link[] =
        "<a href=\"./%3Ca%20href%3D%22x%22%3E%26%27%3F%23%25%2F%20%C3%A9\">&lt;a "
        "href=&quot;x&quot;&gt;&amp;&#39;?#%/ \xc3\xa9</a>";
    char text[4096];
    struct http_page page;

    CHECK(http_page_begin(&page, text, sizeof(text) - 1, "/<b>/"), "it fits");
    http_page_entry(&page, &nasty);
    http_page_end(&page);
    text[page.used] = 0;
    CHECK(strstr(text, link) != NULL, "link and name");
    CHECK(strstr(text, "<b>") == NULL, "the path is escaped too");
    CHECK(http_page_begin(&page, text, 600, "/"), "a small one");
    for (int i = 0; i < 20; i++) {
        http_page_entry(&page, &nasty);
    }
    http_page_end(&page);
    text[page.used] = 0;
    CHECK(page.used <= 600 && page.left_out > 0 && page.left_out < 20, "some are left out");
    CHECK(strstr(text, "more are not shown.</p>\n</body></html>\n") != NULL, "and it says so");
    CHECK(!http_page_begin(&page, text, 100, "/"), "too small for any");
}
