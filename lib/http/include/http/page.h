/* SPDX-License-Identifier: MIT */
/* Small pages: a directory, an error. Names are escaped in text and percent-encoded in links. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/request.h"

/* A page being written. What does not fit is left out whole, and noted. */
struct http_page {
    char *text;
    size_t size;
    size_t used;
    uint32_t left_out; /* entries */
};

struct http_entry {
    const char *name; /* one part of a path */
    bool is_directory;
    uint64_t bytes;
    int64_t modified; /* seconds since 1970 */
};

/** http_page_begin() - a directory's page; @path is the decoded path. False: not even that fits. */
bool http_page_begin(struct http_page *page, char *memory, size_t size, const char *path);

/** http_page_entry() - one line. */
void http_page_entry(struct http_page *page, const struct http_entry *entry);

/** http_page_end() - the end, which always fits, and how many entries did not. */
void http_page_end(struct http_page *page);

/** http_error_page() - a page that says what a status means. Gives its length, at most @size. */
size_t http_error_page(enum http_status status, char *memory, size_t size);

/** http_path_encode() - a path as it stands in a link or a Location line. Gives its length; 0: does not fit. */
size_t http_path_encode(const char *path, char *text, size_t size);
