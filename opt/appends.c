/* Lists that only grow: a list made here, appended to here and read in between is never built by appending; each reader gets
 * a literal of what the list holds by then. Literals are what other passes look into: `cat` joins images that lie
 * channels last, elements are read past them, and nothing is built where nobody reads.
 *
 *     l = []                       torch.cat([a], 1)
 *     l.append(a)           →      torch.cat([a, b], 1)
 *     torch.cat(l, 1)
 *     l.append(b)
 *     torch.cat(l, 1)
 *
 * All appends stand in the block of the literal, so it is known what the list holds where; readers may stand deeper.
 * Nothing else may see the list: who returns it, stores it or changes an element keeps it as it is. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"
#include "opt/opt.h"

#include <stdlib.h>

enum { MAX_GROWTH = 64, MAX_SMALL = 1024 }; /* elements of all literals together: each so often, or few at all */

/* A use of the list, with the node of the list's own block that holds it. */
typedef struct list_use {
    ir_node *user, *outer;
} list_use;

typedef struct growing {
    ir_graph *g;
    arena *arena;
    ir_node *made;             /* the literal that it begins as */
    VEC(list_use) uses;        /* in the order of the program */
    VEC(ir_value *) elements;  /* so far */
} growing;

/* An append in the list's own block, of what a literal may hold as it is. */
static bool is_append(const growing *w, const ir_use *u)
{
    const ir_node *n = u->user;
    if (n->op != OP_aten_append_t || u->index != 0 || n->block != w->made->block || n->outputs[0]->n_uses)
        return false;
    const type *held = w->made->outputs[0]->type->args[0], *given = n->inputs[1]->type;
    return held == given || (held->kind == TYPE_TENSOR && given->kind == TYPE_TENSOR);
}

static ir_node *outer_node(const growing *w, ir_node *n)
{
    while (n->block != w->made->block)
        n = n->block->owner;
    return n;
}

static int by_place(const void *a, const void *b)
{
    const uint32_t x = ((const list_use *)a)->outer->order, y = ((const list_use *)b)->outer->order;
    return x < y ? -1 : x > y;
}

/* Collects the uses. false: somebody does something else with the list, or literals would be too long. */
static bool find_uses(growing *w)
{
    uint64_t n_elements = w->made->n_inputs, n_built = 0;
    bool grows = false;
    w->uses.n = w->elements.n = 0;
    for (const ir_use *u = w->made->outputs[0]->uses; u; u = u->next) {
        const bool appends = is_append(w, u);
        if (!appends && !ir_only_reads_list(u))
            return false;
        grows |= appends;
        if (!VEC_PUSH(&w->uses, w->arena, ((list_use){ u->user, outer_node(w, u->user) })))
            return false;
    }
    if (!grows)
        return false;
    qsort(w->uses.at, w->uses.n, sizeof *w->uses.at, by_place);
    for (size_t i = 0; i < w->uses.n; i++) {
        const bool appends = w->uses.at[i].user->op == OP_aten_append_t;
        n_elements += appends;
        n_built += appends ? 0 : n_elements;
    }
    return n_built <= MAX_SMALL || n_built <= MAX_GROWTH * n_elements;
}

/* The reader gets a literal of what the list holds now. */
static void write_literal(growing *w, const list_use *use)
{
    ir_value *made = w->made->outputs[0], *literal = NULL;
    for (uint32_t k = 0; k < use->user->n_inputs; k++) {
        if (use->user->inputs[k] != made)
            continue;
        if (!literal) {
            ir_node *n = ir_node_new(w->g, OP_prim_ListConstruct, use->user->at);
            for (size_t i = 0; i < w->elements.n; i++)
                ir_add_input(n, w->elements.at[i]);
            literal = ir_add_output(n, made->type);
            ir_node_insert_before(n, use->outer);
        }
        ir_set_input(use->user, k, literal);
    }
}

static bool rewrite(growing *w)
{
    for (uint32_t i = 0; i < w->made->n_inputs; i++)
        if (!VEC_PUSH(&w->elements, w->arena, w->made->inputs[i]))
            return false;
    if (!VEC_RESERVE(&w->elements, w->arena, w->elements.n + w->uses.n))
        return false;
    for (size_t i = 0; i < w->uses.n; i++) {
        const list_use *use = &w->uses.at[i];
        if (use->user->op != OP_aten_append_t) {
            write_literal(w, use);
            continue;
        }
        w->elements.at[w->elements.n++] = use->user->inputs[1];
        ir_node_remove(use->user);
    }
    return true;
}

static bool has_appends(const ir_graph *g)
{
    IR_EACH_NODE_DEEP(n, g)
        if (n->op == OP_aten_append_t)
            return true;
    return false;
}

bool opt_appends(ir_graph *g, opt_ctx *cx)
{
    growing w = { .g = g, .arena = &cx->scratch };
    bool progress = false;
    if (!has_appends(g))
        return false;
    ir_block_number(g->body);
    IR_EACH_NODE_DEEP(n, g)
        for (uint32_t b = 0; b < n->n_blocks; b++)
            ir_block_number(n->blocks[b]);
    IR_EACH_NODE_DEEP(n, g) { // nodes behind n come and go
        w.made = n;
        if (n->op == OP_prim_ListConstruct && find_uses(&w))
            progress |= rewrite(&w);
    }
    return progress;
}
