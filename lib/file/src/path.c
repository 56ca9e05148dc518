/* SPDX-License-Identifier: MIT */
#include "path.h"

#include "pith/string.h"

err_t path_begin(struct files_walk *walk, const char *path)
{
    size_t length = strlen(path);

    if (length == 0 || length > FILES_PATH_MAX) {
        return ERR_RANGE;
    }
    walk->length = 0;
    walk->checked = 0;
    walk->links = 0;
    walk->at = (uint32_t)(sizeof(walk->rest) - length);
    memcpy(walk->rest + walk->at, path, length);
    return ERR_OK;
}

/* The next name of what is left; its length 0: there is none. */
static const char *name_peek(struct files_walk *walk, uint32_t *length)
{
    while (walk->at < sizeof(walk->rest) && walk->rest[walk->at] == '/') {
        walk->at++;
    }
    *length = 0;
    while (walk->at + *length < sizeof(walk->rest) && walk->rest[walk->at + *length] != '/') {
        ++*length;
    }
    return walk->rest + walk->at;
}

uint32_t path_parent(const struct files_walk *walk)
{
    uint32_t length = walk->length;

    while (length > 0 && walk->done[--length] != '/') {
    }
    return length;
}

static err_t name_add(struct files_walk *walk, const char *name, uint32_t length)
{
    if (length > FILES_NAME_MAX || walk->length + 1 + length > sizeof(walk->done)) {
        return ERR_RANGE;
    }
    walk->done[walk->length] = '/';
    memcpy(walk->done + walk->length + 1, name, length);
    walk->length += 1 + length;
    return ERR_OK;
}

err_t path_advance(struct files_walk *walk, enum path_step *step)
{
    for (;;) {
        uint32_t length;
        const char *name = name_peek(walk, &length);
        bool is_up = length == 2 && name[0] == '.' && name[1] == '.';
        bool is_same = length == 1 && name[0] == '.';
        err_t err = ERR_OK;

        if (length == 0) {
            *step = PATH_END;
            return ERR_OK;
        }
        if (is_up && walk->checked < walk->length) {
            *step = PATH_CHECK;
            return ERR_OK;
        }
        if (is_up) {
            walk->length = path_parent(walk);
            walk->checked = walk->length;
        } else if (!is_same) {
            err = name_add(walk, name, length);
        }
        if (err) {
            return err;
        }
        walk->at += length;
    }
}

void path_checked(struct files_walk *walk)
{
    walk->checked = walk->length;
}

err_t path_link(struct files_walk *walk, uint32_t at, const char *target, uint32_t length)
{
    uint32_t behind = walk->length - at;

    if (++walk->links > FILES_LINKS_MAX) {
        return ERR_TOO_DEEP;
    }
    if (length == 0 || (uint64_t)length + behind + 1 > walk->at) {
        return ERR_RANGE;
    }
    /* What is behind the link begins with a slash, if there is anything; so does what was left, if names are in it. */
    if (walk->at < sizeof(walk->rest) && walk->rest[walk->at] != '/') {
        walk->rest[--walk->at] = '/';
    }
    walk->at -= behind;
    memcpy(walk->rest + walk->at, walk->done + at, behind);
    walk->at -= length;
    memcpy(walk->rest + walk->at, target, length);
    walk->length = at;
    walk->length = target[0] == '/' ? 0 : path_parent(walk);
    walk->checked = walk->length;
    return ERR_OK;
}

bool path_wants_directory(const struct files_walk *walk)
{
    return walk->rest[sizeof(walk->rest) - 1] == '/';
}
