/* SPDX-License-Identifier: MIT */
/*
 * Names of a directory, and the working directory. A place in a directory is a count of names: who seeks to one
 * reads again from the beginning, since the server's own places are between parts and not between names.
 */
#include <stddef.h>

#include "abi/kernel_calls.h"
#include "calls.h"
#include "lock.h"
#include "pith/string.h"
#include "tree.h"

enum { ENTRY_ALIGN = 8, ENTRY_FIXED = 19 };

/* Linux's struct linux_dirent64; its name follows at ENTRY_FIXED. */
struct entry {
    uint64_t inode;
    int64_t next;
    uint16_t bytes;
    uint8_t type;
};

static uint8_t type_of_kind(uint32_t kind)
{
    switch (kind) {
    case FILE_KIND_REGULAR:
        return 8;
    case FILE_KIND_DIRECTORY:
        return 4;
    case FILE_KIND_SYMLINK:
        return 10;
    default:
        return 0; /* not known: ask the file */
    }
}

/* The next name to hand out is in opening->name. */
static err_t name_prepare(struct opening *opening)
{
    err_t err = ERR_OK;

    if (opening->has_name) {
        return ERR_OK;
    }
    if (opening->list.dir == NULL) {
        files_list(&opening->list, &opening->file);
        for (uint64_t i = 0; err == ERR_OK && i < opening->position; i++) {
            err = files_next(&opening->list, &opening->name);
        }
    }
    if (err == ERR_OK) {
        err = files_next(&opening->list, &opening->name);
    }
    opening->has_name = err == ERR_OK;
    return err;
}

static long names_give(struct opening *opening, char *into, size_t room)
{
    size_t used = 0;
    err_t err;

    while ((err = name_prepare(opening)) == ERR_OK) {
        const struct files_name *name = &opening->name;
        size_t bytes =
            (ENTRY_FIXED + name->length + 1 + ENTRY_ALIGN - 1) & ~(size_t)(ENTRY_ALIGN - 1);
        struct entry entry = { name->inode, (int64_t)opening->position + 1, (uint16_t)bytes,
                               type_of_kind(name->kind) };

        if (bytes > room - used) {
            return used != 0 ? (long)used : -POSIX_EINVAL;
        }
        memset(into + used, 0, bytes);
        memcpy(into + used, &entry, ENTRY_FIXED);
        memcpy(into + used + ENTRY_FIXED, name->text, name->length);
        used += bytes;
        opening->position++;
        opening->has_name = false;
    }
    /* An error comes alone, after the names before it. */
    return used != 0 || err == ERR_NO_ENTRY ? (long)used : -errno_of_file(err);
}

long posix_getdents(const long arguments[6])
{
    posix_lock();
    struct opening *opening = opening_of(arguments[0]);
    long result;

    if (opening == NULL) {
        result = -POSIX_EBADF;
    } else if (opening->kind != OPENING_FILE || opening->file.kind != FILE_KIND_DIRECTORY) {
        result = -POSIX_ENOTDIR;
    } else {
        result = names_give(opening, (char *)arguments[1], (uint32_t)arguments[2]);
    }
    posix_unlock();
    return result;
}

long posix_getcwd(const long arguments[6])
{
    posix_lock();
    size_t length = strlen(tree_working()) + 1;
    long result = -POSIX_ERANGE;

    if (length <= (size_t)arguments[1]) {
        memcpy((char *)arguments[0], tree_working(), length);
        result = (long)length;
    }
    posix_unlock();
    return result;
}

long posix_chdir(const long arguments[6])
{
    struct opening *opening;

    posix_lock();
    long result = tree_probe(TREE_HERE, (const char *)arguments[0], FILES_DIRECTORY, &opening);

    if (result == 0) {
        static char path[PATH_BYTES];

        memcpy(path, opening->path, sizeof(path));
        tree_probe_end();
        result = tree_work_in(path);
    }
    posix_unlock();
    return result;
}

long posix_fchdir(const long arguments[6])
{
    posix_lock();
    const struct opening *opening = opening_of(arguments[0]);
    long result = -POSIX_EBADF;

    if (opening != NULL) {
        result = opening->kind == OPENING_FILE ? tree_work_in(opening->path) : -POSIX_ENOTDIR;
    }
    posix_unlock();
    return result;
}
