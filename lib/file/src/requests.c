/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: a request is freed by exactly one completion with its tag, or by a new epoch after it was cancelled; a tag is
 * never used twice, so a completion that comes twice or late frees nothing. Records are what is sent again: nothing in
 * the memory shared with a server is.
 */
#include "file/requests.h"

#include "client.h"
#include "file/wire.h"
#include "ring/ring.h"

#define AGAIN_NS (1 * NS_PER_MS)

void files_queue_open(struct files_queue *queue, struct files *files)
{
    *queue = (struct files_queue){ .files = files, .serial = 1 };
}

static void request_set(struct files_queue *queue, struct files_request *request,
                        enum files_request_state state)
{
    queue->count += state != FILES_REQUEST_FREE;
    queue->count -= request->state != FILES_REQUEST_FREE;
    queue->queued += state == FILES_REQUEST_QUEUED;
    queue->queued -= request->state == FILES_REQUEST_QUEUED;
    queue->over += state == FILES_REQUEST_OVER;
    queue->over -= request->state == FILES_REQUEST_OVER;
    request->state = state;
}

static void request_over(struct files_queue *queue, struct files_request *request, err_t err)
{
    request->err = err;
    request_set(queue, request, FILES_REQUEST_OVER);
}

/* Nobody will complete what a server had in flight. */
static void epoch_begin(struct files_queue *queue, const struct files_server *server)
{
    for (uint32_t i = 0; i < FILES_REQUESTS_MAX; i++) {
        struct files_request *request = &queue->requests[i];

        if (request->server != server) {
            continue;
        }
        if (request->state == FILES_REQUEST_SENT) {
            request_set(queue, request, FILES_REQUEST_QUEUED);
            queue->resubmitted++;
        } else if (request->state == FILES_REQUEST_CANCELLED) {
            request_over(queue, request, ERR_CANCELLED);
        }
    }
}

/* What a server that is on its way back gives. */
static bool is_passing(const struct file *file, err_t err)
{
    return err == ERR_TIMED_OUT || err == ERR_PEER_DIED || err == ERR_BUSY ||
           (err == ERR_NO_ENTRY && file->epoch != server_epoch(file->server));
}

/* Is the file's handle one of this epoch? If not it is opened again, or the request is over, or waits. */
static bool file_is_open(struct files_queue *queue, struct files_request *request)
{
    struct file *file = request->wish.file;
    err_t err = ERR_PEER_DIED;

    if (file->epoch == server_epoch(file->server) ||
        file_again(file, files_deadline(queue->files), &err)) {
        return true;
    }
    if (is_passing(file, err)) {
        queue->again_ns = clock_now() + AGAIN_NS;
    } else {
        request_over(queue, request, err);
    }
    return false;
}

static err_t request_send(struct files_queue *queue, struct files_request *request)
{
    struct file_request entry = {
        .tag = (uint64_t)queue->serial << 32 | (uint32_t)(request - queue->requests),
        .operation = FILE_REQUEST_READ,
        .handle = request->wish.file->handle,
        .position = request->wish.position,
        .bytes = request->wish.bytes,
        .offset = request->offset,
    };
    err_t err = session_send(&request->server->session, &entry);

    if (err == ERR_OK) {
        request->serial = queue->serial++;
        request_set(queue, request, FILES_REQUEST_SENT);
    }
    return err;
}

/* Sends what can be sent. Bells are rung later. */
static void queue_pump(struct files_queue *queue)
{
    queue->is_full = false;
    queue->again_ns = 0;
    for (uint32_t i = 0; queue->queued != 0 && i < FILES_REQUESTS_MAX; i++) {
        struct files_request *request = &queue->requests[i];

        if (request->state != FILES_REQUEST_QUEUED) {
            continue;
        }
        if (queue->again_ns != 0 || !file_is_open(queue, request)) {
            continue;
        }
        err_t err = request_send(queue, request);

        if (err == ERR_GONE) {
            epoch_begin(queue, request->server);
            queue->again_ns = clock_now();
        }
        queue->is_full = queue->is_full || err == ERR_WOULD_BLOCK;
        queue->refused += err == ERR_RANGE;
    }
}

err_t files_submit(struct files_queue *queue, const struct files_wish *wish)
{
    uint32_t offset = offset_in_buffer(wish->file, wish->into, wish->bytes);
    struct files_request *request = queue->requests;

    if (wish->file->server == NULL) {
        return ERR_WRONG_TYPE;
    }
    if (offset == 0 || wish->bytes == 0 || wish->bytes > FILE_REQUEST_BYTES_MAX) {
        return ERR_RANGE;
    }
    if (queue->count == FILES_REQUESTS_MAX) {
        return ERR_WOULD_BLOCK;
    }
    while (request->state != FILES_REQUEST_FREE) {
        request++;
    }
    request->wish = *wish;
    request->server = &queue->files->servers[wish->file->server - queue->files->servers];
    request->offset = offset;
    request_set(queue, request, FILES_REQUEST_QUEUED);
    return ERR_OK;
}

