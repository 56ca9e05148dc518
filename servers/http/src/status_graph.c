/* SPDX-License-Identifier: MIT */
/*
 * The drawing of the system. Where things stand follows from the description, which does not change while the
 * system runs: it is worked out once. The warden is the last box.
 */
#include "layers/layers.h"

#include "pith/string.h"
#include "status.h"

enum { LETTER_WIDTH = 8, SIDES = 22, BOX_MIN = 92, WARDEN_RANK = 1, NAME_Y = 20, STATE_Y = 37 };
enum { RATE_Y = 52 };

static struct layers graph;
static uint8_t interfaces[LAYERS_EDGES]; /* of each edge */
static uint32_t edges_left_out;

_Static_assert(SAMPLE_PROGRAMS + 1 <= LAYERS_NODES, "and the warden");

static uint16_t width_of(const char *name)
{
    size_t width = strlen(name) * LETTER_WIDTH + SIDES;

    return (uint16_t)(width < BOX_MIN ? BOX_MIN : width);
}

static bool may_call(const struct sample *sample, uint32_t program, uint32_t interface)
{
    return (sample->programs[program].shape[SYSTEM_SHAPE_USES] >> interface & 1) != 0;
}

static void edges_add(const struct sample *sample, uint32_t program)
{
    for (uint32_t i = 0; i < sample->interface_count; i++) {
        if (!may_call(sample, program, i)) {
            continue;
        }
        uint32_t server = sample_server(sample, i);

        if (graph.edge_count == LAYERS_EDGES ||
            graph.nodes[program].rank <= graph.nodes[server].rank) {
            edges_left_out++;
            continue;
        }
        interfaces[graph.edge_count] = (uint8_t)i;
        graph.edges[graph.edge_count++] = (struct layers_edge){ (uint8_t)program, (uint8_t)server };
    }
}

static void graph_arrange(const struct sample *sample)
{
    graph.node_count = sample->program_count + 1;
    graph.edge_count = edges_left_out = 0;
    graph.nodes[sample->program_count].rank = WARDEN_RANK;
    graph.nodes[sample->program_count].width = BOX_MIN;
    for (uint32_t i = 0; i < sample->program_count; i++) {
        graph.nodes[i].rank = (uint8_t)sample->programs[i].shape[SYSTEM_SHAPE_RANK];
        graph.nodes[i].width = width_of(sample->programs[i].name);
    }
    for (uint32_t i = 0; i < sample->program_count; i++) {
        edges_add(sample, i);
    }
    layers_arrange(&graph);
}

static const char *name_of(const struct sample *sample, uint32_t node)
{
    return node < sample->program_count ? sample->programs[node].name : "warden";
}

static void edge_put(struct page *page, const struct sample *sample, uint32_t edge)
{
    struct layers_point points[LAYERS_POINTS];
    uint32_t count = layers_path(&graph, edge, points);
    const char *from = name_of(sample, graph.edges[edge].from);
    const char *to = name_of(sample, graph.edges[edge].to);

    put_text(page, "<path class=\"call\" data-from=\"");
    put_escaped(page, from);
    put_text(page, "\" data-to=\"");
    put_escaped(page, to);
    put(page, "\" marker-end=\"url(#tip)\" d=\"M%d %d", points[0].x, points[0].y);
    for (uint32_t i = 1; i < count; i++) {
        struct layers_point a = points[i - 1], b = points[i];
        int32_t middle = (a.y + b.y) / 2;

        if (i % 2 == 0) {
            put(page, "V%d", b.y);
        } else {
            put(page, "C%d %d %d %d %d %d", a.x, middle, b.x, middle, b.x, b.y);
        }
    }
    put_text(page, "\"><title>");
    put_escaped(page, from);
    put_text(page, " calls ");
    put_escaped(page, to);
    put_text(page, " (");
    put_escaped(page, sample->interfaces[interfaces[edge]].name);
    put_text(page, ")</title></path>\n");
}

