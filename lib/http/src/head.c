/* SPDX-License-Identifier: MIT */
/* The head of a request: its first line and its fields (RFC 9112, sections 3 and 5). */
#include "http/request.h"

#include "pith/string.h"

/* A cursor over the head. */
struct reader {
    const char *at;
    const char *end;
};

static bool is_token(char byte)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    if ((byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
        (byte >= 'a' && byte <= 'z')) {
        return true;
    }
    for (size_t i = 0; others[i] != 0; i++) {
        if (byte == others[i]) {
            return true;
        }
    }
    return false;
}

/* The next line without its end, which is LF or CR LF (RFC 9112, 2.2). */
static struct http_text line_next(struct reader *reader)
{
    struct http_text line = { reader->at, 0 };

    while (reader->at < reader->end && *reader->at != '\n') {
        reader->at++;
    }
    line.length = (size_t)(reader->at - line.at);
    if (reader->at < reader->end) {
        reader->at++;
    }
    if (line.length > 0 && line.at[line.length - 1] == '\r') {
        line.length--;
    }
    return line;
}

/* Up to the byte, or all. What is left of @text begins after it. */
static struct http_text cut_at(struct http_text *text, char byte)
{
    struct http_text before = { text->at, 0 };

    while (before.length < text->length && text->at[before.length] != byte) {
        before.length++;
    }
    size_t skip = before.length < text->length ? before.length + 1 : before.length;

    text->at += skip;
    text->length -= skip;
    return before;
}

static bool text_equals(struct http_text text, const char *word)
{
    return text.length == strlen(word) && memcmp(text.at, word, text.length) == 0;
}

static enum http_status method_parse(struct http_text word, enum http_method *method)
{
    static const char *const names[] = {
        [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",     [HTTP_POST] = "POST",
        [HTTP_PUT] = "PUT",         [HTTP_DELETE] = "DELETE", [HTTP_CONNECT] = "CONNECT",
        [HTTP_OPTIONS] = "OPTIONS", [HTTP_TRACE] = "TRACE",   [HTTP_PATCH] = "PATCH",
    };

    for (size_t i = 0; i < word.length; i++) {
        if (!is_token(word.at[i])) {
            return HTTP_BAD_REQUEST;
        }
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_equals(word, names[i])) {
            *method = (enum http_method)i;
            return HTTP_OK;
        }
    }
    return word.length == 0 ? HTTP_BAD_REQUEST : HTTP_NOT_IMPLEMENTED;
}

static enum http_status version_parse(struct http_text word, uint8_t *minor)
{
    bool is_version = word.length == 8 && memcmp(word.at, "HTTP/", 5) == 0 && word.at[6] == '.' &&
                      word.at[5] >= '0' && word.at[5] <= '9' && word.at[7] >= '0' &&
                      word.at[7] <= '9';

    if (!is_version) {
        return HTTP_BAD_REQUEST;
    }
    if (word.at[5] != '1') {
        return HTTP_VERSION_WRONG;
    }
    *minor = word.at[7] == '0' ? 0 : 1;
    return HTTP_OK;
}

/* Leave the path of http://host/path (RFC 9112, 3.2.2). False: it is no such thing. */
static bool absolute_strip(struct http_text *target)
{
    static const char *const schemes[] = { "http://", "https://" };

    for (size_t i = 0; i < 2; i++) {
        size_t length = strlen(schemes[i]);

        if (target->length > length &&
            http_text_is((struct http_text){ target->at, length }, schemes[i])) {
            struct http_text rest = { target->at + length, target->length - length };

            while (rest.length > 0 && rest.at[0] != '/' && rest.at[0] != '?') {
                rest.at++;
                rest.length--;
            }
            *target = rest;
            return true;
        }
    }
    return false;
}

static enum http_status target_parse(struct http_text target, struct http_request *request)
{
    static const struct http_text root = { "/", 1 };

    if (target.length > HTTP_TARGET_MAX) {
        return HTTP_TARGET_TOO_LONG;
    }
    for (size_t i = 0; i < target.length; i++) {
        if ((unsigned char)target.at[i] <= 0x20 || target.at[i] == 0x7f || target.at[i] == '#') {
            return HTTP_BAD_REQUEST;
        }
    }
    if (request->method == HTTP_CONNECT) {
        return HTTP_NOT_IMPLEMENTED;
    }
    if (request->method == HTTP_OPTIONS && text_equals(target, "*")) {
        target = root;
    }
    if (target.length == 0 || (target.at[0] != '/' && !absolute_strip(&target))) {
        return HTTP_BAD_REQUEST;
    }
    struct http_text path = cut_at(&target, '?');

    if (target.at > path.at + path.length) {
        request->query = target;
    }
    return http_path_decode(path.length == 0 ? root : path, request->path);
}

static enum http_status first_line_parse(struct http_text line, struct http_request *request)
{
    struct http_text rest = line;
    struct http_text method = cut_at(&rest, ' ');
    struct http_text target = cut_at(&rest, ' ');
    enum http_status status = method_parse(method, &request->method);

    if (status != HTTP_OK) {
        return status;
    }
    status = version_parse(rest, &request->minor_version);
    if (status != HTTP_OK) {
        /* A line that was cut because it is too long has no version. */
        return target.length > HTTP_TARGET_MAX ? HTTP_TARGET_TOO_LONG : status;
    }
    return target_parse(target, request);
}

/* What is noticed of the fields while they are read. */
struct fields {
    uint32_t count, hosts, lengths, ranges;
    bool is_closing, is_keeping, has_encoding;
};

