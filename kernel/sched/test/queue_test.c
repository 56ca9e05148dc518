/* SPDX-License-Identifier: MIT */
/*
 * The queue in order of priority against a model that is an array kept in order, with its structure checked after
 * every operation: who leads, who follows whom, and how many are passed.
 */
#include "sched/queue.h"

#include "host_test/test.h"

#include <stddef.h>
#include <string.h>

enum { NODES = 48, KEYS = 257 };

struct model {
    struct queue queue;
    struct queue_node nodes[NODES];
    struct queue_node *order[NODES]; /* first to last */
    uint32_t count;
};

static void model_reset(struct model *model)
{
    memset(model, 0, sizeof(*model));
    for (uint32_t i = 0; i < NODES; i++) {
        queue_node_rest(&model->nodes[i]);
    }
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

static void check_rest(const struct queue_node *node)
{
    CHECK(!node->is_queued, "it says so");
    CHECK(node->before == NULL && node->after == NULL, "it has no neighbours");
    CHECK(node->next == node && node->previous == node, "it is alone in its ring");
}

static void model_remove(struct model *model, uint32_t at)
{
    struct queue_node *node = model->order[at];

    queue_remove(&model->queue, node);
    check_rest(node);
    model->count--;
    for (uint32_t i = at; i < model->count; i++) {
        model->order[i] = model->order[i + 1];
    }
}

/* The nodes of one ring, as they follow each other from the leader, in the order of the model. Returns how many are before the next. */
static uint32_t check_ring(const struct model *model, const struct queue_node *leader, uint32_t at)
{
    const struct queue_node *node = leader;

    do {
        if (!CHECK(at < model->count && model->order[at] == node, "first in, first out")) {
            break;
        }
        CHECK(node->next->previous == node, "the ring holds together");
        CHECK(node->is_queued, "a node in the queue says so");
        CHECK_EQ(node->key, leader->key, "a ring is of equals");
        CHECK(node == leader || (node->before == NULL && node->after == NULL), "one leads it");
        at++;
        node = node->next;
    } while (node != leader && at <= NODES);
    return at;
}

static bool check_all(const struct model *model)
{
    const struct queue_node *before = NULL;
    uint32_t at = 0;

    for (const struct queue_node *node = model->queue.first; node != NULL; node = node->after) {
        CHECK(node->before == before, "a leader knows the one before");
        CHECK(before == NULL || before->key < node->key, "leaders are in order");
        before = node;
        at = check_ring(model, node, at);
        if (test_has_failed()) {
            return false;
        }
    }
    CHECK_EQ(at, model->count, "the queue holds what was put in");
    CHECK_EQ(queue_is_empty(&model->queue), model->count == 0, "empty exactly if nothing is left");
    CHECK_EQ(queue_holds_only(&model->queue, &model->nodes[0]),
             model->count == 1 && model->nodes[0].is_queued, "and it is known if it is alone");
    return !test_has_failed();
}

static struct queue_node *random_free(struct model *model)
{
    uint32_t at = test_random(NODES);

    while (model->nodes[at].is_queued) {
        at = (at + 1) % NODES;
    }
    return &model->nodes[at];
}

static void random_steps(struct model *model, uint32_t spread, int steps)
{
    model_reset(model);
    for (int step = 0; step < steps; step++) {
        uint32_t grow = (step / 500) % 2 == 0 ? 6 : 3; /* fill up, then drain */

        if (model->count < NODES && test_random(9) < grow) {
            model_insert(model, random_free(model), test_random(spread));
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
    static const uint32_t spreads[] = { 1, 2, 4, 10, KEYS };
    static struct model model;

    for (size_t i = 0; i < sizeof(spreads) / sizeof(spreads[0]); i++) {
        random_steps(&model, spreads[i], 4000);
    }
}

TEST(queue_insert_goes_behind_its_equals_and_before_the_larger)
{
    static struct model model;

    model_reset(&model);
    model_insert(&model, &model.nodes[0], 5);
    model_insert(&model, &model.nodes[1], 5);
    model_insert(&model, &model.nodes[2], 4);
    check_all(&model);
    CHECK(model.queue.first == &model.nodes[2], "the smallest key");
    queue_remove(&model.queue, &model.nodes[2]);
    CHECK(model.queue.first == &model.nodes[0], "then the oldest of its equals");
    queue_remove(&model.queue, &model.nodes[0]);
    CHECK(model.queue.first == &model.nodes[1], "then the other");
}

TEST(a_node_that_rests_is_the_only_one_of_a_queue_as_it_is)
{
    static struct model model;

    model_reset(&model);
    model.nodes[0].key = 7;
    queue_insert_only(&model.queue, &model.nodes[0]);
    model_put(&model, 0, &model.nodes[0]);
    check_all(&model);
    model_insert(&model, &model.nodes[1], 6);
    model_insert(&model, &model.nodes[2], 7);
    model_insert(&model, &model.nodes[3], 8);
    check_all(&model);
    while (model.count > 1) {
        model_remove(&model, model.order[0] == &model.nodes[0]);
        check_all(&model);
    }
    queue_remove_only(&model.queue, &model.nodes[0]);
    check_rest(&model.nodes[0]);
    CHECK(queue_is_empty(&model.queue), "nothing is left");
}
