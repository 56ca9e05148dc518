/* SPDX-License-Identifier: MIT */
/*
 * Bytes of files. Must stay true: what lies behind the end of a file in its last page is zero; a write copies first, and
 * then says how long the file is, so one that is cut short has written a part or nothing.
 */
#include "internal.h"
#include "pith/string.h"

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

err_t tmpfs_read(const struct tmpfs *fs, uint32_t number, uint64_t position,
                 struct tmpfs_bytes into, uint64_t *done)
{
    const struct tmpfs_node *node = &fs->nodes[number];
    uint64_t bytes = position >= node->bytes ? 0 : min_u64(into.bytes, node->bytes - position);

    if (node->kind == TMPFS_DIR) {
        return ERR_WRONG_TYPE;
    }
    if (node->is_damaged) {
        return ERR_DAMAGED;
    }
    for (uint64_t at = 0; at < bytes;) {
        uint32_t in_page = (uint32_t)((position + at) % TMPFS_PAGE);
        uint64_t part = min_u64(bytes - at, TMPFS_PAGE - in_page);
        const unsigned char *page = page_find(fs, node, (position + at) / TMPFS_PAGE);

        if (page != NULL) {
            memcpy((unsigned char *)into.start + at, page + in_page, part);
        } else {
            memset((unsigned char *)into.start + at, 0, part);
        }
        at += part;
    }
    *done = bytes;
    return ERR_OK;
}

/* Into one page, which is made if it is not there. */
static err_t piece_write(struct tmpfs *fs, struct tmpfs_node *node, uint64_t position,
                         struct tmpfs_bytes from)
{
    uint32_t in_page = (uint32_t)(position % TMPFS_PAGE);
    uint32_t *slot;
    err_t err = page_slot(fs, node, position / TMPFS_PAGE, &slot);

    if (err) {
        return err;
    }
    uint32_t number = *slot != 0 ? *slot : page_take(fs);

    if (number == 0) {
        return ERR_NO_SPACE;
    }
    if (*slot == 0 && from.bytes < TMPFS_PAGE) {
        memset(page_of(fs, number), 0, TMPFS_PAGE);
    }
    memcpy(page_of(fs, number) + in_page, from.start, from.bytes);
    if (*slot == 0) {
        page_link(slot, number);
    }
    return ERR_OK;
}

/* Grow the tree and write what fits, all of it into a copy of the node; that is then the node. */
static err_t bytes_write(struct tmpfs *fs, struct tmpfs_node *node, uint64_t position,
                         struct tmpfs_bytes from, uint64_t *done)
{
    err_t err = tree_grow(fs, node, (position + from.bytes - 1) / TMPFS_PAGE);

    for (*done = 0; err == ERR_OK && *done < from.bytes;) {
        uint32_t in_page = (uint32_t)((position + *done) % TMPFS_PAGE);
        struct tmpfs_bytes part = { (unsigned char *)from.start + *done,
                                    min_u64(from.bytes - *done, TMPFS_PAGE - in_page) };

        err = piece_write(fs, node, position + *done, part);
        *done += err == ERR_OK ? part.bytes : 0;
    }
    return err;
}

err_t tmpfs_write(struct tmpfs *fs, uint32_t number, uint64_t position, struct tmpfs_bytes from,
                  uint64_t *done)
{
    struct tmpfs_node node = fs->nodes[number];
    struct change change = { 0 };
    err_t err;

    if (node.kind == TMPFS_DIR) {
        return ERR_WRONG_TYPE;
    }
    if (position > TMPFS_BYTES_MAX || from.bytes > TMPFS_BYTES_MAX - position) {
        return ERR_RANGE;
    }
    *done = 0;
    if (from.bytes == 0) {
        return ERR_OK;
    }
    err = bytes_write(fs, &node, position, from, done);
    if (*done != 0) {
        node.bytes = position + *done > node.bytes ? position + *done : node.bytes;
        node.modified = fs->now;
    }
    /* Also after an error: the tree may have grown. */
    change_add_node(fs, &change, number, &node);
    change_commit(fs, &change);
    return *done != 0 ? ERR_OK : err;
}

err_t tmpfs_truncate(struct tmpfs *fs, uint32_t number, uint64_t bytes)
{
    struct tmpfs_node before = fs->nodes[number];
    struct tmpfs_node node = before;
    struct change change = { 0 };

    if (node.kind != TMPFS_FILE) {
        return ERR_WRONG_TYPE;
    }
    if (bytes > TMPFS_BYTES_MAX) {
        return ERR_RANGE;
    }
    node.bytes = bytes;
    node.modified = fs->now;
    if (bytes == 0) {
        node.root = 0;
        node.height = 0;
        node.is_damaged = 0;
    }
    change_add_node(fs, &change, number, &node);
    change_commit(fs, &change);
    /* From here on a successor's mount would do the same. */
    if (bytes == 0) {
        tree_free(fs, before.root, before.height);
    } else if (bytes < before.bytes) {
        tree_trim(fs, &fs->nodes[number]);
    }
    return ERR_OK;
}
