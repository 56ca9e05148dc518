/* SPDX-License-Identifier: MIT */
/* Files, in calls that end soon: whether or not they have what was asked for. */
#include "file/requests.h"
#include "http.h"

enum step source_judge(err_t err)
{
    switch (err) {
    case ERR_OK:
        return STEP_DONE;
    case ERR_TIMED_OUT: /* the disk, or a server that hangs, or is on its way back */
    case ERR_PEER_DIED:
    case ERR_BUSY:
        web.counts.repeats++;
        return STEP_LATER;
    default:
        return STEP_FAILED;
    }
}

enum step source_open(const char *path, uint32_t flags, struct file *file, err_t *err)
{
    *err = files_open(&web.files, path, flags, file);
    return source_judge(*err);
}

/* --- The bytes of a file. What is in the file server's cache costs a call; once that has not answered in time, the rest
 * of the file comes over the ring: the next piece is asked for while the last one goes out. --- */

enum {
    SLOTS = 6,
    SLOT_BYTES = 16384,
    VIEW_BYTES = RING_BYTES, /* of the buffer, at its beginning: for all other calls */
};

/* A piece of the buffer. */
enum slot_state { SLOT_FREE, SLOT_ASKED, SLOT_HERE };

struct slot {
    enum slot_state state;
    struct connection *owner; /* NULL: nobody wants it any more */
    uint64_t position;
    uint32_t bytes; /* HERE: so many are left, */
    uint32_t at;    /* from here on */
    err_t err;
};

static struct slot slots[SLOTS];
static struct files_queue queue;

void sources_open(void)
{
    files_queue_open(&queue, &web.files);
}

static unsigned char *slot_data(const struct slot *slot)
{
    uint64_t bytes;
    unsigned char *buffer = files_buffer(&web.files, &bytes);

    return buffer + VIEW_BYTES + (slot - slots) * SLOT_BYTES;
}

/* If there is room, and the buffer is that of the file's server. */
static void piece_ask(struct connection *connection, uint64_t position, uint64_t left)
{
    struct slot *slot = slots;

    while (slot < slots + SLOTS && slot->state != SLOT_FREE) {
        slot++;
    }
    if (slot == slots + SLOTS || left == 0) {
        return;
    }
    struct files_wish wish = { .file = &connection->file,
                               .position = position,
                               .into = slot_data(slot),
                               .bytes = left < SLOT_BYTES ? (uint32_t)left : SLOT_BYTES,
                               .tag = (uint64_t)(slot - slots) };

    if (files_submit(&queue, &wish) == ERR_OK) {
        *slot = (struct slot){ .state = SLOT_ASKED, .owner = connection, .position = position };
        connection->slot = slot;
    }
}

bool sources_hear(ns_t *wake)
{
    struct files_completion completion;

    if (queue.count == 0) {
        return true;
    }
    while (files_completed(&queue, &completion) == ERR_OK) {
        struct slot *slot = &slots[completion.tag % SLOTS];

        slot->state = slot->owner != NULL ? SLOT_HERE : SLOT_FREE;
        slot->bytes = completion.done;
        slot->err = completion.err;
        if (slot->owner != NULL) {
            slot->owner->wake = 0;
            *wake = 0;
        }
    }
    ns_t again = files_queue_deadline(&queue);

    *wake = again < *wake ? again : *wake;
    return files_queue_rest(&queue);
}

void source_end(struct connection *connection)
{
    struct slot *slot = connection->slot;

    files_cancel(&queue, &connection->file);
    if (slot != NULL) {
        slot->owner = NULL;
        slot->state = slot->state == SLOT_HERE ? SLOT_FREE : slot->state;
        connection->slot = NULL;
    }
}

/* Of the piece that came. */
static enum step piece_view(struct connection *connection, uint32_t bytes, const void **data,
                            uint32_t *done)
{
    struct slot *slot = connection->slot;

    if (slot->err != ERR_OK || slot->position + slot->at != connection->position) {
        return STEP_FAILED;
    }
    *data = slot_data(slot) + slot->at;
    *done = bytes < slot->bytes ? bytes : slot->bytes;
    slot->at += *done;
    slot->bytes -= *done;
    return STEP_DONE;
}

enum step source_view(struct connection *connection, uint32_t bytes, const void **data,
                      uint32_t *done)
{
    struct slot *slot = connection->slot;

    if (slot != NULL) {
        return slot->state == SLOT_ASKED ? STEP_LATER : piece_view(connection, bytes, data, done);
    }
    err_t err = files_view(&connection->file, connection->position, bytes, data, done);
    enum step step = STEP_LATER;

    if (err == ERR_NO_ENTRY) {
        /* The server is a new one, and there was no time left to open the file again. */
        web.counts.repeats++;
    } else {
        step = source_judge(err);
    }
    if (step == STEP_LATER) {
        piece_ask(connection, connection->position, connection->left);
    }
    return step;
}

void source_taken(struct connection *connection)
{
    struct slot *slot = connection->slot;

    if (slot == NULL || slot->state != SLOT_HERE || slot->bytes != 0) {
        return;
    }
    slot->state = SLOT_FREE;
    connection->slot = NULL;
    piece_ask(connection, connection->position, connection->left);
}
