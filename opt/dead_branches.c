/* Dead branches: an If whose condition is known becomes the branch it takes, a loop that never runs
 * disappears, outputs that are the same on every path become that value.
 *
 * A branch is spliced in place (its nodes move, nothing is copied), so a chain of decided ifs costs what its
 * nodes cost. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/opt.h"

static bool constant_bool(const ir_value *v, bool *ret)
{
    jit_value c;
    if (!ir_value_constant(v, &c) || c.tag != VALUE_BOOL)
        return false;
    *ret = c.b;
    return true;
}

static void splice_branch(ir_node *n, ir_block *branch)
{
    IR_EACH_NODE_SAFE(inner, branch)
        ir_node_move_before(inner, n);
    for (uint32_t i = 0; i < n->n_outputs; i++)
        ir_replace_uses(n->outputs[i], ir_block_output(branch, i));
    ir_node_remove(n);
}

static bool same_constant(const ir_value *a, const ir_value *b)
{
    jit_value x, y;
    if (a->type != b->type || !ir_value_constant(a, &x) || !ir_value_constant(b, &y) || x.tag != y.tag)
        return false;
    switch ((value_tag)x.tag) {
    case VALUE_NONE: return true;
    case VALUE_BOOL: return x.b == y.b;
    case VALUE_INT: return x.i == y.i;
    case VALUE_STR: return value_equal(x, y);
    default: return false;
    }
}

/* For a value that a block of n returns: it stands in that block or outside of n. */
static bool is_outside(const ir_node *n, const ir_value *v)
{
    for (uint32_t b = 0; b < n->n_blocks; b++)
        if (v->node->block == n->blocks[b])
            return false;
    return true;
}

/* What output i of an If is on every path, of its very type or None, or NULL. */
static ir_value *common_value(ir_graph *g, ir_node *n, uint32_t i)
{
    ir_value *a = ir_block_output(n->blocks[0], i), *b = ir_block_output(n->blocks[1], i);
    if (a->type != n->outputs[i]->type && a->type != T_NONE)
        return NULL;
    if (a == b)
        return is_outside(n, a) ? a : NULL;
    if (!same_constant(a, b))
        return NULL;
    if (is_outside(n, a))
        return a;
    jit_value v;
    ir_value_constant(a, &v);
    ir_builder at = { .g = g, .at = n, .range = a->node->at };
    return ir_build_constant(&at, value_ref(v), a->type);
}

static bool simplify_if(ir_graph *g, ir_node *n)
{
    bool taken, progress = false;
    if (constant_bool(n->inputs[0], &taken)) {
        splice_branch(n, n->blocks[taken ? 0 : 1]);
        return true;
    }
    for (uint32_t i = n->n_outputs; i-- > 0;) {
        ir_value *v = common_value(g, n, i);
        if (!v)
            continue;
        ir_replace_uses(n->outputs[i], v);
        ir_remove_output(n, i);
        ir_remove_input(n->blocks[0]->ret, i);
        ir_remove_input(n->blocks[1]->ret, i);
        progress = true;
    }
    return progress;
}

static bool never_runs(const ir_node *loop)
{
    bool starts;
    jit_value trip;
    if (constant_bool(loop->inputs[1], &starts) && !starts)
        return true;
    return ir_value_constant(loop->inputs[0], &trip) && trip.tag == VALUE_INT && trip.i < 1;
}

/* A carried value that no round changes is the value before the loop. */
static bool drop_invariants(ir_node *n)
{
    bool progress = false;
    ir_block *b = n->blocks[0];
    for (uint32_t i = n->n_outputs; i-- > 0;) {
        ir_value *inside = ir_block_input(b, i + 1), *after = ir_block_output(b, i + 1);
        ir_value *before = n->inputs[i + 2];
        if ((after != inside && after != before) || before->type != n->outputs[i]->type)
            continue;
        ir_replace_uses(inside, before);
        ir_replace_uses(n->outputs[i], before);
        ir_remove_input(b->ret, i + 1);
        ir_remove_input(n, i + 2);
        ir_remove_output(n, i);
        ir_remove_output(b->param, i + 1);
        progress = true;
    }
    return progress;
}

static bool simplify_loop(ir_node *n)
{
    if (!never_runs(n))
        return drop_invariants(n);
    for (uint32_t i = 0; i < n->n_outputs; i++)
        ir_replace_uses(n->outputs[i], n->inputs[i + 2]);
    ir_node_remove(n);
    return true;
}

bool opt_dead_branches(ir_graph *g, opt_ctx *cx)
{
    (void)cx;
    bool progress = false;
    /* Backwards: the inside of a node is done before the node is spliced or removed. */
    for (ir_node *n = ir_last_deep(g), *before; n; n = before) {
        before = ir_prev_deep(n);
        if (n->op == OP_prim_If)
            progress |= simplify_if(g, n);
        else if (n->op == OP_prim_Loop)
            progress |= simplify_loop(n);
    }
    return progress;
}
