/* SPDX-License-Identifier: MIT */
/*
 * What a mount finds: nothing, or what a dead server left. Nothing there is believed that cannot be checked: sums of
 * nodes, that parents lead to the root, that a page is named once. What fails is freed, or marked as damaged.
 */
#include "internal.h"
#include "pith/string.h"

#define KEPT_MAX (1ull << 44)

/* While mounting, free_pages[page] is one of these. */
enum page_state { PAGE_UNUSED, PAGE_USED };
/* While mounting, holds[node] is one of these. */
enum node_state { NODE_UNKNOWN, NODE_REACHED, NODE_LOST };

struct layout {
    uint32_t node_count;
    uint32_t page_first;
    uint32_t page_count;
    uint32_t heads;
};

static struct layout layout_of(uint64_t bytes)
{
    struct layout layout = { .node_count = (uint32_t)(bytes / BYTES_PER_NODE),
                             .page_count = (uint32_t)(bytes / TMPFS_PAGE),
                             .heads = 1 };
    uint64_t end = NODES_OFFSET + (uint64_t)layout.node_count * sizeof(struct tmpfs_node);

    layout.page_first = (uint32_t)((end + TMPFS_PAGE - 1) / TMPFS_PAGE);
    while (layout.heads < layout.node_count) {
        layout.heads *= 2;
    }
    return layout;
}

uint64_t tmpfs_memory_bytes(uint64_t kept_bytes)
{
    struct layout layout = layout_of(kept_bytes);

    return sizeof(uint32_t) * (layout.heads + 4ull * layout.node_count + layout.page_count);
}

static void memory_use(struct tmpfs *fs, const struct layout *layout, void *memory)
{
    uint32_t *at = memory;

    fs->heads = at;
    fs->head_mask = layout->heads - 1;
    fs->next = fs->heads + layout->heads;
    fs->children = fs->next + layout->node_count;
    fs->holds = fs->children + layout->node_count;
    fs->free_nodes = fs->holds + layout->node_count;
    fs->free_pages = fs->free_nodes + layout->node_count;
    memset(memory, 0,
           (size_t)((unsigned char *)(fs->free_pages + layout->page_count) - (unsigned char *)at));
}

static void head_make(struct head *head, const struct layout *layout, uint64_t bytes)
{
    *head = (struct head){ .magic = TMPFS_MAGIC,
                           .version = TMPFS_VERSION,
                           .node_count = layout->node_count,
                           .bytes = bytes };
    head->sum = sum_of(head, offsetof(struct head, sum));
}

/* Change one node of a dead server's. */
static void node_write(struct tmpfs *fs, uint32_t number, struct tmpfs_node *node)
{
    struct change change = { 0 };

    change_add_node(fs, &change, number, node);
    change_commit(fs, &change);
}

static void node_clear(struct tmpfs *fs, uint32_t number)
{
    struct tmpfs_node node = { .generation = fs->nodes[number].generation };

    node_write(fs, number, &node);
}

static bool node_is_possible(const struct tmpfs *fs, uint32_t number)
{
    const struct tmpfs_node *node = &fs->nodes[number];

    if (node->sum == 0 && node->kind == TMPFS_FREE) {
        return true; /* never used */
    }
    if (!node_is_right(node) || node->kind > TMPFS_LINK || node->height > 3 ||
        node->bytes > TMPFS_BYTES_MAX || node->parent >= fs->node_count) {
        return false;
    }
    return node->kind == TMPFS_FREE || number == TMPFS_ROOT || node->parent == 0 ||
           name_is_good(node->name, node->name_length);
}

/* Nodes that are no nodes become free ones. */
static void nodes_check(struct tmpfs *fs, struct tmpfs_report *report)
{
    for (uint32_t i = 1; i < fs->node_count; i++) {
        if (!node_is_possible(fs, i)) {
            report->lost++;
            node_clear(fs, i);
        }
    }
    if (fs->nodes[TMPFS_ROOT].kind != TMPFS_DIR) {
        struct tmpfs_node root = { .kind = TMPFS_DIR, .generation = 1, .modified = fs->now };

        node_write(fs, TMPFS_ROOT, &root);
    }
}

/* Does the way up from a node end at the root? The answer is noted for all on the way. */
static void node_reach(struct tmpfs *fs, uint32_t number)
{
    enum node_state state = NODE_LOST;
    uint32_t at = number;

    for (uint32_t steps = 0; steps < fs->node_count; steps++) {
        const struct tmpfs_node *node = &fs->nodes[at];

        if (at == TMPFS_ROOT || fs->holds[at] != NODE_UNKNOWN) {
            state = at == TMPFS_ROOT ? NODE_REACHED : (enum node_state)fs->holds[at];
            break;
        }
        if (node->kind == TMPFS_FREE || node->parent == 0 ||
            (at != number && node->kind != TMPFS_DIR)) {
            break;
        }
        at = node->parent;
    }
    fs->holds[number] = state;
    for (at = fs->nodes[number].parent;
         at != 0 && fs->holds[at] == NODE_UNKNOWN && fs->nodes[at].kind == TMPFS_DIR;
         at = fs->nodes[at].parent) {
        fs->holds[at] = state;
    }
}

