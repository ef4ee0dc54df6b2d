/* ir/dot.c: graphs for Graphviz, `tjs graph --dot`: a box for each node with its line, a cluster for each block, an edge
 * from the node that makes a value to each that uses it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/graph.h"

#include <stdio.h>

typedef struct drawing {
    arena arena;
    ptrmap numbers; /* node -> 1 + its number */
    uintptr_t n_nodes;
    size_t n_clusters;
    text line, *out;
} drawing;

static size_t number_of(drawing *d, const ir_node *n)
{
    uintptr_t known = (uintptr_t)ptrmap_find(&d->numbers, n);
    if (!known) {
        known = ++d->n_nodes;
        ptrmap_set(&d->numbers, n, (void *)known);
    }
    return known - 1;
}

/* What stands in d->line between quotes; long constants are cut. */
static void draw_label(drawing *d)
{
    enum { LONGEST = 240 };
    const text *line = &d->line;
    text_add(d->out, "[label=\"");
    for (size_t i = 0; i < line->n && !line->failed; i++) {
        const unsigned char c = (unsigned char)line->s[i];
        if (i >= LONGEST && (c & 0xC0) != 0x80) { // between two characters
            text_add(d->out, " ...");
            break;
        }
        if (c == '"' || c == '\\')
            text_add_char(d->out, '\\');
        text_add_char(d->out, c == '\n' ? ' ' : (char)c);
    }
    text_add(d->out, "\"");
}

static void draw_box(drawing *d, const ir_node *n, const char *style)
{
    text_addf(d->out, "  n%zu ", number_of(d, n));
    draw_label(d);
    text_addf(d->out, "%s];\n", style);
}

static void draw_edges(drawing *d, const ir_node *n)
{
    for (uint32_t i = 0; i < n->n_inputs; i++)
        text_addf(d->out, "  n%zu -> n%zu;\n", number_of(d, n->inputs[i]->node), number_of(d, n));
}

static void draw_node(drawing *d, const ir_node *n)
{
    d->line.n = 0;
    ir_print_node(n, &d->line);
    draw_box(d, n, n->op == OP_prim_Constant ? ", style=filled, fillcolor=gray92" : "");
    draw_edges(d, n);
}

static void draw_values(drawing *d, const char *what, ir_value *const *values, uint32_t n)
{
    d->line.n = 0;
    text_add(&d->line, what);
    for (uint32_t i = 0; i < n; i++) {
        text_add(&d->line, i ? ", " : " ");
        ir_print_value(values[i], &d->line);
    }
}

/* owner: the node that runs the block, or NULL. */
static void open_block(drawing *d, const ir_block *b, const ir_node *owner, const char *name)
{
    text_addf(d->out, "  subgraph cluster%zu { label=\"%s\";\n", d->n_clusters++, name);
    draw_values(d, "parameters", b->param->outputs, b->param->n_outputs);
    draw_box(d, b->param, ", shape=ellipse");
    if (owner)
        text_addf(d->out, "  n%zu -> n%zu [style=dashed];\n", number_of(d, owner), number_of(d, b->param));
}

static void close_block(drawing *d, const ir_block *b)
{
    draw_values(d, "returns", b->ret->inputs, b->ret->n_inputs);
    draw_box(d, b->ret, ", shape=ellipse");
    draw_edges(d, b->ret);
    text_add(d->out, "  }\n");
}

static void draw_graph(drawing *d, const ir_graph *g, const ir_node *owner, const char *name);

/* The graphs that a node carries, a fork's body. */
static void draw_carried(drawing *d, const ir_node *n)
{
    for (const ir_attr *a = n->attrs; a; a = a->next)
        if (a->kind == IR_ATTR_GRAPH)
            draw_graph(d, a->g, n, a->name);
}

/* Blocks nest deep: the place of the walk is kept by parent links. */
static void draw_nodes(drawing *d, const ir_block *body)
{
    const ir_node *n = body->param->next;
    while (n != body->ret && !d->out->failed) {
        if (n != n->block->ret) {
            draw_node(d, n);
            draw_carried(d, n);
            if (n->n_blocks)
                open_block(d, n->blocks[0], n, "block0");
            n = n->n_blocks ? n->blocks[0]->param->next : n->next;
            continue;
        }
        const ir_block *ended = n->block;
        const ir_node *owner = ended->owner;
        uint32_t k = ir_block_index(ended) + 1;
        close_block(d, ended);
        if (k < owner->n_blocks) {
            char name[32];
            snprintf(name, sizeof name, "block%u", k);
            open_block(d, owner->blocks[k], owner, name);
        }
        n = k < owner->n_blocks ? owner->blocks[k]->param->next : owner->next;
    }
}

static void draw_graph(drawing *d, const ir_graph *g, const ir_node *owner, const char *name)
{
    open_block(d, g->body, owner, name);
    draw_nodes(d, g->body);
    close_block(d, g->body);
}

void ir_print_dot(const ir_graph *g, text *out)
{
    drawing d = { .out = out };
    arena_init(&d.arena);
    ptrmap_init(&d.numbers, &d.arena);
    text_init(&d.line, NULL);
    text_add(out, "digraph {\n  node [shape=box, fontname=\"monospace\", fontsize=10];\n");
    draw_graph(&d, g, NULL, "graph");
    text_add(out, "}\n");
    out->failed |= d.arena.failed || d.line.failed;
    text_fini(&d.line);
    arena_fini(&d.arena);
}
