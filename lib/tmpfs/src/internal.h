/* SPDX-License-Identifier: MIT */
/* Between the files of lib/tmpfs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format.h"
#include "tmpfs/tmpfs.h"

/* --- change.c --- */

/* New contents of some places in kept memory, which come to be all at once. */
struct change {
    uint32_t count;
    struct {
        void *place;
        const void *from;
        uint32_t bytes;
    } parts[CHANGES_MAX];
    struct done done;
};

/** sum_of() - a checksum over whole words: finds what a program wrote by mistake, not what it wrote by intent. */
uint64_t sum_of(const void *start, size_t bytes);

void change_add(struct change *change, void *place, const void *from, uint32_t bytes);

/** change_add_node() - with its checksum. Borrows @node until change_commit(). */
void change_add_node(struct tmpfs *fs, struct change *change, uint32_t number,
                     struct tmpfs_node *node);

/** change_add_done() - what the client wanted is done with it. */
void change_add_done(struct tmpfs *fs, struct change *change, const struct tmpfs_request *request);

/** change_commit() - afterwards all of it is there, also for a successor; before, nothing. */
void change_commit(struct tmpfs *fs, const struct change *change);

/** change_recover() - complete what was being done. True: there was something. */
bool change_recover(unsigned char *kept, uint64_t bytes);

bool node_is_right(const struct tmpfs_node *node);

/* --- pages.c --- */

static inline unsigned char *page_of(const struct tmpfs *fs, uint32_t number)
{
    return fs->kept + (uint64_t)number * TMPFS_PAGE;
}

/** page_find() - where page @index of a file is; NULL: nowhere, it is zero. */
unsigned char *page_find(const struct tmpfs *fs, const struct tmpfs_node *node, uint64_t index);

/** tree_grow() - make the tree so high that it can hold page @index. Errors: ERR_NO_SPACE. */
MUST_CHECK err_t tree_grow(struct tmpfs *fs, struct tmpfs_node *node, uint64_t index);

/**
 * page_slot() - the word that names page @index, making the pages of the tree above it. Errors: ERR_NO_SPACE.
 * The tree is high enough.
 */
MUST_CHECK err_t page_slot(struct tmpfs *fs, struct tmpfs_node *node, uint64_t index,
                           uint32_t **slot);

/** page_take() - an unused page, with anything in it; 0: there is none. */
uint32_t page_take(struct tmpfs *fs);
void page_give(struct tmpfs *fs, uint32_t number);

/** page_link() - name a page that is whole: from here on it is part of the file. */
void page_link(uint32_t *slot, uint32_t number);

/** tree_trim() - give back all pages beyond the file's length, and zero what is behind it in its last one. */
void tree_trim(struct tmpfs *fs, struct tmpfs_node *node);

/** tree_free() - give back all pages below that root. */
void tree_free(struct tmpfs *fs, uint32_t root, uint32_t height);

/* --- names.c --- */

/** names_insert() - let a node that has a name be found. */
void names_insert(struct tmpfs *fs, uint32_t number);
bool name_is_good(const char *name, uint32_t length);
