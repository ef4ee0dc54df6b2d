/* Loop unrolling: short loops with a constant trip count and no other condition become straight-line code, where
 * the counter is a constant and list idioms apply. Longer ones gain nothing: the VM's back edge is cheap. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/opt.h"

enum { MAX_TRIPS = 8, MAX_NODES = 64 };

static bool is_true(const ir_value *v)
{
    jit_value c;
    return ir_value_constant(v, &c) && c.tag == VALUE_BOOL && c.b;
}

/* Nodes of a block, nested ones too; counting stops above the limit. */
static uint32_t block_size(const ir_node *loop, uint32_t limit)
{
    uint32_t n_nodes = 0;
    const ir_node *end = ir_next_skip(loop);
    for (const ir_node *n = ir_next_deep(loop); n && n != end && n_nodes <= limit; n = ir_next_deep(n))
        n_nodes++;
    return n_nodes;
}

static bool may_unroll(const ir_node *n, int64_t *ret_trips)
{
    jit_value trip;
    if (n->op != OP_prim_Loop || !ir_value_constant(n->inputs[0], &trip) || trip.tag != VALUE_INT
        || trip.i < 1 || trip.i > MAX_TRIPS)
        return false;
    if (!is_true(n->inputs[1]) || !is_true(ir_block_output(n->blocks[0], 0)))
        return false;
    *ret_trips = trip.i;
    return block_size(n, MAX_NODES) * (uint32_t)trip.i <= MAX_NODES;
}

static void unroll(ir_graph *g, opt_ctx *cx, ir_node *loop, int64_t trips)
{
    uint32_t n_carried = loop->n_outputs;
    ir_value **args = ARENA_ARRAY(&cx->scratch, ir_value *, n_carried + 1);
    ir_value **outs = ARENA_ARRAY(&cx->scratch, ir_value *, n_carried + 1);
    if (!args || !outs)
        return;
    for (uint32_t i = 0; i < n_carried; i++)
        args[i + 1] = loop->inputs[i + 2];
    ir_builder b = { .g = g, .at = loop, .range = loop->at };
    for (int64_t round = 0; round < trips; round++) {
        args[0] = ir_build_constant(&b, VALUE_INT_V(round), T_INT);
        ir_block_copy(loop->blocks[0], loop->block, loop, args, outs);
        for (uint32_t i = 0; i < n_carried; i++)
            args[i + 1] = outs[i + 1];
    }
    for (uint32_t i = 0; i < n_carried; i++)
        ir_replace_uses(loop->outputs[i], args[i + 1]);
    ir_node_remove(loop);
}

bool opt_unroll(ir_graph *g, opt_ctx *cx)
{
    bool progress = false;
    /* Inner loops first: their size then counts for the outer ones. */
    for (ir_node *n = ir_last_deep(g), *before; n; n = before) {
        before = ir_prev_deep(n);
        int64_t trips;
        if (!may_unroll(n, &trips))
            continue;
        unroll(g, cx, n, trips);
        progress = true;
    }
    return progress;
}
