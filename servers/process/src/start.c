/* SPDX-License-Identifier: MIT */
/*
 * From a request to a program: its file is opened and read in calls that end soon, then it is made in one go.
 * A file that fits into the session's data area is used where the file server put it; a larger one is copied.
 */
#include "process.h"

#include <stddef.h>

#include "pith/file_calls.h"
#include "pith/kernel_calls.h"
#include "pith/space.h"
#include "pith/string.h"

#define PATIENCE_NS (25 * NS_PER_S) /* for the file altogether */
#define STEP_NS (2 * NS_PER_MS)     /* probes are to be answered */
#define FILE_BYTES_MAX (64ull << 20)

enum { FIRST_PRINTED = 0x20, DELETE = 0x7f };

/* Words of the call, as in abi/idl/process.idl. */
enum { AT, BYTES, ARGUMENTS, ENVIRONMENT, USES, MEMORY, BUDGET, TIME };

/* The end of so many texts; 0: there are fewer. */
static uint32_t texts_end(const char *text, uint32_t bytes, uint32_t from, uint64_t count)
{
    while (count > 0 && from < bytes) {
        count -= text[from++] == 0;
    }
    return count == 0 ? from : 0;
}

static err_t interfaces_read(struct request *request, uint32_t at, uint32_t end)
{
    while (at < end) {
        const char *name = request->text + at;
        bool is_known = strcmp(name, "debug") == 0;

        request->has_debug |= is_known;
        for (uint32_t i = 0; i < manager.interface_count; i++) {
            if (strcmp(name, manager.interfaces[i]) == 0) {
                request->interfaces |= 1u << i;
                is_known = true;
            }
        }
        if (!is_known) {
            return ERR_NO_ENTRY;
        }
        at += (uint32_t)strlen(name) + 1;
    }
    return ERR_OK;
}

/* What the client wrote is copied before anything looks at it. */
static err_t request_read(const struct client *client, const uint64_t words[8],
                          struct request *request, const char **why)
{
    uint32_t bytes = (uint32_t)words[BYTES];

    *why = "the request is not well-formed";
    if (words[AT] > client->session.data_bytes || bytes > client->session.data_bytes - words[AT] ||
        words[MEMORY] > 1ull << 40) {
        return ERR_RANGE;
    }
    request->argument_count = (uint32_t)words[ARGUMENTS];
    request->environment_count = (uint32_t)words[ENVIRONMENT];
    request->interfaces = 0;
    request->has_debug = false;
    request->memory_bytes = words[MEMORY];
    request->budget_ns = words[BUDGET];
    request->time_ns = words[TIME];
    memcpy(request->text, (const char *)session_data(&client->session) + words[AT], bytes);

    uint32_t words_at = texts_end(request->text, bytes, 0, 1);
    uint32_t uses_at =
        texts_end(request->text, bytes, words_at, words[ARGUMENTS] + words[ENVIRONMENT]);
    uint32_t end = texts_end(request->text, bytes, uses_at, words[USES]);

    if (words_at <= 1 || uses_at == 0 || end != bytes) {
        return ERR_RANGE;
    }
    request->words_at = words_at;
    request->word_bytes = uses_at - words_at;
    *why = "programs that are started may not use such an interface";
    return interfaces_read(request, uses_at, end);
}

static struct child *place_free(void)
{
    for (uint32_t i = 0; i < manager.child_count; i++) {
        if (manager.children[i].state == PLACE_FREE) {
            return &manager.children[i];
        }
    }
    return NULL;
}

/* The last part of the path. People read it on terminals: no control characters. */
static void name_set(struct record *record, const char *path)
{
    const char *name = path;

    for (; *path != 0; path++) {
        name = path[0] == '/' && path[1] != 0 ? path + 1 : name;
    }
    for (uint32_t i = 0; i + 1 < PROGRAM_NAME_BYTES && name[i] != 0; i++) {
        bool is_control = (unsigned char)name[i] < FIRST_PRINTED || name[i] == DELETE;

        record->name[i] = is_control ? '?' : name[i];
    }
}

