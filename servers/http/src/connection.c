/* SPDX-License-Identifier: MIT */
/*
 * One client. Must stay true: what is sent next is always head, text, file, in this order, and their lengths were fixed
 * before the first byte of the head; a file that cannot give what was promised ends the connection.
 */
#include "http.h"
#include "log/log.h"
#include "pith/string.h"

enum { TASTE_BYTES = 2048 };

bool connection_begin(uint32_t socket)
{
    for (uint32_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &web.connections[i];

        if (connection->state == CONNECTION_FREE) {
            memset(connection, 0, sizeof(*connection));
            http_parser_init(&connection->parser);
            connection->state = CONNECTION_READING;
            connection->socket = socket;
            connection->moved = clock_now();
            connection->deadline = connection->moved + REQUEST_NS;
            web.counts.connections++;
            return true;
        }
    }
    return false;
}

static bool tell_later(struct connection *connection, ns_t wake)
{
    connection->wake = wake;
    return false;
}

bool connection_later(struct connection *connection)
{
    ns_t now = clock_now();

    if (connection->trouble == 0) {
        connection->trouble = now;
        connection->again = AGAIN_NS;
    } else if (connection->again < AGAIN_MAX_NS) {
        connection->again *= 2;
    }
    connection->wake = now + connection->again;
    if (now - connection->trouble < SOURCE_NS) {
        return true;
    }
    web.counts.given_up++;
    log_write(LOG_WARNING, "what %s needs did not come in time", connection->parser.request.path);
    return false;
}

/* End it now. What it holds is given back first. */
static bool connection_drop(struct connection *connection)
{
    web.counts.lost +=
        connection->state != CONNECTION_READING && connection->state != CONNECTION_LINGERING;
    connection->is_lost = true;
    connection->state = CONNECTION_FINISHING;
    connection->next = CONNECTION_FREE;
    return true;
}

/* --- Reading --- */

static bool request_take(struct connection *connection)
{
    char taste[TASTE_BYTES]; /* a copy: the network server could change what lies in the ring */
    const void *data;
    size_t taken;
    size_t bytes = socket_received(&web.sockets, connection->socket, &data);

    bytes = bytes < sizeof(taste) ? bytes : sizeof(taste);
    memcpy(taste, data, bytes);
    enum http_parser_result result = http_parser_feed(&connection->parser, taste, bytes, &taken);

    socket_consume(&web.sockets, connection->socket, taken);
    if (result == HTTP_PARSER_REQUEST) {
        request_begin(connection);
    } else if (result == HTTP_PARSER_REFUSED) {
        request_refuse(connection);
    }
    return true;
}

static bool connection_read(struct connection *connection)
{
    const void *data;

    if (socket_received(&web.sockets, connection->socket, &data) != 0) {
        return request_take(connection);
    }
    if (socket_is_at_end(&web.sockets, connection->socket)) {
        connection->state = CONNECTION_FINISHING;
        connection->next = CONNECTION_LINGERING;
        return true;
    }
    if (clock_now() < connection->deadline) {
        return tell_later(connection, connection->deadline);
    }
    if (http_parser_is_idle(&connection->parser)) {
        connection->state = CONNECTION_FINISHING;
        connection->next = CONNECTION_LINGERING;
    } else {
        connection->is_last = true;
        request_fail(connection, HTTP_TIMEOUT);
    }
    return true;
}

/* --- Sending --- */

/* Into the ring. Gives whether all of it is there. */
static bool text_send(struct connection *connection, const char *text, size_t bytes, size_t *sent)
{
    while (*sent < bytes) {
        void *room;
        size_t count = socket_room(&web.sockets, connection->socket, &room);

        count = count < bytes - *sent ? count : bytes - *sent;
        if (count == 0) {
            return false;
        }
        memcpy(room, text + *sent, count);
        socket_commit(&web.sockets, connection->socket, count);
        connection->written += count;
        *sent += count;
    }
    return true;
}

static bool is_worth(const struct connection *connection, size_t room)
{
    return room >= RING_BYTES / 4 || (connection->written + room) % RING_BYTES == 0;
}

/* A piece of the file, straight into the ring. True: go on. */
static bool file_send(struct connection *connection)
{
    void *room;
    size_t count = socket_room(&web.sockets, connection->socket, &room);
    const void *data;
    uint32_t done;

    count = count < connection->left ? count : connection->left;
    /* Small pieces cost as much as large ones; there is more room at the next news, up to the end of the ring. */
    if (count == 0 || (count < connection->left && !is_worth(connection, count))) {
        return false;
    }
    enum step step = source_view(connection, (uint32_t)count, &data, &done);

    if (step == STEP_LATER && connection_later(connection)) {
        return false;
    }
    if (step != STEP_DONE || done == 0) {
        web.counts.given_up++;
        return connection_drop(connection);
    }
    connection->trouble = 0;
    memcpy(room, data, done);
    socket_commit(&web.sockets, connection->socket, done);
    connection->written += done;
    connection->position += done;
    connection->left -= done;
    source_taken(connection);
    web.counts.bytes += done;
    return true;
}

