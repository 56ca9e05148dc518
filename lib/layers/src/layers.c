/* SPDX-License-Identifier: MIT */
/*
 * Rows by rank; lanes for what passes rows; then sweeps down and up that put each item where those are that it
 * is joined to, without ever letting two of a row touch.
 */
#include "layers/layers.h"

#include "pith/string.h"

enum { LANE_WIDTH = 6, GAP = 14, SWEEPS = 12, RANK_ALONE = 0 };

int16_t layers_row_top(uint32_t row)
{
    return (int16_t)(LAYERS_MARGIN + row * (LAYERS_BOX_HEIGHT + LAYERS_ROW_GAP));
}

/* --- Rows --- */

static void edges_check(struct layers *layers)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < layers->edge_count; i++) {
        struct layers_edge edge = layers->edges[i];

        if (edge.from < layers->node_count && edge.to < layers->node_count &&
            layers->nodes[edge.from].rank > layers->nodes[edge.to].rank) {
            layers->edges[kept++] = edge;
        }
    }
    layers->edge_count = kept;
}

static bool is_alone(const struct layers *layers, uint32_t node)
{
    for (uint32_t i = 0; i < layers->edge_count; i++) {
        if (layers->edges[i].from == node || layers->edges[i].to == node) {
            return false;
        }
    }
    return true;
}

/* Boxes of one rank, in as many rows as they need. */
static void rank_place(struct layers *layers, const uint8_t *ranks, uint8_t rank)
{
    uint32_t width = LAYERS_ROW_WIDTH + 1; /* the first begins a row */

    for (uint32_t i = 0; i < layers->node_count; i++) {
        if (ranks[i] != rank) {
            continue;
        }
        width += layers->nodes[i].width + GAP;
        if (width > LAYERS_ROW_WIDTH) {
            width = layers->nodes[i].width;
            layers->row_count++;
        }
        layers->nodes[i].row = (uint8_t)(layers->row_count - 1);
    }
}

/* Those that are joined to nobody stand below all others. */
static void rows_make(struct layers *layers)
{
    uint8_t ranks[LAYERS_NODES];

    for (uint32_t i = 0; i < layers->node_count; i++) {
        ranks[i] = is_alone(layers, i) ? RANK_ALONE : layers->nodes[i].rank + 1u;
    }
    layers->row_count = 0;
    for (uint32_t rank = UINT8_MAX + 1; rank-- > 0;) {
        rank_place(layers, ranks, (uint8_t)rank);
    }
}

/* --- Items --- */

static uint32_t item_add(struct layers *layers, uint32_t target, uint32_t row, uint32_t width)
{
    uint32_t item = layers->item_count++;

    layers->items[item] = (struct layers_item){ .target = (uint8_t)target,
                                                .row = (uint8_t)row,
                                                .width = (uint16_t)width,
                                                .x = LAYERS_ROW_WIDTH / 2 };
    layers->rows[row][layers->row_items[row]++] = (uint16_t)item;
    return item;
}

static void items_make(struct layers *layers)
{
    _Static_assert(LAYERS_NODES + LAYERS_NODES * (LAYERS_NODES - 1) / 2 <= LAYERS_ITEMS,
                   "a lane in every row above every box");
    layers->item_count = 0;
    memset(layers->lanes, 0, sizeof(layers->lanes));
    memset(layers->row_items, 0, sizeof(layers->row_items));
    for (uint32_t i = 0; i < layers->node_count; i++) {
        (void)item_add(layers, i, layers->nodes[i].row, layers->nodes[i].width);
    }
    for (uint32_t i = 0; i < layers->edge_count; i++) {
        uint32_t to = layers->edges[i].to;

        for (uint32_t row = layers->nodes[layers->edges[i].from].row + 1u;
             row < layers->nodes[to].row; row++) {
            if (layers->lanes[to][row] == 0) {
                layers->lanes[to][row] = (uint16_t)item_add(layers, to, row, LANE_WIDTH);
            }
        }
    }
}

uint32_t layers_below(const struct layers *layers, uint32_t row, uint32_t to)
{
    return layers->nodes[to].row == row + 1 ? to : layers->lanes[to][row + 1];
}

/* --- Sweeps --- */

struct mean {
    int32_t sum, count;
};

static void mean_add(struct mean *mean, const struct layers *layers, uint32_t item)
{
    mean->sum += layers->items[item].x;
    mean->count++;
}

/* What leads into a box or a lane from the row above. */
static void above_add(const struct layers *layers, const struct layers_item *item,
                      struct mean *mean)
{
    if (item->row == 0) {
        return;
    }
    if (layers->lanes[item->target][item->row - 1] != 0) {
        mean_add(mean, layers, layers->lanes[item->target][item->row - 1]);
    }
    for (uint32_t i = 0; i < layers->edge_count; i++) {
        if (layers->edges[i].to == item->target &&
            layers->nodes[layers->edges[i].from].row == item->row - 1) {
            mean_add(mean, layers, layers->edges[i].from);
        }
    }
}

static void below_add(const struct layers *layers, uint32_t number, struct mean *mean)
{
    const struct layers_item *item = &layers->items[number];

    if (number >= layers->node_count) {
        mean_add(mean, layers, layers_below(layers, item->row, item->target));
        return;
    }
    for (uint32_t i = 0; i < layers->edge_count; i++) {
        if (layers->edges[i].from == number) {
            mean_add(mean, layers, layers_below(layers, item->row, layers->edges[i].to));
        }
    }
}

