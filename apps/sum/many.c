/* SPDX-License-Identifier: MIT */
/* A file read by many requests at once, which may be done in any order; they are added to the sum in that of the file. */
#include "file/requests.h"
#include "service/service.h"
#include "sum.h"

#include "abi/names.h"

enum { PIECES = 8, PAGE = 4096 };

struct reading {
    struct file *file;
    struct sha256 *hash;
    unsigned char *buffer;
    uint32_t piece_bytes;
    uint64_t asked; /* pieces */
    uint64_t added;
    uint32_t done[PIECES]; /* bytes, by number of the piece; 0: on its way */
};

static struct files_queue queue;

static void *place_of(const struct reading *reading, uint64_t piece)
{
    return reading->buffer + piece % PIECES * reading->piece_bytes;
}

static err_t ask_all(struct reading *reading)
{
    while (reading->asked * reading->piece_bytes < reading->file->bytes &&
           reading->asked - reading->added < PIECES) {
        struct files_wish wish = { .file = reading->file,
                                   .position = reading->asked * reading->piece_bytes,
                                   .into = place_of(reading, reading->asked),
                                   .bytes = reading->piece_bytes,
                                   .tag = reading->asked };
        err_t err = files_submit(&queue, &wish);

        if (err) {
            return err;
        }
        reading->done[reading->asked++ % PIECES] = 0;
    }
    return ERR_OK;
}

/* What is done; ERR_WOULD_BLOCK: nothing is. */
static err_t hear(struct reading *reading)
{
    struct files_completion completion;
    err_t err = files_completed(&queue, &completion);

    if (err == ERR_OK) {
        err = completion.err;
    }
    if (err) {
        return err;
    }
    reading->done[completion.tag % PIECES] = completion.done;
    return completion.done != 0 ? ERR_OK : ERR_GONE; /* the file is shorter than it said */
}

/* All that follows on what was added. */
static void add_next(struct reading *reading)
{
    while (reading->added < reading->asked && reading->done[reading->added % PIECES] != 0) {
        sha256_add(reading->hash, place_of(reading, reading->added),
                   reading->done[reading->added % PIECES]);
        reading->added++;
    }
}

static void sleep_until_news(void)
{
    static struct service service;

    if (files_queue_rest(&queue) &&
        service_wait(&service, files_queue_deadline(&queue)) == SERVICE_CALL) {
        service.info = MSG_INFO(ERR_BAD_CALL, 0, 0);
    }
}

err_t sum_many(struct files *files, struct file *file, struct sha256 *hash, uint64_t *resubmitted)
{
    uint64_t bytes;
    struct reading reading = { .file = file, .hash = hash };

    /* Other calls, as those that open the file again, use the beginning of the buffer. */
    reading.buffer = (unsigned char *)files_buffer(files, &bytes) + FILES_PATH_MAX;
    reading.piece_bytes = (uint32_t)((bytes - FILES_PATH_MAX) / PIECES) & ~(uint32_t)(PAGE - 1);
    files_queue_open(&queue, files);
    while (reading.added * reading.piece_bytes < file->bytes) {
        err_t err = ask_all(&reading);

        if (err == ERR_OK) {
            err = hear(&reading);
        }
        if (err == ERR_WOULD_BLOCK) {
            sleep_until_news();
        } else if (err) {
            return err;
        }
        add_next(&reading);
    }
    *resubmitted += queue.resubmitted;
    return ERR_OK;
}
