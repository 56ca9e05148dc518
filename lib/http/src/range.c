/* SPDX-License-Identifier: MIT */
#include "http/request.h"

/* first-last, first-, or -count (RFC 9110, 14.1.1). */
static struct http_range spec_parse(struct http_text spec)
{
    static const struct http_range none = { HTTP_RANGE_NONE, 0, 0 };
    struct http_range range = { HTTP_RANGE_FROM, 0, UINT64_MAX };
    size_t dash = 0;

    while (dash < spec.length && spec.at[dash] != '-') {
        dash++;
    }
    if (dash == spec.length) {
        return none;
    }
    struct http_text before = { spec.at, dash };
    struct http_text after = { spec.at + dash + 1, spec.length - dash - 1 };

    if (before.length == 0) {
        range.kind = HTTP_RANGE_LAST;
        return http_number_parse(after, 10, &range.last) ? range : none;
    }
    if (!http_number_parse(before, 10, &range.first)) {
        return none;
    }
    if (after.length > 0 &&
        (!http_number_parse(after, 10, &range.last) || range.last < range.first)) {
        return none;
    }
    return range;
}

struct http_range http_range_parse(struct http_text value)
{
    static const struct http_range none = { HTTP_RANGE_NONE, 0, 0 };
    const struct http_text unit = { value.at, 6 };
    struct http_text element, second;

    if (value.length < unit.length || !http_text_is(unit, "bytes=")) {
        return none;
    }
    struct http_text list = { value.at + unit.length, value.length - unit.length };

    /* Several: a server may send the whole instead, and so do we. */
    if (!http_list_next(&list, &element) || http_list_next(&list, &second)) {
        return none;
    }
    return spec_parse(element);
}