err_t start_begin(const struct client *client, const uint64_t words[8], struct child **begun,
                  const char **why)
{
    struct child *child = place_free();

    *why = "as many run as may run at once";
    if (child == NULL) {
        return ERR_NO_SLOT;
    }
    err_t err = request_read(client, words, &child->request, why);

    if (err == ERR_OK) {
        *why = "its time is more than the system allows";
        err = child_time_set(child, child->request.budget_ns);
    }
    if (err == ERR_OK) {
        *why = "the system has no memory left for programs";
        err = pool_take();
    }
    if (err) {
        return err;
    }
    *why = "too many processes";
    child->record = record_new();
    if (child->record == NULL) {
        return ERR_NO_SLOT;
    }
    name_set(child->record, child->request.text);
    child->state = PLACE_OPENING;
    child->give_up_ns = clock_now() + PATIENCE_NS;
    *begun = child;
    return start_step(child, why);
}

/* What of a file's errors means that it may yet come? */
static err_t judge(const struct child *child, err_t err)
{
    if (err == ERR_TIMED_OUT || err == ERR_PEER_DIED || err == ERR_BUSY) {
        return clock_now() < child->give_up_ns ? ERR_WOULD_BLOCK : ERR_TIMED_OUT;
    }
    return err;
}

static err_t file_open_step(struct child *child, const char **why)
{
    *why = "its file cannot be opened";
    err_t err = judge(child, files_open(&manager.files, child->request.text, 0, &child->file));

    if (err) {
        return err;
    }
    child->has_file = true;
    if (child->file.kind != FILE_KIND_REGULAR) {
        *why = "it is no regular file";
        return ERR_WRONG_TYPE;
    }
    if (child->file.bytes > FILE_BYTES_MAX) {
        *why = "its file is too large";
        return ERR_RANGE;
    }
    child->copied = 0;
    if (child->file.bytes > files_view_bytes(&child->file)) {
        *why = "there is no room for a copy of its file";
        err = region_create((child->file.bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1),
                            PROT_READ | PROT_WRITE, &child->copy, &child->copy_frame);
    }
    if (err == ERR_OK) {
        child->state = PLACE_READING;
    }
    return err;
}

/* Until it is all there, or it is time to look whether somebody asks. */
static err_t file_copy_step(struct child *child)
{
    ns_t until = clock_now() + STEP_NS;

    while (child->copied < child->file.bytes) {
        const void *data;
        uint32_t done;
        err_t err = judge(child, files_view(&child->file, child->copied,
                                            files_view_bytes(&child->file), &data, &done));

        if (err) {
            return err;
        }
        if (done == 0 || done > child->file.bytes - child->copied) {
            return ERR_GONE;
        }
        memcpy((char *)child->copy + child->copied, data, done);
        child->copied += done;
        if (clock_now() >= until) {
            return child->copied < child->file.bytes ? ERR_WOULD_BLOCK : ERR_OK;
        }
    }
    return ERR_OK;
}

static void file_finish(struct child *child)
{
    if (child->copy != 0) {
        region_destroy(child->copy, (child->file.bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1),
                       child->copy_frame);
        child->copy = 0;
    }
    if (child->has_file && files_close_now(&child->file) == ERR_OK) {
        child->has_file = false;
    }
}

static err_t file_read_step(struct child *child, const char **why)
{
    const void *image = (const void *)child->copy;
    uint32_t done = 0;
    err_t err;

    *why = "its file cannot be read";
    if (child->copy != 0) {
        err = file_copy_step(child);
    } else if (child->file.bytes == 0) {
        err = ERR_OK;
    } else {
        err = judge(child, files_view(&child->file, 0, (uint32_t)child->file.bytes, &image, &done));
        if (err == ERR_OK && done != child->file.bytes) {
            err = ERR_GONE;
        }
    }
    return err ? err : child_make(child, image, child->file.bytes, why);
}

void start_undo(struct child *child)
{
    const struct record result = { .state = PROCESS_STATE_KILLED };
    struct record *record = child->record;

    file_finish(child);
    child->starter = NULL;
    child_end(child, &result);
    record->pid = 0; /* nobody was told of it */
}

err_t start_step(struct child *child, const char **why)
{
    err_t err = ERR_OK;

    if (child->state == PLACE_OPENING) {
        err = file_open_step(child, why);
    }
    if (err == ERR_OK) {
        err = file_read_step(child, why);
    }
    if (err == ERR_WOULD_BLOCK) {
        return err;
    }
    if (err) {
        start_undo(child);
    } else {
        file_finish(child);
    }
    return err;
}