/* True: it is told to the caller. */
static bool request_complete(struct files_queue *queue, struct files_server *server,
                             const struct file_completion *entry, struct files_completion *told)
{
    uint32_t number = (uint32_t)entry->tag;
    struct files_request *request = &queue->requests[number % FILES_REQUESTS_MAX];
    bool is_cancelled = request->state == FILES_REQUEST_CANCELLED;

    if (number >= FILES_REQUESTS_MAX || request->server != server ||
        request->serial != (uint32_t)(entry->tag >> 32) ||
        (request->state != FILES_REQUEST_SENT && !is_cancelled)) {
        queue->refused++;
        return false;
    }
    err_t err = (err_t)entry->error;

    if (!is_cancelled && is_passing(request->wish.file, err)) {
        request_set(queue, request, FILES_REQUEST_QUEUED);
        return false;
    }
    if (err == ERR_OK && entry->done > request->wish.bytes) {
        queue->refused++;
        err = ERR_IO;
    }
    *told = (struct files_completion){ .tag = request->wish.tag,
                                       .err = is_cancelled ? ERR_CANCELLED : err,
                                       .done = err == ERR_OK && !is_cancelled ? entry->done : 0 };
    request_set(queue, request, FILES_REQUEST_FREE);
    return true;
}

static bool over_take(struct files_queue *queue, struct files_completion *told)
{
    for (uint32_t i = 0; queue->over != 0 && i < FILES_REQUESTS_MAX; i++) {
        struct files_request *request = &queue->requests[i];

        if (request->state == FILES_REQUEST_OVER) {
            *told = (struct files_completion){ .tag = request->wish.tag, .err = request->err };
            request_set(queue, request, FILES_REQUEST_FREE);
            return true;
        }
    }
    return false;
}

/* What one server has completed. */
static bool server_take(struct files_queue *queue, struct files_server *server,
                        struct files_completion *told)
{
    struct file_completion entry;

    for (uint32_t i = 0; i < 2 * SESSION_SLOTS; i++) {
        err_t err = session_receive(&server->session, &entry);

        if (err == ERR_GONE) {
            epoch_begin(queue, server);
        } else if (err != ERR_OK) {
            queue->refused += err == ERR_RANGE;
            return false;
        } else if (request_complete(queue, server, &entry, told)) {
            return true;
        }
    }
    return false;
}

err_t files_completed(struct files_queue *queue, struct files_completion *completion)
{
    struct files *files = queue->files;

    for (uint32_t i = 0; queue->count != 0 && i < files->server_count; i++) {
        if (server_take(queue, &files->servers[i], completion)) {
            return ERR_OK;
        }
    }
    queue_pump(queue);
    return over_take(queue, completion) ? ERR_OK : ERR_WOULD_BLOCK;
}

void files_cancel(struct files_queue *queue, const struct file *file)
{
    for (uint32_t i = 0; i < FILES_REQUESTS_MAX; i++) {
        struct files_request *request = &queue->requests[i];

        if (request->wish.file != file) {
            continue;
        }
        if (request->state == FILES_REQUEST_QUEUED) {
            request_over(queue, request, ERR_CANCELLED);
        } else if (request->state == FILES_REQUEST_SENT) {
            request_set(queue, request, FILES_REQUEST_CANCELLED);
        } else if (request->state == FILES_REQUEST_OVER) {
            request->err = ERR_CANCELLED;
        }
    }
}

bool files_queue_rest(struct files_queue *queue)
{
    struct files *files = queue->files;
    bool is_resting = true;

    queue_pump(queue);
    for (uint32_t i = 0; i < files->server_count; i++) {
        struct session *session = &files->servers[i].session;
        uint64_t lies = session->in.side.lies + session->out.side.lies;
        bool rests = (!queue->is_full || session_rest_full(session)) && session_rest(session);

        /* One that lies is not waited for any less: it ends with a new epoch, and that signals. */
        is_resting =
            is_resting && (rests || session->in.side.lies + session->out.side.lies != lies);
    }
    return is_resting && queue->over == 0;
}

ns_t files_queue_deadline(const struct files_queue *queue)
{
    return queue->again_ns != 0 ? queue->again_ns : DEADLINE_NEVER;
}
