/* SPDX-License-Identifier: MIT */
/* Must stay true: what the server wrote into the data area is bounded before it is used. */
#include "process/process.h"

#include <stddef.h>

#include "pith/clock.h"
#include "pith/self.h"
#include "pith/string.h"

#include "abi/names.h"

#define START_NS (30 * NS_PER_S)
#define CALL_NS (10 * NS_PER_S)

/* A request in the making, in the data area. */
struct texts {
    char *at;
    uint32_t used;
    uint32_t room;
};

err_t processes_connect(struct processes *processes)
{
    uint32_t number;
    err_t err = session_find("process", false, 0, &number);

    *processes = (struct processes){ .server = self_cap("process") };
    if (err == ERR_OK) {
        err = session_open(&processes->session, number);
    }
    return err;
}

static err_t text_add(struct texts *texts, const char *text)
{
    size_t bytes = strlen(text) + 1;

    if (bytes > texts->room - texts->used) {
        return ERR_RANGE;
    }
    memcpy(texts->at + texts->used, text, bytes);
    texts->used += (uint32_t)bytes;
    return ERR_OK;
}

static err_t list_add(struct texts *texts, const char *const *list, uint32_t *count)
{
    err_t err = ERR_OK;

    for (*count = 0; err == ERR_OK && list != NULL && list[*count] != NULL; ++*count) {
        err = text_add(texts, list[*count]);
    }
    return err;
}

/* The server's reason; if it gave none, what was sent still stands there. */
static const char *why_read(struct processes *processes, const char *path, err_t err)
{
    char *why = processes->why;

    if (err == ERR_PEER_DIED) {
        return "the process manager died";
    }
    memcpy(why, session_data(&processes->session), PROCESS_WHY_BYTES);
    why[PROCESS_WHY_BYTES - 1] = 0;
    return strncmp(why, path, PROCESS_WHY_BYTES - 1) == 0 ? error_text(err) : why;
}

err_t processes_start(struct processes *processes, const struct process_request *request,
                      uint64_t *pid, const char **why)
{
    char *data = session_data(&processes->session);
    uint64_t room = processes->session.data_bytes;
    struct texts texts = { data, 0,
                           room < PROCESS_REQUEST_BYTES ? (uint32_t)room : PROCESS_REQUEST_BYTES };
    const char *const own_name[] = { request->path, NULL };
    uint32_t arguments, environment, uses;
    err_t err = text_add(&texts, request->path);

    *why = "its arguments are too long";
    if (err == ERR_OK) {
        err = list_add(&texts, request->arguments != NULL ? request->arguments : own_name,
                       &arguments);
    }
    if (err == ERR_OK) {
        err = list_add(&texts, request->environment, &environment);
    }
    if (err == ERR_OK) {
        err = list_add(&texts, request->uses, &uses);
    }
    if (err) {
        return err;
    }
    err = process_start(processes->server, clock_now() + START_NS, 0, texts.used, arguments,
                        environment, uses, request->memory_bytes, request->budget_ns,
                        request->time_ns, pid);
    if (err) {
        *why = why_read(processes, request->path, err);
    }
    return err;
}

err_t processes_wait(struct processes *processes, uint64_t pid, ns_t deadline_ns,
                     struct process_status *status)
{
    uint32_t state = PROCESS_STATE_NONE;
    struct process_status found = { 0 };
    err_t err = process_wait(processes->server, deadline_ns, pid, &state, &found.status,
                             &found.address, &found.ip, &found.used_ns);

    found.state = (enum process_state)state;
    if (err == ERR_OK) {
        *status = found;
    }
    return err;
}

err_t processes_kill(struct processes *processes, uint64_t pid)
{
    return process_kill(processes->server, clock_now() + CALL_NS, pid);
}

err_t processes_next(struct processes *processes, struct process_about *about)
{
    struct process_about found = { 0 };
    uint64_t name[2] = { 0 };
    uint32_t state = PROCESS_STATE_NONE;
    err_t err = process_next(processes->server, clock_now() + CALL_NS, about->pid, &found.pid,
                             &name[0], &name[1], &state, &found.memory_bytes, &found.used_ns,
                             &found.status, &found.address);

    memcpy(found.name, name, sizeof(name));
    found.state = (enum process_state)state;
    if (err == ERR_OK) {
        *about = found;
    }
    return err;
}
