/* SPDX-License-Identifier: MIT */
/* Names out of what the server wrote: a copy of it, and no number in it is trusted. */
#include "file/file.h"
#include "file/wire.h"
#include "list.h"
#include "pith/string.h"

void files_list(struct files_list *list, struct file *dir)
{
    list->dir = dir;
    list->mount = 0;
    list->next = 0;
    list->at = 0;
    list->used = 0;
    list->is_last = false;
}

static err_t entry_take(struct files_list *list, struct files_name *name)
{
    struct file_entry entry;
    uint32_t left = list->used - list->at;

    if (left < sizeof(entry)) {
        return ERR_IO;
    }
    memcpy(&entry, list->part + list->at, sizeof(entry));
    if (entry.bytes > left || entry.bytes < sizeof(entry) + entry.name_length) {
        return ERR_IO;
    }
    name->inode = entry.inode;
    name->kind = entry.kind;
    name->length = entry.name_length;
    memcpy(name->text, list->part + list->at + sizeof(entry), entry.name_length);
    name->text[entry.name_length] = 0;
    list->at += entry.bytes;
    return ERR_OK;
}

/* What the way to a mount is called in this directory. */
static const char *mount_name(const struct file *dir, uint32_t number, uint32_t *length)
{
    const char *name = dir->files->mounts[number].path + dir->length + 1;

    for (*length = 0; name[*length] != 0 && name[*length] != '/';) {
        ++*length;
    }
    return name;
}

/* Does a mount before number @end begin with that name? Then the server's own entry is hidden. */
static bool is_mount(const struct file *dir, uint32_t end, const char *name, uint32_t length)
{
    for (uint32_t i = 0; i < end; i++) {
        uint32_t mount_length;

        if ((dir->mounts >> i & 1) != 0 &&
            memcmp(mount_name(dir, i, &mount_length), name, length) == 0 &&
            mount_length == length) {
            return true;
        }
    }
    return false;
}

/* Mounts come first. False: there is none left. */
static bool mount_take(struct files_list *list, struct files_name *name)
{
    const struct file *dir = list->dir;

    while (dir->mounts >> list->mount != 0) {
        uint32_t number = list->mount++;
        uint32_t length;

        if ((dir->mounts >> number & 1) == 0) {
            continue;
        }
        const char *text = mount_name(dir, number, &length);

        if (!is_mount(dir, number, text, length)) {
            name->inode = 0;
            name->kind = FILE_KIND_DIRECTORY;
            name->length = length;
            memcpy(name->text, text, length);
            name->text[length] = 0;
            return true;
        }
    }
    return false;
}

static err_t part_next(struct files_list *list, struct files_name *name)
{
    while (list->at == list->used) {
        if (list->is_last) {
            return ERR_NO_ENTRY;
        }
        err_t err = files_list_part(list);

        if (err) {
            return err;
        }
    }
    return entry_take(list, name);
}

err_t files_next(struct files_list *list, struct files_name *name)
{
    err_t err;

    if (mount_take(list, name)) {
        return ERR_OK;
    }
    do {
        err = part_next(list, name);
    } while (err == ERR_OK && is_mount(list->dir, FILES_MOUNTS_MAX, name->text, name->length));
    return err;
}
