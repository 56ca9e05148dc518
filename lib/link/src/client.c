/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: a buffer is FREE, QUEUED (in a batch, ours) or GIVEN (the driver's), and is given to the driver only
 * when FREE; an answer frees exactly the GIVEN buffer that it names.
 */
#include "link/client.h"

enum { EPOCH_TRIES = 4 };

err_t link_client_open(struct link_client *link, uint32_t session)
{
    *link = (struct link_client){ .tag = 0, .loaned = LINK_NO_BUFFER };
    err_t err = session_open(&link->session, session);
    uint64_t count = link->session.data_bytes / LINK_BUFFER_BYTES / 2;

    if (err) {
        return err;
    }
    if (count == 0) {
        return ERR_RANGE;
    }
    count = count < LINK_BUFFERS_MAX ? count : LINK_BUFFERS_MAX;
    link->receive = (struct link_pool){ .operation = LINK_RECEIVE, .count = (uint32_t)count };
    link->send = (struct link_pool){ .operation = LINK_SEND,
                                     .first = (uint32_t)count,
                                     .count = (uint32_t)count };
    return ERR_OK;
}

static void pool_reset(struct link_pool *pool)
{
    for (uint32_t i = 0; i < pool->count; i++) {
        pool->states[i] = LINK_FREE;
    }
    pool->given = pool->hint = pool->batch.count = 0;
}

/* No driver has anything of ours; the buffer in the caller's hands comes back by itself. */
static void epoch_begin(struct link_client *link)
{
    link->lost += link->send.given;
    pool_reset(&link->receive);
    pool_reset(&link->send);
    if (link->loaned != LINK_NO_BUFFER) {
        link->receive.states[link->loaned] = LINK_GIVEN;
        link->receive.given++;
    }
    link->next = link->taken.count = 0;
    link->is_asking = link->has_begun = false;
    link->state.flags = 0;
    link->changes++;
    link->epochs++;
}

static void *buffer_at(const struct link_client *link, const struct link_pool *pool, uint32_t index)
{
    char *data = session_data(&link->session);

    return data + (uint64_t)(pool->first + index) * LINK_BUFFER_BYTES;
}

static uint32_t buffer_find(struct link_pool *pool)
{
    for (uint32_t i = 0; pool->given < pool->limit && i < pool->count; i++) {
        uint32_t index = (pool->hint + i) % pool->count;

        if (pool->states[index] == LINK_FREE) {
            pool->hint = (index + 1) % pool->count;
            return index;
        }
    }
    return LINK_NO_BUFFER;
}

/* False: there is no room in the ring, or an epoch began. */
static bool entry_send(struct link_client *link, const struct link_entry *entry)
{
    err_t err = session_send(&link->session, entry);

    if (err == ERR_GONE) {
        epoch_begin(link);
    }
    link->refused += err == ERR_RANGE;
    return err == ERR_OK;
}

/* From a batch that is sent the buffers are the driver's. */
static bool batch_send(struct link_client *link, struct link_pool *pool)
{
    struct link_entry *batch = &pool->batch;

    if (batch->count == 0) {
        return true;
    }
    batch->operation = pool->operation;
    if (!entry_send(link, batch)) {
        return false;
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        pool->states[batch->frames[i].offset / LINK_BUFFER_BYTES - pool->first] = LINK_GIVEN;
    }
    batch->count = 0;
    return true;
}

static void buffer_queue(struct link_pool *pool, uint32_t index, uint32_t bytes)
{
    pool->states[index] = LINK_QUEUED;
    pool->given++;
    pool->batch.frames[pool->batch.count++] =
        (struct link_frame){ .offset = (pool->first + index) * LINK_BUFFER_BYTES,
                             .bytes = (uint16_t)bytes };
}

static void supply(struct link_client *link)
{
    struct link_pool *pool = &link->receive;
    uint32_t index;

    while (pool->batch.count < LINK_FRAMES || batch_send(link, pool)) {
        index = buffer_find(pool);
        if (index == LINK_NO_BUFFER || !link->has_begun) {
            break;
        }
        buffer_queue(pool, index, LINK_BUFFER_BYTES);
    }
}

static void ask(struct link_client *link)
{
    struct link_entry entry = { .operation = LINK_BEGIN };

    for (uint32_t i = 0; i < EPOCH_TRIES && !link->is_asking; i++) {
        entry.state.tag = ++link->tag;
        link->is_asking = entry_send(link, &entry);
    }
}

/* The first word in an epoch, or later news. */
static void state_take(struct link_client *link)
{
    const struct link_state *state = &link->taken.state;
    bool is_begin = link->taken.operation == LINK_BEGIN;

    if (is_begin == link->has_begun || (is_begin && state->tag != link->tag)) {
        link->refused++;
        return;
    }
    link->has_begun = true;
    link->state = *state;
    link->changes++;
    link->receive.limit = state->receive_max;
    link->send.limit = state->send_max;
}

static struct link_pool *pool_of(struct link_client *link, uint32_t operation)
{
    switch (operation) {
    case LINK_RECEIVE:
        return &link->receive;
    case LINK_SEND:
        return &link->send;
    default:
        return (void *)0;
    }
}

/* Takes a frame of the entry in hand. True: it holds something, and the caller has the buffer. */
static bool answer_take(struct link_client *link, const struct link_frame *frame)
{
    struct link_pool *pool = pool_of(link, link->taken.operation);
    uint32_t index = frame->offset / LINK_BUFFER_BYTES - pool->first;

    if (frame->offset % LINK_BUFFER_BYTES != 0 || index >= pool->count ||
        pool->states[index] != LINK_GIVEN || frame->bytes > LINK_BUFFER_BYTES ||
        (pool == &link->receive && index == link->loaned)) {
        link->refused++;
        return false;
    }
    if (pool == &link->receive && frame->bytes >= LINK_HEADER_BYTES) {
        link->loaned = index;
        return true;
    }
    pool->states[index] = LINK_FREE;
    pool->given--;
    return false;
}

static bool entry_next(struct link_client *link)
{
    for (uint32_t i = 0; i < 2 * SESSION_SLOTS; i++) {
        err_t err = session_receive(&link->session, &link->taken);

        link->next = 0;
        if (err == ERR_GONE) {
            epoch_begin(link);
            ask(link);
            continue;
        }
        if (err != ERR_OK) {
            link->refused += err == ERR_RANGE;
            break;
        }
        if (link->taken.operation == LINK_BEGIN || link->taken.operation == LINK_STATE) {
            state_take(link);
        } else if (link->has_begun && link->taken.count <= LINK_FRAMES &&
                   pool_of(link, link->taken.operation) != (void *)0) {
            return true;
        } else {
            link->refused++;
        }
    }
    link->taken.count = 0;
    return false;
}

static void loan_end(struct link_client *link)
{
    if (link->loaned != LINK_NO_BUFFER) {
        link->receive.states[link->loaned] = LINK_FREE;
        link->receive.given--;
        link->loaned = LINK_NO_BUFFER;
    }
}

bool link_client_receive(struct link_client *link, const void **data, uint32_t *bytes)
{
    loan_end(link);
    ask(link);
    do {
        while (link->next < link->taken.count) {
            struct link_frame frame = link->taken.frames[link->next++];

            if (answer_take(link, &frame)) {
                *data = buffer_at(link, &link->receive, link->loaned);
                *bytes = frame.bytes;
                return true;
            }
        }
    } while (entry_next(link));
    supply(link);
    return false;
}

void *link_client_buffer(struct link_client *link)
{
    struct link_pool *pool = &link->send;

    if (!link_client_is_up(link) || (pool->batch.count == LINK_FRAMES && !batch_send(link, pool))) {
        return (void *)0;
    }
    uint32_t index = buffer_find(pool);

    if (index == LINK_NO_BUFFER) {
        return (void *)0;
    }
    pool->hint = index; /* found again by link_client_send() */
    return buffer_at(link, pool, index);
}

void link_client_send(struct link_client *link, uint32_t bytes)
{
    struct link_pool *pool = &link->send;
    uint32_t index = buffer_find(pool);

    if (index != LINK_NO_BUFFER) {
        buffer_queue(pool, index, bytes);
    }
}

bool link_client_rest(struct link_client *link)
{
    uint64_t lies = link->session.in.side.lies;

    loan_end(link);
    ask(link);
    supply(link);
    if ((!batch_send(link, &link->send) || !batch_send(link, &link->receive)) &&
        !session_rest_full(&link->session)) {
        return false;
    }
    /* A driver that lies is not waited for any less: it ends with a new epoch, and that signals. */
    return session_rest(&link->session) || link->session.in.side.lies != lies;
}
