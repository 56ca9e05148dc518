/* SPDX-License-Identifier: MIT */
/*
 * Links and ".." in the middle of a path are the server's business, so joining texts is all there is to a relative
 * path. Only the working directory is resolved here, since getcwd() shows it.
 */
#include "tree.h"

#include <stddef.h>

#include "abi/kernel_calls.h"
#include "errors.h"
#include "pith/string.h"

enum { LINKS_MAX = 40 };

static struct {
    enum { UNTRIED, CONNECTED, REFUSED } state;
    struct files files;
    struct opening probe;
    char working[PATH_BYTES];
    char rest[PATH_BYTES], target[PATH_BYTES]; /* of tree_work_in() */
} tree = { .working = "/" };

/* A program that may use no file server has no right to any file. */
struct files *tree_files(void)
{
    if (tree.state == UNTRIED) {
        tree.state = files_connect(&tree.files) == ERR_OK ? CONNECTED : REFUSED;
    }
    return tree.state == CONNECTED ? &tree.files : NULL;
}

const char *tree_working(void)
{
    return tree.working;
}

/* Appends with a '/' in between, if need be. */
static bool path_append(char *path, const char *part)
{
    size_t length = strlen(path);
    size_t more = strlen(part);
    bool needs_slash = length == 0 || path[length - 1] != '/';

    if (length + needs_slash + more > FILES_PATH_MAX) {
        return false;
    }
    if (needs_slash) {
        path[length++] = '/';
    }
    memcpy(path + length, part, more + 1);
    return true;
}

static void path_cut(char *path)
{
    size_t length = strlen(path);

    while (length > 0 && path[--length] != '/') {
    }
    path[length] = 0;
}

long tree_path(long dir, const char *path, struct opening *opening)
{
    const char *base = tree.working;

    if (path[0] == 0) {
        return -POSIX_ENOENT;
    }
    if (path[0] != '/' && dir != TREE_HERE) {
        const struct opening *from = opening_of(dir);

        if (from == NULL) {
            return -POSIX_EBADF;
        }
        if (from->kind != OPENING_FILE || from->file.kind != FILE_KIND_DIRECTORY) {
            return -POSIX_ENOTDIR;
        }
        base = from->path;
    }
    if (path[0] == '/') {
        base = "/";
        path++;
    }
    memcpy(opening->path, base, strlen(base) + 1);
    return path_append(opening->path, path) ? 0 : -POSIX_ENAMETOOLONG;
}

long tree_open_again(struct opening *opening, uint32_t flags)
{
    struct files *files = tree_files();
    size_t length = strlen(opening->path);

    if (files == NULL) {
        return -POSIX_EACCES;
    }
    if (length > 1 && opening->path[length - 1] == '/') {
        flags = (flags & ~FILES_NO_FOLLOW) | FILES_DIRECTORY;
    }
    err_t err = files_open(files, opening->path, flags, &opening->file);

    if (err == ERR_GONE) {
        return -POSIX_ENODEV; /* there is no file system */
    }
    return err ? -errno_of_file(err) : 0;
}

long tree_open(long dir, const char *path, uint32_t flags, struct opening *opening)
{
    long result = tree_path(dir, path, opening);

    return result != 0 ? result : tree_open_again(opening, flags);
}

long tree_probe(long dir, const char *path, uint32_t flags, struct opening **opening)
{
    long result = tree_open(dir, path, flags, &tree.probe);

    *opening = &tree.probe;
    return result;
}

void tree_probe_end(void)
{
    files_close(&tree.probe.file);
}

long tree_has_parent(const struct opening *opening)
{
    memcpy(tree.target, opening->path, strlen(opening->path) + 1);
    path_cut(tree.target);

    long result =
        tree_open(TREE_HERE, tree.target[0] != 0 ? tree.target : "/", FILES_DIRECTORY, &tree.probe);

    if (result == 0) {
        tree_probe_end();
    }
    return result;
}

/* Takes the first name off tree.rest; NULL: it is at its end. */
static const char *rest_take(char **rest)
{
    char *name;

    while (**rest == '/') {
        (*rest)++;
    }
    if (**rest == 0) {
        return NULL;
    }
    name = *rest;
    while (**rest != '/' && **rest != 0) {
        (*rest)++;
    }
    if (**rest == '/') {
        *(*rest)++ = 0;
    }
    return name;
}

/* The link that was met goes before what is left. */
static long link_follow(struct opening *link, char *result, char **rest)
{
    err_t err = files_link(&link->file, tree.target, sizeof(tree.target));

    if (err) {
        return -errno_of_file(err);
    }
    if (!path_append(tree.target, *rest)) {
        return -POSIX_ENAMETOOLONG;
    }
    if (tree.target[0] == '/') {
        result[0] = 0;
    } else {
        path_cut(result);
    }
    memcpy(tree.rest, tree.target, strlen(tree.target) + 1);
    *rest = tree.rest;
    return 0;
}

/* One name further. *links counts those followed. */
static long step(const char *name, char *result, char **rest, uint32_t *links)
{
    struct opening *found;
    long err;

    if (strcmp(name, ".") == 0) {
        return 0;
    }
    if (strcmp(name, "..") == 0) {
        path_cut(result);
        return 0;
    }
    if (!path_append(result, name)) {
        return -POSIX_ENAMETOOLONG;
    }
    err = tree_probe(TREE_HERE, result, FILES_NO_FOLLOW, &found);
    if (err != 0) {
        return err;
    }
    if (found->file.kind == FILE_KIND_SYMLINK) {
        err = ++*links > LINKS_MAX ? -POSIX_ELOOP : link_follow(found, result, rest);
    } else if (found->file.kind != FILE_KIND_DIRECTORY) {
        err = -POSIX_ENOTDIR;
    }
    tree_probe_end();
    return err;
}

long tree_work_in(const char *path)
{
    static char result[PATH_BYTES];
    char *rest = tree.rest;
    uint32_t links = 0;
    const char *name;

    result[0] = 0;
    memcpy(tree.rest, path, strlen(path) + 1);
    while ((name = rest_take(&rest)) != NULL) {
        long err = step(name, result, &rest, &links);

        if (err != 0) {
            return err;
        }
    }
    if (result[0] == 0) {
        result[0] = '/';
        result[1] = 0;
    }
    memcpy(tree.working, result, strlen(result) + 1);
    return 0;
}
