/* SPDX-License-Identifier: MIT */
#include "descriptor.h"

#include <stddef.h>

#include "calls.h"
#include "lock.h"
#include "net.h"
#include "pages.h"
#include "pith/space.h"
#include "pith/string.h"

enum { GET_WINDOW_SIZE = 0x5413 };
enum { FCNTL_DUP = 0, FCNTL_GETFD = 1, FCNTL_SETFD = 2, FCNTL_GETFL = 3, FCNTL_SETFL = 4 };
enum { FCNTL_DUP_CLOEXEC = 1030, SETTABLE = OPEN_APPEND | OPEN_NO_WAIT };

struct window_size {
    uint16_t rows, columns, width, height;
};

struct descriptor {
    struct opening *opening; /* NULL: free */
    bool closes_on_exec;
};

static struct {
    bool is_started;
    struct opening input, output;
    struct descriptor table[DESCRIPTORS_MAX];
} descriptors;

/* 0 to 2: nothing to read, and the debug UART. */
static void start(void)
{
    if (descriptors.is_started) {
        return;
    }
    descriptors.is_started = true;
    descriptors.input = (struct opening){ .kind = OPENING_INPUT, .references = 1 };
    descriptors.output =
        (struct opening){ .kind = OPENING_OUTPUT, .references = 2, .flags = OPEN_WRITE };
    descriptors.table[0].opening = &descriptors.input;
    descriptors.table[1].opening = descriptors.table[2].opening = &descriptors.output;
}

static struct descriptor *descriptor_of(long number)
{
    start();
    if (number < 0 || number >= DESCRIPTORS_MAX || descriptors.table[number].opening == NULL) {
        return NULL;
    }
    return &descriptors.table[number];
}

struct opening *opening_of(long descriptor)
{
    const struct descriptor *found = descriptor_of(descriptor);

    return found != NULL ? found->opening : NULL;
}

struct opening *opening_create(uint32_t kind, uint32_t flags)
{
    uint32_t pages = (uint32_t)((sizeof(struct opening) + PAGE_BYTES - 1) / PAGE_BYTES);
    struct opening *opening = (struct opening *)pages_take(pages);

    if (opening != NULL) {
        opening->kind = kind;
        opening->flags = flags;
        opening->pages = pages;
    }
    return opening;
}

void opening_discard(struct opening *opening)
{
    if (opening->kind == OPENING_FILE && opening->file.files != NULL) {
        files_close(&opening->file);
    }
    if (opening->kind == OPENING_SOCKET && opening->socket.number != SOCKET_NONE) {
        socket_close(net_client(), opening->socket.number);
        (void)socket_rest(net_client());
    }
    if (opening->pages != 0) {
        pages_give((user_addr_t)opening, opening->pages * PAGE_BYTES);
    }
}

void opening_put(struct opening *opening)
{
    if (--opening->references == 0) {
        opening_discard(opening);
    }
}

long descriptor_give(struct opening *opening, long from, bool closes_on_exec)
{
    start();
    for (long i = from; i < DESCRIPTORS_MAX; i++) {
        if (descriptors.table[i].opening == NULL) {
            descriptors.table[i] = (struct descriptor){ opening, closes_on_exec };
            opening->references++;
            return i;
        }
    }
    return -POSIX_EMFILE;
}

long posix_close(const long arguments[6])
{
    posix_lock();
    struct descriptor *descriptor = descriptor_of(arguments[0]);
    long result = -POSIX_EBADF;

    if (descriptor != NULL) {
        opening_put(descriptor->opening);
        *descriptor = (struct descriptor){ 0 };
        result = 0;
    }
    posix_unlock();
    return result;
}

static long dup_from(long number, long from, bool closes_on_exec)
{
    posix_lock();
    struct opening *opening = opening_of(number);
    long result = -POSIX_EBADF;

    if (opening != NULL) {
        result = from < 0 || from >= DESCRIPTORS_MAX
                     ? -POSIX_EINVAL
                     : descriptor_give(opening, from, closes_on_exec);
    }
    posix_unlock();
    return result;
}

long posix_dup(const long arguments[6])
{
    return dup_from(arguments[0], 0, false);
}

static long dup_to(long number, long to, bool closes_on_exec)
{
    struct opening *opening = opening_of(number);

    if (opening == NULL || to < 0 || to >= DESCRIPTORS_MAX) {
        return -POSIX_EBADF;
    }
    if (number != to) {
        struct descriptor *descriptor = &descriptors.table[to];

        opening->references++;
        if (descriptor->opening != NULL) {
            opening_put(descriptor->opening);
        }
        *descriptor = (struct descriptor){ opening, closes_on_exec };
    }
    return to;
}

long posix_dup2(const long arguments[6])
{
    posix_lock();
    long result = dup_to(arguments[0], arguments[1], false);

    posix_unlock();
    return result;
}

long posix_dup3(const long arguments[6])
{
    if (arguments[0] == arguments[1] || (arguments[2] & ~(long)OPEN_CLOSE_ON_EXEC) != 0) {
        return -POSIX_EINVAL;
    }
    posix_lock();
    long result = dup_to(arguments[0], arguments[1], arguments[2] != 0);

    posix_unlock();
    return result;
}

static long descriptor_control(struct descriptor *descriptor, long command, long value)
{
    switch (command) {
    case FCNTL_GETFD:
        return descriptor->closes_on_exec;
    case FCNTL_SETFD:
        descriptor->closes_on_exec = (value & 1) != 0;
        return 0;
    case FCNTL_GETFL:
        return descriptor->opening->flags;
    case FCNTL_SETFL:
        descriptor->opening->flags =
            (descriptor->opening->flags & ~(uint32_t)SETTABLE) | ((uint32_t)value & SETTABLE);
        return 0;
    default:
        return -POSIX_EINVAL;
    }
}

long posix_fcntl(const long arguments[6])
{
    if (arguments[1] == FCNTL_DUP || arguments[1] == FCNTL_DUP_CLOEXEC) {
        return dup_from(arguments[0], arguments[2], arguments[1] == FCNTL_DUP_CLOEXEC);
    }
    posix_lock();
    struct descriptor *descriptor = descriptor_of(arguments[0]);
    long result = descriptor != NULL ? descriptor_control(descriptor, arguments[1], arguments[2])
                                     : -POSIX_EBADF;

    posix_unlock();
    return result;
}

/* Input and output are a terminal, so that output comes line by line. */
long posix_ioctl(const long arguments[6])
{
    struct window_size *size = (struct window_size *)arguments[2];

    posix_lock();
    const struct opening *opening = opening_of(arguments[0]);
    bool is_terminal =
        opening != NULL && (opening->kind == OPENING_INPUT || opening->kind == OPENING_OUTPUT);

    posix_unlock();
    if (opening == NULL) {
        return -POSIX_EBADF;
    }
    if (!is_terminal || arguments[1] != GET_WINDOW_SIZE) {
        return -POSIX_ENOTTY;
    }
    *size = (struct window_size){ 24, 80, 0, 0 };
    return 0;
}
