/* SPDX-License-Identifier: MIT */
/*
 * Names. A node says which directory it is in and what it is called there; the table of names, how many names a
 * directory holds and who is held follow from that. Must stay true: kept memory is changed first, by one change; what
 * follows from it after that, and cannot fail.
 */
#include "internal.h"
#include "pith/string.h"

bool name_is_good(const char *name, uint32_t length)
{
    if (length == 0 || length > TMPFS_NAME_MAX || (length == 1 && name[0] == '.') ||
        (length == 2 && name[0] == '.' && name[1] == '.')) {
        return false;
    }
    for (uint32_t i = 0; i < length; i++) {
        if (name[i] == '/' || name[i] == 0) {
            return false;
        }
    }
    return true;
}

static uint32_t *head_of(const struct tmpfs *fs, uint32_t dir, const char *name, uint32_t length)
{
    uint32_t hash = dir * 0x9e3779b1u;

    for (uint32_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)name[i]) * 0x01000193u;
    }
    return &fs->heads[(hash ^ hash >> 15) & fs->head_mask];
}

static uint32_t *head_of_node(const struct tmpfs *fs, const struct tmpfs_node *node)
{
    return head_of(fs, node->parent, node->name, node->name_length);
}

void names_insert(struct tmpfs *fs, uint32_t number)
{
    uint32_t *head = head_of_node(fs, &fs->nodes[number]);

    fs->next[number] = *head;
    *head = number;
    fs->children[fs->nodes[number].parent]++;
}

/* @node: what it was when it was inserted. */
static void names_take_out(struct tmpfs *fs, uint32_t number, const struct tmpfs_node *node)
{
    uint32_t *at = head_of_node(fs, node);

    while (*at != number) {
        at = &fs->next[*at];
    }
    *at = fs->next[number];
    fs->children[node->parent]--;
}

const struct tmpfs_node *tmpfs_node(const struct tmpfs *fs, uint32_t number)
{
    return number != 0 && number < fs->node_count && fs->nodes[number].kind != TMPFS_FREE
               ? &fs->nodes[number]
               : NULL;
}

err_t tmpfs_find(const struct tmpfs *fs, const struct tmpfs_place *place, uint32_t *node)
{
    if (fs->nodes[place->dir].kind != TMPFS_DIR) {
        return ERR_WRONG_TYPE;
    }
    if (!name_is_good(place->name, place->length)) {
        return ERR_RANGE;
    }
    for (uint32_t at = *head_of(fs, place->dir, place->name, place->length); at != 0;
         at = fs->next[at]) {
        const struct tmpfs_node *found = &fs->nodes[at];

        if (found->parent == place->dir && found->name_length == place->length &&
            memcmp(found->name, place->name, place->length) == 0) {
            *node = at;
            return ERR_OK;
        }
    }
    return ERR_NO_ENTRY;
}

static void name_set(struct tmpfs_node *node, const struct tmpfs_place *place)
{
    node->parent = place->dir;
    node->name_length = (uint8_t)place->length;
    memset(node->name, 0, sizeof(node->name));
    memcpy(node->name, place->name, place->length);
}

/* A directory in which something changed now. */
static void change_add_dir(struct tmpfs *fs, struct change *change, uint32_t number,
                           struct tmpfs_node *copy)
{
    *copy = fs->nodes[number];
    copy->modified = fs->now;
    change_add_node(fs, change, number, copy);
}

/* Check what tmpfs_make() checks; a free number. */
static err_t node_new(const struct tmpfs *fs, const struct tmpfs_place *place, uint32_t *number)
{
    err_t err = tmpfs_find(fs, place, number);

    if (err != ERR_NO_ENTRY) {
        return err == ERR_OK ? ERR_EXISTS : err;
    }
    if (place->dir != TMPFS_ROOT && fs->nodes[place->dir].parent == 0) {
        return ERR_NO_ENTRY; /* the directory itself has no name any more */
    }
    if (fs->free_node_count == 0) {
        return ERR_NO_SPACE;
    }
    *number = fs->free_nodes[fs->free_node_count - 1];
    return ERR_OK;
}

