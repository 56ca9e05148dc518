/* SPDX-License-Identifier: MIT */
/* Data of one socket: its rings. */
#include "pith/debug.h"
#include "pith/string.h"
#include "socket/client.h"

#include "client.h"

enum { PAD = 8 };

static uint8_t *ring_of(const struct socket_client *client, uint32_t socket, bool is_send)
{
    uint8_t *data = session_data(&client->session);

    return data + ((uint64_t)socket * 2 + is_send) * client->ring_bytes;
}

/* From a position on, as far as it lies in one piece. */
static size_t piece(const struct socket_client *client, uint64_t position, uint64_t bytes)
{
    uint64_t left = client->ring_bytes - position % client->ring_bytes;

    return (size_t)(bytes < left ? bytes : left);
}

size_t socket_received(const struct socket_client *client, uint32_t socket, const void **data)
{
    const struct socket_record *record = &client->sockets[socket];

    *data = ring_of(client, socket, false) + record->consumed % client->ring_bytes;
    return piece(client, record->consumed, record->received - record->consumed);
}

void socket_consume(struct socket_client *client, uint32_t socket, size_t bytes)
{
    struct socket_record *record = &client->sockets[socket];

    assert(bytes <= record->received - record->consumed);
    record->consumed += bytes;
    record->update_is_due |= record->state == SOCKET_OPEN && bytes != 0;
    client->due |= socket_bit(socket);
}

static bool is_not_ending(const struct socket_record *record)
{
    return (record->wishes & (SOCKET_SHUT | SOCKET_CLOSE | SOCKET_ABORT)) == 0;
}

/* Before the server has begun it may still be sending what lies in a ring of an earlier epoch. */
static bool may_write(const struct socket_client *client, const struct socket_record *record)
{
    return (record->state == SOCKET_OPEN || record->state == SOCKET_OPENING) &&
           is_not_ending(record) && client->has_begun;
}

size_t socket_room(const struct socket_client *client, uint32_t socket, void **data)
{
    const struct socket_record *record = &client->sockets[socket];
    uint64_t room = client->ring_bytes - (record->written - record->taken);

    *data = ring_of(client, socket, true) + record->written % client->ring_bytes;
    return may_write(client, record) ? piece(client, record->written, room) : 0;
}

void socket_commit(struct socket_client *client, uint32_t socket, size_t bytes)
{
    struct socket_record *record = &client->sockets[socket];

    assert(bytes <= client->ring_bytes - (record->written - record->taken));
    record->written += bytes;
    record->update_is_due |= bytes != 0;
    client->due |= socket_bit(socket);
}

err_t socket_receive(struct socket_client *client, uint32_t socket, void *data, size_t size,
                     size_t *bytes)
{
    const void *piece_at;
    size_t count;
    size_t done = 0;

    while (done < size && (count = socket_received(client, socket, &piece_at)) != 0) {
        count = count < size - done ? count : size - done;
        memcpy((uint8_t *)data + done, piece_at, count);
        socket_consume(client, socket, count);
        done += count;
    }
    if (done == 0 && size != 0 && !socket_is_at_end(client, socket)) {
        err_t err = socket_state_of(client, socket);

        return err ? err : ERR_WOULD_BLOCK;
    }
    *bytes = done;
    return ERR_OK;
}

err_t socket_send(struct socket_client *client, uint32_t socket, const void *data, size_t size,
                  size_t *bytes)
{
    void *piece_at;
    size_t count;
    size_t done = 0;

    while (done < size && (count = socket_room(client, socket, &piece_at)) != 0) {
        count = count < size - done ? count : size - done;
        memcpy(piece_at, (const uint8_t *)data + done, count);
        socket_commit(client, socket, count);
        done += count;
    }
    if (done == 0 && size != 0) {
        const struct socket_record *record = &client->sockets[socket];
        bool may_come = record->state == SOCKET_OPENING && is_not_ending(record);

        return may_come || may_write(client, record) ? ERR_WOULD_BLOCK : ERR_GONE;
    }
    *bytes = done;
    return ERR_OK;
}

void socket_shut(struct socket_client *client, uint32_t socket)
{
    struct socket_record *record = &client->sockets[socket];

    if (record->state == SOCKET_OPEN || record->state == SOCKET_OPENING) {
        record->wishes |= SOCKET_SHUT;
        record->update_is_due = true;
        client->due |= socket_bit(socket);
    }
}

void socket_want(struct socket_client *client, uint32_t socket, uint32_t wishes)
{
    struct socket_record *record = &client->sockets[socket];
    uint32_t more = wishes & (SOCKET_NO_DELAY | SOCKET_KEEP_ALIVE) & ~record->wishes;

    if (more != 0 && (record->state == SOCKET_OPEN || record->state == SOCKET_OPENING)) {
        record->wishes |= more;
        record->update_is_due = true;
        client->due |= socket_bit(socket);
    }
}

/* --- Datagrams --- */

static uint64_t padded(uint64_t bytes)
{
    return (bytes + PAD - 1) & ~(uint64_t)(PAD - 1);
}

static void ring_write(struct socket_client *client, uint32_t socket, uint64_t position,
                       const void *data, size_t bytes)
{
    size_t first = piece(client, position, bytes);
    uint8_t *ring = ring_of(client, socket, true);

    memcpy(ring + position % client->ring_bytes, data, first);
    memcpy(ring, (const uint8_t *)data + first, bytes - first);
}

static void ring_read(struct socket_client *client, uint32_t socket, uint64_t position, void *data,
                      size_t bytes)
{
    size_t first = piece(client, position, bytes);
    const uint8_t *ring = ring_of(client, socket, false);

    memcpy(data, ring + position % client->ring_bytes, first);
    memcpy((uint8_t *)data + first, ring, bytes - first);
}

err_t socket_datagram_receive(struct socket_client *client, uint32_t socket, void *data,
                              size_t size, struct socket_datagram *from)
{
    const struct socket_record *record = &client->sockets[socket];
    uint64_t there = record->received - record->consumed;

    if (there < sizeof(*from)) {
        err_t err = socket_state_of(client, socket);

        return err ? err : ERR_WOULD_BLOCK;
    }
    ring_read(client, socket, record->consumed, from, sizeof(*from));
    if (padded(from->bytes) > there - sizeof(*from)) {
        client->refused++;
        socket_consume(client, socket, (size_t)there);
        return ERR_WOULD_BLOCK;
    }
    ring_read(client, socket, record->consumed + sizeof(*from), data,
              from->bytes < size ? from->bytes : size);
    socket_consume(client, socket, (size_t)(sizeof(*from) + padded(from->bytes)));
    return ERR_OK;
}

err_t socket_datagram_send(struct socket_client *client, uint32_t socket, const void *data,
                           const struct socket_datagram *to)
{
    const struct socket_record *record = &client->sockets[socket];
    uint64_t need = sizeof(*to) + padded(to->bytes);

    if (need > client->ring_bytes) {
        return ERR_RANGE;
    }
    if (!may_write(client, record)) {
        return record->state == SOCKET_OPENING ? ERR_WOULD_BLOCK : ERR_GONE;
    }
    if (need > client->ring_bytes - (record->written - record->taken)) {
        return ERR_WOULD_BLOCK;
    }
    ring_write(client, socket, record->written, to, sizeof(*to));
    ring_write(client, socket, record->written + sizeof(*to), data, to->bytes);
    socket_commit(client, socket, (size_t)need);
    return ERR_OK;
}
