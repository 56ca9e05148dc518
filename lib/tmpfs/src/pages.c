/* SPDX-License-Identifier: MIT */
/*
 * The pages of a file: a tree of pages of words, `height` levels of them above the data; a word is the number of a page,
 * 0: all below it is zero. Must stay true: a page is whole before a word names it, and no word names it when
 * it is given back. Recursion goes as deep as a tree is high.
 */
#include "internal.h"
#include "pith/string.h"

enum { WORDS_LOG2 = 10, WORDS = 1 << WORDS_LOG2, HEIGHT_MAX = 3 };
_Static_assert(TMPFS_BYTES_MAX == (uint64_t)TMPFS_PAGE << (WORDS_LOG2 * HEIGHT_MAX),
               "what a tree holds");

static uint32_t *words_of(const struct tmpfs *fs, uint32_t number)
{
    return (uint32_t *)(void *)page_of(fs, number);
}

/* Pages of data below one word of that height. */
static uint64_t span_of(uint32_t height)
{
    return 1ull << (WORDS_LOG2 * height);
}

uint32_t page_take(struct tmpfs *fs)
{
    return fs->free_page_count == 0 ? 0 : fs->free_pages[--fs->free_page_count];
}

void page_give(struct tmpfs *fs, uint32_t number)
{
    fs->free_pages[fs->free_page_count++] = number;
}

void page_link(uint32_t *slot, uint32_t number)
{
    /* Release: what the page holds comes before; the reader is a successor. */
    atomic_store_explicit((_Atomic uint32_t *)slot, number, memory_order_release);
}

/* A page of words, all of them 0. */
static uint32_t words_take(struct tmpfs *fs)
{
    uint32_t number = page_take(fs);

    if (number != 0) {
        memset(page_of(fs, number), 0, TMPFS_PAGE);
    }
    return number;
}

unsigned char *page_find(const struct tmpfs *fs, const struct tmpfs_node *node, uint64_t index)
{
    uint32_t number = node->root;

    if (index >= span_of(node->height)) {
        return NULL;
    }
    for (uint32_t height = node->height; height > 0 && number != 0; height--) {
        number = words_of(fs, number)[index / span_of(height - 1) % WORDS];
    }
    return number != 0 ? page_of(fs, number) : NULL;
}

err_t tree_grow(struct tmpfs *fs, struct tmpfs_node *node, uint64_t index)
{
    while (index >= span_of(node->height)) {
        if (node->root != 0) {
            uint32_t number = words_take(fs);

            if (number == 0) {
                return ERR_NO_SPACE;
            }
            words_of(fs, number)[0] = node->root;
            node->root = number;
        }
        node->height++;
    }
    return ERR_OK;
}

err_t page_slot(struct tmpfs *fs, struct tmpfs_node *node, uint64_t index, uint32_t **slot)
{
    *slot = &node->root;
    for (uint32_t height = node->height; height > 0; height--) {
        if (**slot == 0) {
            uint32_t number = words_take(fs);

            if (number == 0) {
                return ERR_NO_SPACE;
            }
            page_link(*slot, number);
        }
        *slot = &words_of(fs, **slot)[index / span_of(height - 1) % WORDS];
    }
    return ERR_OK;
}

void tree_free(struct tmpfs *fs, uint32_t root, uint32_t height)
{
    if (root == 0) {
        return;
    }
    for (uint32_t i = 0; height > 0 && i < WORDS; i++) {
        tree_free(fs, words_of(fs, root)[i], height - 1);
    }
    page_give(fs, root);
}

/* Give back what lies from page @first on below a word that stays. */
static void level_trim(struct tmpfs *fs, uint32_t number, uint32_t height, uint64_t first)
{
    uint64_t span = span_of(height - 1);
    uint32_t *words = words_of(fs, number);

    for (uint64_t i = first / span; i < WORDS; i++) {
        uint32_t below = words[i];

        if (below == 0) {
            continue;
        }
        if (i * span < first) {
            level_trim(fs, below, height - 1, first - i * span);
        } else {
            page_link(&words[i], 0);
            tree_free(fs, below, height - 1);
        }
    }
}

void tree_trim(struct tmpfs *fs, struct tmpfs_node *node)
{
    uint64_t pages = (node->bytes + TMPFS_PAGE - 1) / TMPFS_PAGE;
    uint32_t rest = (uint32_t)(node->bytes % TMPFS_PAGE);

    if (node->height > 0 && node->root != 0 && pages < span_of(node->height)) {
        level_trim(fs, node->root, node->height, pages);
    }
    if (rest != 0) {
        unsigned char *last = page_find(fs, node, pages - 1);

        if (last != NULL) {
            memset(last + rest, 0, TMPFS_PAGE - rest);
        }
    }
}
