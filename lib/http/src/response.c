/* SPDX-License-Identifier: MIT */
#include <stdarg.h>

#include "http/answer.h"
#include "http/date.h"
#include "pith/format.h"
#include "pith/string.h"

/* used > size: something did not fit. */
struct writer {
    char *text;
    size_t size;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void put(struct writer *writer, const char *text, ...)
{
    size_t room = writer->used < writer->size ? writer->size - writer->used : 0;
    va_list list;

    va_start(list, text);
    writer->used += format_list(room != 0 ? writer->text + writer->used : NULL, room, text, list);
    va_end(list);
}

const char *http_status_text(enum http_status status)
{
    static const struct {
        enum http_status status;
        const char *text;
    } texts[] = {
        { HTTP_OK, "OK" },
        { HTTP_PARTIAL, "Partial Content" },
        { HTTP_MOVED, "Moved Permanently" },
        { HTTP_NOT_MODIFIED, "Not Modified" },
        { HTTP_BAD_REQUEST, "Bad Request" },
        { HTTP_FORBIDDEN, "Forbidden" },
        { HTTP_NOT_FOUND, "Not Found" },
        { HTTP_METHOD_NOT_ALLOWED, "Method Not Allowed" },
        { HTTP_TIMEOUT, "Request Timeout" },
        { HTTP_PRECONDITION_FAILED, "Precondition Failed" },
        { HTTP_TOO_LARGE, "Content Too Large" },
        { HTTP_TARGET_TOO_LONG, "URI Too Long" },
        { HTTP_RANGE_WRONG, "Range Not Satisfiable" },
        { HTTP_FIELDS_TOO_LARGE, "Request Header Fields Too Large" },
        { HTTP_SERVER_ERROR, "Internal Server Error" },
        { HTTP_NOT_IMPLEMENTED, "Not Implemented" },
        { HTTP_BUSY, "Service Unavailable" },
        { HTTP_VERSION_WRONG, "HTTP Version Not Supported" },
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].status == status) {
            return texts[i].text;
        }
    }
    return "Unknown";
}

static void put_file(struct writer *writer, const struct http_response *response)
{
    const struct http_file *file = response->file;
    char date[HTTP_DATE_BYTES];

    http_date_format(file->modified, date);
    put(writer, "Last-Modified: %s\r\nAccept-Ranges: bytes\r\n", date);
    if (file->etag != NULL) {
        put(writer, "ETag: %s\r\n", file->etag);
    }
    if (response->status == HTTP_PARTIAL) {
        put(writer, "Content-Range: bytes %lu-%lu/%lu\r\n", response->range_first,
            response->range_first + response->length - 1, file->bytes);
    } else if (response->status == HTTP_RANGE_WRONG) {
        put(writer, "Content-Range: bytes */%lu\r\n", file->bytes);
    }
}

size_t http_response_head(const struct http_response *response, char *buffer, size_t size)
{
    struct writer writer = { buffer, size, 0 };

    put(&writer, "HTTP/1.1 %u %s\r\n", (uint32_t)response->status,
        http_status_text(response->status));
    if (response->now != 0) {
        char date[HTTP_DATE_BYTES];

        http_date_format(response->now, date);
        put(&writer, "Date: %s\r\n", date);
    }
    if (response->type != NULL) {
        put(&writer, "Content-Type: %s\r\nX-Content-Type-Options: nosniff\r\n", response->type);
    }
    /* A 304 has no body whatever its head says; all others say how long theirs is. */
    if (response->status != HTTP_NOT_MODIFIED) {
        put(&writer, "Content-Length: %lu\r\n", response->length);
    }
    if (response->file != NULL) {
        put_file(&writer, response);
    }
    if (response->location != NULL) {
        put(&writer, "Location: %s\r\n", response->location);
    }
    if (response->status == HTTP_METHOD_NOT_ALLOWED) {
        put(&writer, "Allow: GET, HEAD\r\n");
    }
    put(&writer, "Connection: %s\r\n\r\n", response->keep_alive ? "keep-alive" : "close");
    return writer.used < size ? writer.used : 0;
}

const char *http_type_of(const char *name)
{
    static const char *const types[][2] = {
        { "html", "text/html; charset=utf-8" },
        { "htm", "text/html; charset=utf-8" },
        { "css", "text/css; charset=utf-8" },
        { "js", "text/javascript; charset=utf-8" },
        { "json", "application/json" },
        { "txt", "text/plain; charset=utf-8" },
        { "md", "text/plain; charset=utf-8" },
        { "c", "text/plain; charset=utf-8" },
        { "h", "text/plain; charset=utf-8" },
        { "log", "text/plain; charset=utf-8" },
        { "xml", "application/xml" },
        { "svg", "image/svg+xml" },
        { "png", "image/png" },
        { "jpg", "image/jpeg" },
        { "jpeg", "image/jpeg" },
        { "gif", "image/gif" },
        { "webp", "image/webp" },
        { "ico", "image/x-icon" },
        { "pdf", "application/pdf" },
        { "wasm", "application/wasm" },
        { "woff2", "font/woff2" },
        { "mp4", "video/mp4" },
        { "webm", "video/webm" },
        { "mp3", "audio/mpeg" },
        { "wav", "audio/wav" },
        { "zip", "application/zip" },
        { "gz", "application/gzip" },
        { "tar", "application/x-tar" },
    };
    const char *end = NULL;

    for (; *name != 0; name++) {
        if (*name == '/') {
            end = NULL;
        } else if (*name == '.') {
            end = name + 1;
        }
    }
    for (size_t i = 0; end != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
        if (http_text_is((struct http_text){ end, strlen(end) }, types[i][0])) {
            return types[i][1];
        }
    }
    return "application/octet-stream";
}

void http_etag_make(uint64_t bytes, int64_t modified_ns, char text[HTTP_ETAG_BYTES])
{
    (void)format(text, HTTP_ETAG_BYTES, "\"%lx-%lx\"", bytes, (uint64_t)modified_ns);
}