/* @node: kind and contents are set, all else follows. */
static void node_publish(struct tmpfs *fs, uint32_t number, struct tmpfs_node *node,
                         const struct tmpfs_place *place, const struct tmpfs_request *request)
{
    struct change change = { 0 };
    struct tmpfs_node dir;

    node->generation = fs->nodes[number].generation + 1;
    node->modified = fs->now;
    name_set(node, place);
    change_add_node(fs, &change, number, node);
    change_add_dir(fs, &change, place->dir, &dir);
    change_add_done(fs, &change, request);
    change_commit(fs, &change);
    fs->free_node_count--;
    fs->children[number] = 0;
    fs->holds[number] = 0;
    names_insert(fs, number);
}

err_t tmpfs_make(struct tmpfs *fs, const struct tmpfs_place *place, enum tmpfs_kind kind,
                 const struct tmpfs_request *request, uint32_t *node)
{
    struct tmpfs_node made = { .kind = (uint8_t)kind };
    uint32_t number;
    err_t err = node_new(fs, place, &number);

    if (err) {
        return err;
    }
    node_publish(fs, number, &made, place, request);
    *node = number;
    return ERR_OK;
}

err_t tmpfs_make_link(struct tmpfs *fs, const struct tmpfs_place *place,
                      const struct tmpfs_place *target, const struct tmpfs_request *request)
{
    struct tmpfs_node made = { .kind = TMPFS_LINK, .bytes = target->length };
    uint32_t number;
    err_t err = node_new(fs, place, &number);

    if (err) {
        return err;
    }
    if (target->length == 0 || target->length > TMPFS_TARGET_MAX) {
        return ERR_RANGE;
    }
    for (uint32_t i = 0; i < target->length; i++) {
        if (target->name[i] == 0) {
            return ERR_RANGE;
        }
    }
    made.root = page_take(fs);
    if (made.root == 0) {
        return ERR_NO_SPACE;
    }
    memset(page_of(fs, made.root), 0, TMPFS_PAGE);
    memcpy(page_of(fs, made.root), target->name, target->length);
    node_publish(fs, number, &made, place, request);
    return ERR_OK;
}

/* What stands for a node that nobody can find any more: free at once, or when it is dropped. */
static void node_detach(const struct tmpfs *fs, uint32_t number, struct tmpfs_node *copy)
{
    *copy = fs->nodes[number];
    copy->parent = 0;
    if (fs->holds[number] == 0) {
        *copy = (struct tmpfs_node){ .kind = TMPFS_FREE, .generation = copy->generation };
    }
}

/* It was committed as free: give back what it was made of. */
static void node_release(struct tmpfs *fs, uint32_t number, const struct tmpfs_node *before)
{
    tree_free(fs, before->root, before->height);
    fs->free_nodes[fs->free_node_count++] = number;
}

err_t tmpfs_remove(struct tmpfs *fs, const struct tmpfs_place *place, bool is_dir,
                   const struct tmpfs_request *request)
{
    struct change change = { 0 };
    struct tmpfs_node node, dir;
    uint32_t number;
    err_t err = tmpfs_find(fs, place, &number);

    if (err) {
        return err;
    }
    struct tmpfs_node before = fs->nodes[number];

    if ((before.kind == TMPFS_DIR) != is_dir) {
        return ERR_WRONG_TYPE;
    }
    if (fs->children[number] != 0) {
        return ERR_NOT_EMPTY;
    }
    node_detach(fs, number, &node);
    change_add_node(fs, &change, number, &node);
    change_add_dir(fs, &change, place->dir, &dir);
    change_add_done(fs, &change, request);
    change_commit(fs, &change);
    names_take_out(fs, number, &before);
    if (node.kind == TMPFS_FREE) {
        node_release(fs, number, &before);
    }
    return ERR_OK;
}

