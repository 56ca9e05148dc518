/* SPDX-License-Identifier: MIT */
/* The heap of events against a set of nodes, with its structure and its depth checked after every operation. */
#include "sched/heap.h"

#include "host_test/test.h"

#include <stddef.h>
#include <string.h>

enum { NODES = 300 };

struct model {
    struct heap heap;
    struct heap_node nodes[NODES];
    uint32_t count;
};

static uint32_t bits_of(uint64_t number)
{
    return number == 0 ? 0 : 64 - (uint32_t)__builtin_clzll(number);
}

/* How many are below it, itself counted. */
static uint32_t check_below(const struct model *model, const struct heap_node *node,
                            const struct heap_node *parent, uint32_t depth)
{
    if (node == NULL) {
        return 0;
    }
    CHECK(node->is_queued, "a node in the heap says so");
    CHECK(node->parent == parent, "a child knows its parent");
    CHECK(parent == NULL || parent->key <= node->key, "none is earlier than what is above it");
    if (!CHECK(depth <= bits_of(model->heap.inserted), "no place is deeper than that")) {
        return 0;
    }
    return 1 + check_below(model, node->child[0], node, depth + 1) +
           check_below(model, node->child[1], node, depth + 1);
}

static bool check_all(const struct model *model)
{
    CHECK_EQ(check_below(model, model->heap.first, NULL, 0), model->count,
             "the heap holds what was put in");
    for (uint32_t i = 0; i < NODES && !test_has_failed(); i++) {
        CHECK(!model->nodes[i].is_queued || model->heap.first->key <= model->nodes[i].key,
              "the first is the earliest");
    }
    return !test_has_failed();
}

static void insert(struct model *model, struct heap_node *node, uint64_t key)
{
    heap_insert(&model->heap, node, key);
    CHECK_EQ(node->key, key, "with its key");
    model->count++;
}

static void remove_node(struct model *model, struct heap_node *node)
{
    heap_remove(&model->heap, node);
    CHECK(!node->is_queued, "it is out");
    model->count--;
}

static struct heap_node *random_node(struct model *model, bool is_queued)
{
    uint32_t at = test_random(NODES);

    while (model->nodes[at].is_queued != is_queued) {
        at = (at + 1) % NODES;
    }
    return &model->nodes[at];
}

TEST(heap_keeps_order_and_structure_under_random_use)
{
    static const uint64_t spreads[] = { 1, 3, 100, UINT32_MAX };
    static struct model model;

    for (size_t i = 0; i < sizeof(spreads) / sizeof(spreads[0]); i++) {
        memset(&model, 0, sizeof(model));
        for (uint32_t step = 0; step < 6000; step++) {
            uint32_t grow = (step / 1000) % 2 == 0 ? 6 : 3; /* fill up, then drain */

            if (model.count < NODES && test_random(9) < grow) {
                insert(&model, random_node(&model, false), test_random64() % spreads[i]);
            } else if (model.count != 0) {
                remove_node(&model,
                            test_random(3) == 0 ? model.heap.first : random_node(&model, true));
            }
            if (!check_all(&model)) {
                return;
            }
        }
    }
}

TEST(whatever_the_keys_are_the_heap_is_no_deeper_than_its_number_has_bits)
{
    static struct model model;
    uint32_t depth = 0;

    memset(&model, 0, sizeof(model));
    for (uint32_t i = 0; i < NODES; i++) {
        insert(&model, &model.nodes[i], i % 2 == 0 ? i : (uint64_t)1 << i % 64);
    }
    check_all(&model);
    for (const struct heap_node *node = model.heap.first; node != NULL; depth++) {
        node = node->child[0] != NULL ? node->child[0] : node->child[1];
    }
    CHECK(depth <= bits_of(NODES), "300 are 9 deep");
}

/* Those that all lie one below the other, as far as can be: all others are taken out again. */
TEST(a_heap_that_was_thinned_out_is_no_deeper_than_what_was_ever_put_in_has_bits)
{
    static struct model model;
    uint32_t kept = 0;

    memset(&model, 0, sizeof(model));
    for (uint32_t number = 0; number < 1u << 16; number++) {
        struct heap_node *node = random_node(&model, false);
        bool is_power = (number & (number - 1)) == 0;

        insert(&model, node, is_power ? UINT64_MAX - number : UINT64_MAX);
        if (is_power) {
            kept++;
        } else {
            remove_node(&model, node);
        }
    }
    check_all(&model);
    CHECK_EQ(model.count, kept, "those are left");
    while (model.count != 0) {
        remove_node(&model, model.heap.first);
        check_all(&model);
    }
}
