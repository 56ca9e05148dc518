/* SPDX-License-Identifier: MIT */
/*
 * Reads asked for over rings (fileserve/requests.h), on the server's own time. As a call that needs a page which is not
 * there, one is tried again from where it was when the page has come; it holds nothing meanwhile.
 */
#include "files.h"

#include "opened.h"

static bool is_counted; /* in files.ready: a client needs a turn */

static void count_set(bool is_needed)
{
    files.ready += is_needed;
    files.ready -= is_counted;
    is_counted = is_needed;
}

void async_hear(uint64_t bits)
{
    count_set(clients_hear(bits));
}

static err_t request_read(struct client *client, struct request *request, uint64_t *done)
{
    struct attempt *attempt = &files.attempt;
    struct ext4_memory into = { (unsigned char *)session_data(&client->session) + request->offset,
                                request->bytes };

    *attempt = (struct attempt){ .may_wait = request->attempts++ >= ATTEMPTS_MAX,
                                 .is_alone = request->is_alone,
                                 .waits_for = NO_PAGE,
                                 .failed = request->has_failed ? request->failed : NO_PAGE,
                                 .progress = request->progress };
    err_t err = file_copy(opened_of(request->handle), request->position, into, done);

    if (err != ERR_WOULD_BLOCK) {
        return err;
    }
    if (attempt->progress > request->progress) {
        request->attempts = 0;
    }
    request->waits_for = attempt->waits_for;
    request->progress = attempt->progress;
    return request->waits_for == NO_PAGE && disk.in_flight == 0 ? ERR_BUSY : ERR_WOULD_BLOCK;
}

void async_run(void)
{
    if (is_counted) {
        count_set(clients_turn(request_read));
    }
}

void async_wake(const struct cache_run *run, bool is_good)
{
    struct client *client;
    bool is_woken = false;

    for (uint32_t i = 0; (client = client_at(i)) != NULL; i++) {
        uint32_t waiting = client->requests.in_flight - client->requests.ready;

        for (uint32_t j = 0; waiting != 0 && j < REQUESTS_OF_CLIENT; j++) {
            struct request *request = &client->requests.all[j];

            if (request->state != REQUEST_WAITING || !page_is_in(request->waits_for, run)) {
                continue;
            }
            if (!is_good) {
                uint64_t failed = NO_PAGE;

                failure_note(run, request->waits_for, &request->is_alone, &failed);
                request->has_failed = failed != NO_PAGE;
                request->failed = failed;
            }
            request_ready(client, request);
            is_woken = true;
        }
    }
    if (is_woken) {
        async_hear(0);
    }
}
