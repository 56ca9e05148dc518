/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: a number begins a new life only when the server has said that the last one ended, or was replaced;
 * states of an earlier life change nothing.
 */
#include "socket/client.h"

#include "client.h"
#include "pith/string.h"

enum { EPOCH_TRIES = 4 };

static const struct socket_address no_address;

err_t socket_client_open(struct socket_client *client, uint32_t session, uint32_t ring_bytes)
{
    memset(client, 0, sizeof(*client));
    err_t err = session_open(&client->session, session);
    uint64_t rings;

    if (err) {
        return err;
    }
    if (ring_bytes < SOCKET_RING_MIN || ring_bytes > SOCKET_RING_MAX ||
        (ring_bytes & (ring_bytes - 1)) != 0 || client->session.data_bytes < 2 * ring_bytes) {
        return ERR_RANGE;
    }
    rings = client->session.data_bytes / (2 * ring_bytes);
    client->ring_bytes = ring_bytes;
    client->rings = rings < SOCKETS_MAX ? (uint32_t)rings : SOCKETS_MAX;
    return ERR_OK;
}

err_t socket_new(struct socket_client *client, uint32_t operation, uint32_t *number)
{
    bool has_rings = operation != SOCKET_LISTEN;

    /* Listeners come from behind, where no rings are, as long as there are such. */
    for (uint32_t i = 0; i < (has_rings ? client->rings : SOCKETS_MAX); i++) {
        uint32_t index = has_rings ? i : SOCKETS_MAX - 1 - i;
        struct socket_record *record = &client->sockets[index];

        if (record->state == SOCKET_FREE) {
            *record = (struct socket_record){ .state = SOCKET_OPENING,
                                              .operation = operation,
                                              .life = record->life + 1,
                                              .open_is_due = true };
            client->due |= socket_bit(index);
            client->listeners |= has_rings ? 0 : socket_bit(index);
            *number = index;
            return ERR_OK;
        }
    }
    return ERR_NO_MEMORY;
}

/* The server is a new one. */
static void record_lose(struct socket_client *client, uint32_t number)
{
    struct socket_record *record = &client->sockets[number];
    bool comes_back = record->operation == SOCKET_LISTEN || record->operation == SOCKET_DATAGRAMS;

    switch (record->state) {
    case SOCKET_LEAVING:
    case SOCKET_INCOMING:
        record->state = SOCKET_FREE;
        break;
    case SOCKET_OPENING:
    case SOCKET_OPEN:
        if (comes_back) {
            record->state = SOCKET_OPENING;
            record->open_is_due = true;
            client->due |= socket_bit(number);
            record->life++;
            record->received = record->consumed = record->written = record->taken = 0;
        } else {
            record->state = SOCKET_ENDED;
            record->error = ERR_GONE;
        }
        break;
    default:
        break;
    }
    record->update_is_due = false;
    client->news |= socket_bit(number);
}

static void epoch_begin(struct socket_client *client)
{
    client->is_asking = client->has_begun = false;
    client->epochs++;
    for (uint32_t i = 0; i < SOCKETS_MAX; i++) {
        record_lose(client, i);
    }
}

/* --- Requests --- */

static err_t request_send(struct socket_client *client, uint32_t number, uint32_t operation)
{
    const struct socket_record *record = &client->sockets[number];
    bool has_rings = operation != SOCKET_LISTEN;
    struct socket_request request = {
        .operation = operation,
        .socket = number,
        .life = record->life,
        .flags = record->wishes,
        .consumed = record->consumed,
        .written = record->written,
        .offset = has_rings ? number * 2 * client->ring_bytes : 0,
        .bytes = has_rings ? client->ring_bytes : 0,
        .port = record->port,
        .number = operation == SOCKET_ACCEPT ? record->listener : record->backlog,
        .address = record->address,
    };

    return session_send(&client->session, &request);
}

static err_t record_send(struct socket_client *client, uint32_t number)
{
    struct socket_record *record = &client->sockets[number];
    err_t err = ERR_OK;

    if (record->open_is_due) {
        err = request_send(client, number, record->operation);
        record->open_is_due = err != ERR_OK;
    }
    if (err == ERR_OK && record->update_is_due) {
        err = request_send(client, number, SOCKET_UPDATE);
        record->update_is_due = err != ERR_OK;
    }
    return err;
}

static err_t begin_send(struct socket_client *client)
{
    struct socket_request request = { .operation = SOCKET_BEGIN, .life = client->tag + 1 };
    err_t err = session_send(&client->session, &request);

    if (err == ERR_OK) {
        client->tag++;
        client->is_asking = true;
    }
    return err;
}

