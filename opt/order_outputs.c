/* Ordering the outputs of If and Loop by their first use, unused ones last: what PyTorch prints. Backwards
 * and from the outside in, because what comes later, and the node around, decide the order of uses. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/opt.h"

#include <stdlib.h>

typedef struct ranked {
    ir_value *out, *param;         /* param: the loop's block input, or NULL */
    ir_value *returns[2], *start;  /* what the blocks return; the loop's input */
    const ir_use *first;
    uint32_t index;
} ranked;

static bool use_before(const ir_use *a, const ir_use *b)
{
    return a->user == b->user ? a->index < b->index : ir_is_before(a->user, b->user);
}

static const ir_use *first_use(const ir_value *v)
{
    const ir_use *first = v->uses;
    for (const ir_use *u = first ? first->next : NULL; u; u = u->next)
        if (use_before(u, first))
            first = u;
    return first;
}

static int by_first_use(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->first && y->first)
        return use_before(x->first, y->first) ? -1 : use_before(y->first, x->first) ? 1 : 0;
    if (!x->first && !y->first)
        return (x->index > y->index) - (x->index < y->index);
    return x->first ? -1 : 1;
}

static void place(ir_node *n, const ranked *r, uint32_t i)
{
    uint32_t shift = n->op == OP_prim_Loop ? 1 : 0;
    n->outputs[i] = r->out;
    r->out->index = i;
    for (uint32_t b = 0; b < n->n_blocks; b++)
        ir_set_input(n->blocks[b]->ret, i + shift, r->returns[b]);
    if (!shift)
        return;
    ir_set_input(n, i + 2, r->start);
    n->blocks[0]->param->outputs[i + 1] = r->param;
    r->param->index = i + 1;
}

static bool order_node(ir_node *n, arena *a)
{
    uint32_t shift = n->op == OP_prim_Loop ? 1 : 0;
    ranked *outs = ARENA_ARRAY(a, ranked, n->n_outputs + 1);
    if (!outs || n->n_outputs < 2)
        return false;
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        outs[i] = (ranked){ .out = n->outputs[i], .first = first_use(n->outputs[i]), .index = i };
        for (uint32_t b = 0; b < n->n_blocks; b++)
            outs[i].returns[b] = ir_block_output(n->blocks[b], i + shift);
        if (shift) {
            outs[i].start = n->inputs[i + 2];
            outs[i].param = ir_block_input(n->blocks[0], i + 1);
        }
    }
    qsort(outs, n->n_outputs, sizeof *outs, by_first_use);
    bool changed = false;
    for (uint32_t i = 0; i < n->n_outputs; i++)
        changed |= outs[i].index != i;
    for (uint32_t i = 0; changed && i < n->n_outputs; i++)
        place(n, &outs[i], i);
    return changed;
}

/* The node before n in the walk: last to first, a node before the insides of its blocks. */
static ir_node *step(ir_node *n)
{
    for (uint32_t b = n->n_blocks; b-- > 0;)
        if (n->blocks[b]->ret->prev != n->blocks[b]->param)
            return n->blocks[b]->ret->prev;
    while (n->prev == n->block->param) {
        const ir_block *done = n->block;
        n = done->owner;
        if (!n)
            return NULL;
        bool seen = false;
        for (uint32_t b = n->n_blocks; b-- > 0;) {
            if (seen && n->blocks[b]->ret->prev != n->blocks[b]->param)
                return n->blocks[b]->ret->prev;
            seen |= n->blocks[b] == done;
        }
    }
    return n->prev;
}

bool opt_order_outputs(ir_graph *g, opt_ctx *cx)
{
    bool progress = false;
    ir_node *n = g->body->ret->prev;
    for (n = n == g->body->param ? NULL : n; n; n = step(n))
        if (n->op == OP_prim_If || n->op == OP_prim_Loop)
            progress |= order_node(n, &cx->scratch);
    return progress;
}
