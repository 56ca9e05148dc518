/* SPDX-License-Identifier: MIT */
#include "http/page.h"

#include "http/answer.h"
#include "http/date.h"
#include "pith/format.h"
#include "pith/string.h"

enum { END_BYTES = 128 };

/* Text that is lost whole if it does not fit. */
static bool append(struct http_page *page, const char *text, size_t length)
{
    if (length > page->size - page->used) {
        return false;
    }
    memcpy(page->text + page->used, text, length);
    page->used += length;
    return true;
}

static bool append_text(struct http_page *page, const char *text)
{
    return append(page, text, strlen(text));
}

static bool append_escaped(struct http_page *page, const char *text)
{
    bool fits = true;

    for (; *text != 0 && fits; text++) {
        switch (*text) {
        case '&':
            fits = append_text(page, "&amp;");
            break;
        case '<':
            fits = append_text(page, "&lt;");
            break;
        case '>':
            fits = append_text(page, "&gt;");
            break;
        case '"':
            fits = append_text(page, "&quot;");
            break;
        case '\'':
            fits = append_text(page, "&#39;");
            break;
        default:
            fits = append(page, text, 1);
        }
    }
    return fits;
}

static bool is_plain(char byte, bool slash_too)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || byte == '-' || byte == '.' || byte == '_' ||
           byte == '~' || (slash_too && byte == '/');
}

static bool append_encoded(struct http_page *page, const char *text, bool is_path)
{
    static const char digits[] = "0123456789ABCDEF";
    bool fits = true;

    for (; *text != 0 && fits; text++) {
        unsigned char byte = (unsigned char)*text;
        char code[3] = { '%', digits[byte >> 4], digits[byte & 15] };

        fits = is_plain(*text, is_path) ? append(page, text, 1) : append(page, code, 3);
    }
    return fits;
}

size_t http_path_encode(const char *path, char *text, size_t size)
{
    struct http_page page = { text, size, 0, 0 };

    if (!append_encoded(&page, path, true) || !append(&page, "", 1)) {
        return 0;
    }
    return page.used - 1;
}

bool http_page_begin(struct http_page *page, char *memory, size_t size, const char *path)
{
    *page = (struct http_page){ memory, size, 0, 0 };
    bool fits = append_text(page, "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>") &&
                append_escaped(page, path) && append_text(page, "</title></head><body>\n<h1>") &&
                append_escaped(page, path) && append_text(page, "</h1>\n<table>\n");

    if (fits && strcmp(path, "/") != 0) {
        fits = append_text(page, "<tr><td><a href=\"../\">../</a></td></tr>\n");
    }
    return fits && page->size - page->used >= END_BYTES;
}

/* ./ before a name, or one with a colon in it would be a scheme. */
static bool append_entry(struct http_page *page, const struct http_entry *entry)
{
    const char *slash = entry->is_directory ? "/" : "";
    char date[HTTP_DATE_BYTES], size[32] = "";

    http_date_format(entry->modified, date);
    if (!entry->is_directory) {
        (void)format(size, sizeof(size), "%lu", entry->bytes);
    }
    return append_text(page, "<tr><td><a href=\"./") && append_encoded(page, entry->name, false) &&
           append_text(page, slash) && append_text(page, "\">") &&
           append_escaped(page, entry->name) && append_text(page, slash) &&
           append_text(page, "</a></td><td>") && append_text(page, size) &&
           append_text(page, "</td><td>") && append_text(page, date) &&
           append_text(page, "</td></tr>\n");
}

void http_page_entry(struct http_page *page, const struct http_entry *entry)
{
    size_t before = page->used;

    if (!append_entry(page, entry) || page->size - page->used < END_BYTES) {
        page->used = before;
        page->left_out++;
    }
}

void http_page_end(struct http_page *page)
{
    char end[END_BYTES];

    (void)append_text(page, "</table>\n");
    if (page->left_out != 0) {
        (void)format(end, sizeof(end), "<p>%u more are not shown.</p>\n", page->left_out);
        (void)append_text(page, end);
    }
    (void)append_text(page, "</body></html>\n");
}

size_t http_error_page(enum http_status status, char *memory, size_t size)
{
    const char *text = http_status_text(status);
    size_t length = format(memory, size,
                           "<!DOCTYPE html>\n<html><head><title>%u %s</title></head>"
                           "<body><h1>%u %s</h1></body></html>\n",
                           (uint32_t)status, text, (uint32_t)status, text);

    return length < size ? length : size == 0 ? 0 : size - 1;
}