static err_t send_all(struct socket_client *client)
{
    err_t err = client->is_asking ? ERR_OK : begin_send(client);

    while (err == ERR_OK && client->has_begun && client->due != 0) {
        err = record_send(client, (uint32_t)__builtin_ctzll(client->due));
        client->due &= err == ERR_OK ? client->due - 1 : UINT64_MAX;
    }
    return err;
}

static void pump(struct socket_client *client)
{
    for (uint32_t i = 0; i < EPOCH_TRIES; i++) {
        err_t err = send_all(client);

        client->is_full = err == ERR_WOULD_BLOCK;
        client->refused += err == ERR_RANGE;
        if (err != ERR_GONE) {
            break;
        }
        epoch_begin(client);
    }
    session_flush(&client->session);
}

/* --- States --- */

static bool state_is_sane(const struct socket_client *client, const struct socket_record *record,
                          const struct socket_state *state)
{
    return state->received >= record->received &&
           state->received - record->consumed <= client->ring_bytes &&
           state->taken >= record->taken && state->taken <= record->written;
}

static void record_end(struct socket_record *record, uint32_t error)
{
    bool is_ours = record->state == SOCKET_LEAVING || record->state == SOCKET_INCOMING;

    record->state = is_ours ? SOCKET_FREE : SOCKET_ENDED;
    record->error = error;
    record->open_is_due = record->update_is_due = false;
}

static void record_follow(struct socket_client *client, struct socket_record *record,
                          const struct socket_state *state)
{
    record->flags = state->flags;
    record->received = state->received;
    record->taken = state->taken;
    if (state->port != 0 && record->operation != SOCKET_LISTEN) {
        record->port = state->port;
        record->address = state->address;
    }
    if ((state->flags & SOCKET_HAS_ENDED) != 0) {
        record_end(record, state->error);
    } else if ((state->flags & SOCKET_IS_OPEN) != 0 && record->state == SOCKET_OPENING) {
        record->state = SOCKET_OPEN;
    } else if ((state->flags & SOCKET_IS_OPEN) != 0 && record->state == SOCKET_INCOMING) {
        client->news |= socket_bit(record->listener);
    }
}

static void state_take(struct socket_client *client, const struct socket_state *state)
{
    if (state->operation == SOCKET_BEGIN && !client->has_begun && state->life == client->tag) {
        client->has_begun = true;
        return;
    }
    if (!client->has_begun || state->operation != SOCKET_STATE || state->socket >= SOCKETS_MAX) {
        client->refused++;
        return;
    }
    struct socket_record *record = &client->sockets[state->socket];
    bool is_known = record->state != SOCKET_FREE && record->state != SOCKET_ENDED;

    if (!is_known || state->life != record->life || record->open_is_due) {
        return; /* of a life that is over */
    }
    if (!state_is_sane(client, record, state)) {
        client->refused++;
        return;
    }
    record_follow(client, record, state);
    client->news |= socket_bit(state->socket);
}

/* The library's own socket for the next connection of a listener, as long as there are rings. */
static void incoming_supply(struct socket_client *client, uint32_t listener)
{
    uint32_t number;

    for (uint32_t i = 0; i < client->rings; i++) {
        if (client->sockets[i].state == SOCKET_INCOMING &&
            client->sockets[i].listener == listener) {
            return;
        }
    }
    if (socket_new(client, SOCKET_ACCEPT, &number) == ERR_OK) {
        client->sockets[number].state = SOCKET_INCOMING;
        client->sockets[number].listener = listener;
    }
}

static void listeners_supply(struct socket_client *client)
{
    for (uint64_t left = client->listeners; left != 0; left &= left - 1) {
        uint32_t number = (uint32_t)__builtin_ctzll(left);
        const struct socket_record *record = &client->sockets[number];

        if (record->operation != SOCKET_LISTEN) {
            client->listeners &= ~socket_bit(number);
        } else if (record->state == SOCKET_OPEN) {
            incoming_supply(client, number);
        }
    }
}

uint64_t socket_poll(struct socket_client *client)
{
    struct socket_state state;
    uint64_t news;

    pump(client);
    for (uint32_t i = 0; i < 2 * SESSION_SLOTS; i++) {
        err_t err = session_receive(&client->session, &state);

        if (err == ERR_GONE) {
            epoch_begin(client);
        } else if (err != ERR_OK) {
            client->refused += err == ERR_RANGE;
            break;
        } else {
            state_take(client, &state);
        }
    }
    news = client->news;
    client->news = 0;
    return news;
}

