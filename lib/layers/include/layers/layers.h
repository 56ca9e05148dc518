/* SPDX-License-Identifier: MIT */
/*
 * A drawing of who calls whom: boxes in rows by rank, the highest on top, arrows downwards. An arrow that passes
 * rows runs through them in a lane of its own, which all arrows to one box share; between rows it bends. So
 * no box and no arrow ever lies on a box. All memory is the caller's and of fixed size.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LAYERS_NODES 40u
#define LAYERS_EDGES 256u
#define LAYERS_ITEMS 1200u /* boxes, and lanes in rows */
#define LAYERS_ROW_ITEMS (2 * LAYERS_NODES)
#define LAYERS_POINTS (2 * LAYERS_NODES + 2)

enum {
    LAYERS_ROW_WIDTH = 380, /* a row of boxes that would be wider becomes two */
    LAYERS_BOX_HEIGHT = 60,
    LAYERS_ROW_GAP = 42,
    LAYERS_MARGIN = 6,
};

struct layers_node {
    uint16_t width; /* at most LAYERS_ROW_WIDTH */
    uint8_t rank;
    /* Results: */
    uint8_t row;
    int16_t x, y; /* of the middle of its upper edge */
};

/* From a higher rank to a lower one; others are not drawn. */
struct layers_edge {
    uint8_t from, to;
};

struct layers_point {
    int16_t x, y;
};

struct layers_item {
    uint8_t target; /* a box, or where a lane leads */
    uint8_t row;
    uint16_t width;
    int16_t x;
};

struct layers {
    uint32_t node_count, edge_count;
    struct layers_node nodes[LAYERS_NODES];
    struct layers_edge edges[LAYERS_EDGES];

    /* Results: */
    uint32_t row_count;
    int16_t width, height;

    /* In between: */
    uint32_t item_count;
    struct layers_item items[LAYERS_ITEMS];     /* the first node_count are the boxes */
    uint16_t lanes[LAYERS_NODES][LAYERS_NODES]; /* of a box in a row; 0: none */
    uint16_t rows[LAYERS_NODES][LAYERS_ROW_ITEMS];
    uint8_t row_items[LAYERS_NODES];
};

/** layers_arrange() - give every box its place. Edges that cannot be drawn are taken out. */
void layers_arrange(struct layers *layers);

/**
 * layers_path() - the points of an arrow: from the lower edge of a box, down through lanes (two points for
 * each row), to the upper edge of another. From points 0 to 1, 2 to 3 and so on it bends, in between it is
 * straight. @points: LAYERS_POINTS of them. Gives how many.
 */
uint32_t layers_path(const struct layers *layers, uint32_t edge, struct layers_point *points);

/** layers_below() - the item that an edge from this box or lane to @to meets in the next row. */
uint32_t layers_below(const struct layers *layers, uint32_t row, uint32_t to);

/** layers_row_top() - the y of a row's boxes. */
int16_t layers_row_top(uint32_t row);
