/* SPDX-License-Identifier: MIT */
#include "log/ring.h"

#include "pith/string.h"

void log_ring_open(struct log_ring *ring, void *memory)
{
    struct log_record line;

    *ring = (struct log_ring){ .slots = memory, .next = 1 };
    for (uint32_t i = 0; i < LOG_RING_SLOTS; i++) {
        line = ring->slots[i];
        if (log_record_is_right(&line) && line.source % LOG_RING_SLOTS == i &&
            line.source >= ring->next) {
            ring->next = line.source + 1;
        }
    }
    if (ring->next > LOG_NUMBER_MAX / 2) {
        /* Nobody has counted as far: whoever used this memory before spoilt it. */
        memset(ring->slots, 0, LOG_RING_SLOTS * sizeof(*ring->slots));
        ring->next = 1;
    }
}

void log_ring_write(struct log_ring *ring, enum log_level level, uint64_t time_ns, const char *text)
{
    struct log_record line = { .level = (uint8_t)level, .source = ring->next, .time_ns = time_ns };
    size_t length = strlen(text);

    line.length = (uint8_t)(length < LOG_TEXT_BYTES ? length : LOG_TEXT_BYTES);
    memcpy(line.text, text, line.length);

    struct log_record *slot = &ring->slots[ring->next % LOG_RING_SLOTS];

    /* Not right until it is sealed: its sum is of the line that was there. */
    memcpy((char *)slot + sizeof(slot->sum), (char *)&line + sizeof(line.sum),
           sizeof(line) - sizeof(line.sum));
    log_record_seal(slot);
    ring->next++;
}

static bool line_copy(const struct log_taker *taker, uint32_t slot, struct log_record *line)
{
    *line = taker->slots[slot];
    /* Acquire: the copy is made before its sum is looked at. */
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return log_record_is_right(line) && line->source % LOG_RING_SLOTS == slot;
}

/* The oldest line from there on; false: there is none. newest: of all. */
static bool oldest_find(const struct log_taker *taker, uint64_t from, uint64_t *oldest,
                        uint64_t *newest)
{
    struct log_record line;

    *oldest = UINT64_MAX;
    *newest = 0;
    for (uint32_t i = 0; i < LOG_RING_SLOTS; i++) {
        if (!line_copy(taker, i, &line)) {
            continue;
        }
        *newest = line.source > *newest ? line.source : *newest;
        if (line.source >= from && line.source < *oldest) {
            *oldest = line.source;
        }
    }
    return *oldest != UINT64_MAX;
}

bool log_ring_take(struct log_taker *taker, struct log_record *line)
{
    uint32_t slot = (uint32_t)(taker->next % LOG_RING_SLOTS);
    uint64_t oldest, newest;

    if (!line_copy(taker, slot, line) || line->source != taker->next) {
        bool is_idle = taker->next < LOG_RING_SLOTS ? line->source == 0
                                                    : line->source + LOG_RING_SLOTS == taker->next;

        if (is_idle) {
            return false; /* as it is nearly always: nothing was written since */
        }
        if (!oldest_find(taker, taker->next, &oldest, &newest)) {
            if (newest == 0 || newest + 1 == taker->next) {
                return false;
            }
            /* The writer's memory was damaged, and it counts from the beginning. */
            (void)oldest_find(taker, 1, &oldest, &newest);
            taker->next = oldest;
        } else {
            taker->dropped += oldest - taker->next;
            taker->next = oldest;
        }
        if (!line_copy(taker, (uint32_t)(oldest % LOG_RING_SLOTS), line) ||
            line->source != oldest) {
            return false; /* it is being overwritten: later */
        }
    }
    taker->next++;
    return true;
}
