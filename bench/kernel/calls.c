/* SPDX-License-Identifier: MIT */
/*
 * Round trips to a server that runs on its callers' time. Rows 1, 2, 3: a turn of the client's loop is
 * everything that both sides do for one call. Words go around, so that nothing can be left out.
 */
#include <stdbool.h>

#include "bench.h"
#include "mark.h"
#include "peer.h"
#include "pith/bench_calls.h"
#include "pith/bench_serve.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"

#define ARMED_WITHIN_NS (2u * NS_PER_MS)

enum { CLIENT_BADGE = 1, CLIENTS = 4, LABEL_ECHO = 1, LABEL_ADD = 2, WORDS_ALL = 64 };

struct client {
    bool is_known;
    uint64_t calls;
};

/* What the two peers of a pair share; set before they start. */
static struct {
    struct client clients[CLIENTS];
    cap_addr_t endpoint; /* the server's */
    cap_addr_t target;   /* the same, with the client's badge */
    ns_t deadline;
} pair;

/* --- No words: the bare calls. --- */

static void serve_0w(void)
{
    err_t err = ipc_reply_receive_0w(pair.endpoint, DEADLINE_NEVER);

    while (err == ERR_OK) {
        err = ipc_reply_receive_0w(pair.endpoint, DEADLINE_NEVER);
    }
    program_panic("the server of no words failed", __FILE__, __LINE__);
}

static void call_0w(void)
{
    err_t err;

    pair.deadline = clock_now() + NS_PER_S;
    err = bench_nothing(pair.target, pair.deadline);
    MARK_BEGIN(ROW_CALL_0W);
    for (uint32_t i = 1;; i++) {
        err = bench_nothing(pair.target, pair.deadline);
        if (err != ERR_OK || i == REPETITIONS) {
            break;
        }
        MARK_TURN(ROW_CALL_0W);
    }
    MARK_END(ROW_CALL_0W);
    assert(err == ERR_OK);
    peer_finish();
}

static void call_active(void)
{
    err_t err = ipc_call_0w(pair.target, 0, DEADLINE_NEVER);

    MARK_BEGIN(ROW_CALL_ACTIVE);
    for (uint32_t i = 1;; i++) {
        err = ipc_call_0w(pair.target, 0, DEADLINE_NEVER);
        if (err != ERR_OK || i == REPETITIONS) {
            break;
        }
        MARK_TURN(ROW_CALL_ACTIVE);
    }
    MARK_END(ROW_CALL_ACTIVE);
    assert(err == ERR_OK);
    peer_finish();
}

/* --- Eight words: generated stubs, a badge, a deadline. --- */

err_t bench_on_nothing(struct client *client)
{
    return client == NULL ? ERR_NO_RIGHT : ERR_OK;
}

err_t bench_on_eight(struct client *client, const struct bench_eight_args *args,
                     struct bench_eight_results *results)
{
    if (client == NULL) {
        return ERR_NO_RIGHT;
    }
    client->calls++;
    *results = (struct bench_eight_results){
        .p = args->h,
        .q = args->g,
        .r = args->f,
        .s = args->e,
        .t = args->d,
        .u = args->c,
        .v = args->b,
        .w = args->a,
    };
    return ERR_OK;
}

static struct client *client_of(uint64_t badge)
{
    return badge < CLIENTS && pair.clients[badge].is_known ? &pair.clients[badge] : NULL;
}

static void serve_words(void)
{
    uint64_t words[8];
    uint64_t badge = 0;
    uint64_t bits;
    msg_info_t info = 0;
    err_t err = ipc_receive(pair.endpoint, &info, words, &badge, &bits, DEADLINE_NEVER, 0);

    while (err == ERR_OK) {
        bench_dispatch(client_of(badge), &info, words);
        err = ipc_reply_receive(pair.endpoint, &info, words, &badge, &bits, DEADLINE_NEVER, 0);
    }
    program_panic("the server of eight words failed", __FILE__, __LINE__);
}

struct eight {
    uint64_t a, b, c, d, e, f, g, h;
};

