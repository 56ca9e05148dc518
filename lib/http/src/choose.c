/* SPDX-License-Identifier: MIT */
/* Conditional and partial requests (RFC 9110, sections 13 and 14). */
#include "http/answer.h"
#include "http/date.h"
#include "pith/string.h"

static bool tag_equals(struct http_text tag, const char *etag)
{
    return etag != NULL && tag.length == strlen(etag) && memcmp(tag.at, etag, tag.length) == 0;
}

/* @is_weak: W/ before a tag does not matter. */
static bool list_has(struct http_text list, const char *etag, bool is_weak)
{
    if (list.length == 1 && list.at[0] == '*') {
        return true;
    }
    for (struct http_text tag; http_list_next(&list, &tag);) {
        if (is_weak && tag.length > 2 && tag.at[0] == 'W' && tag.at[1] == '/') {
            tag.at += 2;
            tag.length -= 2;
        }
        if (tag_equals(tag, etag)) {
            return true;
        }
    }
    return false;
}

static enum http_status conditions_judge(const struct http_request *request,
                                         const struct http_file *file, int64_t now)
{
    int64_t date;

    if (request->if_match.at != NULL) {
        if (!list_has(request->if_match, file->etag, false)) {
            return HTTP_PRECONDITION_FAILED;
        }
    } else if (request->if_unmodified_since.at != NULL &&
               http_date_parse(request->if_unmodified_since, now, &date) && file->modified > date) {
        return HTTP_PRECONDITION_FAILED;
    }
    if (request->if_none_match.at != NULL) {
        return list_has(request->if_none_match, file->etag, true) ? HTTP_NOT_MODIFIED : HTTP_OK;
    }
    if (request->if_modified_since.at != NULL &&
        http_date_parse(request->if_modified_since, now, &date) && file->modified <= date) {
        return HTTP_NOT_MODIFIED;
    }
    return HTTP_OK;
}

/* If-Range: the range only if the file is still that one, else the whole. */
static bool range_counts(const struct http_request *request, const struct http_file *file,
                         int64_t now)
{
    struct http_text validator = request->if_range;
    int64_t date;

    if (request->range.kind == HTTP_RANGE_NONE) {
        return false;
    }
    if (validator.at == NULL) {
        return true;
    }
    if (validator.length > 0 && validator.at[0] == '"') {
        return tag_equals(validator, file->etag);
    }
    /* A date is a strong validator only when it is old enough (RFC 9110, 8.8.2.2). */
    return http_date_parse(validator, now, &date) && date == file->modified &&
           file->modified + 1 < now;
}

static struct http_choice range_choose(const struct http_range *range, uint64_t bytes)
{
    struct http_choice wrong = { HTTP_RANGE_WRONG, 0, 0 };
    uint64_t first = range->first;
    uint64_t last = range->last;

    if (range->kind == HTTP_RANGE_LAST) {
        uint64_t count = last < bytes ? last : bytes;

        return count == 0 ? wrong : (struct http_choice){ HTTP_PARTIAL, bytes - count, count };
    }
    if (first >= bytes) {
        return wrong;
    }
    last = last < bytes ? last : bytes - 1;
    return (struct http_choice){ HTTP_PARTIAL, first, last - first + 1 };
}

struct http_choice http_choose(const struct http_request *request, const struct http_file *file,
                               int64_t now)
{
    enum http_status status = conditions_judge(request, file, now);

    if (status != HTTP_OK) {
        return (struct http_choice){ status, 0, 0 };
    }
    if (range_counts(request, file, now)) {
        return range_choose(&request->range, file->bytes);
    }
    return (struct http_choice){ HTTP_OK, 0, file->bytes };
}
