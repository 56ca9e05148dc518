/* SPDX-License-Identifier: MIT */
/* The file server: each error that abi/idl/file.idl lists and a client can provoke, then garbage. */
#include "attacker.h"

#include <stddef.h>

#include "file/wire.h"
#include "pith/clock.h"
#include "pith/file_calls.h"
#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/string.h"
#include "service/service.h"
#include "service/session.h"

enum {
    HANDLES = 64,
    PATH_MOST = 4096,
    NAME_MOST = 255,
    READ_MOST = 1 << 20,
    SCRIBBLE_IN = 10,
    BREATHE_IN = 25,
    OPS = 18,
    AT_ONCE = 40,
    PIECE_BYTES = 1024,
    INDEX_WORDS = 32,
    REQUESTS_PER_SCRIBBLE = 300,
    REQUESTS_PER_WAIT = 40,
};

#define CALL_NS (3 * NS_PER_S)
#define BREATH_NS 200000ull

static struct session session;
static struct service service;
static cap_addr_t server;

static ns_t soon(void)
{
    return clock_now() + CALL_NS;
}

static err_t open_in(uint32_t root, uint32_t at, uint32_t length, uint32_t flags, uint32_t *handle)
{
    uint32_t kind, walked, traits;
    uint64_t bytes, modified, inode;

    return file_open(server, soon(), root, at, length, flags, 0, handle, &kind, &bytes, &modified,
                     &inode, &walked, &traits);
}

static err_t open_at(uint32_t at, uint32_t length, uint32_t flags, uint32_t *handle)
{
    return open_in(0, at, length, flags, handle);
}

static err_t open(const char *path, uint32_t flags, uint32_t *handle)
{
    memcpy(session_data(&session), path, strlen(path));
    return open_at(0, (uint32_t)strlen(path), flags, handle);
}

static err_t read_at(uint32_t handle, uint64_t position, uint32_t bytes, uint32_t offset)
{
    uint32_t done;

    return file_read(server, soon(), handle, position, bytes, offset, &done);
}

static err_t list_at(uint32_t handle, uint64_t position, uint32_t bytes, uint32_t offset)
{
    uint32_t used, end;
    uint64_t next;

    return file_list(server, soon(), handle, position, bytes, offset, &used, &next, &end);
}

static err_t link_at(uint32_t handle, uint32_t bytes, uint32_t offset)
{
    uint32_t length;

    return file_link(server, soon(), handle, bytes, offset, &length);
}

static void bad_paths(void)
{
    static char name[NAME_MOST + 3];
    uint32_t end = (uint32_t)session.data_bytes;
    uint32_t handle;

    wants("open: no such name", ERR_NO_ENTRY, open("/nobody", 0, &handle));
    wants("open: a file in the middle", ERR_WRONG_TYPE, open("/text/more", 0, &handle));
    wants("open: a file as a directory", ERR_WRONG_TYPE,
          open("/text", FILE_HOW_DIRECTORY, &handle));
    wants("open: two dots", ERR_RANGE, open("/../text", 0, &handle));
    wants("open: a root that was not given", ERR_NO_RIGHT, open_in(1, 0, 1, 0, &handle));
    wants("open: a root that cannot be", ERR_RANGE, open_in(9, 0, 1, 0, &handle));
    wants("open: to write", ERR_READ_ONLY, open("/text", FILE_HOW_WRITE, &handle));
    wants("open: nothing", ERR_RANGE, open_at(0, 0, 0, &handle));
    wants("open: too much", ERR_RANGE, open_at(0, PATH_MOST + 1, 0, &handle));
    wants("open: flags", ERR_RANGE, open_at(0, 1, 64, &handle));
    wants("open: behind the data area", ERR_RANGE, open_at(end, 1, 0, &handle));
    wants("open: half behind it", ERR_RANGE, open_at(end - 4, 8, 0, &handle));
    wants("open: an offset that wraps", ERR_RANGE, open_at(UINT32_MAX, PATH_MOST, 0, &handle));
    memset(name, 'n', sizeof(name) - 1);
    name[0] = '/';
    wants("open: a long name", ERR_RANGE, open(name, 0, &handle));
}

/* What only the name space may, and what this disk does not. */
static void bad_changes(uint32_t file)
{
    uint32_t walked, done;

    wants("give a root", ERR_NO_RIGHT, file_give_root(server, soon(), 1, 1, 0, 0, 0, 0, 0, 0));
    memcpy(session_data(&session), "/new", 4);
    wants("make a directory", ERR_READ_ONLY,
          file_make_directory(server, soon(), 0, 0, 4, 0, &walked));
    wants("write to a file that is read", ERR_READ_ONLY,
          file_write(server, soon(), file, 0, 1, 0, &done));
    wants("truncate a file that is read", ERR_READ_ONLY, file_truncate(server, soon(), file, 0));
}