/* The client owes us something and has taken nothing for long. */
static bool is_stalled(struct connection *connection)
{
    uint64_t unsent = socket_unsent(&web.sockets, connection->socket);
    uint64_t acknowledged = connection->written - unsent;
    ns_t now = clock_now();

    if (unsent == 0 || acknowledged != connection->acknowledged) {
        connection->acknowledged = acknowledged;
        connection->moved = now;
    }
    return now - connection->moved >= STALL_NS;
}

static bool connection_send(struct connection *connection)
{
    connection->wake = DEADLINE_NEVER;
    if (is_stalled(connection)) {
        web.counts.stalled++;
        return connection_drop(connection);
    }
    if (text_send(connection, connection->head, connection->head_bytes, &connection->head_sent) &&
        text_send(connection, connection->text, connection->text_bytes, &connection->text_sent)) {
        if (connection->left == 0) {
            connection->state = CONNECTION_FINISHING;
            connection->next = connection->is_last ? CONNECTION_LINGERING : CONNECTION_READING;
            return true;
        }
        if (file_send(connection)) {
            return true;
        }
    }
    if (connection->wake > connection->moved + STALL_NS) {
        connection->wake = connection->moved + STALL_NS;
    }
    return false;
}

/* --- The end of an answer --- */

static void connection_end(struct connection *connection)
{
    if (connection->is_lost) {
        socket_abort(&web.sockets, connection->socket);
    } else {
        socket_close(&web.sockets, connection->socket);
    }
    connection->state = CONNECTION_FREE;
}

static bool connection_finish(struct connection *connection)
{
    if (connection->page != NULL && page_give(connection->page) == STEP_LATER) {
        return tell_later(connection, clock_now() + AGAIN_MAX_NS);
    }
    connection->page = NULL;
    if (connection->has_file) {
        source_end(connection);
    }
    if (connection->has_file && files_close_now(&connection->file) != ERR_OK) {
        return tell_later(connection, clock_now() + AGAIN_MAX_NS);
    }
    connection->has_file = false;
    connection->trouble = 0;
    if (connection->next == CONNECTION_FREE) {
        connection_end(connection);
        return false;
    }
    connection->state = connection->next;
    connection->deadline = clock_now() + REQUEST_NS;
    if (connection->state == CONNECTION_LINGERING) {
        socket_shut(&web.sockets, connection->socket);
        connection->deadline = clock_now() + LINGER_NS;
    }
    return true;
}

/* What still comes is thrown away: a reset while the client reads our last words would lose them. */
static bool connection_linger(struct connection *connection)
{
    const void *data;
    size_t bytes = socket_received(&web.sockets, connection->socket, &data);

    if (bytes != 0) {
        socket_consume(&web.sockets, connection->socket, bytes);
        return true;
    }
    if (is_stalled(connection)) {
        web.counts.stalled++;
        return connection_drop(connection);
    }
    if (socket_unsent(&web.sockets, connection->socket) != 0) {
        connection->deadline = clock_now() + LINGER_NS;
        return tell_later(connection, connection->moved + STALL_NS);
    }
    if (socket_is_at_end(&web.sockets, connection->socket) || clock_now() >= connection->deadline) {
        connection_end(connection);
        return false;
    }
    return tell_later(connection, connection->deadline);
}

/* --- All of it --- */

/* A state that makes an answer: what is not there yet is asked for again later. */
static bool connection_make(struct connection *connection,
                            enum step (*make)(struct connection *connection))
{
    if (make(connection) == STEP_LATER) {
        if (connection_later(connection)) {
            return false;
        }
        request_fail(connection, HTTP_BUSY);
        return true;
    }
    connection->trouble = 0;
    return true;
}

bool connection_run(struct connection *connection)
{
    err_t err = socket_state_of(&web.sockets, connection->socket);

    if (err != ERR_OK && connection->state != CONNECTION_FINISHING) {
        (void)connection_drop(connection);
    }
    switch (connection->state) {
    case CONNECTION_READING:
        return connection_read(connection);
    case CONNECTION_OPENING:
        return connection_make(connection, request_open);
    case CONNECTION_LISTING:
        return connection_make(connection, request_list);
    case CONNECTION_COUNTING:
        return connection_make(connection, request_count);
    case CONNECTION_SENDING:
        return connection_send(connection);
    case CONNECTION_FINISHING:
        return connection_finish(connection);
    case CONNECTION_LINGERING:
        return connection_linger(connection);
    default:
        return false;
    }
}
