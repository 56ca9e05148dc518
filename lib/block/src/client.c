/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: a record is freed by exactly one of a completion with its tag, or (abandoned) a new epoch. A tag
 * is never used twice, so a completion that comes twice or late frees nothing.
 */
#include "block/client.h"

#include "pith/clock.h"

enum { EPOCH_TRIES = 4 };

err_t block_client_open(struct block_client *client, uint32_t session)
{
    *client = (struct block_client){ .serial = 1 };
    return session_open(&client->session, session);
}

err_t block_client_submit(struct block_client *client, const struct block_work *work)
{
    if (!client->is_ours) {
        return ERR_BUSY;
    }
    if (work->offset > client->session.data_bytes ||
        work->bytes > client->session.data_bytes - work->offset) {
        return ERR_RANGE;
    }
    for (uint32_t i = 0; i < BLOCK_RECORDS; i++) {
        struct block_record *record = &client->records[i];

        if (record->state == BLOCK_FREE) {
            *record = (struct block_record){ .state = BLOCK_QUEUED,
                                             .order = client->order++,
                                             .work = *work };
            client->count++;
            client->queued++;
            client->timed += work->deadline_ns != DEADLINE_NEVER;
            return ERR_OK;
        }
    }
    return ERR_WOULD_BLOCK;
}

/* Tags: serial << 32 | record + 1; BEGIN has record number 0. */
static uint64_t tag_make(uint32_t serial, uint32_t low)
{
    return (uint64_t)serial << 32 | low;
}

static void record_free(struct block_client *client, struct block_record *record)
{
    client->abandoned -= record->state == BLOCK_ABANDONED;
    client->queued -= record->state == BLOCK_QUEUED;
    client->timed -= record->work.deadline_ns != DEADLINE_NEVER;
    client->count--;
    record->state = BLOCK_FREE;
}

/* Nobody will complete what was in flight: it waits again. */
static void epoch_begin(struct block_client *client)
{
    client->epochs++;
    client->begin_tag = 0;
    client->has_begun = false;
    for (uint32_t i = 0; i < BLOCK_RECORDS; i++) {
        struct block_record *record = &client->records[i];

        if (record->state == BLOCK_SENT) {
            record->state = BLOCK_QUEUED;
            client->queued++;
            client->resubmitted++;
        } else if (record->state == BLOCK_ABANDONED) {
            record_free(client, record);
        }
    }
}

/* There is one. */
static struct block_record *next_queued(struct block_client *client)
{
    struct block_record *first = (void *)0;

    for (uint32_t i = 0; i < BLOCK_RECORDS; i++) {
        struct block_record *record = &client->records[i];

        if (record->state == BLOCK_QUEUED && (first == (void *)0 || record->order < first->order)) {
            first = record;
        }
    }
    return first;
}

static err_t send_begin(struct block_client *client)
{
    struct block_request request = { .tag = tag_make(client->serial, 0), .operation = BLOCK_BEGIN };
    err_t err = session_send(&client->session, &request);

    if (err == ERR_OK) {
        client->begin_tag = request.tag;
        client->serial++;
    }
    return err;
}

static err_t send_record(struct block_client *client, struct block_record *record)
{
    uint32_t number = (uint32_t)(record - client->records);
    struct block_request request = {
        .tag = tag_make(client->serial, number + 1),
        .operation = record->work.operation,
        .bytes = record->work.bytes,
        .sector = record->work.sector,
        .offset = record->work.offset,
    };
    err_t err = session_send(&client->session, &request);

    if (err == ERR_OK) {
        record->serial = client->serial++;
        record->state = BLOCK_SENT;
        client->queued--;
    }
    return err;
}

/* Sends what can be sent, until nothing waits or the ring is full. ERR_GONE: a new epoch, try again. */
static err_t send_all(struct block_client *client)
{
    err_t err = client->begin_tag == 0 ? send_begin(client) : ERR_OK;

    while (err == ERR_OK && client->has_begun && client->queued != 0) {
        err = send_record(client, next_queued(client));
    }
    return err;
}