static void bad_handles(uint32_t handle)
{
    wants("close", ERR_NO_ENTRY, file_close(server, soon(), handle));
    wants("read", ERR_NO_ENTRY, read_at(handle, 0, 1, 0));
    wants("list", ERR_NO_ENTRY, list_at(handle, 0, 512, 0));
    wants("link", ERR_NO_ENTRY, link_at(handle, 1, 0));
}

static void bad_places(uint32_t file, uint32_t directory)
{
    uint32_t end = (uint32_t)session.data_bytes;

    wants("read: nothing", ERR_RANGE, read_at(file, 0, 0, 0));
    wants("read: too much", ERR_RANGE, read_at(file, 0, READ_MOST + 1, 0));
    wants("read: behind the data area", ERR_RANGE, read_at(file, 0, 1, end));
    wants("read: half behind it", ERR_RANGE, read_at(file, 0, 8, end - 4));
    wants("read: an offset that wraps", ERR_RANGE, read_at(file, 0, READ_MOST, UINT32_MAX));
    wants("read: far behind the end", ERR_OK, read_at(file, UINT64_MAX, 1, 0));
    wants("read: a directory", ERR_WRONG_TYPE, read_at(directory, 0, 1, 0));
    wants("list: a file", ERR_WRONG_TYPE, list_at(file, 0, 512, 0));
    wants("list: too little", ERR_RANGE, list_at(directory, 0, 511, 0));
    wants("list: half behind the data area", ERR_RANGE, list_at(directory, 0, 512, end - 4));
    wants("link: a file", ERR_WRONG_TYPE, link_at(file, 1, 0));
    wants("link: half behind the data area", ERR_RANGE, link_at(file, 8, end - 4));
}

/* As many as there are, and one more. */
static void all_handles(void)
{
    uint32_t handles[HANDLES];
    uint32_t more;

    for (uint32_t i = 0; i < HANDLES; i++) {
        wants("one of 64 handles", ERR_OK, open("/text", 0, &handles[i]));
    }
    wants("a 65th handle", ERR_NO_MEMORY, open("/text", 0, &more));
    for (uint32_t i = 0; i < HANDLES; i++) {
        wants("close", ERR_OK, file_close(server, soon(), handles[i]));
        wants("close again", ERR_NO_ENTRY, file_close(server, soon(), handles[i]));
    }
}

static void garbage(uint32_t count, uint32_t file, uint32_t directory)
{
    unsigned char *data = session_data(&session);

    for (uint32_t i = 0; i < count; i++) {
        uint64_t words[8];

        for (uint32_t j = 0; j < 8; j++) {
            words[j] = random64() >> below(64);
        }
        if (below(4) != 0) { /* nearly right */
            words[0] = below(2) == 0 ? file : directory;
            words[2] = 1 + below(100000);
        }
        if (below(SCRIBBLE_IN) == 0) {
            data[below((uint32_t)session.data_bytes)] = (unsigned char)random64();
        }
        wants_listed("garbage", raw_call(server, below(OPS), words));
        if (i % BREATHE_IN == 0 &&
            service_wait(&service, clock_now() + BREATH_NS) == SERVICE_CALL) {
            service.info = MSG_INFO(ERR_BAD_CALL, 0, 0);
        }
    }
}

/* --- Over the ring --- */

/* The next completion; ERR_TIMED_OUT: none came. */
static err_t completion_wait(struct file_completion *completion)
{
    ns_t deadline = soon();
    err_t err;

    while ((err = session_receive(&session, completion)) == ERR_WOULD_BLOCK &&
           clock_now() < deadline) {
        if (session_rest(&session) && service_wait(&service, deadline) == SERVICE_CALL) {
            service.info = MSG_INFO(ERR_BAD_CALL, 0, 0);
        }
    }
    return err == ERR_WOULD_BLOCK ? ERR_TIMED_OUT : err;
}

static void wants_of(const char *what, err_t wanted, struct file_request request)
{
    static uint64_t tag = 1000;
    struct file_completion completion = { 0 };

    request.tag = tag++;
    wants("a request is sent", ERR_OK, session_send(&session, &request));
    err_t err = completion_wait(&completion);

    wants(what, wanted, err ? err : (err_t)completion.error);
    if (err == ERR_OK && completion.tag != request.tag) {
        wants("the tag of the request", ERR_OK, ERR_RANGE);
    }
}

