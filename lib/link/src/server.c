/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: a frame is taken only if there is a place for its answer, so that no answer is lost; and no frame
 * of an epoch is handed out after a later one was seen to begin.
 */
#include "link/server.h"

err_t link_server_open(struct link_server *server, uint32_t session)
{
    *server =
        (struct link_server){ .received.operation = LINK_RECEIVE, .sent.operation = LINK_SEND };
    return session_open(&server->session, session);
}

/* Whatever was under way belongs to nobody. */
static void epoch_begin(struct link_server *server)
{
    server->has_begun = server->is_lying = false;
    server->has_news = false;
    server->next = server->taken.count = 0;
    server->received.count = server->sent.count = 0;
}

/* False: there is no room for it now. */
static bool entry_send(struct link_server *server, const struct link_entry *entry)
{
    err_t err = session_send(&server->session, entry);

    if (err == ERR_WOULD_BLOCK) {
        return false;
    }
    if (err == ERR_GONE) {
        epoch_begin(server);
    } else if (err != ERR_OK) {
        server->is_lying = true;
        server->refused++;
    }
    return true;
}

static bool batch_send(struct link_server *server, struct link_entry *batch)
{
    if (batch->count != 0 && !entry_send(server, batch)) {
        return false;
    }
    batch->count = 0;
    return true;
}

/* True: all that was to be said has been. */
static bool answers_send(struct link_server *server)
{
    if (server->has_news && entry_send(server, &server->news)) {
        server->has_news = false;
    }
    return batch_send(server, &server->received) && batch_send(server, &server->sent) &&
           !server->has_news;
}

/* A ring says so only when it is used. */
static bool has_new_epoch(const struct link_server *server)
{
    const struct ring_side *side = &server->session.out.side;

    return atomic_load_explicit(&side->setup.epoch->epoch, memory_order_relaxed) != side->epoch;
}

bool link_server_has_room(struct link_server *server)
{
    return (server->received.count < LINK_FRAMES && server->sent.count < LINK_FRAMES) ||
           answers_send(server);
}

static bool entry_take(struct link_server *server)
{
    err_t err;

    if (server->is_lying && !has_new_epoch(server)) {
        return false;
    }
    err = session_receive(&server->session, &server->taken);
    if (err == ERR_GONE) {
        epoch_begin(server);
        err = session_receive(&server->session, &server->taken);
    }
    if (err == ERR_RANGE) {
        server->is_lying = true;
        server->refused++;
    }
    return err == ERR_OK;
}

static bool is_allowed(const struct link_server *server)
{
    const struct link_entry *entry = &server->taken;

    return server->has_begun && entry->count <= LINK_FRAMES &&
           (entry->operation == LINK_RECEIVE || entry->operation == LINK_SEND);
}

static bool frame_is_allowed(const struct link_server *server, const struct link_frame *frame)
{
    return frame->bytes >= LINK_HEADER_BYTES && frame->flags == 0 &&
           frame->offset <= server->session.data_bytes &&
           frame->bytes <= server->session.data_bytes - frame->offset;
}

/* Frames of the entry in hand that are allowed. */
static bool frame_next(struct link_server *server, struct link_frame *frame)
{
    while (server->next < server->taken.count) {
        *frame = server->taken.frames[server->next++];
        if (frame_is_allowed(server, frame)) {
            return true;
        }
        server->refused++;
    }
    return false;
}

bool link_server_next(struct link_server *server, uint32_t *operation, struct link_frame *frame)
{
    *operation = server->taken.operation;
    if (has_new_epoch(server)) {
        server->taken.count = 0; /* not to be handed out any more */
    }
    if (frame_next(server, frame)) {
        return true;
    }
    server->next = server->taken.count = 0;
    while (entry_take(server)) {
        server->next = 0;
        *operation = server->taken.operation;
        if (*operation == LINK_BEGIN) {
            server->taken.count = 0;
            return true;
        }
        if (!is_allowed(server)) {
            server->taken.count = 0;
            server->refused++;
        } else if (frame_next(server, frame)) {
            return true;
        }
    }
    return false;
}

void link_server_begin(struct link_server *server, const struct link_state *state)
{
    server->news = (struct link_entry){ .operation = LINK_BEGIN, .state = *state };
    server->news.state.tag = server->taken.state.tag;
    server->received.count = server->sent.count = 0;
    server->has_begun = server->has_news = true;
    (void)answers_send(server);
}

void link_server_state(struct link_server *server, const struct link_state *state)
{
    if (!server->has_begun) {
        return;
    }
    if (!server->has_news) { /* else it replaces what was not said yet */
        server->news.operation = LINK_STATE;
        server->news.state.tag = 0;
    }
    uint64_t tag = server->news.state.tag;

    server->news.state = *state;
    server->news.state.tag = tag;
    server->has_news = true;
}

void link_server_answer(struct link_server *server, uint32_t operation,
                        const struct link_frame *frame)
{
    struct link_entry *batch = operation == LINK_SEND ? &server->sent : &server->received;

    if (!server->has_begun || batch->count == LINK_FRAMES) {
        return; /* it was given by an earlier client; or the driver did not ask for room */
    }
    batch->frames[batch->count++] = *frame;
}

void link_server_heard(struct link_server *server, uint64_t bits)
{
    if (bits & 1ull << (EVENT_SESSION_FIRST + server->session.number)) {
        server->is_lying = false;
    }
}

bool link_server_rest(struct link_server *server)
{
    bool is_full = !answers_send(server);

    if (has_new_epoch(server)) {
        return false;
    }
    return (is_full ? session_rest_full(&server->session) : session_rest(&server->session)) ||
           server->is_lying;
}
