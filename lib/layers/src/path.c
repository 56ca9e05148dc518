/* SPDX-License-Identifier: MIT */
/* Where arrows leave and enter boxes: side by side, in the order of where they come from and lead to. */
#include "layers/layers.h"

enum { PORT_STEP = 14, PORT_MARGIN = 16 };

/* The place-th of count ports along an edge. */
static int16_t port_x(const struct layers_node *node, uint32_t place, uint32_t count)
{
    int32_t step = (node->width - PORT_MARGIN) / (int32_t)count;

    step = step < PORT_STEP ? step : PORT_STEP;
    return (int16_t)(node->x + (2 * (int32_t)place - (int32_t)count + 1) * step / 2);
}

/* Ports are in the order of this; of equals the first is first. */
static bool is_before(const struct layers *layers, uint32_t item, uint32_t other)
{
    int16_t x = layers->items[item].x, other_x = layers->items[other].x;

    return x < other_x || (x == other_x && item < other);
}

static int16_t exit_x(const struct layers *layers, const struct layers_edge *edge)
{
    const struct layers_node *from = &layers->nodes[edge->from];
    uint32_t below = layers_below(layers, from->row, edge->to);
    uint32_t place = 0, count = 0;

    for (uint32_t i = 0; i < layers->edge_count; i++) {
        if (layers->edges[i].from == edge->from) {
            count++;
            place += is_before(layers, layers_below(layers, from->row, layers->edges[i].to), below);
        }
    }
    return port_x(from, place, count);
}

/* All that comes by the lane has one port. */
static int16_t entry_x(const struct layers *layers, uint32_t to, uint32_t above)
{
    const struct layers_node *node = &layers->nodes[to];
    uint32_t lane = layers->lanes[to][node->row - 1];
    uint32_t place = 0, count = 0;

    if (lane != 0) {
        count++;
        place += is_before(layers, lane, above);
    }
    for (uint32_t i = 0; i < layers->edge_count; i++) {
        uint32_t from = layers->edges[i].from;

        if (layers->edges[i].to == to && layers->nodes[from].row == node->row - 1) {
            count++;
            place += is_before(layers, from, above);
        }
    }
    return port_x(node, place, count);
}

uint32_t layers_path(const struct layers *layers, uint32_t edge, struct layers_point *points)
{
    const struct layers_edge *this = &layers->edges[edge];
    uint32_t row = layers->nodes[this->from].row;
    uint32_t above = this->from, count = 0;

    points[count++] = (struct layers_point){ exit_x(layers, this),
                                             (int16_t)(layers_row_top(row) + LAYERS_BOX_HEIGHT) };
    while (layers->nodes[this->to].row > row + 1) {
        above = layers_below(layers, row++, this->to);
        int16_t x = layers->items[above].x, y = layers_row_top(row);

        points[count++] = (struct layers_point){ x, y };
        points[count++] = (struct layers_point){ x, (int16_t)(y + LAYERS_BOX_HEIGHT) };
    }
    points[count++] =
        (struct layers_point){ entry_x(layers, this->to, above), layers_row_top(row + 1) };
    return count;
}
