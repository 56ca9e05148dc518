/* SPDX-License-Identifier: MIT */
/*
 * Calls that wait for the disk. Must stay true: a call is in exactly one place, the hand of struct service, a reply
 * object, or (adopted) this thread; and the reply object of an op that is OP_FREE is empty.
 *
 * A call that was tried often without getting further (others took its pages away) waits in here instead: then the
 * page that it gets is used at once, so every call ends.
 */
#include "files.h"

#include "opened.h"
#include "pith/clock.h"
#include "pith/file_serve.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/string.h"
#include "service/stats.h"

enum { GETS_PER_LOOK = 32, OPS_OF_CLIENT_MAX = 8 };

/* The warden's probes are to be answered within 10 ms. */
#define BREATH_NS (2 * NS_PER_MS)

static struct op ops[OPS_MAX];

err_t ops_init(void)
{
    for (uint32_t i = 0; i < OPS_MAX; i++) {
        err_t err = object_create(OBJECT_REPLY, 0, &ops[i].reply);

        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

/* NULL: all are taken, or the client has its share. */
static struct op *op_free(uint64_t badge)
{
    struct op *free = NULL;
    uint32_t count = 0;
    uint32_t left = files.busy;

    for (uint32_t i = 0; i < OPS_MAX && (left != 0 || free == NULL); i++) {
        if (ops[i].state != OP_FREE) {
            count += ops[i].badge == badge;
            left--;
        } else if (free == NULL) {
            free = &ops[i];
        }
    }
    return count < OPS_OF_CLIENT_MAX ? free : NULL;
}

static void op_set(struct op *op, enum op_state state)
{
    files.ready += state == OP_READY;
    files.ready -= op->state == OP_READY;
    files.busy += state != OP_FREE;
    files.busy -= op->state != OP_FREE;
    op->state = (uint8_t)state;
}

void op_park(enum op_state state)
{
    struct service *service = &files.service;
    struct op *op = op_free(service->badge);

    if (op == NULL) {
        service->info = MSG_INFO(ERR_BUSY, 0, 0);
        return;
    }
    op->attempts = 0;
    op->is_alone = false;
    op->info = service->info;
    op->badge = service->badge;
    op->arrived = service->arrived;
    op->waits_for = files.attempt.waits_for;
    op->failed = NO_PAGE;
    op->progress = files.attempt.progress;
    memcpy(op->words, service->words, sizeof(op->words));
    err_t err = service_defer(service, op->reply);

    if (err == ERR_OK) {
        op_set(op, state);
    } else {
        service->info = MSG_INFO(err, 0, 0);
    }
}

/* Answer. A handle or grant that its client will never hear of is closed or taken back, or it would stay for ever. */
static void call_answer(uint64_t badge, uint32_t label, msg_info_t info, uint64_t words[8])
{
    uint32_t handle = (uint32_t)words[0];
    bool has_opened = label == FILE_OPEN && MSG_LABEL(info) == ERR_OK;
    err_t err = ipc_reply(0, grants_send(info), words);

    if (err && has_opened) {
        (void)!handle_close(client_of(badge), handle);
    }
    if (err == ERR_NO_SLOT || err == ERR_NO_BUFFER) {
        (void)!ipc_reply(0, MSG_INFO(ERR_NO_SLOT, 0, 0), words); /* the call is still in hand */
    }
    grants_sent(handle, err == ERR_OK);
}

/* The answer that the next wait would give: no other call can be taken back while this one is in hand. */
static void hand_empty(void)
{
    struct service *service = &files.service;

    if (service->has_call) {
        call_answer(service->badge, 0, service->info, service->words);
        stats_answered(service->arrived);
        service->has_call = false;
    }
}

static void op_park_fresh(void)
{
    struct attempt saved = files.attempt;

    files.attempt = (struct attempt){ .waits_for = NO_PAGE };
    op_park(OP_READY);
    files.attempt = saved;
}

void server_turn(ns_t deadline_ns)
{
    bool is_quiet = disk_is_quiet();

    switch (service_wait(&files.service, is_quiet ? deadline_ns : 0)) {
    case SERVICE_CALL:
        op_park_fresh();
        break;
    case SERVICE_SIGNALS:
        disk.is_resting = false;
        async_hear(files.service.bits);
        break;
    case SERVICE_TIME:
        break;
    }
}

void attempt_pause(ns_t deadline_ns)
{
    struct attempt *attempt = &files.attempt;

    if (attempt->op != NULL && reply_defer(attempt->op->reply)) {
        attempt->is_gone = true;
        return;
    }
    server_turn(deadline_ns);
    hand_empty();
    attempt->started_ns = clock_now();
    if (attempt->op != NULL && reply_adopt(attempt->op->reply)) {
        attempt->is_gone = true;
    }
}

err_t attempt_breathe(void)
{
    struct attempt *attempt = &files.attempt;

    if (++attempt->gets % GETS_PER_LOOK != 0) {
        return ERR_OK;
    }
    ns_t now = clock_now();

    if (attempt->started_ns == 0) {
        attempt->started_ns = now;
    }
    if (now - attempt->started_ns < BREATH_NS) {
        return ERR_OK;
    }
    if (attempt->op == NULL && !attempt->may_wait) {
        attempt->waits_for = NO_PAGE; /* in the hand of struct service it cannot be interrupted */
        return ERR_WOULD_BLOCK;
    }
    attempt_pause(0);
    return attempt->is_gone ? ERR_CALLER_GONE : ERR_OK;
}

/* The client's call; what it leaves in info and words is the answer. */
static void call_run(uint64_t badge, msg_info_t *info, uint64_t words[8])
{
    struct client *client = client_of(badge);

    if (client == NULL) {
        *info = MSG_INFO(ERR_GONE, 0, 0);
        return;
    }
    file_dispatch(client, info, words);
}

void call_try(void)
{
    struct service *service = &files.service;
    msg_info_t info = service->info;

    files.attempt = (struct attempt){ .waits_for = NO_PAGE, .failed = NO_PAGE };
    call_run(service->badge, &service->info, service->words);
    if (MSG_LABEL(service->info) == ERR_WOULD_BLOCK) {
        service->info = info; /* the words are as they were: there is no result */
        op_park(files.attempt.waits_for == NO_PAGE && disk.in_flight == 0 ? OP_READY : OP_WAITING);
    } else if (files.attempt.is_told) {
        call_answer(service->badge, MSG_LABEL(info), service->info, service->words);
        stats_answered(service->arrived);
        service->has_call = false;
    }
}

/* It is adopted. */
static void op_try(struct op *op)
{
    struct attempt *attempt = &files.attempt;
    msg_info_t info = op->info;
    uint64_t words[8];

    *attempt = (struct attempt){ .op = op,
                                 .may_wait = op->attempts++ >= ATTEMPTS_MAX,
                                 .is_alone = op->is_alone,
                                 .waits_for = NO_PAGE,
                                 .failed = op->failed,
                                 .progress = op->progress };
    memcpy(words, op->words, sizeof(words));
    call_run(op->badge, &info, words);
    if (attempt->is_gone) {
        return;
    }
    if (MSG_LABEL(info) != ERR_WOULD_BLOCK) {
        call_answer(op->badge, MSG_LABEL(op->info), info, words);
        stats_answered(op->arrived);
        return;
    }
    if (attempt->progress > op->progress) {
        op->attempts = 0;
    }
    op->waits_for = attempt->waits_for;
    op->progress = attempt->progress;
    if (reply_defer(op->reply) == ERR_OK) {
        op_set(op, op->waits_for == NO_PAGE && disk.in_flight == 0 ? OP_READY : OP_WAITING);
    }
}

void ops_run(void)
{
    hand_empty();
    for (uint32_t i = 0; i < OPS_MAX && files.ready != 0; i++) {
        struct op *op = &ops[i];

        if (op->state != OP_READY) {
            continue;
        }
        err_t err = reply_adopt(op->reply);

        op_set(op, OP_TRIED);
        if (err == ERR_OK) {
            op_try(op);
        }
        if (op->state == OP_TRIED) {
            op_set(op, OP_FREE);
        }
        files.attempt.op = NULL;
    }
}

bool page_is_in(uint64_t page, const struct cache_run *run)
{
    return page == NO_PAGE || (page >= run->number && page - run->number < run->count);
}

void failure_note(const struct cache_run *run, uint64_t waits_for, bool *is_alone, uint64_t *failed)
{
    if (waits_for == NO_PAGE) {
        return;
    }
    if (run->count == 1) {
        *failed = waits_for;
    } else {
        *is_alone = true;
    }
}

void ops_wake(const struct cache_run *run, bool is_good)
{
    struct attempt *attempt = &files.attempt;
    uint32_t left = files.busy;

    for (uint32_t i = 0; i < OPS_MAX && left != 0; i++) {
        struct op *op = &ops[i];

        left -= op->state != OP_FREE;
        if (op->state == OP_WAITING && page_is_in(op->waits_for, run)) {
            if (!is_good) {
                failure_note(run, op->waits_for, &op->is_alone, &op->failed);
            }
            op_set(op, OP_READY);
        }
    }
    if (!is_good && page_is_in(attempt->waits_for, run)) {
        failure_note(run, attempt->waits_for, &attempt->is_alone, &attempt->failed);
    }
    async_wake(run, is_good);
}
