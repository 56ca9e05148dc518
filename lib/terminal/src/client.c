/* SPDX-License-Identifier: MIT */
/* Must stay true: bytes between `taken` and `typed`, and between `written` and `shown`, are not touched by who reads. */
#include "terminal/client.h"

#include "stream.h"

/* A predecessor's positions are gone on from, unless they are not possible; what was between them then is lost. */
err_t terminal_open(struct terminal *terminal, uint32_t session)
{
    *terminal = (struct terminal){ .taken = 0 };
    err_t err = end_open(&terminal->end, session);

    if (err) {
        return err;
    }
    struct terminal_shared *shared = terminal->end.shared;
    uint64_t typed = atomic_load(&shared->typed);
    uint64_t shown = atomic_load(&shared->shown);

    terminal->taken = atomic_load(&shared->taken);
    terminal->written = atomic_load(&shared->written);
    if (typed - terminal->taken > TERMINAL_INPUT_BYTES) {
        terminal->taken = typed;
        atomic_store(&shared->taken, typed);
    }
    if (terminal->written - shown > TERMINAL_OUTPUT_BYTES) {
        terminal->written = shown;
        atomic_store(&shared->written, shown);
    }
    return ERR_OK;
}

uint32_t terminal_read(struct terminal *terminal, void *bytes, uint32_t max)
{
    struct terminal_shared *shared = terminal->end.shared;

    (void)end_hear(&terminal->end);
    uint64_t typed = atomic_load_explicit(&shared->typed, memory_order_acquire);
    uint32_t count = end_distance(&terminal->end, terminal->taken, typed, TERMINAL_INPUT_BYTES);

    count = count < max ? count : max;
    if (count != 0) {
        stream_copy_out(shared->input, TERMINAL_INPUT_BYTES, terminal->taken, bytes, count);
        terminal->taken += count;
        atomic_store_explicit(&shared->taken, terminal->taken, memory_order_release);
        terminal->end.is_due = true;
    }
    return count;
}

uint32_t terminal_unshown(struct terminal *terminal)
{
    uint64_t shown = atomic_load_explicit(&terminal->end.shared->shown, memory_order_acquire);

    return end_distance(&terminal->end, shown, terminal->written, TERMINAL_OUTPUT_BYTES);
}

uint32_t terminal_write(struct terminal *terminal, const void *bytes, uint32_t count)
{
    struct terminal_shared *shared = terminal->end.shared;
    uint32_t room = TERMINAL_OUTPUT_BYTES - terminal_unshown(terminal);

    count = count < room ? count : room;
    if (count != 0) {
        stream_copy_in(shared->output, TERMINAL_OUTPUT_BYTES, terminal->written, bytes, count);
        terminal->written += count;
        atomic_store_explicit(&shared->written, terminal->written, memory_order_release);
        terminal->end.is_due = true;
    }
    return count;
}

uint64_t terminal_lost(const struct terminal *terminal)
{
    return atomic_load_explicit(&terminal->end.shared->lost, memory_order_relaxed);
}

bool terminal_rest(struct terminal *terminal)
{
    return end_rest(&terminal->end);
}
