/* SPDX-License-Identifier: MIT */
/* Names out of what the server wrote: a copy of it, and no number in it is trusted. */
#include "file/file.h"
#include "file/wire.h"
#include "list.h"
#include "pith/string.h"

void files_list(struct files_list *list, struct file *dir)
{
    list->dir = dir;
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

err_t files_next(struct files_list *list, struct files_name *name)
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
