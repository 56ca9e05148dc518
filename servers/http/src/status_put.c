/* SPDX-License-Identifier: MIT */
#include "pith/format.h"
#include "pith/string.h"
#include "status.h"

enum { PIECE_BYTES = 512 };

static void add(struct page *page, const char *text, size_t length)
{
    struct http_page *html = &page->html;

    if (length > html->size - html->used) {
        html->left_out++;
        return;
    }
    memcpy(html->text + html->used, text, length);
    html->used += length;
}

void put(struct page *page, const char *text, ...)
{
    char piece[PIECE_BYTES];
    va_list list;

    va_start(list, text);
    size_t length = format_list(piece, sizeof(piece), text, list);

    va_end(list);
    if (length < sizeof(piece)) {
        add(page, piece, length);
    } else {
        page->html.left_out++;
    }
}

void put_text(struct page *page, const char *text)
{
    add(page, text, strlen(text));
}

void put_escaped(struct page *page, const char *text)
{
    for (; *text != 0; text++) {
        switch (*text) {
        case '&':
            put_text(page, "&amp;");
            break;
        case '<':
            put_text(page, "&lt;");
            break;
        case '>':
            put_text(page, "&gt;");
            break;
        case '"':
            put_text(page, "&quot;");
            break;
        case '\'':
            put_text(page, "&#39;");
            break;
        default:
            add(page, text, 1);
        }
    }
}

void put_quoted(struct page *page, const char *text)
{
    put_text(page, "\"");
    for (; *text != 0; text++) {
        if ((unsigned char)*text < ' ' || *text == '"' || *text == '\\' || *text == '<') {
            put(page, "\\u%04x", (uint32_t)(unsigned char)*text);
        } else {
            add(page, text, 1);
        }
    }
    put_text(page, "\"");
}
