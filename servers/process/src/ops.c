/* SPDX-License-Identifier: MIT */
/* The operations of the protocol process. One that waits is parked; its answer comes later. */
#include "process.h"

#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/process_serve.h"
#include "pith/self.h"
#include "pith/string.h"
#include "service/stats.h"

#include "abi/names.h"

enum { WHY_BYTES = 128 };

void start_refuse(const struct client *client, uint64_t at, err_t err, const char *why)
{
    size_t length = strlen(why);

    manager.refused++;
    debug_printf("process: a program does not start: %s (%s)\n", why, error_name(err));

    if (length < WHY_BYTES && at <= client->session.data_bytes &&
        length + 1 <= client->session.data_bytes - at) {
        memcpy((char *)session_data(&client->session) + at, why, length + 1);
    }
}

err_t process_on_start(struct client *client, const struct process_start_args *args,
                       struct process_start_results *results)
{
    const uint64_t words[8] = { args->texts, args->bytes,  args->arguments, args->environment,
                                args->uses,  args->memory, args->budget,    args->time };
    struct child *child = NULL;
    const char *why = "";
    err_t err = start_begin(client, words, &child, &why);

    if (err == ERR_OK) {
        results->pid = child->record->pid;
    } else if (err == ERR_WOULD_BLOCK) {
        child->client = client;
        child->texts_at = args->texts;
        child->starter = waiter_new(child->record->pid, true);
        manager.parked = child->starter;
        if (child->starter == NULL) {
            start_undo(child);
            err = ERR_BUSY;
        }
    } else {
        start_refuse(client, args->texts, err, why);
    }
    return err;
}

err_t process_on_wait(struct client *client, const struct process_wait_args *args,
                      struct process_wait_results *results)
{
    struct record *record = record_find(args->pid);

    (void)client;
    if (record == NULL) {
        return ERR_NO_ENTRY;
    }
    if (record->state <= PROCESS_STATE_RUNNING) {
        manager.parked = waiter_new(record->pid, false);
        return manager.parked != NULL ? ERR_WOULD_BLOCK : ERR_BUSY;
    }
    *results = (struct process_wait_results){ .state = record->state,
                                              .status = record->status,
                                              .address = record->address,
                                              .ip = record->ip,
                                              .used = record->used_ns };
    record->pid = 0;
    return ERR_OK;
}

err_t process_on_kill(struct client *client, const struct process_kill_args *args)
{
    const struct record result = { .state = PROCESS_STATE_KILLED };
    struct child *child = child_of_pid(args->pid);

    (void)client;
    if (child == NULL) {
        return ERR_NO_ENTRY;
    }
    if (child->state == PLACE_RUNNING) {
        child_end(child, &result);
    } else {
        struct waiter *starter = child_starter(child);

        start_undo(child);
        if (starter != NULL) {
            (void)waiter_answer(starter, ERR_CANCELLED, 0, NULL);
        }
    }
    return ERR_OK;
}

err_t process_on_next(struct client *client, const struct process_next_args *args,
                      struct process_next_results *results)
{
    const struct record *record = record_next(args->after);
    uint64_t name[2];

    (void)client;
    if (record == NULL) {
        return ERR_NO_ENTRY;
    }
    const struct child *child = child_of_pid(record->pid);
    bool runs = child != NULL && child->state == PLACE_RUNNING;

    memcpy(name, record->name, sizeof(name));
    *results = (struct process_next_results){ .pid = record->pid,
                                              .name = name[0],
                                              .name_rest = name[1],
                                              .state = record->state,
                                              .memory = record->memory_bytes,
                                              .used = runs ? child_used_ns(child) : record->used_ns,
                                              .status = record->status,
                                              .address = record->address };
    return ERR_OK;
}

err_t process_on_info(struct client *client, struct process_info_results *results)
{
    uint32_t free = 0;

    (void)client;
    for (uint32_t i = 0; i < manager.child_count; i++) {
        free += manager.children[i].state == PLACE_FREE;
    }
    self_lock();
    memory_join(&self()->memory);
    self_unlock();
    *results =
        (struct process_info_results){ .places = manager.child_count,
                                       .free = free,
                                       .memory = self()->memory.total_bytes + manager.pool_bytes,
                                       .memory_free =
                                           self()->memory.free_bytes + manager.pool_bytes,
                                       .slots = self()->slots.taken,
                                       .started = manager.started,
                                       .ended = manager.ended,
                                       .refused = manager.refused };
    return ERR_OK;
}

void call_answer(void)
{
    struct service *service = &manager.service;

    if (service->has_call) {
        service->has_call = false;
        (void)!ipc_reply(0, service->info, service->words); /* its caller may be gone */
        stats_answered(service->arrived);
    }
}

static struct client *client_of(uint64_t badge)
{
    for (uint32_t i = 0; i < manager.client_count; i++) {
        if (manager.clients[i].session.info->badge == badge) {
            return &manager.clients[i];
        }
    }
    return NULL;
}

void call_handle(void)
{
    struct service *service = &manager.service;
    msg_info_t info = service->info;

    if ((service->badge & PROGRAM_BADGE_CHILD) != 0) {
        service->info = MSG_INFO(ERR_BAD_CALL, 0, 0);
        if (MSG_LABEL(info) == MSG_LABEL_FAULT) {
            child_fault(service->badge, service->words);
            service->has_call = false; /* its caller is no more */
        }
        return;
    }
    struct client *client = client_of(service->badge);

    if (client == NULL) {
        service->info = MSG_INFO(ERR_GONE, 0, 0);
        return;
    }
    manager.parked = NULL;
    process_dispatch(client, &service->info, service->words);
    if (manager.parked != NULL) {
        (void)waiter_park(
            manager.parked); /* a start whose caller is gone is noticed at its next step */
    }
}
