/* SPDX-License-Identifier: MIT */
/* Changes of names. There are no users, so modes of what is made are the file server's. */
#include <stddef.h>

#include "abi/kernel_calls.h"
#include "calls.h"
#include "descriptor.h"
#include "file/change.h"
#include "lock.h"
#include "pith/string.h"
#include "tree.h"

enum { AT_REMOVE_DIRECTORY = 0x200, NAME_MOST = 255 };

/* The two paths of a change. */
static struct opening first, second;

static struct files *files_of(long *result)
{
    struct files *files = tree_files();

    *result = files == NULL ? -POSIX_EACCES : 0;
    return files;
}

/* RANGE is a name that is too long, or one that cannot be changed: "." or the top. */
static long errno_of_change(err_t err, const char *path)
{
    const char *name = path + strlen(path);

    while (name > path && name[-1] != '/') {
        name--;
    }
    if (err == ERR_RANGE) {
        return strlen(name) > NAME_MOST ? -POSIX_ENAMETOOLONG : -POSIX_EINVAL;
    }
    return err ? -errno_of_file(err) : 0;
}

/* A directory may be named with a '/' at its end. */
static void slashes_cut(char *path)
{
    for (size_t length = strlen(path); length > 1 && path[length - 1] == '/'; length--) {
        path[length - 1] = 0;
    }
}

static bool is_directory(const char *path)
{
    struct opening *found;
    bool is = tree_probe(TREE_HERE, path, FILES_NO_FOLLOW, &found) == 0;

    if (is) {
        is = found->file.kind == FILE_KIND_DIRECTORY;
        tree_probe_end();
    }
    return is;
}

static long make_directory(long dir, const char *path)
{
    long result;

    posix_lock();
    struct files *files = files_of(&result);

    result = files != NULL ? tree_path(dir, path, &first) : result;
    if (result == 0) {
        slashes_cut(first.path);
        result = strcmp(first.path, "/") == 0
                     ? -POSIX_EEXIST
                     : errno_of_change(files_make_directory(files, first.path), first.path);
    }
    posix_unlock();
    return result;
}

static long remove_locked(long dir, const char *path, bool wants_directory)
{
    long result;
    struct files *files = files_of(&result);

    result = files != NULL ? tree_path(dir, path, &first) : result;
    if (result != 0) {
        return result;
    }
    if (wants_directory) {
        slashes_cut(first.path);
    }
    err_t err = files_remove(files, first.path, wants_directory);

    if (err == ERR_WRONG_TYPE && !wants_directory && is_directory(first.path)) {
        return -POSIX_EISDIR;
    }
    return errno_of_change(err, first.path);
}

static long name_remove(long dir, const char *path, bool wants_directory)
{
    posix_lock();
    long result = remove_locked(dir, path, wants_directory);

    posix_unlock();
    return result;
}

static long rename_locked(long dir, const char *path, long dir_to, const char *path_to)
{
    long result;
    struct files *files = files_of(&result);

    result = files != NULL ? tree_path(dir, path, &first) : result;
    result = result == 0 ? tree_path(dir_to, path_to, &second) : result;
    if (result != 0) {
        return result;
    }
    err_t err = files_rename(files, first.path, second.path);

    if (err == ERR_WRONG_TYPE && is_directory(second.path) && !is_directory(first.path)) {
        return -POSIX_EISDIR;
    }
    return errno_of_change(err, second.path);
}

static long name_change(long dir, const char *path, long dir_to, const char *path_to)
{
    posix_lock();
    long result = rename_locked(dir, path, dir_to, path_to);

    posix_unlock();
    return result;
}

static long make_link(const char *target, long dir, const char *path)
{
    long result;

    posix_lock();
    struct files *files = files_of(&result);

    result = files != NULL ? tree_path(dir, path, &first) : result;
    if (result == 0) {
        result = target[0] == 0
                     ? -POSIX_ENOENT
                     : errno_of_change(files_make_link(files, first.path, target), first.path);
    }
    posix_unlock();
    return result;
}

long posix_mkdir(const long arguments[6])
{
    return make_directory(TREE_HERE, (const char *)arguments[0]);
}

long posix_mkdirat(const long arguments[6])
{
    return make_directory((int)arguments[0], (const char *)arguments[1]);
}

long posix_rmdir(const long arguments[6])
{
    return name_remove(TREE_HERE, (const char *)arguments[0], true);
}

long posix_unlink(const long arguments[6])
{
    return name_remove(TREE_HERE, (const char *)arguments[0], false);
}

long posix_unlinkat(const long arguments[6])
{
    if ((arguments[2] & ~(long)AT_REMOVE_DIRECTORY) != 0) {
        return -POSIX_EINVAL;
    }
    return name_remove((int)arguments[0], (const char *)arguments[1],
                       (arguments[2] & AT_REMOVE_DIRECTORY) != 0);
}

long posix_rename(const long arguments[6])
{
    return name_change(TREE_HERE, (const char *)arguments[0], TREE_HERE,
                       (const char *)arguments[1]);
}

long posix_renameat(const long arguments[6])
{
    return name_change((int)arguments[0], (const char *)arguments[1], (int)arguments[2],
                       (const char *)arguments[3]);
}

long posix_renameat2(const long arguments[6])
{
    return arguments[4] != 0 ? -POSIX_EINVAL : posix_renameat(arguments);
}

long posix_symlink(const long arguments[6])
{
    return make_link((const char *)arguments[0], TREE_HERE, (const char *)arguments[1]);
}

long posix_symlinkat(const long arguments[6])
{
    return make_link((const char *)arguments[0], (int)arguments[1], (const char *)arguments[2]);
}
