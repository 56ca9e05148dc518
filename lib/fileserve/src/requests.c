/* SPDX-License-Identifier: MIT */
#include "fileserve/requests.h"

#include "fileserve/clients.h"

void requests_forget(struct client *client)
{
    client->requests = (struct requests){ 0 };
}

static void request_set(struct client *client, struct request *request, enum request_state state)
{
    struct requests *requests = &client->requests;

    requests->in_flight += state != REQUEST_FREE;
    requests->in_flight -= request->state != REQUEST_FREE;
    requests->ready += state == REQUEST_READY;
    requests->ready -= request->state == REQUEST_READY;
    request->state = (uint8_t)state;
}

void request_ready(struct client *client, struct request *request)
{
    request_set(client, request, REQUEST_READY);
}

/* A peer that broke the rules of the rings. */
static void lie_count(struct client *client)
{
    client->requests.is_lying = true;
    client->refused++;
}

static void answer(struct client *client, uint64_t tag, err_t err, uint64_t done)
{
    struct file_completion completion = { .tag = tag,
                                          .error = err,
                                          .done = err == ERR_OK ? (uint32_t)done : 0 };
    err_t sent = session_send(&client->session, &completion);

    if (sent == ERR_GONE) {
        requests_forget(client);
    } else if (sent != ERR_OK) {
        lie_count(client); /* it took back room that it had given */
    }
}

/* FREE comes first: an answer may find a new epoch, in which there are no requests. */
static void request_end(struct client *client, struct request *request, err_t err, uint64_t done)
{
    request_set(client, request, REQUEST_FREE);
    answer(client, request->tag, err, done);
}

void requests_cancel(struct client *client, const struct handle *handle)
{
    for (uint32_t i = 0; client->requests.in_flight != 0 && i < REQUESTS_OF_CLIENT; i++) {
        struct request *request = &client->requests.all[i];

        if (request->state != REQUEST_FREE && request->handle == handle) {
            request_end(client, request, ERR_CANCELLED, 0);
            session_flush(&client->session);
        }
    }
}

static err_t read_check(struct client *client, const struct file_request *wanted)
{
    if (wanted->operation != FILE_REQUEST_READ) {
        client->refused++;
        return ERR_BAD_CALL;
    }
    if (wanted->bytes == 0 || wanted->bytes > FILE_REQUEST_BYTES_MAX) {
        client->refused++;
        return ERR_RANGE;
    }
    const struct handle *handle = handle_find(client, wanted->handle);

    if (handle == NULL) {
        return ERR_NO_ENTRY;
    }
    if (handle->kind != FILE_KIND_REGULAR) {
        return ERR_WRONG_TYPE;
    }
    return client_data(client, wanted->offset, wanted->bytes) == NULL ? ERR_RANGE : ERR_OK;
}

/* There is a free one. */
static void request_begin(struct client *client, const struct file_request *wanted)
{
    struct request *request = client->requests.all;
    err_t err = read_check(client, wanted);

    if (err) {
        answer(client, wanted->tag, err, 0);
        return;
    }
    while (request->state != REQUEST_FREE) {
        request++;
    }
    *request = (struct request){ .handle = handle_find(client, wanted->handle),
                                 .tag = wanted->tag,
                                 .position = wanted->position,
                                 .bytes = wanted->bytes,
                                 .offset = wanted->offset };
    request_set(client, request, REQUEST_READY);
}

/* A ring says so only when it is used, and one that is full of what a dead client left is not. */
static bool has_new_epoch(const struct client *client)
{
    const struct ring_side *side = &client->session.out.side;

    return atomic_load_explicit(&side->setup.epoch->epoch, memory_order_relaxed) != side->epoch;
}

static bool has_room(struct client *client)
{
    uint64_t lies = client->session.out.side.lies;
    bool has = ring_room(&client->session.out) > client->requests.in_flight;

    if (client->session.out.side.lies != lies) {
        lie_count(client);
        return false;
    }
    return has;
}

static bool may_take(struct client *client)
{
    return has_new_epoch(client) ||
           (!client->requests.is_lying && client->requests.in_flight < REQUESTS_OF_CLIENT &&
            has_room(client));
}

/* Takes one out of the ring. False: there is none, or it has to wait. */
static bool request_take(struct client *client)
{
    struct file_request wanted;

    if (!may_take(client)) {
        return false;
    }
    err_t err = session_receive(&client->session, &wanted);

    if (err == ERR_GONE) {
        requests_forget(client);
        err = session_receive(&client->session, &wanted);
    }
    if (err == ERR_OK) {
        request_begin(client, &wanted);
    } else if (err == ERR_RANGE) {
        lie_count(client);
    }
    return err == ERR_OK;
}

/* Those that are ready, each at most once, in turn. Gives how many. */
static uint32_t requests_run(struct client *client, uint32_t most, request_read_t *read)
{
    struct requests *requests = &client->requests;
    uint32_t first = requests->turn;
    uint32_t count = 0;

    for (uint32_t i = 0; requests->ready != 0 && count < most && i < REQUESTS_OF_CLIENT; i++) {
        uint32_t number = (first + i) % REQUESTS_OF_CLIENT;
        struct request *request = &requests->all[number];
        uint64_t done = 0;

        if (request->state != REQUEST_READY) {
            continue;
        }
        err_t err = read(client, request, &done);

        count++;
        requests->turn = number + 1;
        if (err == ERR_WOULD_BLOCK) {
            request_set(client, request, REQUEST_WAITING);
        } else if (err != ERR_BUSY) {
            request_end(client, request, err, done);
        }
    }
    return count;
}

/* Nothing can be done until the session's bit comes, or request_ready(). */
static bool is_at_rest(struct client *client)
{
    struct session *session = &client->session;
    uint64_t lies = session->in.side.lies + session->out.side.lies;

    session_flush(session);
    if (has_new_epoch(client)) {
        return false;
    }
    if (client->requests.is_lying || client->requests.in_flight == REQUESTS_OF_CLIENT) {
        return true;
    }
    bool is_resting = has_room(client) ? session_rest(session) : session_rest_full(session);

    if (session->in.side.lies + session->out.side.lies != lies && !client->requests.is_lying) {
        lie_count(client);
    }
    return is_resting || client->requests.is_lying;
}

bool requests_turn(struct client *client, request_read_t *read)
{
    uint32_t count = requests_run(client, REQUESTS_PER_TURN, read);

    while (count < REQUESTS_PER_TURN && request_take(client)) {
        uint32_t run = requests_run(client, REQUESTS_PER_TURN - count, read);

        count += run != 0 ? run : 1;
    }
    if (client->requests.ready != 0 || count >= REQUESTS_PER_TURN) {
        session_flush(&client->session);
        return true;
    }
    return !is_at_rest(client);
}
