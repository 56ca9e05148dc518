/* SPDX-License-Identifier: MIT */
/* Calls that wait, each in a reply object. A caller that gave up is noticed when it is looked for. */
#include "process.h"

#include "pith/kernel_calls.h"
#include "pith/object.h"

static struct waiter waiters[WAITERS_MAX];

err_t waiters_init(void)
{
    for (uint32_t i = 0; i < WAITERS_MAX; i++) {
        err_t err = object_create(OBJECT_REPLY, 0, &waiters[i].reply);

        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

static struct waiter *waiter_free(void)
{
    for (uint32_t i = 0; i < WAITERS_MAX; i++) {
        if (waiters[i].for_pid == 0) {
            return &waiters[i];
        }
    }
    return NULL;
}

bool waiter_is_there(struct waiter *waiter)
{
    /* To take the call and put it back tells. */
    return reply_adopt(waiter->reply) == ERR_OK && reply_defer(waiter->reply) == ERR_OK;
}

/* Free those whose callers gave up. No call is in hand. */
static void waiters_sweep(void)
{
    for (uint32_t i = 0; i < WAITERS_MAX; i++) {
        if (waiters[i].for_pid != 0 && !waiters[i].is_start && !waiter_is_there(&waiters[i])) {
            waiters[i].for_pid = 0;
        }
    }
}

struct waiter *waiter_new(uint64_t pid, bool is_start)
{
    struct waiter *waiter = waiter_free();

    if (waiter != NULL) {
        waiter->for_pid = pid;
        waiter->is_start = is_start;
    }
    return waiter;
}

bool waiter_park(struct waiter *waiter)
{
    bool is_parked = service_defer(&manager.service, waiter->reply) == ERR_OK;

    if (!is_parked) {
        waiter->for_pid = 0;
    } else if (waiter_free() == NULL) {
        waiters_sweep();
        if (waiter_free() == NULL) {
            /* One is always free, or nobody would look again who is still there. */
            (void)waiter_answer(waiter, ERR_BUSY, 0, NULL);
        }
    }
    return is_parked;
}

bool waiter_answer(struct waiter *waiter, err_t err, uint32_t count, const uint64_t words[8])
{
    uint64_t copy[8] = { 0 };

    for (uint32_t i = 0; i < count; i++) {
        copy[i] = words[i];
    }
    waiter->for_pid = 0;
    return ipc_reply(waiter->reply, MSG_INFO(err, count, 0), copy) == ERR_OK;
}

bool waiters_tell(const struct record *record)
{
    const uint64_t words[8] = { record->state, record->status, record->address, record->ip,
                                record->used_ns };
    bool was_told = false;

    for (uint32_t i = 0; i < WAITERS_MAX; i++) {
        if (waiters[i].for_pid == record->pid && !waiters[i].is_start) {
            was_told |= waiter_answer(&waiters[i], ERR_OK, 5, words);
        }
    }
    return was_told;
}
