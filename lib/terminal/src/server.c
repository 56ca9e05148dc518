/* SPDX-License-Identifier: MIT */
#include "terminal/server.h"

#include "stream.h"

/* A predecessor's positions are gone on from, unless they are not possible; what was between them then is lost. */
err_t terminal_server_open(struct terminal_server *server, uint32_t session)
{
    *server = (struct terminal_server){ .typed = 0 };
    err_t err = end_open(&server->end, session);

    if (err) {
        return err;
    }
    struct terminal_shared *shared = server->end.shared;
    uint64_t taken = atomic_load(&shared->taken);
    uint64_t written = atomic_load(&shared->written);

    server->typed = atomic_load(&shared->typed);
    server->shown = atomic_load(&shared->shown);
    if (server->typed - taken > TERMINAL_INPUT_BYTES) {
        server->typed = taken;
        atomic_store(&shared->typed, taken);
    }
    if (written - server->shown > TERMINAL_OUTPUT_BYTES) {
        server->shown = written;
        atomic_store(&shared->shown, written);
    }
    atomic_store(&shared->lost, 0);
    return ERR_OK;
}

void terminal_server_hear(struct terminal_server *server)
{
    (void)end_hear(&server->end);
}

uint32_t terminal_server_room(struct terminal_server *server)
{
    uint64_t taken = atomic_load_explicit(&server->end.shared->taken, memory_order_acquire);

    if (server->typed - taken > TERMINAL_INPUT_BYTES) {
        server->end.refused++;
        return 0;
    }
    return TERMINAL_INPUT_BYTES - (uint32_t)(server->typed - taken);
}

void terminal_server_input(struct terminal_server *server, const void *bytes, uint32_t count)
{
    struct terminal_shared *shared = server->end.shared;

    if (count != 0) {
        stream_copy_in(shared->input, TERMINAL_INPUT_BYTES, server->typed, bytes, count);
        server->typed += count;
        atomic_store_explicit(&shared->typed, server->typed, memory_order_release);
        server->end.is_due = true;
    }
}

uint32_t terminal_server_output(struct terminal_server *server, uint32_t skip, void *bytes,
                                uint32_t max)
{
    struct terminal_shared *shared = server->end.shared;
    uint64_t written = atomic_load_explicit(&shared->written, memory_order_acquire);
    uint32_t count = end_distance(&server->end, server->shown, written, TERMINAL_OUTPUT_BYTES);

    count = count > skip ? count - skip : 0;
    count = count < max ? count : max;
    stream_copy_out(shared->output, TERMINAL_OUTPUT_BYTES, server->shown + skip, bytes, count);
    return count;
}

void terminal_server_shown(struct terminal_server *server, uint32_t count)
{
    if (count != 0) {
        server->shown += count;
        atomic_store_explicit(&server->end.shared->shown, server->shown, memory_order_release);
        server->end.is_due = true;
    }
}

void terminal_server_lost(struct terminal_server *server, uint64_t count)
{
    if (atomic_load_explicit(&server->end.shared->lost, memory_order_relaxed) != count) {
        atomic_store_explicit(&server->end.shared->lost, count, memory_order_relaxed);
        server->end.is_due = true;
    }
}

bool terminal_server_rest(struct terminal_server *server)
{
    return end_rest(&server->end);
}