static bool host_is_sane(struct http_text value)
{
    for (size_t i = 0; i < value.length; i++) {
        char byte = value.at[i];

        if (!is_token(byte) && byte != ':' && byte != '[' && byte != ']' && byte != '(' &&
            byte != ')' && byte != ';' && byte != '=' && byte != ',') {
            return false;
        }
    }
    return true;
}

static enum http_status length_note(struct http_text value, struct fields *fields,
                                    struct http_request *request)
{
    uint64_t number;

    /* Two that agree are one; so is a list of equal ones (RFC 9112, 6.3). */
    for (struct http_text element; http_list_next(&value, &element); fields->lengths++) {
        if (!http_number_parse(element, 10, &number) ||
            (fields->lengths > 0 && number != request->body_bytes)) {
            return HTTP_BAD_REQUEST;
        }
        request->body_bytes = number;
    }
    return fields->lengths > 0 ? HTTP_OK : HTTP_BAD_REQUEST;
}

static enum http_status encoding_note(struct http_text value, struct fields *fields,
                                      struct http_request *request)
{
    for (struct http_text element; http_list_next(&value, &element);) {
        if (request->is_chunked) {
            return HTTP_BAD_REQUEST; /* chunked is the last, and once */
        }
        if (!http_text_is(element, "chunked")) {
            return HTTP_NOT_IMPLEMENTED;
        }
        request->is_chunked = true;
    }
    fields->has_encoding = true;
    return HTTP_OK;
}

static void connection_note(struct http_text value, struct fields *fields)
{
    for (struct http_text element; http_list_next(&value, &element);) {
        fields->is_closing |= http_text_is(element, "close");
        fields->is_keeping |= http_text_is(element, "keep-alive");
    }
}

/* Conditions: the first of each counts. */
static void condition_note(struct http_text name, struct http_text value,
                           struct http_request *request)
{
    const struct {
        const char *name;
        struct http_text *place;
    } conditions[] = {
        { "if-range", &request->if_range },
        { "if-match", &request->if_match },
        { "if-none-match", &request->if_none_match },
        { "if-modified-since", &request->if_modified_since },
        { "if-unmodified-since", &request->if_unmodified_since },
    };

    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        if (conditions[i].place->at == NULL && http_text_is(name, conditions[i].name)) {
            *conditions[i].place = value;
        }
    }
}

static enum http_status field_note(struct http_text name, struct http_text value,
                                   struct fields *fields, struct http_request *request)
{
    if (http_text_is(name, "host")) {
        request->host = value;
        return ++fields->hosts == 1 && host_is_sane(value) ? HTTP_OK : HTTP_BAD_REQUEST;
    }
    if (http_text_is(name, "content-length")) {
        return length_note(value, fields, request);
    }
    if (http_text_is(name, "transfer-encoding")) {
        return encoding_note(value, fields, request);
    }
    if (http_text_is(name, "connection")) {
        connection_note(value, fields);
    } else if (http_text_is(name, "range")) {
        request->range = http_range_parse(value);
        if (++fields->ranges > 1) {
            request->range.kind = HTTP_RANGE_NONE;
        }
    } else {
        condition_note(name, value, request);
    }
    return HTTP_OK;
}

/* name: value, with no blank before the colon, none before the name (that would be a folded line). */
static enum http_status field_parse(struct http_text line, struct fields *fields,
                                    struct http_request *request)
{
    struct http_text value = line;
    struct http_text name = cut_at(&value, ':');

    if (name.length == 0 || name.length == line.length) {
        return HTTP_BAD_REQUEST;
    }
    for (size_t i = 0; i < name.length; i++) {
        if (!is_token(name.at[i])) {
            return HTTP_BAD_REQUEST;
        }
    }
    for (size_t i = 0; i < value.length; i++) {
        if (((unsigned char)value.at[i] < 0x20 && value.at[i] != '\t') || value.at[i] == 0x7f) {
            return HTTP_BAD_REQUEST;
        }
    }
    while (value.length > 0 && (value.at[0] == ' ' || value.at[0] == '\t')) {
        value.at++;
        value.length--;
    }
    while (value.length > 0 &&
           (value.at[value.length - 1] == ' ' || value.at[value.length - 1] == '\t')) {
        value.length--;
    }
    if (++fields->count > HTTP_FIELDS_MAX) {
        return HTTP_FIELDS_TOO_LARGE;
    }
    return field_note(name, value, fields, request);
}

/* What only all fields together tell. */
static enum http_status fields_judge(const struct fields *fields, struct http_request *request)
{
    bool is_new = request->minor_version >= 1;

    if (is_new && fields->hosts == 0) {
        return HTTP_BAD_REQUEST;
    }
    /* Two ways to tell a body's length, or chunks from who does not know them: an attempt to smuggle. */
    if (fields->has_encoding && (fields->lengths > 0 || !is_new || !request->is_chunked)) {
        return HTTP_BAD_REQUEST;
    }
    request->keep_alive = !fields->is_closing && (is_new || fields->is_keeping);
    if (request->method != HTTP_GET) {
        request->range.kind = HTTP_RANGE_NONE; /* RFC 9110, 14.2 */
    }
    request->is_directory = request->path[strlen(request->path) - 1] == '/';
    return HTTP_OK;
}

enum http_status http_request_parse(const char *head, size_t length, struct http_request *request)
{
    struct reader reader = { head, head + length };
    struct fields fields = { 0, 0, 0, 0, false, false, false };

    memset(request, 0, sizeof(*request));
    enum http_status status = first_line_parse(line_next(&reader), request);

    while (status == HTTP_OK && reader.at < reader.end) {
        struct http_text line = line_next(&reader);

        if (line.length == 0) {
            break;
        }
        status = field_parse(line, &fields, request);
    }
    return status == HTTP_OK ? fields_judge(&fields, request) : status;
}