/* True: @dir is @node or somewhere in it. */
static bool is_inside(const struct tmpfs *fs, uint32_t dir, uint32_t node)
{
    /* Ends: parents form a tree; so a walk up has at most as many steps as there are nodes. */
    while (dir != node && dir != TMPFS_ROOT && dir != 0) {
        dir = fs->nodes[dir].parent;
    }
    return dir == node;
}

/* What stands at the new name, if there is something, may go. @target: 0: nothing does. */
static err_t rename_check(const struct tmpfs *fs, uint32_t number, const struct tmpfs_place *to,
                          uint32_t *target)
{
    bool is_dir = fs->nodes[number].kind == TMPFS_DIR;
    err_t err = tmpfs_find(fs, to, target);

    if (err != ERR_OK && err != ERR_NO_ENTRY) {
        return err;
    }
    *target = err == ERR_OK ? *target : 0;
    if (is_dir && is_inside(fs, to->dir, number)) {
        return ERR_RANGE;
    }
    if (*target == 0) {
        return to->dir != TMPFS_ROOT && fs->nodes[to->dir].parent == 0 ? ERR_NO_ENTRY : ERR_OK;
    }
    if (is_dir != (fs->nodes[*target].kind == TMPFS_DIR)) {
        return ERR_WRONG_TYPE;
    }
    return fs->children[*target] != 0 ? ERR_NOT_EMPTY : ERR_OK;
}

err_t tmpfs_rename(struct tmpfs *fs, const struct tmpfs_place *from, const struct tmpfs_place *to,
                   const struct tmpfs_request *request)
{
    struct tmpfs_node node, victim, dirs[2];
    struct change change = { 0 };
    uint32_t number, target;
    err_t err = tmpfs_find(fs, from, &number);

    if (err == ERR_OK) {
        err = rename_check(fs, number, to, &target);
    }
    if (err || target == number) {
        return err;
    }
    struct tmpfs_node before = fs->nodes[number];
    struct tmpfs_node gone = fs->nodes[target];

    node = before;
    name_set(&node, to);
    change_add_node(fs, &change, number, &node);
    if (target != 0) {
        node_detach(fs, target, &victim);
        change_add_node(fs, &change, target, &victim);
    }
    change_add_dir(fs, &change, from->dir, &dirs[0]);
    if (to->dir != from->dir) {
        change_add_dir(fs, &change, to->dir, &dirs[1]);
    }
    change_add_done(fs, &change, request);
    change_commit(fs, &change);
    names_take_out(fs, number, &before);
    if (target != 0) {
        names_take_out(fs, target, &gone);
    }
    names_insert(fs, number);
    if (target != 0 && victim.kind == TMPFS_FREE) {
        node_release(fs, target, &gone);
    }
    return ERR_OK;
}

uint32_t tmpfs_list(const struct tmpfs *fs, uint32_t dir, uint64_t *position)
{
    while (*position < fs->node_count) {
        const struct tmpfs_node *node = &fs->nodes[*position];
        uint32_t number = (uint32_t)(*position)++;

        if (node->kind != TMPFS_FREE && node->parent == dir && number != TMPFS_ROOT) {
            return number;
        }
    }
    return 0;
}

void tmpfs_hold(struct tmpfs *fs, uint32_t node)
{
    fs->holds[node]++;
}

void tmpfs_drop(struct tmpfs *fs, uint32_t number)
{
    struct tmpfs_node before = fs->nodes[number];
    struct change change = { 0 };
    struct tmpfs_node node;

    if (--fs->holds[number] != 0 || before.parent != 0 || number == TMPFS_ROOT) {
        return;
    }
    node_detach(fs, number, &node);
    change_add_node(fs, &change, number, &node);
    change_commit(fs, &change);
    node_release(fs, number, &before);
}
