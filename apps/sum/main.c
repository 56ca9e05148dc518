/* SPDX-License-Identifier: MIT */
/*
 * Prints the SHA-256 of a file: `start sum PATH`, or `start sum ROUNDS PATH` to read it that often; `many` before that: by many
 * requests at once. It is a program like any other that reads files: what dies behind it, it does not notice, but for
 * the counts at the end.
 */
#include "sum.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/format.h"
#include "pith/self.h"
#include "pith/string.h"

#include "abi/names.h"

static struct files files;
static bool is_many;
static uint64_t resubmitted;

/* All of a file, read into the session's own memory, and added to the sum. */
static err_t add_all(struct file *file, struct sha256 *hash)
{
    uint64_t bytes;
    uint64_t done = 0;
    void *buffer = files_buffer(&files, &bytes);

    for (uint64_t position = 0; position < file->bytes; position += done) {
        err_t err = files_read(file, position, buffer, bytes, &done);

        if (err) {
            return err;
        }
        if (done == 0) {
            return ERR_GONE; /* it is shorter than it said */
        }
        sha256_add(hash, buffer, done);
    }
    return ERR_OK;
}

static err_t round_do(const char *path)
{
    unsigned char digest[SHA256_BYTES];
    char text[2 * SHA256_BYTES + 1];
    struct sha256 hash;
    struct file file;
    ns_t start = clock_now();
    err_t err = files_open(&files, path, 0, &file);

    sha256_start(&hash);
    if (err == ERR_OK) {
        err = is_many ? sum_many(&files, &file, &hash, &resubmitted) : add_all(&file, &hash);
        files_close(&file);
    }
    if (err) {
        debug_printf("sum: %s: %s\n", path, error_name(err));
        return err;
    }
    sha256_finish(&hash, digest);
    for (uint32_t i = 0; i < SHA256_BYTES; i++) {
        (void)format(text + (size_t)i * 2, 3, "%02x", (unsigned)digest[i]);
    }
    debug_printf("sum: %s  %s, %lu ms\n", text, path,
                 (unsigned long)((clock_now() - start) / NS_PER_MS));
    return ERR_OK;
}

int main(void)
{
    const char *path = self_args();
    uint32_t rounds = 0;
    err_t err = files_connect(&files);

    if (err) {
        debug_printf("sum: there are no files (%s)\n", error_name(err));
        return 1;
    }
    files.patience_ns = DEADLINE_NEVER; /* whatever dies comes back, or its clients are told */
    is_many = strncmp(path, "many ", 5) == 0;
    path += is_many ? 5 : 0;
    for (; *path >= '0' && *path <= '9' && rounds < 10000; path++) {
        rounds = rounds * 10 + (uint32_t)(*path - '0');
    }
    path += *path == ' ';
    for (uint32_t i = 0; err == ERR_OK && i < (rounds != 0 ? rounds : 1); i++) {
        err = round_do(path);
    }
    if (is_many) {
        debug_printf("sum: %lu requests submitted again\n", (unsigned long)resubmitted);
    }
    debug_printf("sum: %lu calls repeated, %lu files opened again\n", (unsigned long)files.repeated,
                 (unsigned long)files.reopened);
    return err != ERR_OK;
}