static inline err_t eight_turn(struct eight *x)
{
    return bench_eight(pair.target, pair.deadline, (uint32_t)x->a, x->b, x->c, x->d, x->e, x->f,
                       x->g, x->h, &x->a, &x->b, &x->c, &x->d, &x->e, &x->f, &x->g, &x->h);
}

/* An odd number of turns reverses them. */
static bool eight_are_whole(const struct eight *x)
{
    return x->a == 8 && x->b == 7 && x->c == 6 && x->d == 5 && x->e == 4 && x->f == 3 &&
           x->g == 2 && x->h == 1;
}

static void call_8w(void)
{
    struct eight x = { 1, 2, 3, 4, 5, 6, 7, 8 };
    err_t err;

    pair.deadline = clock_now() + NS_PER_S;
    err = eight_turn(&x);
    MARK_BEGIN(ROW_CALL_8W);
    for (uint32_t i = 1;; i++) {
        err = eight_turn(&x);
        if (err != ERR_OK || i == REPETITIONS) {
            break;
        }
        MARK_TURN(ROW_CALL_8W);
    }
    MARK_END(ROW_CALL_8W);
    assert(err == ERR_OK && eight_are_whole(&x) &&
           pair.clients[CLIENT_BADGE].calls == REPETITIONS + 1);
    peer_finish();
}

/* The deadline lies before the end of the running time slice, as a careful client's may. */
static void call_8w_soon(void)
{
    struct eight x = { 1, 2, 3, 4, 5, 6, 7, 8 };
    err_t err = eight_turn(&x);

    MARK_BEGIN(ROW_CALL_8W_SOON);
    for (uint32_t i = 1;; i++) {
        pair.deadline = clock_now() + NS_PER_MS;
        err = eight_turn(&x);
        if (err != ERR_OK || i == REPETITIONS) {
            break;
        }
        MARK_TURN(ROW_CALL_8W_SOON);
    }
    MARK_END(ROW_CALL_8W_SOON);
    assert(err == ERR_OK && eight_are_whole(&x));
    peer_finish();
}

/* Each deadline lies before what the timer is armed for, so each call arms it. */
static void call_8w_armed(void)
{
    struct eight x = { 1, 2, 3, 4, 5, 6, 7, 8 };
    ns_t start = clock_now();
    err_t err;

    /* Until the timer has fired for what was before, and is armed for the end of this slice. */
    while (clock_now() < start + ARMED_WITHIN_NS) {
    }
    pair.deadline = clock_now() + ARMED_WITHIN_NS;
    err = eight_turn(&x);
    MARK_BEGIN(ROW_CALL_8W_ARMED);
    for (uint32_t i = 1;; i++) {
        pair.deadline -= NS_PER_US / 10;
        err = eight_turn(&x);
        if (err != ERR_OK || i == REPETITIONS) {
            break;
        }
        MARK_TURN(ROW_CALL_8W_ARMED);
    }
    MARK_END(ROW_CALL_8W_ARMED);
    assert(err == ERR_OK && eight_are_whole(&x));
    peer_finish();
}

/* Both sides have their own numbers in an SSE register, and add to them. */
static inline void sse_add(void)
{
    __asm__ volatile("paddq %%xmm0, %%xmm1" ::: "memory");
}

static void serve_fpu(void)
{
    uint64_t words[8];
    uint64_t badge = 0;
    uint64_t bits;
    msg_info_t info = 0;
    err_t err = ipc_receive(pair.endpoint, &info, words, &badge, &bits, DEADLINE_NEVER, 0);

    while (err == ERR_OK) {
        sse_add();
        bench_dispatch(client_of(badge), &info, words);
        err = ipc_reply_receive(pair.endpoint, &info, words, &badge, &bits, DEADLINE_NEVER, 0);
    }
    program_panic("the server with an FPU failed", __FILE__, __LINE__);
}

static void call_8w_fpu(void)
{
    struct eight x = { 1, 2, 3, 4, 5, 6, 7, 8 };
    err_t err;

    pair.deadline = clock_now() + NS_PER_S;
    err = eight_turn(&x);
    MARK_BEGIN(ROW_CALL_8W_FPU);
    for (uint32_t i = 1;; i++) {
        sse_add();
        err = eight_turn(&x);
        if (err != ERR_OK || i == REPETITIONS) {
            break;
        }
        MARK_TURN(ROW_CALL_8W_FPU);
    }
    MARK_END(ROW_CALL_8W_FPU);
    assert(err == ERR_OK && eight_are_whole(&x));
    peer_finish();
}