static int32_t distance(const struct layers *layers, uint32_t left, uint32_t right)
{
    return (layers->items[left].width + layers->items[right].width + 1) / 2 + GAP;
}

/* From the left: not before its key, not too near to the one before it, unless that leaves no room on the right. */
static void row_push(const struct layers *layers, uint32_t row, const int32_t *keys, int32_t *at)
{
    const uint16_t *items = layers->rows[row];
    uint32_t last = layers->row_items[row] - 1u;
    int32_t limit = LAYERS_MARGIN + (layers->items[items[0]].width + 1) / 2;

    for (uint32_t i = 0; i <= last; i++) {
        limit = i != 0 ? at[i - 1] + distance(layers, items[i - 1], items[i]) : limit;
        at[i] = keys[i] > limit ? keys[i] : limit;
    }
    limit = layers->width - LAYERS_MARGIN - (layers->items[items[last]].width + 1) / 2;
    for (uint32_t i = last + 1; i-- > 0;) {
        at[i] = at[i] < limit ? at[i] : limit;
        limit = i != 0 ? at[i] - distance(layers, items[i - 1], items[i]) : 0;
    }
}

/* The same from the right. */
static void row_pull(const struct layers *layers, uint32_t row, const int32_t *keys, int32_t *at)
{
    const uint16_t *items = layers->rows[row];
    uint32_t last = layers->row_items[row] - 1u;
    int32_t limit = layers->width - LAYERS_MARGIN - (layers->items[items[last]].width + 1) / 2;

    for (uint32_t i = last + 1; i-- > 0;) {
        limit = i != last ? at[i + 1] - distance(layers, items[i], items[i + 1]) : limit;
        at[i] = keys[i] < limit ? keys[i] : limit;
    }
    limit = LAYERS_MARGIN + (layers->items[items[0]].width + 1) / 2;
    for (uint32_t i = 0; i <= last; i++) {
        at[i] = at[i] > limit ? at[i] : limit;
        limit = i != last ? at[i] + distance(layers, items[i], items[i + 1]) : 0;
    }
}

/*
 * As near to where they want to be as order and width allow. Both ways keep the distances, so their mean does;
 * either alone would lean to one side.
 */
static void row_spread(struct layers *layers, uint32_t row, const int32_t *keys)
{
    int32_t pushed[LAYERS_ROW_ITEMS] = { 0 }, pulled[LAYERS_ROW_ITEMS] = { 0 };

    row_push(layers, row, keys, pushed);
    row_pull(layers, row, keys, pulled);
    for (uint32_t i = 0; i < layers->row_items[row]; i++) {
        layers->items[layers->rows[row][i]].x = (int16_t)((pushed[i] + pulled[i]) / 2);
    }
}

static void row_sweep(struct layers *layers, uint32_t row, bool is_down)
{
    int32_t keys[LAYERS_ROW_ITEMS];
    uint16_t *items = layers->rows[row];

    for (uint32_t i = 0; i < layers->row_items[row]; i++) {
        uint16_t item = items[i];
        struct mean mean = { 0, 0 };
        uint32_t at = i;

        if (is_down) {
            above_add(layers, &layers->items[item], &mean);
        } else {
            below_add(layers, item, &mean);
        }
        int32_t key = mean.count != 0 ? mean.sum / mean.count : layers->items[item].x;

        for (; at > 0 && keys[at - 1] > key; at--) {
            keys[at] = keys[at - 1];
            items[at] = items[at - 1];
        }
        keys[at] = key;
        items[at] = item;
    }
    row_spread(layers, row, keys);
}

/* All of it as far from the left as from the right. */
static void center(struct layers *layers)
{
    int32_t left = layers->width, right = 0;

    for (uint32_t i = 0; i < layers->item_count; i++) {
        int32_t half = layers->items[i].width / 2, x = layers->items[i].x;

        left = x - half < left ? x - half : left;
        right = x + half > right ? x + half : right;
    }
    for (uint32_t i = 0; i < layers->item_count; i++) {
        layers->items[i].x = (int16_t)(layers->items[i].x + (layers->width - left - right) / 2);
    }
}

static int32_t row_width(const struct layers *layers, uint32_t row)
{
    int32_t width = 2 * LAYERS_MARGIN + 2 - GAP;

    for (uint32_t i = 0; i < layers->row_items[row]; i++) {
        width += layers->items[layers->rows[row][i]].width + 1 + GAP;
    }
    return width;
}

void layers_arrange(struct layers *layers)
{
    edges_check(layers);
    rows_make(layers);
    items_make(layers);
    layers->width = LAYERS_ROW_WIDTH + 2 * LAYERS_MARGIN;
    for (uint32_t row = 0; row < layers->row_count; row++) {
        int32_t width = row_width(layers, row);

        layers->width = width > layers->width ? (int16_t)width : layers->width;
    }
    for (uint32_t sweep = 0; sweep < SWEEPS; sweep++) {
        for (uint32_t i = 0; i < layers->row_count; i++) {
            bool is_down = sweep % 2 == 0;

            row_sweep(layers, is_down ? i : layers->row_count - 1 - i, is_down);
        }
    }
    center(layers);
    for (uint32_t i = 0; i < layers->node_count; i++) {
        layers->nodes[i].x = layers->items[i].x;
        layers->nodes[i].y = layers_row_top(layers->nodes[i].row);
    }
    layers->height = (int16_t)(layers_row_top(layers->row_count) - LAYERS_ROW_GAP + LAYERS_MARGIN);
}
