/* SPDX-License-Identifier: MIT */
#include "log/store.h"

#include "pith/string.h"

enum { FIRST_PRINTED = 0x20, DELETE = 0x7f };

static struct log_record *slot_of(const struct log_store *store, uint32_t writer, uint64_t number)
{
    return &store->records[writer * store->slots + number % store->slots];
}

static bool is_blank(const struct log_record *line)
{
    const uint32_t *words = (const uint32_t *)(const void *)line;
    uint32_t any = 0;

    for (uint32_t i = 0; i < sizeof(*line) / sizeof(*words); i++) {
        any |= words[i];
    }
    return any == 0;
}

static void line_find(struct log_store *store, uint32_t number, struct log_record *line)
{
    struct log_writer *writer = &store->writers[number];

    if (!log_record_is_right(line) || line->program != writer->program || line->number == 0 ||
        line != slot_of(store, number, line->number)) {
        store->damaged += !is_blank(line);
        memset(line, 0, sizeof(*line));
        return;
    }
    if (line->number > writer->kept) {
        writer->kept = line->number;
        writer->taken = line->source;
        writer->time_ns = line->time_ns;
        writer->dropped = line->dropped;
    }
    if (line->sequence > store->newest) {
        store->newest = line->sequence;
    }
}

bool log_store_open(struct log_store *store, void *memory, size_t bytes)
{
    store->records = memory;
    store->newest = store->damaged = 0;
    store->slots = 1;
    while ((size_t)store->slots * 2 * store->writer_count * sizeof(struct log_record) <= bytes) {
        store->slots *= 2;
    }
    if (store->writer_count == 0 || store->writer_count > LOG_WRITERS ||
        (size_t)store->slots * store->writer_count * sizeof(struct log_record) > bytes) {
        return false;
    }
    for (uint32_t i = 0; i < store->writer_count; i++) {
        store->writers[i] = (struct log_writer){ .program = store->writers[i].program };
        for (uint32_t k = 0; k < store->slots; k++) {
            line_find(store, i, &store->records[i * store->slots + k]);
        }
    }
    return true;
}

/* People read it on terminals: no control characters. What is above ASCII stays. */
static void text_copy(struct log_record *to, const struct log_record *from)
{
    to->length = from->length;
    for (uint32_t i = 0; i < from->length; i++) {
        unsigned char byte = (unsigned char)from->text[i];

        to->text[i] = from->text[i];
        if (byte < FIRST_PRINTED || byte == DELETE) {
            to->text[i] = '?';
        }
    }
}

void log_store_add(struct log_store *store, uint32_t number, const struct log_record *line,
                   uint64_t now_ns)
{
    struct log_writer *writer = &store->writers[number];
    uint64_t time_ns = line->time_ns < now_ns ? line->time_ns : now_ns;
    struct log_record kept = { .level = line->level,
                               .program = writer->program,
                               .sequence = store->newest + 1,
                               .number = writer->kept + 1,
                               .source = line->source,
                               .time_ns = time_ns > writer->time_ns ? time_ns : writer->time_ns,
                               .dropped = writer->dropped < LOG_NUMBER_MAX ? writer->dropped
                                                                           : LOG_NUMBER_MAX };
    struct log_record *slot = slot_of(store, number, kept.number);

    text_copy(&kept, line);
    /* Whoever dies in here leaves a line that is not right; the writer's own copy is taken again. */
    memcpy((char *)slot + sizeof(slot->sum), (char *)&kept + sizeof(kept.sum),
           sizeof(kept) - sizeof(kept.sum));
    log_record_seal(slot);
    writer->kept = kept.number;
    writer->taken = kept.source;
    writer->time_ns = kept.time_ns;
    store->newest = kept.sequence;
}

/* The first number that may still be there. */
static uint64_t oldest_of(const struct log_store *store, uint32_t writer)
{
    uint64_t kept = store->writers[writer].kept;

    return kept > store->slots ? kept - store->slots + 1 : 1;
}

/* Skip to the writer's first line from that sequence number on; 0: there is none. */
static uint64_t sequence_from(const struct log_store *store, uint32_t writer, uint64_t from,
                              uint64_t *number)
{
    for (; *number <= store->writers[writer].kept; ++*number) {
        const struct log_record *line = slot_of(store, writer, *number);

        if (line->number == *number && line->sequence >= from) {
            return line->sequence;
        }
    }
    return 0;
}

static bool is_wanted(const struct log_record *line, const struct log_record *wanted)
{
    return line->level <= wanted->level &&
           (wanted->program == LOG_ANYBODY || line->program == wanted->program);
}

uint32_t log_store_read(const struct log_store *store, const struct log_record *wanted,
                        struct log_record *lines, uint32_t most, uint64_t *next)
{
    uint64_t numbers[LOG_WRITERS];
    uint32_t count = 0;

    *next = wanted->sequence;
    for (uint32_t i = 0; i < store->writer_count; i++) {
        numbers[i] = oldest_of(store, i);
    }
    while (count < most) {
        uint64_t first = UINT64_MAX;
        uint32_t writer = 0;

        for (uint32_t i = 0; i < store->writer_count; i++) {
            uint64_t sequence = sequence_from(store, i, *next, &numbers[i]);

            if (sequence != 0 && sequence < first) {
                first = sequence;
                writer = i;
            }
        }
        if (first == UINT64_MAX) {
            *next = store->newest + 1;
            return count;
        }
        const struct log_record *line = slot_of(store, writer, numbers[writer]);

        if (is_wanted(line, wanted)) {
            lines[count++] = *line;
        }
        *next = first + 1;
    }
    return count;
}

uint64_t log_store_lines(const struct log_store *store)
{
    uint64_t lines = 0;

    for (uint32_t i = 0; i < store->writer_count; i++) {
        uint64_t kept = store->writers[i].kept;

        lines += kept < store->slots ? kept : store->slots;
    }
    return lines;
}