static void pump(struct block_client *client)
{
    for (uint32_t i = 0; i < EPOCH_TRIES; i++) {
        err_t err = send_all(client);

        client->is_full = err == ERR_WOULD_BLOCK;
        if (err == ERR_GONE) {
            epoch_begin(client);
            continue;
        }
        if (err == ERR_RANGE) {
            client->refused++;
        }
        break;
    }
    session_flush(&client->session);
}

static err_t error_of(const struct block_record *record, const struct block_completion *completion)
{
    switch (completion->error) {
    case ERR_OK:
        return completion->bytes == record->work.bytes ? ERR_OK : ERR_IO;
    case ERR_RANGE:
    case ERR_NO_RIGHT:
    case ERR_BAD_CALL:
        return (err_t)completion->error;
    default:
        return ERR_IO;
    }
}

/* True: it is a result. */
static bool complete(struct block_client *client, const struct block_completion *completion,
                     struct block_result *result)
{
    uint32_t low = (uint32_t)completion->tag;

    if (completion->tag == client->begin_tag && !client->has_begun) {
        client->has_begun = client->is_ours = true;
        return false;
    }
    if (low == 0 || low > BLOCK_RECORDS) {
        client->refused++;
        return false;
    }
    struct block_record *record = &client->records[low - 1];
    bool is_abandoned = record->state == BLOCK_ABANDONED;

    if ((record->state != BLOCK_SENT && !is_abandoned) ||
        completion->tag != tag_make(record->serial, low)) {
        client->refused++;
        return false;
    }
    *result = (struct block_result){ record->work.cookie, error_of(record, completion) };
    client->refused += completion->error == ERR_OK && result->err != ERR_OK;
    record_free(client, record);
    return !is_abandoned;
}

static bool expire(struct block_client *client, struct block_result *result)
{
    ns_t now = clock_now();

    for (uint32_t i = 0; i < BLOCK_RECORDS; i++) {
        struct block_record *record = &client->records[i];

        if ((record->state == BLOCK_SENT || record->state == BLOCK_QUEUED) &&
            record->work.deadline_ns <= now) {
            *result = (struct block_result){ record->work.cookie, ERR_TIMED_OUT };
            if (record->state == BLOCK_SENT) {
                record->state = BLOCK_ABANDONED;
                client->abandoned++;
            } else {
                record_free(client, record); /* the server never saw it, or is gone with it */
            }
            return true;
        }
    }
    return false;
}

err_t block_client_reap(struct block_client *client, struct block_result *result)
{
    struct block_completion completion;

    pump(client);
    for (uint32_t i = 0; i < 2 * SESSION_SLOTS; i++) {
        bool had_begun = client->has_begun;
        err_t err = session_receive(&client->session, &completion);

        if (err == ERR_GONE) {
            epoch_begin(client);
            pump(client);
        } else if (err != ERR_OK) {
            client->refused += err == ERR_RANGE;
            break;
        } else if (complete(client, &completion, result)) {
            return ERR_OK;
        } else if (client->has_begun != had_begun) {
            pump(client);
        }
    }
    return client->timed != 0 && expire(client, result) ? ERR_OK : ERR_WOULD_BLOCK;
}

ns_t block_client_deadline(const struct block_client *client)
{
    ns_t earliest = DEADLINE_NEVER;

    for (uint32_t i = 0; client->timed != 0 && i < BLOCK_RECORDS; i++) {
        const struct block_record *record = &client->records[i];

        if ((record->state == BLOCK_SENT || record->state == BLOCK_QUEUED) &&
            record->work.deadline_ns < earliest) {
            earliest = record->work.deadline_ns;
        }
    }
    return earliest;
}

bool block_client_rest(struct block_client *client)
{
    uint64_t lies = client->session.in.side.lies;

    pump(client);
    if (client->is_full && !session_rest_full(&client->session)) {
        return false;
    }
    /* A server that lies is not waited for any less: it ends with a new epoch, and that signals. */
    return session_rest(&client->session) || client->session.in.side.lies != lies;
}
