/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: kept memory is changed by three steps that are each whole or not begun, in this order: the log gets
 * what is to be written; count says that it is all there; the places are written, which may be done again. Then
 * count is 0 again. Whoever reads it is a successor on the same core or behind the kernel's hand-over of pages, so an
 * order of the compiler's is enough, and of the release that names it.
 */
#include "internal.h"
#include "pith/string.h"

uint64_t sum_of(const void *start, size_t bytes)
{
    const unsigned char *at = start;
    uint64_t sum = 0x9e3779b97f4a7c15u;

    for (size_t i = 0; i + sizeof(uint64_t) <= bytes; i += sizeof(uint64_t)) {
        uint64_t word;

        memcpy(&word, at + i, sizeof(word));
        sum = (sum ^ word) * 0xd6e8feb86659fd93u;
        sum ^= sum >> 32;
    }
    return sum;
}

static uint64_t node_sum(const struct tmpfs_node *node)
{
    return sum_of((const unsigned char *)node + sizeof(node->sum),
                  sizeof(*node) - sizeof(node->sum));
}

bool node_is_right(const struct tmpfs_node *node)
{
    return node->sum == node_sum(node);
}

void change_add(struct change *change, void *place, const void *from, uint32_t bytes)
{
    change->parts[change->count].place = place;
    change->parts[change->count].from = from;
    change->parts[change->count].bytes = bytes;
    change->count++;
}

void change_add_node(struct tmpfs *fs, struct change *change, uint32_t number,
                     struct tmpfs_node *node)
{
    node->sum = node_sum(node);
    change_add(change, &fs->nodes[number], node, sizeof(*node));
}

static struct done *done_of(const struct tmpfs *fs, const struct tmpfs_request *request)
{
    struct done *all = (struct done *)(fs->kept + DONE_OFFSET);

    return request->sequence != 0 && request->client < TMPFS_CLIENTS ? &all[request->client] : NULL;
}

void change_add_done(struct tmpfs *fs, struct change *change, const struct tmpfs_request *request)
{
    struct done *done = done_of(fs, request);

    if (done != NULL) {
        change->done.sequence = request->sequence;
        change->done.sum = sum_of(&request->sequence, sizeof(request->sequence));
        change_add(change, done, &change->done, sizeof(change->done));
    }
}

bool tmpfs_is_done(const struct tmpfs *fs, const struct tmpfs_request *request)
{
    const struct done *done = done_of(fs, request);

    return done != NULL && done->sequence == request->sequence &&
           done->sum == sum_of(&done->sequence, sizeof(done->sequence));
}

/* What a log of that length says is done; again, if it was done before. */
static void log_apply(unsigned char *kept, const struct log *log, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        memcpy(kept + log->entries[i].offset, log->entries[i].data, log->entries[i].bytes);
    }
}

static void log_end(struct log *log)
{
    /* Release: all places are written by now. */
    atomic_store_explicit(&log->count, 0, memory_order_release);
}

void change_commit(struct tmpfs *fs, const struct change *change)
{
    struct log *log = (struct log *)(fs->kept + LOG_OFFSET);

    for (uint32_t i = 0; i < change->count; i++) {
        struct log_entry *entry = &log->entries[i];

        entry->offset = (uint64_t)((unsigned char *)change->parts[i].place - fs->kept);
        entry->bytes = change->parts[i].bytes;
        memcpy(entry->data, change->parts[i].from, entry->bytes);
        memset(entry->data + entry->bytes, 0, sizeof(entry->data) - entry->bytes);
    }
    log->sum = sum_of(log->entries, change->count * sizeof(log->entries[0]));
    /* Release: pairs with the acquire in change_recover(): the entries are whole. The fence: nothing moves up. */
    atomic_store_explicit(&log->count, change->count, memory_order_release);
    atomic_signal_fence(memory_order_seq_cst);
    log_apply(fs->kept, log, change->count);
    log_end(log);
}

/* A log that is whole, but whose numbers are checked all the same. */
static bool log_is_right(const struct log *log, uint64_t count, uint64_t bytes)
{
    if (count > CHANGES_MAX || log->sum != sum_of(log->entries, count * sizeof(log->entries[0]))) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        const struct log_entry *entry = &log->entries[i];

        if (entry->bytes > sizeof(entry->data) || entry->offset > bytes - entry->bytes) {
            return false;
        }
    }
    return true;
}

bool change_recover(unsigned char *kept, uint64_t bytes)
{
    struct log *log = (struct log *)(kept + LOG_OFFSET);
    /* Acquire: pairs with the release in change_commit(). */
    uint64_t count = atomic_load_explicit(&log->count, memory_order_acquire);
    bool is_right = count != 0 && log_is_right(log, count, bytes);

    if (is_right) {
        log_apply(kept, log, count);
    }
    log_end(log);
    return is_right;
}