/* A text in a box that the script may change. */
static void line_put(struct page *page, uint32_t program, enum status_text which, int y)
{
    char text[STATUS_TEXT_BYTES];

    status_text(program, which, text);
    put(page, "<text class=\"%s\" y=\"%d\"><tspan id=\"g%u-%s\">", status_key(which), y, program,
        status_key(which));
    put_escaped(page, text);
    put_text(page, which == STATUS_MESSAGES ? "</tspan> msg/s</text>" : "</tspan></text>");
}

static void box_put(struct page *page, const struct sample *sample, uint32_t node)
{
    const struct layers_node *box = &graph.nodes[node];
    bool is_warden = node == sample->program_count;
    char text[STATUS_TEXT_BYTES];
    const char *state = is_warden ? "running" : status_state(&sample->programs[node]);

    put(page,
        "<g class=\"box\" id=\"g%u\" data-state=\"%s\" transform=\"translate(%d %d)\" data-name=\"",
        node, state, box->x, box->y);
    put_escaped(page, name_of(sample, node));
    put(page,
        "\"><rect x=\"%d\" width=\"%u\" height=\"%u\" rx=\"8\"/>"
        "<text class=\"name\" y=\"%d\">",
        -(box->width / 2), (uint32_t)box->width, (uint32_t)LAYERS_BOX_HEIGHT, NAME_Y);
    put_escaped(page, name_of(sample, node));
    put_text(page, "</text>");
    if (is_warden) {
        put(page, "<text class=\"state\" y=\"%d\"><tspan>running</tspan></text>", STATE_Y);
        put(page, "<text class=\"messages\" y=\"%d\"><tspan id=\"g-wardens\">", RATE_Y);
        status_total(STATUS_WARDENS, text, sizeof(text));
        put_escaped(page, text);
        put_text(page, "</tspan> restarts</text>");
    } else {
        line_put(page, node, STATUS_STATE, STATE_Y);
        line_put(page, node, STATUS_MESSAGES, RATE_Y);
    }
    put_text(page, "</g>\n");
}

void status_calls_put(struct page *page, uint32_t program)
{
    const struct sample *sample = sample_latest();
    const char *between = "";

    for (uint32_t i = 0; i < sample->interface_count; i++) {
        if (may_call(sample, program, i)) {
            put_text(page, between);
            put_escaped(page, name_of(sample, sample_server(sample, i)));
            between = ", ";
        }
    }
    if (between[0] == 0) {
        put_text(page, "nobody");
    }
}

void status_graph_put(struct page *page)
{
    const struct sample *sample = sample_latest();

    if (graph.node_count != sample->program_count + 1) {
        graph_arrange(sample);
    }
    put(page,
        "<svg id=\"graph\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
        "style=\"min-width:%dpx\" role=\"img\" "
        "aria-labelledby=\"graph-title graph-text\">"
        "<title id=\"graph-title\">Who calls whom</title><desc id=\"graph-text\">",
        graph.width, graph.height, graph.width, graph.height, graph.width * 5 / 6);
    for (uint32_t i = 0; i < sample->program_count; i++) {
        put_escaped(page, sample->programs[i].name);
        put_text(page, " calls ");
        status_calls_put(page, i);
        put_text(page, ". ");
    }
    put_text(page, "</desc><defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
                   "markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">"
                   "<path d=\"M0 0L8 4L0 8Z\"/></marker></defs>\n");
    for (uint32_t i = 0; i < graph.edge_count; i++) {
        edge_put(page, sample, i);
    }
    for (uint32_t i = 0; i < graph.node_count; i++) {
        box_put(page, sample, i);
    }
    put_text(page, "</svg>\n");
    if (edges_left_out != 0) {
        put(page, "<p>%u arrows are not drawn; the table has all.</p>\n", edges_left_out);
    }
}
