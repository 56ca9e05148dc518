/* SPDX-License-Identifier: MIT */
/*
 * Writes files, renames and removes them, and reads them back, whatever dies meanwhile; arguments: how many rounds,
 * and a directory. Every call must do what it says, once: a name that was made is there, one that was removed is
 * not, and bytes are those written last. It ends by saying so.
 */
#include "file/change.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/self.h"
#include "pith/string.h"

#include "abi/names.h"

enum { PATH_BYTES = 256, BYTES = 20000, TOLD_EVERY = 50 };

static struct files files;
static unsigned char data[BYTES];
static unsigned char back[BYTES];
static char dir[PATH_BYTES];
static char paths[3][PATH_BYTES];

static void path_make(char *into, const char *name)
{
    size_t length = strlen(dir);

    memcpy(into, dir, length + 1);
    into[length] = '/';
    memcpy(into + length + 1, name, strlen(name) + 1);
}

static void data_fill(uint32_t round)
{
    uint32_t mixed = round * 2654435761u + 1;

    for (uint32_t i = 0; i < BYTES; i++) {
        mixed = mixed * 1664525u + 1013904223u;
        data[i] = (unsigned char)(mixed >> 24);
    }
}

/* Makes paths[0] with data in it; it must not be there. */
static err_t file_make(void)
{
    struct file file;
    uint64_t done = 0;
    err_t err = files_open(&files, paths[0], FILES_WRITE | FILES_CREATE | FILES_EXCLUSIVE, &file);

    if (err) {
        return err;
    }
    err = files_write(&file, 0, data, BYTES, &done);
    if (err == ERR_OK) {
        err = done == BYTES ? files_refresh(&file) : ERR_NO_SPACE;
    }
    if (err == ERR_OK && file.bytes != BYTES) {
        err = ERR_IO;
    }
    files_close(&file);
    return err;
}

static err_t file_check(const char *path)
{
    struct file file;
    uint64_t done = 0;
    err_t err = files_open(&files, path, 0, &file);

    if (err) {
        return err;
    }
    err = files_read(&file, 0, back, BYTES, &done);
    if (err == ERR_OK && (done != BYTES || memcmp(data, back, BYTES) != 0)) {
        err = ERR_DAMAGED;
    }
    files_close(&file);
    return err;
}

/* Nothing may be left of a round. */
static err_t all_removed(void)
{
    struct file file;

    for (uint32_t i = 0; i < 3; i++) {
        err_t err = files_open(&files, paths[i], 0, &file);

        if (err != ERR_NO_ENTRY) {
            return err == ERR_OK ? ERR_EXISTS : err;
        }
    }
    return ERR_OK;
}

static err_t round_do(uint32_t round, const char **what)
{
    static char inner[PATH_BYTES];
    err_t err;

    data_fill(round);
    *what = "making a file";
    err = file_make();
    if (err == ERR_OK) {
        *what = "making a directory";
        err = files_make_directory(&files, paths[1]);
    }
    memcpy(inner, paths[1], PATH_BYTES);
    memcpy(inner + strlen(inner), "/file", sizeof("/file"));
    if (err == ERR_OK) {
        *what = "renaming";
        err = files_rename(&files, paths[0], inner);
    }
    if (err == ERR_OK) {
        *what = "reading it back";
        err = file_check(inner);
    }
    if (err == ERR_OK) {
        *what = "removing a file";
        err = files_remove(&files, inner, false);
    }
    if (err == ERR_OK) {
        *what = "removing a directory";
        err = files_remove(&files, paths[1], true);
    }
    if (err == ERR_OK) {
        *what = "looking for what was removed";
        err = all_removed();
    }
    return err;
}

int main(void)
{
    const char *text = self_args();
    const char *what = "connecting";
    uint32_t rounds = 0;
    uint32_t done = 0;
    err_t err = files_connect(&files);

    files.patience_ns = DEADLINE_NEVER;
    for (; *text >= '0' && *text <= '9' && rounds < 1000000; text++) {
        rounds = rounds * 10 + (uint32_t)(*text - '0');
    }
    text += *text == ' ';
    if (strlen(text) > PATH_BYTES / 2) {
        return 1;
    }
    memcpy(dir, text, strlen(text) + 1);
    path_make(paths[0], "scribe's file");
    path_make(paths[1], "scribe's directory");
    path_make(paths[2], "scribe's other");
    while (err == ERR_OK && done < rounds) {
        err = round_do(done, &what);
        done += err == ERR_OK;
        if (done % TOLD_EVERY == 0) {
            debug_printf("scribe: %u rounds\n", done);
        }
    }
    if (err) {
        debug_printf("scribe: %s in round %u: %s\n", what, done, error_name(err));
    }
    debug_printf("scribe: %u rounds were right; %lu calls repeated, %lu files opened again\n", done,
                 (unsigned long)files.repeated, (unsigned long)files.reopened);
    return err != ERR_OK;
}
