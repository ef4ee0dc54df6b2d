/* Fusing consecutive ifs: `If c` followed by `If <output of the first>` where that output is a different
 * constant in each branch. Early returns leave such pairs (spec/ir.md §5): the first branch returned, so the second
 * If takes its exit there and the rest of the function in the other.
 *
 * Each branch of the second If is needed exactly once, so its nodes move to the end of the branch that selects
 * it. The reference copies them, which is quadratic in a chain of early returns. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"
#include "opt/opt.h"

typedef VEC(ir_node *) node_list;

static bool constant_bool(const ir_value *v, bool *ret)
{
    jit_value c;
    if (!ir_value_constant(v, &c) || c.tag != VALUE_BOOL)
        return false;
    *ret = c.b;
    return true;
}

static bool can_fuse(const ir_node *first, bool *ret_then)
{
    const ir_node *second = first->next;
    if (first->op != OP_prim_If || !second || second->op != OP_prim_If
        || second->inputs[0]->node != first)
        return false;
    uint32_t i = second->inputs[0]->index;
    bool in_then, in_else;
    if (!constant_bool(ir_block_output(first->blocks[0], i), &in_then)
        || !constant_bool(ir_block_output(first->blocks[1], i), &in_else) || in_then == in_else)
        return false;
    *ret_then = in_then;
    return true;
}

/* Does user stand in `from`, a block of the node after `first`? Whoever reads an output of `first` stands in
 * its block or deeper, so the way up is never longer than to there. */
static bool reads_inside(const ir_node *first, const ir_block *from, const ir_node *user)
{
    const ir_block *b = user->block;
    while (b != from && b != first->block)
        b = b->owner->block;
    return b == from;
}

/* Inside a branch, an output of the first If is what that branch returns. Only uses inside `from` change. */
static void localise(ir_node *first, ir_block *branch, ir_block *from)
{
    for (uint32_t i = 0; i < first->n_outputs; i++) {
        ir_use *next;
        for (ir_use *u = first->outputs[i]->uses; u; u = next) {
            next = u->next;
            if (reads_inside(first, from, u->user))
                ir_set_input(u->user, u->index, ir_block_output(branch, i));
        }
    }
}

/* The nodes of `from` go to the end of `branch`; where they meet there may be another pair. */
static void move_branch(ir_node *first, ir_block *branch, ir_block *from, node_list *todo, arena *a)
{
    localise(first, branch, from);
    if (branch->ret->prev != branch->param)
        VEC_PUSH(todo, a, branch->ret->prev);
    IR_EACH_NODE_SAFE(n, from)
        ir_node_move_before(n, branch->ret);
    for (uint32_t i = 0; i < ir_block_n_outputs(from); i++)
        ir_block_add_output(branch, ir_block_output(from, i));
}

static bool fuse(ir_node *first, node_list *todo, arena *a)
{
    bool in_then;
    if (!can_fuse(first, &in_then))
        return false;
    ir_node *second = first->next;
    move_branch(first, first->blocks[0], second->blocks[in_then ? 0 : 1], todo, a);
    move_branch(first, first->blocks[1], second->blocks[in_then ? 1 : 0], todo, a);
    for (uint32_t i = 0; i < second->n_outputs; i++) {
        ir_value *out = ir_add_output(first, second->outputs[i]->type);
        ir_value_copy_name(out, second->outputs[i]);
        ir_replace_uses(second->outputs[i], out);
    }
    ir_node_remove(second);
    return true;
}

bool opt_fuse_ifs(ir_graph *g, opt_ctx *cx)
{
    bool progress = false;
    node_list todo = { 0 };
    for (ir_node *n = ir_last_deep(g), *before; n; n = before) {
        VEC_PUSH(&todo, &cx->scratch, n);
        while (todo.n) {
            ir_node *at = todo.at[--todo.n];
            while (!at->is_removed && fuse(at, &todo, &cx->scratch))
                progress = true;
        }
        before = ir_prev_deep(n);
    }
    return progress;
}
