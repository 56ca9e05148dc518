/* SPDX-License-Identifier: MIT */
/* The process manager: serves the protocol process. docs/process.md says how and why. */
#include "process.h"

#include "pith/debug.h"
#include "sessions.h"

#include "abi/names.h"

/* Calls to the file server end soon: probes are to be answered within 10 ms. */
#define FILE_CALL_NS (2 * NS_PER_MS)

struct manager manager;

static err_t clients_init(void)
{
    uint32_t number;
    err_t err = ERR_OK;

    while (err == ERR_OK && manager.client_count < CLIENTS_MAX &&
           session_find("process", true, manager.client_count, &number) == ERR_OK) {
        err = session_open(&manager.clients[manager.client_count++].session, number);
    }
    return err;
}

static err_t init(void)
{
    err_t err = files_connect(&manager.files);

    manager.files.patience_ns = FILE_CALL_NS;
    if (err == ERR_OK) {
        err = waiters_init();
    }
    if (err == ERR_OK) {
        err = clients_init();
    }
    if (err == ERR_OK) {
        err = children_init();
    }
    if (err == ERR_OK) {
        err = sessions_init();
    }
    records_init();
    sleep_until(0); /* what sleeping needs is made now: later all memory may be the children's */
    return err;
}

int main(void)
{
    err_t err = init();

    if (err) {
        debug_printf("process: it cannot start: %s\n", error_name(err));
        return 1;
    }
    debug_printf("process: room for %u processes\n", manager.child_count);
    for (ns_t last_ns = clock_now();;) {
        ns_t due_ns = children_due(last_ns);

        if (due_ns <= clock_now()) {
            call_answer();
            children_tick();
            last_ns = clock_now();
            due_ns = children_due(last_ns);
        }
        if (service_wait(&manager.service, due_ns) == SERVICE_CALL) {
            call_handle();
        }
    }
}