static void names_check(struct tmpfs *fs, struct tmpfs_report *report)
{
    fs->holds[TMPFS_ROOT] = NODE_REACHED;
    for (uint32_t i = TMPFS_ROOT + 1; i < fs->node_count; i++) {
        if (fs->nodes[i].kind != TMPFS_FREE) {
            node_reach(fs, i);
        }
    }
    for (uint32_t i = TMPFS_ROOT + 1; i < fs->node_count; i++) {
        const struct tmpfs_node *node = &fs->nodes[i];
        struct tmpfs_place place = { node->parent, node->name_length, node->name };
        uint32_t same;

        if (node->kind == TMPFS_FREE) {
            continue;
        }
        if (fs->holds[i] == NODE_REACHED && tmpfs_find(fs, &place, &same) == ERR_NO_ENTRY) {
            names_insert(fs, i);
            continue;
        }
        report->orphans += node->parent == 0;
        report->lost += node->parent != 0;
        node_clear(fs, i);
    }
}

/* False: the number is no page, or the page is somebody's already. */
static bool page_claim(struct tmpfs *fs, uint32_t number)
{
    if (number < fs->page_first || number >= fs->page_count ||
        fs->free_pages[number] == PAGE_USED) {
        return false;
    }
    fs->free_pages[number] = PAGE_USED;
    return true;
}

/* Claim all pages below a word; a word that names none becomes 0. True: all were right. As deep as a tree is high. */
static bool tree_claim(struct tmpfs *fs, uint32_t *word, uint32_t height)
{
    bool is_right = true;

    if (*word == 0) {
        return true;
    }
    if (!page_claim(fs, *word)) {
        page_link(word, 0);
        return false;
    }
    uint32_t *words = (uint32_t *)(void *)page_of(fs, *word);

    for (uint32_t i = 0; height > 0 && i < TMPFS_PAGE / sizeof(*words); i++) {
        is_right &= tree_claim(fs, &words[i], height - 1);
    }
    return is_right;
}

static void pages_check(struct tmpfs *fs, struct tmpfs_report *report)
{
    for (uint32_t i = 1; i < fs->node_count; i++) {
        struct tmpfs_node node = fs->nodes[i];

        if (node.kind == TMPFS_FREE || node.root == 0) {
            continue;
        }
        if (!tree_claim(fs, &node.root, node.height)) {
            report->damaged++;
            node.is_damaged = 1;
            node_write(fs, i, &node);
        }
    }
    for (uint32_t i = fs->page_first; i < fs->page_count; i++) {
        if (fs->free_pages[i] == PAGE_UNUSED) {
            fs->free_pages[fs->free_page_count++] = i;
        }
    }
    /* What a write or a truncate that was cut short left behind the ends of files. */
    for (uint32_t i = 1; i < fs->node_count; i++) {
        struct tmpfs_node *node = &fs->nodes[i];

        if (node->kind == TMPFS_FREE || node->root == 0) {
            continue;
        }
        if (node->bytes == 0) {
            struct tmpfs_node empty = *node;
            uint32_t root = node->root;
            uint32_t height = node->height;

            empty.root = 0;
            empty.height = 0;
            node_write(fs, i, &empty);
            tree_free(fs, root, height);
        } else {
            tree_trim(fs, node);
        }
    }
}

/* With a root that is right, there was a file system of this size, whatever became of its head. */
static bool is_mendable(const struct tmpfs *fs, const struct head *found)
{
    const struct tmpfs_node *root = &fs->nodes[TMPFS_ROOT];

    return found->sum != sum_of(found, offsetof(struct head, sum)) && node_is_right(root) &&
           root->kind == TMPFS_DIR;
}

err_t tmpfs_mount(struct tmpfs *fs, void *kept, uint64_t bytes, void *memory,
                  struct tmpfs_report *report)
{
    struct layout layout = layout_of(bytes);
    struct head *found = kept;
    struct head wanted;

    if (bytes < TMPFS_KEPT_MIN || bytes > KEPT_MAX) {
        return ERR_RANGE;
    }
    *report = (struct tmpfs_report){ 0 };
    *fs = (struct tmpfs){ .now = fs->now,
                          .kept = kept,
                          .nodes =
                              (struct tmpfs_node *)(void *)((unsigned char *)kept + NODES_OFFSET),
                          .node_count = layout.node_count,
                          .page_first = layout.page_first,
                          .page_count = layout.page_count };
    memory_use(fs, &layout, memory);
    head_make(&wanted, &layout, bytes);
    bool is_as_wanted = memcmp(found, &wanted, sizeof(wanted)) == 0;

    report->is_mended = !is_as_wanted && is_mendable(fs, found);
    report->is_new = !is_as_wanted && !report->is_mended;
    if (report->is_new) {
        memset(kept, 0, NODES_OFFSET + (size_t)layout.node_count * sizeof(struct tmpfs_node));
    } else {
        report->is_replayed = change_recover(kept, bytes);
    }
    *found = wanted;
    nodes_check(fs, report);
    names_check(fs, report);
    pages_check(fs, report);
    memset(fs->holds, 0, sizeof(fs->holds[0]) * fs->node_count);
    for (uint32_t i = fs->node_count - 1; i > TMPFS_ROOT; i--) {
        if (fs->nodes[i].kind == TMPFS_FREE) {
            fs->free_nodes[fs->free_node_count++] = i;
        }
    }
    return ERR_OK;
}
