/* SPDX-License-Identifier: MIT */
/*
 * The ordered queue against a model that is an array kept in order, with its structure checked after
 * every operation: who leads, what shares which bits, and that no path is longer than the key allows.
 */
#include "sched/queue.h"

#include "host_test/test.h"

#include <stddef.h>
#include <string.h>

enum { NODES = 48 };

struct model {
    struct queue queue;
    struct queue_node nodes[NODES];
    struct queue_node *order[NODES]; /* first to last */
    uint32_t count;
};

static void model_reset(struct model *model, uint32_t key_bits)
{
    memset(model, 0, sizeof(*model));
    queue_init(&model->queue, key_bits);
}

static void model_put(struct model *model, uint32_t at, struct queue_node *node)
{
    for (uint32_t i = model->count; i > at; i--) {
        model->order[i] = model->order[i - 1];
    }
    model->order[at] = node;
    model->count++;
}

static void model_insert(struct model *model, struct queue_node *node, uint64_t key)
{
    uint32_t at = 0;

    while (at < model->count && model->order[at]->key <= key) {
        at++;
    }
    queue_insert(&model->queue, node, key);
    model_put(model, at, node);
}

static void model_remove(struct model *model, uint32_t at)
{
    queue_remove(&model->queue, model->order[at]);
    model->count--;
    for (uint32_t i = at; i < model->count; i++) {
        model->order[i] = model->order[i + 1];
    }
}

/* The nodes of one ring, as they follow each other from the leader, in the order of the model. */
static uint32_t check_ring(const struct model *model, const struct queue_node *leader)
{
    uint32_t at = 0;
    uint32_t length = 0;
    const struct queue_node *node = leader;

    while (at < model->count && model->order[at]->key != leader->key) {
        at++;
    }
    do {
        if (!CHECK(at < model->count && model->order[at] == node, "first in, first out")) {
            return length;
        }
        CHECK(node->next->previous == node, "the ring holds together");
        CHECK(node->is_queued, "a node in the queue says so");
        CHECK_EQ(node->is_leader, node == leader, "one leads the ring");
        at++;
        length++;
        node = node->next;
    } while (node != leader && length <= NODES);
    return length;
}

/* prefix: the bits above `bit + 1` that all keys below share. */
static uint32_t check_tree(const struct model *model, const struct queue_node *node,
                           const struct queue_node *parent, uint32_t bits_left, uint64_t prefix)
{
    if (node == NULL) {
        return 0;
    }
    CHECK(node->parent == parent, "a child knows its parent");
    CHECK(bits_left == 64 || node->key >> bits_left == prefix, "a subtree shares its first bits");

    uint32_t total = check_ring(model, node);

    if (bits_left == 0) {
        CHECK(node->child[0] == NULL && node->child[1] == NULL, "no path is longer than the key");
        return total;
    }
    for (unsigned side = 0; side < 2; side++) {
        uint64_t below = (bits_left == 64 ? 0 : prefix << 1) | side;

        total += check_tree(model, node->child[side], node, bits_left - 1, below);
    }
    return total;
}

static bool check_all(const struct model *model)
{
    uint32_t total = check_tree(model, model->queue.root, NULL, model->queue.key_bits, 0);

    CHECK_EQ(total, model->count, "the queue holds what was put in");
    CHECK(queue_first(&model->queue) == (model->count != 0 ? model->order[0] : NULL),
          "the first has the smallest key and came first");
    CHECK_EQ(queue_is_empty(&model->queue), model->count == 0, "empty exactly if nothing is left");
    return !test_has_failed();
}

static uint64_t random_key(uint32_t key_bits, uint32_t spread)
{
    uint64_t key = spread == 0 ? test_random64() : test_random(spread);

    if (test_random(8) == 0) {
        key = ~key; /* long common prefixes of ones */
    } else if (test_random(8) == 0) {
        key = (uint64_t)1 << test_random(key_bits);
    }
    return key_bits == 64 ? key : key & (((uint64_t)1 << key_bits) - 1);
}

static struct queue_node *random_free(struct model *model)
{
    uint32_t at = test_random(NODES);

    while (model->nodes[at].is_queued) {
        at = (at + 1) % NODES;
    }
    return &model->nodes[at];
}

static void random_steps(struct model *model, uint32_t key_bits, uint32_t spread, int steps)
{
    model_reset(model, key_bits);
    for (int step = 0; step < steps; step++) {
        uint32_t grow = (step / 500) % 2 == 0 ? 6 : 3; /* fill up, then drain */

        if (model->count < NODES && test_random(9) < grow) {
            model_insert(model, random_free(model), random_key(key_bits, spread));
        } else if (model->count != 0) {
            model_remove(model, test_random(3) == 0 ? 0 : test_random(model->count));
        }
        if (!check_all(model)) {
            return;
        }
    }
}

TEST(queue_keeps_order_and_structure_under_random_use)
{
    static const struct {
        uint32_t key_bits;
        uint32_t spread; /* keys below; 0: any */
    } cases[] = { { 1, 0 }, { 3, 0 }, { 9, 257 }, { 9, 4 }, { 9, 0 }, { 64, 0 }, { 64, 10 } };
    static struct model model;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        random_steps(&model, cases[i].key_bits, cases[i].spread, 4000);
    }
}

/* Keys that share ever more bits make the longest path there can be. */
TEST(queue_path_is_never_longer_than_the_key_has_bits)
{
    static struct model model;

    for (uint32_t key_bits = 1; key_bits < NODES; key_bits++) {
        model_reset(&model, key_bits);
        for (uint32_t i = 0; i <= key_bits; i++) {
            uint64_t key = i == key_bits ? 0 : (uint64_t)1 << (key_bits - 1 - i);

            model_insert(&model, &model.nodes[i], key);
        }
        if (!check_all(&model)) {
            return;
        }
        while (model.count != 0) {
            model_remove(&model, model.count / 2);
            check_all(&model);
        }
    }
}

TEST(queue_insert_goes_behind_its_equals_and_before_the_larger)
{
    static struct model model;

    model_reset(&model, 9);
    model_insert(&model, &model.nodes[0], 5);
    model_insert(&model, &model.nodes[1], 5);
    model_insert(&model, &model.nodes[2], 4);
    check_all(&model);
    CHECK(queue_first(&model.queue) == &model.nodes[2], "the smallest key");
    queue_remove(&model.queue, &model.nodes[2]);
    CHECK(queue_first(&model.queue) == &model.nodes[0], "then the oldest of its equals");
    queue_remove(&model.queue, &model.nodes[0]);
    CHECK(queue_first(&model.queue) == &model.nodes[1], "then the other");
}
