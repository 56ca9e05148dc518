/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: both rings belong to the same epoch; whoever finds a new one starts both anew and is told
 * once, whichever ring found it.
 */
#include "service/session.h"

#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/space.h"
#include "pith/string.h"
#include "service/stats.h"

static struct ring_setup setup_of(const struct session *session, bool is_replies)
{
    const struct ring_epoch *epochs = (const struct ring_epoch *)PROGRAM_EPOCHS_ADDR;

    return (struct ring_setup){
        .shared = (struct ring_shared *)(session->base + (is_replies ? SESSION_REPLIES : 0)),
        .epoch = &epochs[session->info->epoch],
        .slot_count = SESSION_SLOTS,
        .entry_bytes = SESSION_ENTRY_BYTES,
    };
}

static void rings_begin(struct session *session)
{
    struct ring_setup requests = setup_of(session, false);
    struct ring_setup replies = setup_of(session, true);
    bool is_server = session->info->role == PROGRAM_SESSION_SERVER;

    do {
        /* The numbers are ours and allowed. */
        (void)!ring_producer_init(&session->out, is_server ? &replies : &requests);
        (void)!ring_consumer_init(&session->in, is_server ? &requests : &replies);
    } while (session->out.side.epoch != session->in.side.epoch);
}

/* Passes on what a ring said; a new epoch of one is a new epoch of both. */
static err_t result(struct session *session, err_t err)
{
    if (err == ERR_GONE) {
        rings_begin(session);
        session->epochs++;
    }
    return err;
}

err_t session_find(const char *interface, bool is_server, uint32_t index, uint32_t *number)
{
    const struct program_info *program = self()->program;
    uint32_t role = is_server ? PROGRAM_SESSION_SERVER : PROGRAM_SESSION_CLIENT;

    for (uint32_t i = 0; program != NULL && i < program->session_count; i++) {
        const struct program_session *info = &program->sessions[i];

        if (info->role == role && strncmp(info->name, interface, PROGRAM_NAME_BYTES) == 0 &&
            index-- == 0) {
            *number = i;
            return ERR_OK;
        }
    }
    return ERR_NO_ENTRY;
}

err_t session_open(struct session *session, uint32_t number)
{
    const struct program_info *program = self()->program;
    err_t err;

    if (program == NULL || number >= program->session_count) {
        return ERR_NO_ENTRY;
    }
    *session = (struct session){ .info = &program->sessions[number], .number = number };
    if (session->info->bytes <= SESSION_DATA) {
        return ERR_RANGE;
    }
    session->data_bytes = session->info->bytes - SESSION_DATA;
    err = region_reserve(session->info->bytes, &session->base);
    if (err) {
        return err;
    }
    err = region_map(session->base, session->info->frame, 0,
                     (uint32_t)(session->info->bytes / PAGE_BYTES), PROT_READ | PROT_WRITE);
    if (err) {
        region_release(session->base, session->info->bytes);
        return err;
    }
    rings_begin(session);
    return ERR_OK;
}

err_t session_send(struct session *session, const void *entry)
{
    err_t err = result(session, ring_push(&session->out, entry));

    if (err == ERR_OK) {
        session->sent++;
        program_stats->entries_out++;
    }
    return err;
}

void session_flush(struct session *session)
{
    if (ring_publish(&session->out)) {
        session->bells++;
        (void)!notification_signal(session->info->bell);
    }
}

err_t session_receive(struct session *session, void *entry)
{
    err_t err = result(session, ring_pop(&session->in, entry));

    if (err == ERR_OK) {
        session->received++;
        program_stats->entries_in++;
    }
    return err;
}

bool session_rest(struct session *session)
{
    session_flush(session);
    if (ring_release(&session->in)) {
        (void)!notification_signal(session->info->bell);
    }
    return ring_consumer_ask(&session->in);
}

bool session_rest_full(struct session *session)
{
    session_flush(session);
    if (ring_release(&session->in)) {
        (void)!notification_signal(session->info->bell);
    }
    return ring_producer_ask(&session->out);
}
