/* Loop invariants: pure nodes of a loop whose inputs come from outside are computed once, before it.
 *
 * Only what cannot fail and touches no memory that changes may move: the loop may run no round at all, and then a
 * hoisted node that raises would be a new error. So these are scalar computations; tensor operators check
 * their shapes and stay where they are.
 *
 * An element of a list that the loop does not write to, the row `a[i]` of `a[i][k]`, may move, too, where the first
 * turn would come to it before anything else that can fail or be seen: it is read before the loop, if that runs at all. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/alias.h"

static bool is_total(const ir_node *n)
{
    const op_info *info = op_get_info((op_id)n->op);
    if (n->n_blocks || n->n_outputs != 1 || n->op == OP_prim_Constant || n->op == OP_prim_Uninitialized
        || n->op == OP_prim_unchecked_cast) // a cast holds only where the test before it went well
        return false;
    if (!(info->traits & OP_PURE) || (info->traits & (OP_MAY_RAISE | OP_EFFECT | OP_RANDOM)))
        return false;
    if (info->backend != OP_HAS_KERNEL)
        return false;
    bool scalar = !opt_type_is_mutable(n->outputs[0]->type);
    for (uint32_t i = 0; i < n->n_inputs; i++)
        scalar &= !opt_type_is_mutable(n->inputs[i]->type);
    return scalar;
}

/* What a node can read stands in its own block or further out. */
static bool comes_from_outside(const ir_node *n)
{
    for (uint32_t i = 0; i < n->n_inputs; i++)
        if (n->inputs[i]->node->block == n->block)
            return false;
    return true;
}

static bool is_within(const ir_node *n, const ir_node *loop)
{
    while (n && n != loop)
        n = n->block->owner;
    return n;
}

static bool is_written(opt_alias_info *a, const ir_value *v, const ir_node *loop)
{
    for (const alias_write *w = opt_alias_writes(a, opt_alias_set(a, v)); w; w = w->next)
        if (is_within(w->n, loop))
            return true;
    return false;
}

/* Does nothing that could be seen stand in front of n in its block? */
static bool comes_first(const ir_node *n)
{
    for (const ir_node *at = n->block->param->next; at != n; at = at->next)
        if (at->op != OP_prim_Constant && !is_total(at))
            return false;
    return true;
}

static bool is_row(ir_graph *g, opt_ctx *cx, const ir_node *n, const ir_node *loop)
{
    jit_value runs;
    if (n->op != OP_aten___getitem___t || !comes_from_outside(n) || !comes_first(n)
        || !ir_value_constant(loop->inputs[1], &runs) || runs.tag != VALUE_BOOL || !runs.b)
        return false;
    opt_alias_info *a = opt_alias(cx, g);
    return a && !is_written(a, n->inputs[0], loop);
}

/* Read the element before the loop; where it is not known how often the loop runs, if it runs. */
static bool hoist_row(ir_graph *g, ir_node *n, ir_node *loop)
{
    enum { MIN_TRIPS = 4 }; // a row that few turns read is not worth a register of its own
    jit_value trip;
    if (ir_value_constant(loop->inputs[0], &trip)) {
        if (trip.tag != VALUE_INT || trip.i < MIN_TRIPS)
            return false;
        ir_node_move_before(n, loop);
        return true;
    }
    ir_builder b = { .g = g, .at = loop, .range = n->at, .callee_of = n->callee_of, .called_from = n->called_from };
    ir_value *operands[] = { loop->inputs[0], ir_build_constant(&b, VALUE_INT_V(0), T_INT) };
    ir_value *runs = ir_build_op1(&b, OP_aten_gt_int, operands, 2, T_BOOL);
    ir_node *choice = ir_node_new(g, OP_prim_If, n->at);
    if (!choice)
        return false;
    ir_node_insert_before(choice, loop);
    ir_add_input(choice, runs);
    ir_value *row = ir_add_output(choice, n->outputs[0]->type);
    ir_block *reads = ir_add_block(choice), *skips = ir_add_block(choice);
    if (!reads || !skips)
        return false;
    ir_replace_uses(n->outputs[0], row);
    ir_node_move_before(n, reads->ret);
    ir_block_add_output(reads, n->outputs[0]);
    b.at = skips->ret;
    ir_block_add_output(skips, ir_build_op1(&b, OP_prim_Uninitialized, NULL, 0, row->type));
    return true;
}

bool opt_hoist(ir_graph *g, opt_ctx *cx)
{
    bool progress = false;
    for (ir_node *n = ir_first_deep(g), *next; n; n = next) {
        next = ir_next_deep(n);
        ir_node *loop = n->block->owner;
        if (!loop || loop->op != OP_prim_Loop)
            continue;
        if (is_total(n) && comes_from_outside(n)) {
            ir_node_move_before(n, loop);
            progress = true;
        } else if (is_row(g, cx, n, loop)) {
            progress |= hoist_row(g, n, loop);
        }
    }
    return progress;
}
