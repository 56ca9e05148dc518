/* SPDX-License-Identifier: MIT */
/* Reads asked for over the ring of the file server: each that is wrong, and what becomes of one whose handle is closed. */
#include "attacker.h"

#include "file/wire.h"
#include "pith/clock.h"
#include "pith/file_calls.h"
#include "service/service.h"

#define ANSWER_NS (3 * NS_PER_S)

enum { AT_ONCE = 40, PIECE_BYTES = 1024 };

/* The next completion; ERR_TIMED_OUT: none came. */
static err_t completion_wait(struct session *session, struct file_completion *completion)
{
    static struct service service;
    ns_t deadline = clock_now() + ANSWER_NS;
    err_t err;

    while ((err = session_receive(session, completion)) == ERR_WOULD_BLOCK &&
           clock_now() < deadline) {
        if (session_rest(session) && service_wait(&service, deadline) == SERVICE_CALL) {
            service.info = MSG_INFO(ERR_BAD_CALL, 0, 0);
        }
    }
    return err == ERR_WOULD_BLOCK ? ERR_TIMED_OUT : err;
}

static void wants_of(struct session *session, const char *what, err_t wanted,
                     struct file_request request)
{
    static uint64_t tag = 1000;
    struct file_completion completion = { 0 };

    request.tag = tag++;
    wants("a request is sent", ERR_OK, session_send(session, &request));
    err_t err = completion_wait(session, &completion);

    wants(what, wanted, err ? err : (err_t)completion.error);
    if (err == ERR_OK && completion.tag != request.tag) {
        wants("the tag of the request", ERR_OK, ERR_RANGE);
    }
}

/* Many, and the handle is closed: each is answered, in time or by CANCELLED, or finds no handle. */
static void close_meanwhile(struct session *session, cap_addr_t server, uint32_t file)
{
    struct file_request request = { .operation = FILE_REQUEST_READ,
                                    .handle = file,
                                    .bytes = PIECE_BYTES };
    struct file_completion completion;

    for (uint32_t i = 0; i < AT_ONCE; i++) {
        request.tag = i;
        wants("one of many", ERR_OK, session_send(session, &request));
    }
    session_flush(session);
    wants("close", ERR_OK, file_close(server, clock_now() + ANSWER_NS, file));
    for (uint32_t i = 0; i < AT_ONCE; i++) {
        wants("each is answered", ERR_OK, completion_wait(session, &completion));
        if (completion.error != ERR_OK && completion.error != ERR_CANCELLED &&
            completion.error != ERR_NO_ENTRY) {
            wants("done, or not", ERR_CANCELLED, (err_t)completion.error);
        }
    }
}

void attack_requests(struct session *session, cap_addr_t server, uint32_t file, uint32_t directory)
{
    struct file_request right = { .operation = FILE_REQUEST_READ, .handle = file, .bytes = 8 };
    uint32_t end = (uint32_t)session->data_bytes;
    struct file_request request = right;

    wants_of(session, "request: a read", ERR_OK, right);
    request.operation = 0;
    wants_of(session, "request: no operation", ERR_BAD_CALL, request);
    request.operation = UINT32_MAX;
    wants_of(session, "request: another operation", ERR_BAD_CALL, request);
    request = right;
    request.bytes = 0;
    wants_of(session, "request: nothing", ERR_RANGE, request);
    request.bytes = FILE_REQUEST_BYTES_MAX + 1;
    wants_of(session, "request: too much", ERR_RANGE, request);
    request.bytes = 8;
    request.offset = end - 4;
    wants_of(session, "request: half behind the data area", ERR_RANGE, request);
    request.offset = UINT32_MAX - 3;
    wants_of(session, "request: an offset that wraps", ERR_RANGE, request);
    request = right;
    request.position = UINT64_MAX;
    wants_of(session, "request: far behind the end", ERR_OK, request);
    request = right;
    request.handle = 0;
    wants_of(session, "request: no handle", ERR_NO_ENTRY, request);
    request.handle = file ^ 1u << 31;
    wants_of(session, "request: another's handle", ERR_NO_ENTRY, request);
    request.handle = directory;
    wants_of(session, "request: a directory", ERR_WRONG_TYPE, request);
    close_meanwhile(session, server, file);
}
