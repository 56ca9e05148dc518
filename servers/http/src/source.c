/* SPDX-License-Identifier: MIT */
/* Files, in calls that end soon: whether or not they have what was asked for. */
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

enum step source_view(struct file *file, uint64_t position, uint32_t bytes, const void **data,
                      uint32_t *done)
{
    err_t err = files_view(file, position, bytes, data, done);

    if (err == ERR_NO_ENTRY) {
        /* The server is a new one, and there was no time left to open the file again. */
        web.counts.repeats++;
        return STEP_LATER;
    }
    return source_judge(err);
}
