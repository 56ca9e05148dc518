/* SPDX-License-Identifier: MIT */
/*
 * Prints the SHA-256 of a file: `start sum PATH`, or `start sum ROUNDS PATH` to read it that often. It is a program
 * like any other that reads files: what dies behind it, it does not notice, but for the two counts at the end.
 */
#include "file/file.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/format.h"
#include "pith/self.h"
#include "sha256/sha256.h"

#include "abi/names.h"

static struct files files;

static bool data_add(void *context, const struct file *file, uint64_t position, const void *data,
                     uint32_t bytes)
{
    (void)file;
    (void)position;
    sha256_add(context, data, bytes);
    return true;
}

static err_t round_do(const char *path)
{
    unsigned char digest[SHA256_BYTES];
    char text[2 * SHA256_BYTES + 1];
    struct sha256 hash;
    ns_t start = clock_now();

    sha256_start(&hash);
    err_t err = files_all(&files, path, data_add, &hash);

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
        debug_printf("sum: there are no files: %s\n", error_name(err));
        return 1;
    }
    files.patience_ns = DEADLINE_NEVER; /* whatever dies comes back, or its clients are told */
    for (; *path >= '0' && *path <= '9' && rounds < 10000; path++) {
        rounds = rounds * 10 + (uint32_t)(*path - '0');
    }
    path += *path == ' ';
    for (uint32_t i = 0; err == ERR_OK && i < (rounds != 0 ? rounds : 1); i++) {
        err = round_do(path);
    }
    debug_printf("sum: %lu calls repeated, %lu files opened again\n", (unsigned long)files.repeated,
                 (unsigned long)files.reopened);
    return err != ERR_OK;
}