/* --- 64 words: 56 of them by the pinned buffers, both ways. --- */

static void serve_64w(void)
{
    uint64_t words[8];
    uint64_t badge = 0;
    uint64_t bits;
    msg_info_t info = 0;
    err_t err = ipc_receive(pair.endpoint, &info, words, &badge, &bits, DEADLINE_NEVER, 0);

    while (err == ERR_OK) {
        if (MSG_LABEL(info) == LABEL_ADD) {
            for (uint32_t i = MSG_REGISTER_WORDS; i < WORDS_ALL; i++) {
                peer_buffer()->words[i]++;
            }
        }
        info = MSG_INFO(0, WORDS_ALL, 0);
        err = ipc_reply_receive(pair.endpoint, &info, words, &badge, &bits, DEADLINE_NEVER, 0);
    }
    program_panic("the server of 64 words failed", __FILE__, __LINE__);
}

static err_t call_all_words(uint32_t label, uint64_t words[8])
{
    msg_info_t info = MSG_INFO(label, WORDS_ALL, 0);
    err_t err = ipc_call(pair.target, &info, words, pair.deadline);

    return err == ERR_OK && MSG_WORDS(info) != WORDS_ALL ? ERR_RANGE : err;
}

static void call_64w(void)
{
    struct msg_buffer *buffer = peer_buffer();
    uint64_t words[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };
    err_t err;

    pair.deadline = clock_now() + NS_PER_S;
    for (uint32_t i = MSG_REGISTER_WORDS; i < WORDS_ALL; i++) {
        buffer->words[i] = i;
    }
    err = call_all_words(LABEL_ADD, words);
    MARK_BEGIN(ROW_CALL_64W);
    for (uint32_t i = 1;; i++) {
        err = call_all_words(LABEL_ECHO, words);
        if (err != ERR_OK || i == REPETITIONS) {
            break;
        }
        MARK_TURN(ROW_CALL_64W);
    }
    MARK_END(ROW_CALL_64W);
    assert(err == ERR_OK && words[7] == 7);
    for (uint32_t i = MSG_REGISTER_WORDS; i < WORDS_ALL; i++) {
        assert(buffer->words[i] == i + 1);
    }
    peer_finish();
}

static void pair_run_as(struct peer_spec server, struct peer_spec client)
{
    server.rank = PEER_RANK_LOW;
    client.rank = PEER_RANK_HIGH;
    client.priority = PEER_PRIORITY;
    pair.endpoint = endpoint_make(PEER_RANK_LOW);
    pair.target = cap_with_badge(pair.endpoint, CLIENT_BADGE);
    pair.clients[CLIENT_BADGE] = (struct client){ .is_known = true };
    if (endpoint_set_server(pair.endpoint, peer_start(&server))) {
        program_panic("endpoint.set_server failed", __FILE__, __LINE__);
    }
    peer_start(&client);
    peers_wait();
}

static void pair_run(void (*serve)(void), void (*call)(void))
{
    struct peer_spec server = { .entry = serve };
    struct peer_spec client = { .entry = call };

    pair_run_as(server, client);
}

void bench_calls(void)
{
    struct peer_spec server_fpu = { .entry = serve_fpu, .has_fpu = true };
    struct peer_spec client_fpu = { .entry = call_8w_fpu, .has_fpu = true };
    struct peer_spec server_with_time = { .entry = serve_0w, .priority = PEER_PRIORITY };
    struct peer_spec client_of_it = { .entry = call_active };

    pair_run(serve_words, call_0w);
    pair_run(serve_words, call_8w);
    pair_run(serve_64w, call_64w);
    pair_run(serve_words, call_8w_soon);
    pair_run(serve_words, call_8w_armed);
    pair_run_as(server_fpu, client_fpu);
    /* The server has time of its own at the client's priority. */
    pair_run_as(server_with_time, client_of_it);
}
