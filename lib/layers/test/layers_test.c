/* SPDX-License-Identifier: MIT */
#include "layers/layers.h"

#include "host_test/test.h"

enum { ROUNDS = 400, RANKS = 15, NARROW = 60, WIDE = 200 };

static struct layers layers;

static int16_t left_of(const struct layers_node *node)
{
    return (int16_t)(node->x - node->width / 2);
}

static int16_t right_of(const struct layers_node *node)
{
    return (int16_t)(node->x + node->width / 2);
}

static void boxes_check(void)
{
    for (uint32_t i = 0; i < layers.node_count; i++) {
        const struct layers_node *node = &layers.nodes[i];

        CHECK(left_of(node) >= 0 && right_of(node) <= layers.width, "inside from left to right");
        CHECK(node->y >= 0 && node->y + LAYERS_BOX_HEIGHT <= layers.height, "inside from above");
        for (uint32_t k = 0; k < i; k++) {
            const struct layers_node *other = &layers.nodes[k];

            CHECK(other->row != node->row || right_of(other) < left_of(node) ||
                      right_of(node) < left_of(other),
                  "boxes of a row are apart");
            CHECK(other->row == node->row || other->y + LAYERS_BOX_HEIGHT < node->y ||
                      node->y + LAYERS_BOX_HEIGHT < other->y,
                  "rows are apart");
        }
    }
}

/* A straight piece, in the height of one row's boxes. */
static void lane_check(const struct layers_point *from, const struct layers_point *to)
{
    CHECK(from->x == to->x && to->y == from->y + LAYERS_BOX_HEIGHT, "straight past one row");
    for (uint32_t i = 0; i < layers.node_count; i++) {
        const struct layers_node *node = &layers.nodes[i];

        CHECK(node->y != from->y || from->x < left_of(node) || from->x > right_of(node),
              "past boxes, not through them");
    }
}

static void path_check(uint32_t number)
{
    struct layers_point points[LAYERS_POINTS];
    const struct layers_node *from = &layers.nodes[layers.edges[number].from];
    const struct layers_node *to = &layers.nodes[layers.edges[number].to];
    uint32_t count = layers_path(&layers, number, points);

    CHECK(count >= 2 && count % 2 == 0 && count <= LAYERS_POINTS, "bends and lanes in turn");
    CHECK(points[0].x > left_of(from) && points[0].x < right_of(from) &&
              points[0].y == from->y + LAYERS_BOX_HEIGHT,
          "begins at the lower edge of who calls");
    CHECK(points[count - 1].x > left_of(to) && points[count - 1].x < right_of(to) &&
              points[count - 1].y == to->y,
          "ends at the upper edge of who is called");
    for (uint32_t i = 0; i + 1 < count; i++) {
        if (i % 2 == 0) {
            CHECK_EQ(points[i + 1].y - points[i].y, LAYERS_ROW_GAP, "bends between two rows");
        } else {
            lane_check(&points[i], &points[i + 1]);
        }
    }
}

static void all_check(void)
{
    layers_arrange(&layers);
    boxes_check();
    for (uint32_t i = 0; i < layers.edge_count && !test_has_failed(); i++) {
        path_check(i);
    }
}

static uint32_t edge_add(uint32_t from, uint32_t to)
{
    layers.edges[layers.edge_count] = (struct layers_edge){ (uint8_t)from, (uint8_t)to };
    return layers.edge_count++;
}

TEST(nothing_overlaps_in_any_graph)
{
    for (uint32_t round = 0; round < ROUNDS && !test_has_failed(); round++) {
        layers.node_count = 1 + test_random(LAYERS_NODES);
        layers.edge_count = 0;
        for (uint32_t i = 0; i < layers.node_count; i++) {
            layers.nodes[i].rank = (uint8_t)test_random(RANKS);
            layers.nodes[i].width = (uint16_t)(NARROW + test_random(WIDE));
        }
        uint32_t wanted = test_random(LAYERS_EDGES + 1);
        uint32_t downwards = 0;

        while (layers.edge_count < wanted) {
            uint32_t from = test_random(layers.node_count), to = test_random(layers.node_count);

            downwards += layers.nodes[from].rank > layers.nodes[to].rank;
            (void)edge_add(from, to);
        }
        all_check();
        CHECK_EQ(layers.edge_count, downwards, "exactly those are kept that go down");
    }
}

TEST(the_deepest_graph_fits)
{
    layers.node_count = LAYERS_NODES;
    layers.edge_count = 0;
    for (uint32_t i = 0; i < LAYERS_NODES; i++) {
        layers.nodes[i].rank = (uint8_t)(LAYERS_NODES - i);
        layers.nodes[i].width = LAYERS_ROW_WIDTH;
    }
    for (uint32_t i = 2; i < LAYERS_NODES; i++) {
        (void)edge_add(0, i);
        (void)edge_add(i - 1, i);
    }
    all_check();
    CHECK_EQ(layers.row_count, LAYERS_NODES, "a row each");
}

TEST(who_is_joined_to_nobody_stands_below)
{
    layers.node_count = 3;
    layers.edge_count = 0;
    for (uint32_t i = 0; i < 3; i++) {
        layers.nodes[i].rank = (uint8_t)(3 + i);
        layers.nodes[i].width = NARROW;
    }
    (void)edge_add(1, 0);
    all_check();
    CHECK_EQ(layers.nodes[1].row, 0, "who calls");
    CHECK_EQ(layers.nodes[0].row, 1, "who is called");
    CHECK_EQ(layers.nodes[2].row, 2, "who has nothing to do with them");
}

TEST(an_edge_out_of_bounds_is_taken_out)
{
    layers.node_count = 2;
    layers.edge_count = 0;
    layers.nodes[0].rank = 2;
    layers.nodes[1].rank = 1;
    layers.nodes[0].width = layers.nodes[1].width = NARROW;
    (void)edge_add(0, 1);
    (void)edge_add(0, 2);
    (void)edge_add(UINT8_MAX, 1);
    (void)edge_add(1, 0);
    all_check();
    CHECK_EQ(layers.edge_count, 1, "one is right");
}