/* Many, and the handle is closed: each is answered, in time or by CANCELLED, or finds no handle. */
static void close_meanwhile(uint32_t file)
{
    struct file_request request = { .operation = FILE_REQUEST_READ,
                                    .handle = file,
                                    .bytes = PIECE_BYTES };
    struct file_completion completion;

    for (uint32_t i = 0; i < AT_ONCE; i++) {
        request.tag = i;
        wants("one of many", ERR_OK, session_send(&session, &request));
    }
    session_flush(&session);
    wants("close", ERR_OK, file_close(server, soon(), file));
    for (uint32_t i = 0; i < AT_ONCE; i++) {
        wants("each is answered", ERR_OK, completion_wait(&completion));
        if (completion.error != ERR_OK && completion.error != ERR_CANCELLED &&
            completion.error != ERR_NO_ENTRY) {
            wants("done, or not", ERR_CANCELLED, (err_t)completion.error);
        }
    }
}

/* Each that is wrong; closes @file. */
static void bad_requests(uint32_t file, uint32_t directory)
{
    struct file_request right = { .operation = FILE_REQUEST_READ, .handle = file, .bytes = 8 };
    uint32_t end = (uint32_t)session.data_bytes;
    struct file_request request = right;

    wants_of("request: a read", ERR_OK, right);
    request.operation = 0;
    wants_of("request: no operation", ERR_BAD_CALL, request);
    request.operation = UINT32_MAX;
    wants_of("request: another operation", ERR_BAD_CALL, request);
    request = right;
    request.bytes = 0;
    wants_of("request: nothing", ERR_RANGE, request);
    request.bytes = FILE_REQUEST_BYTES_MAX + 1;
    wants_of("request: too much", ERR_RANGE, request);
    request.bytes = 8;
    request.offset = end - 4;
    wants_of("request: half behind the data area", ERR_RANGE, request);
    request.offset = UINT32_MAX - 3;
    wants_of("request: an offset that wraps", ERR_RANGE, request);
    request = right;
    request.position = UINT64_MAX;
    wants_of("request: far behind the end", ERR_OK, request);
    request = right;
    request.handle = 0;
    wants_of("request: no handle", ERR_NO_ENTRY, request);
    request.handle = file ^ 1u << 31;
    wants_of("request: another's handle", ERR_NO_ENTRY, request);
    request.handle = directory;
    wants_of("request: a directory", ERR_WRONG_TYPE, request);
    close_meanwhile(file);
}

/* Rings' indices, or anything in the memory that both sides share. */
static void scribble(void)
{
    uint64_t *words = (uint64_t *)session.base;
    uint32_t limit = below(2) == 0 ? INDEX_WORDS : (uint32_t)(session.info->bytes / 8);

    words[below(limit) + (below(4) == 0 && limit == INDEX_WORDS ? SESSION_REPLIES / 8 : 0)] =
        random64() >> below(64);
}

/* What is read is random; what is answered may be anything, for the rings are spoilt now and then. */
static void garbage_requests(uint32_t count, uint32_t file)
{
    struct file_completion completion;

    for (uint32_t i = 0; i < count; i++) {
        struct file_request request = {
            .tag = random64(),
            .operation = below(8) == 0 ? below(4) : FILE_REQUEST_READ,
            .handle = below(8) == 0 ? (uint32_t)random64() : file,
            .position = random64() >> below(64),
            .bytes = below(below(3) == 0 ? 200000 : 5000),
            .offset = below(200000),
        };

        (void)!session_send(&session, &request);
        while (session_receive(&session, &completion) == ERR_OK) {
        }
        if (below(REQUESTS_PER_SCRIBBLE) == 0) {
            scribble();
        }
        if (i % REQUESTS_PER_WAIT == 0) {
            (void)session_rest(&session);
            (void)!notification_signal(session.info->bell);
            if (service_wait(&service, clock_now() + BREATH_NS) == SERVICE_CALL) {
                service.info = MSG_INFO(ERR_BAD_CALL, 0, 0);
            }
        }
    }
}

void attack_files(uint32_t count)
{
    uint32_t number = 0;
    uint32_t file = 0;
    uint32_t directory = 0;
    err_t err = session_find("file", false, 0, &number);

    server = self_cap("file");
    if (err == ERR_OK) {
        err = session_open(&session, number);
    }
    wants("a session", ERR_OK, err);
    if (err) {
        return;
    }
    bad_paths();
    all_handles();
    wants("a file", ERR_OK, open("/text", 0, &file));
    wants("a directory", ERR_OK, open("/", 0, &directory));
    bad_handles(0);
    bad_handles(UINT32_MAX);
    bad_handles(file + HANDLES);
    bad_places(file, directory);
    bad_changes(file);
    bad_requests(file, directory);
    wants("a file, again", ERR_OK, open("/text", 0, &file));
    garbage(count, file, directory);
    (void)!open("/text", 0, &file);
    garbage_requests(count, file);
}
