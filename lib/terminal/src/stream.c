/* SPDX-License-Identifier: MIT */
/* Must stay true: before either side sleeps, the peer has been told of each position that was moved. */
#include "stream.h"

#include "pith/string.h"

static uint32_t until_wrap(uint32_t size, uint64_t at, uint32_t count)
{
    uint32_t left = size - (uint32_t)(at & (size - 1));

    return count < left ? count : left;
}

void stream_copy_in(unsigned char *ring, uint32_t size, uint64_t at, const unsigned char *bytes,
                    uint32_t count)
{
    uint32_t first = until_wrap(size, at, count);

    memcpy(ring + (at & (size - 1)), bytes, first);
    memcpy(ring, bytes + first, count - first);
}

void stream_copy_out(const unsigned char *ring, uint32_t size, uint64_t at, unsigned char *bytes,
                     uint32_t count)
{
    uint32_t first = until_wrap(size, at, count);

    memcpy(bytes, ring + (at & (size - 1)), first);
    memcpy(bytes + first, ring, count - first);
}

err_t end_open(struct terminal_end *end, uint32_t session)
{
    *end = (struct terminal_end){ .is_due = true };
    err_t err = session_open(&end->session, session);

    if (err == ERR_OK && end->session.data_bytes < sizeof(*end->shared)) {
        err = ERR_RANGE;
    }
    end->shared = session_data(&end->session);
    return err;
}

uint32_t end_distance(struct terminal_end *end, uint64_t from, uint64_t to, uint32_t size)
{
    if (to - from <= size) {
        return (uint32_t)(to - from);
    }
    end->refused++;
    return 0;
}

bool end_hear(struct terminal_end *end)
{
    struct terminal_entry entry;
    bool is_new_epoch = false;

    for (uint32_t i = 0; i < SESSION_SLOTS; i++) {
        err_t err = session_receive(&end->session, &entry);

        if (err == ERR_GONE) {
            is_new_epoch = end->is_due = true;
            continue;
        }
        if (err == ERR_RANGE || (err == ERR_OK && entry.operation != TERMINAL_NEWS)) {
            end->refused++;
        }
        if (err != ERR_OK) {
            break;
        }
    }
    return is_new_epoch;
}

bool end_rest(struct terminal_end *end)
{
    struct terminal_entry entry = { .operation = TERMINAL_NEWS };

    if (end->is_due) {
        err_t err = session_send(&end->session, &entry);

        if (err == ERR_GONE) {
            return false;
        }
        end->refused += err == ERR_RANGE;
        end->is_due = err == ERR_WOULD_BLOCK;
    }
    bool is_quiet = session_rest(&end->session);

    return end->is_due ? is_quiet && session_rest_full(&end->session) : is_quiet;
}
