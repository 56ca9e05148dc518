/* SPDX-License-Identifier: MIT */
#include "http/request.h"

#include "pith/string.h"

/* Decoding comes first, so that %2e%2e and %2f mean what they are: nothing is hidden from the second step. */
static enum http_status decode(struct http_text raw, char *path, size_t *length)
{
    size_t used = 0;

    for (size_t i = 0; i < raw.length; i++) {
        char byte = raw.at[i];

        if ((unsigned char)byte < 0x20 || byte == 0x7f) {
            return HTTP_BAD_REQUEST;
        }
        if (byte == '%') {
            uint64_t value;

            if (raw.length - i < 3 ||
                !http_number_parse((struct http_text){ raw.at + i + 1, 2 }, 16, &value)) {
                return HTTP_BAD_REQUEST;
            }
            byte = (char)value;
            i += 2;
        }
        if (byte == 0) {
            return HTTP_BAD_REQUEST;
        }
        if (used + 1 >= HTTP_PATH_MAX) {
            return HTTP_TARGET_TOO_LONG;
        }
        path[used++] = byte;
    }
    *length = used;
    return HTTP_OK;
}

/* Take the last part of what is written off; false at the root. */
static bool go_up(const char *path, size_t *used)
{
    if (*used <= 1) {
        return false;
    }
    --*used; /* the slash at its end */
    while (path[*used - 1] != '/') {
        --*used;
    }
    return true;
}

enum http_status http_path_decode(struct http_text raw, char *path)
{
    size_t length;
    enum http_status status = decode(raw, path, &length);
    size_t used = 1;

    if (status != HTTP_OK) {
        return status;
    }
    if (length == 0 || path[0] != '/') {
        return HTTP_BAD_REQUEST;
    }
    /* What is written never gets ahead of what is read; it always ends with a slash here. */
    for (size_t at = 1; at < length;) {
        size_t end = at;

        while (end < length && path[end] != '/') {
            end++;
        }
        size_t part = end - at;
        bool is_up = part == 2 && path[at] == '.' && path[at + 1] == '.';

        if (is_up && !go_up(path, &used)) {
            return HTTP_BAD_REQUEST;
        }
        if (part > 0 && !is_up && !(part == 1 && path[at] == '.')) {
            memmove(path + used, path + at, part);
            used += part;
            if (end < length) {
                path[used++] = '/';
            }
        }
        at = end + 1;
    }
    path[used] = 0;
    return HTTP_OK;
}