bool socket_rest(struct socket_client *client)
{
    uint64_t lies = client->session.in.side.lies;

    listeners_supply(client);
    pump(client);
    if (client->news != 0 || (client->is_full && !session_rest_full(&client->session))) {
        return false;
    }
    /* A server that lies is not waited for any less: it ends with a new epoch, and that signals. */
    return session_rest(&client->session) || client->session.in.side.lies != lies;
}

err_t socket_listen(struct socket_client *client, uint32_t port, uint32_t backlog,
                    uint32_t *listener)
{
    if (port == 0 || port > UINT16_MAX || backlog == 0 || backlog > SOCKET_BACKLOG_MAX) {
        return ERR_RANGE;
    }
    err_t err = socket_new(client, SOCKET_LISTEN, listener);

    if (err == ERR_OK) {
        client->sockets[*listener].port = port;
        client->sockets[*listener].backlog = backlog;
    }
    return err;
}

err_t socket_accept(struct socket_client *client, uint32_t listener, uint32_t *socket)
{
    if (listener >= SOCKETS_MAX || client->sockets[listener].operation != SOCKET_LISTEN) {
        return ERR_NO_ENTRY;
    }
    for (uint32_t i = 0; i < client->rings; i++) {
        struct socket_record *record = &client->sockets[i];

        if (record->state == SOCKET_INCOMING && record->listener == listener &&
            (record->flags & SOCKET_IS_OPEN) != 0) {
            record->state = SOCKET_OPEN;
            client->news |= socket_bit(i);
            *socket = i;
            return ERR_OK;
        }
    }
    return ERR_WOULD_BLOCK;
}

err_t socket_connect(struct socket_client *client, const struct socket_address *address,
                     uint32_t port, uint32_t *socket)
{
    err_t err = socket_new(client, SOCKET_CONNECT, socket);

    if (err == ERR_OK) {
        client->sockets[*socket].port = port;
        client->sockets[*socket].address = *address;
    }
    return err;
}

err_t socket_datagrams(struct socket_client *client, uint32_t port, uint32_t *socket)
{
    err_t err = port > UINT16_MAX ? ERR_RANGE : socket_new(client, SOCKET_DATAGRAMS, socket);

    if (err == ERR_OK) {
        client->sockets[*socket].port = port;
        client->sockets[*socket].address = no_address;
    }
    return err;
}

/* What the server has not heard of ends here. */
static void leave(struct socket_client *client, uint32_t socket, uint32_t wish)
{
    struct socket_record *record = &client->sockets[socket];

    if (record->state == SOCKET_ENDED || record->open_is_due) {
        record->state = SOCKET_FREE;
        record->open_is_due = record->update_is_due = false;
        return;
    }
    record->state = SOCKET_LEAVING;
    record->wishes |= wish;
    record->update_is_due = true;
    client->due |= socket_bit(socket);
}

/* Connections that came and were not accepted go with their listener. */
static void incoming_leave(struct socket_client *client, uint32_t listener)
{
    for (uint32_t i = 0; i < client->rings; i++) {
        const struct socket_record *record = &client->sockets[i];

        if (record->state == SOCKET_INCOMING && record->listener == listener) {
            leave(client, i, SOCKET_ABORT);
        }
    }
}

static bool is_the_programs(const struct socket_client *client, uint32_t socket)
{
    uint32_t state = socket < SOCKETS_MAX ? client->sockets[socket].state : SOCKET_FREE;

    return state == SOCKET_OPENING || state == SOCKET_OPEN || state == SOCKET_ENDED;
}

void socket_close(struct socket_client *client, uint32_t socket)
{
    if (is_the_programs(client, socket)) {
        incoming_leave(client, socket);
        leave(client, socket, SOCKET_CLOSE);
    }
}

void socket_abort(struct socket_client *client, uint32_t socket)
{
    if (is_the_programs(client, socket)) {
        incoming_leave(client, socket);
        leave(client, socket, SOCKET_ABORT);
    }
}

err_t socket_state_of(const struct socket_client *client, uint32_t socket)
{
    if (!is_the_programs(client, socket)) {
        return ERR_NO_ENTRY;
    }
    const struct socket_record *record = &client->sockets[socket];

    switch (record->state) {
    case SOCKET_OPEN:
        return ERR_OK;
    case SOCKET_OPENING:
        return ERR_WOULD_BLOCK;
    default:
        return record->error == ERR_OK ? ERR_GONE : (err_t)record->error;
    }
}
