/* SPDX-License-Identifier: MIT */
/* What to answer. */
#include "abi/kernel_calls.h"
#include "http.h"
#include "pith/debug.h"
#include "pith/string.h"

#define STATUS_PATH "/status"
#define STATUS_JSON_PATH "/status.json"

static void answer_begin(struct connection *connection, const struct http_response *response)
{
    connection->head_bytes =
        http_response_head(response, connection->head, sizeof(connection->head));
    connection->head_sent = 0;
    connection->text_bytes = connection->text_sent = 0;
    connection->left = 0;
    connection->state = CONNECTION_SENDING;
    connection->moved = clock_now();
    assert(connection->head_bytes != 0); /* the longest Location fits */
}

static bool has_body(const struct connection *connection)
{
    return connection->parser.state == HTTP_IS_REFUSED ||
           connection->parser.request.method != HTTP_HEAD;
}

static void answer_text(struct connection *connection, struct http_response *response,
                        const char *text, size_t bytes)
{
    if (response->type == NULL) {
        response->type = "text/html; charset=utf-8";
    }
    response->length = bytes;
    answer_begin(connection, response);
    connection->text = text;
    connection->text_bytes = has_body(connection) ? bytes : 0;
}

static void fail_with(struct connection *connection, struct http_response *response)
{
    size_t bytes = http_error_page(response->status, connection->error, sizeof(connection->error));

    answer_text(connection, response, connection->error, bytes);
}

void request_fail(struct connection *connection, enum http_status status)
{
    struct http_response response = { .status = status, .keep_alive = !connection->is_last };

    web.counts.refused++;
    fail_with(connection, &response);
}

void request_refuse(struct connection *connection)
{
    connection->is_last = true;
    request_fail(connection, connection->parser.status);
}

void request_begin(struct connection *connection)
{
    const struct http_request *request = &connection->parser.request;

    web.counts.requests++;
    connection->is_last = !request->keep_alive;
    connection->trouble = 0;
    if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
        request_fail(connection, HTTP_METHOD_NOT_ALLOWED);
    } else {
        bool is_status =
            strcmp(request->path, STATUS_PATH) == 0 || strcmp(request->path, STATUS_JSON_PATH) == 0;

        connection->state = is_status ? CONNECTION_COUNTING : CONNECTION_OPENING;
    }
}

static enum http_status status_of(err_t err)
{
    switch (err) {
    case ERR_NO_ENTRY:
    case ERR_WRONG_TYPE:
    case ERR_TOO_DEEP:
    case ERR_RANGE:
        return HTTP_NOT_FOUND;
    case ERR_NO_RIGHT:
        return HTTP_FORBIDDEN;
    case ERR_DAMAGED:
    case ERR_IO:
        return HTTP_SERVER_ERROR;
    default:
        return HTTP_BUSY;
    }
}

static void answer_file(struct connection *connection)
{
    const struct http_request *request = &connection->parser.request;
    const struct file *file = &connection->file;
    char etag[HTTP_ETAG_BYTES];
    struct http_file about = { .bytes = file->bytes,
                               .modified = (int64_t)(file->modified / NS_PER_S),
                               .etag = etag };

    http_etag_make(file->bytes, (int64_t)file->modified, etag);
    struct http_choice choice = http_choose(request, &about, 0);
    struct http_response response = { .status = choice.status,
                                      .keep_alive = !connection->is_last,
                                      .file = &about,
                                      .range_first = choice.first };

    if (choice.status == HTTP_PRECONDITION_FAILED || choice.status == HTTP_RANGE_WRONG) {
        fail_with(connection, &response);
        return;
    }
    if (choice.status != HTTP_NOT_MODIFIED) {
        response.type = http_type_of(request->path);
        response.length = choice.length;
    }
    answer_begin(connection, &response);
    connection->position = choice.first;
    connection->left = has_body(connection) ? choice.length : 0;
}

/* A directory without a slash at its end: relative links in its page would lead elsewhere. */
static void answer_moved(struct connection *connection)
{
    char location[3 * HTTP_PATH_MAX + 2];
    size_t length =
        http_path_encode(connection->parser.request.path, location, sizeof(location) - 1);
    struct http_response response = { .status = HTTP_MOVED,
                                      .keep_alive = !connection->is_last,
                                      .location = location };

    if (length == 0) {
        request_fail(connection, HTTP_TARGET_TOO_LONG);
        return;
    }
    location[length] = '/';
    location[length + 1] = 0;
    fail_with(connection, &response);
}

static void answer_directory(struct connection *connection)
{
    if (!connection->parser.request.is_directory) {
        answer_moved(connection);
        return;
    }
    connection->page = page_take();
    if (connection->page == NULL) {
        request_fail(connection, HTTP_BUSY);
        return;
    }
    listing_begin(connection->page, &connection->file, connection->parser.request.path);
    connection->state = CONNECTION_LISTING;
}

enum step request_open(struct connection *connection)
{
    const struct http_request *request = &connection->parser.request;
    err_t err;
    enum step step = source_open(request->path, request->is_directory ? FILES_DIRECTORY : 0,
                                 &connection->file, &err);

    if (step == STEP_LATER) {
        return step;
    }
    if (step == STEP_FAILED) {
        request_fail(connection, status_of(err));
        return STEP_DONE;
    }
    connection->has_file = true;
    switch (connection->file.kind) {
    case FILE_KIND_REGULAR:
        answer_file(connection);
        break;
    case FILE_KIND_DIRECTORY:
        answer_directory(connection);
        break;
    default:
        request_fail(connection, HTTP_FORBIDDEN);
    }
    return STEP_DONE;
}

static void answer_page(struct connection *connection)
{
    struct http_response response = { .status = HTTP_OK, .keep_alive = !connection->is_last };

    if (connection->page->is_json) {
        response.type = "application/json";
    }
    answer_text(connection, &response, connection->page->text, connection->page->html.used);
}

enum step request_list(struct connection *connection)
{
    enum step step = listing_step(connection->page, connection->parser.request.path);

    if (step == STEP_FAILED) {
        request_fail(connection, HTTP_SERVER_ERROR);
    } else if (step == STEP_DONE && connection->page->is_listed) {
        answer_page(connection);
    }
    return step;
}

enum step request_count(struct connection *connection)
{
    if (connection->page == NULL) {
        connection->page = page_take();
        if (connection->page == NULL) {
            request_fail(connection, HTTP_BUSY);
            return STEP_DONE;
        }
        status_begin(connection->page,
                     strcmp(connection->parser.request.path, STATUS_JSON_PATH) == 0);
    }
    enum step step = status_step(connection->page);

    if (step == STEP_FAILED) {
        request_fail(connection, HTTP_SERVER_ERROR);
    } else if (step == STEP_DONE && connection->page->is_listed) {
        answer_page(connection);
    }
    return step;
}
