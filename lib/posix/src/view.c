/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: the pages of a view that are not gone are mapped, each by one of its pieces. A page of a piece cannot be given back
 * alone, so what the program unmaps is taken from its space, and the pieces go when no page is left.
 */
#include "view.h"

#include <stddef.h>

#include "file/map.h"
#include "pages.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/self.h"
#include "pith/space.h"
#include "pith/string.h"
#include "tree.h"

enum {
    VIEWS_MAX = 16,
    PIECES_MAX = 48,
    VIEW_PAGES_MAX = 8192, /* as much as one mapping can have */
    COPY_PAGES = 16,       /* where nothing can be mapped, so many are copied; then twice as many */
    COPY_PAGES_MAX = 1024,
};

struct piece {
    struct files_map map; /* no pages: it was copied */
    cap_addr_t frame;     /* to this */
};

struct view {
    user_addr_t at;
    uint32_t pages;
    uint32_t left;
    uint32_t piece_count;
    struct piece pieces[PIECES_MAX];
    uint64_t gone[VIEW_PAGES_MAX / 64]; /* a bit for each page */
};
_Static_assert(sizeof(struct view) <= PAGE_BYTES, "it takes a page");

static struct view *views[VIEWS_MAX];

static void view_destroy(struct view *view)
{
    for (uint32_t i = 0; i < view->piece_count; i++) {
        struct piece *piece = &view->pieces[i];

        if (piece->frame != 0) {
            object_destroy(piece->frame);
        } else {
            files_unmap(tree_files(), &piece->map);
        }
    }
    region_forget(view->at, view->pages * PAGE_BYTES);
    (void)pages_give((user_addr_t)view, PAGE_BYTES);
}

err_t file_fill(struct file *file, uint64_t position, void *into, uint64_t bytes)
{
    bool may_grow = (file->traits & FILE_TRAIT_CHANGES) != 0;
    uint64_t at = 0, done = 1;
    err_t err = ERR_OK;

    while (err == ERR_OK && at < bytes && done != 0 && (may_grow || position + at < file->bytes)) {
        err = files_read(file, position + at, (char *)into + at, bytes - at, &done);
        at += err == ERR_OK ? done : 0;
    }
    return err;
}

/* Pages of its own for what cannot be mapped. */
static err_t piece_copy(struct piece *piece, struct file *file, uint64_t position, user_addr_t at,
                        uint32_t pages)
{
    err_t err = object_create(OBJECT_FRAME, (uint64_t)pages << 8 | PAGE_CLASS_4K, &piece->frame);

    if (err) {
        return err;
    }
    err = region_map(at, piece->frame, 0, pages, PROT_READ | PROT_WRITE);
    if (err == ERR_OK) {
        err = file_fill(file, position, (void *)at, pages * PAGE_BYTES);
    }
    if (err) {
        object_destroy(piece->frame);
        piece->frame = 0;
    }
    return err;
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* All pieces, one after the other. Errors: it cannot be had in this way; what there is is listed. */
static err_t view_fill(struct view *view, struct file *file, uint64_t position)
{
    uint32_t copied = COPY_PAGES;

    for (uint32_t done = 0; done < view->pages;) {
        struct piece *piece = &view->pieces[view->piece_count];
        user_addr_t at = view->at + done * PAGE_BYTES;
        uint64_t from = position + done * PAGE_BYTES;
        uint32_t left = view->pages - done;

        if (view->piece_count == PIECES_MAX) {
            return ERR_NO_MEMORY;
        }
        err_t err = files_map(file, from, left, at, &piece->map);
        uint32_t pages = piece->map.pages;

        if (err == ERR_OK && pages == 0 && done == 0) {
            return ERR_NO_ENTRY; /* nothing of it is as it should be */
        }
        if (err == ERR_OK && pages == 0) {
            pages = min_u32(copied, left);
            copied = min_u32(copied * 2, COPY_PAGES_MAX);
            err = piece_copy(piece, file, from, at, pages);
        }
        if (err) {
            return err;
        }
        view->piece_count++;
        done += pages;
    }
    return ERR_OK;
}

user_addr_t view_map(struct opening *opening, uint64_t position, uint64_t bytes)
{
    struct view **place = views;

    while (place < views + VIEWS_MAX && *place != NULL) {
        place++;
    }
    if (place == views + VIEWS_MAX || bytes > VIEW_PAGES_MAX * PAGE_BYTES) {
        return 0;
    }
    struct view *view = (struct view *)pages_take(1);

    if (view == NULL) {
        return 0;
    }
    view->pages = view->left = (uint32_t)(bytes / PAGE_BYTES);
    if (region_reserve(bytes, &view->at)) {
        (void)pages_give((user_addr_t)view, PAGE_BYTES);
        return 0;
    }
    if (view_fill(view, &opening->file, position)) {
        view_destroy(view);
        return 0;
    }
    *place = view;
    return view->at;
}

static struct view **view_of(user_addr_t at, uint64_t bytes)
{
    for (struct view **place = views; place < views + VIEWS_MAX; place++) {
        const struct view *view = *place;

        if (view != NULL && at >= view->at && at - view->at < view->pages * PAGE_BYTES) {
            return bytes <= view->pages * PAGE_BYTES - (at - view->at) ? place : NULL;
        }
    }
    return NULL;
}

bool view_holds(user_addr_t at, uint64_t bytes)
{
    return view_of(at, bytes) != NULL;
}

bool view_unmap(user_addr_t at, uint64_t bytes)
{
    struct view **place = view_of(at, bytes);

    if (place == NULL) {
        return false;
    }
    struct view *view = *place;
    uint32_t first = (uint32_t)((at - view->at) / PAGE_BYTES);

    for (uint32_t page = first; page < first + bytes / PAGE_BYTES; page++) {
        uint64_t bit = 1ull << (page % 64);

        if ((view->gone[page / 64] & bit) == 0) {
            view->gone[page / 64] |= bit;
            view->left--;
        }
    }
    if (view->left == 0) {
        *place = NULL;
        view_destroy(view);
        return true;
    }
    for (uint64_t done = 0; done < bytes; done += PAGE_BYTES) {
        (void)!vspace_unmap(self()->space, at + done, 1);
    }
    return true;
}
