/* Conditions that are known where they are asked again: true in the first branch of their If, false in the second, and
 * behind an If one of whose branches always raises, what the other branch needs.
 *
 * Checks like `if x.dim() != 4: raise` repeat in every layer of a model; once they ask the same value, the first decides. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/opt.h"

static bool always_raises(const ir_block *b)
{
    IR_EACH_NODE(n, b)
        if (n->op == OP_prim_RaiseException)
            return true;
    return false;
}

/* Is the use inside of block b? A block's own results count. */
static bool is_inside(const ir_block *b, const ir_use *u)
{
    return ir_block_holds(b, u->user);
}

static bool replace_inside(ir_graph *g, ir_node *n, uint32_t branch)
{
    bool is_used = false;
    for (const ir_use *u = n->inputs[0]->uses; u; u = u->next)
        is_used |= is_inside(n->blocks[branch], u);
    if (!is_used)
        return false;
    ir_block *b = n->blocks[branch];
    ir_builder builder = { .g = g, .at = b->param->next, .range = n->at };
    ir_value *known = ir_build_constant(&builder, VALUE_BOOL_V(branch == 0), T_BOOL);
    for (ir_use *u = n->inputs[0]->uses, *next; u; u = next) {
        next = u->next;
        if (is_inside(b, u))
            ir_set_input(u->user, u->index, known);
    }
    return true;
}

/* Is the use after node n, in n's block or deeper? */
static bool is_after(const ir_node *n, const ir_use *u)
{
    return u->user != n && ir_block_holds(n->block, u->user) && ir_is_before(n, u->user) && !ir_block_holds(n->blocks[0], u->user)
           && !ir_block_holds(n->blocks[1], u->user);
}

static bool replace_after(ir_graph *g, ir_node *n, bool value)
{
    bool is_used = false;
    for (const ir_use *u = n->inputs[0]->uses; u; u = u->next)
        is_used |= is_after(n, u);
    if (!is_used)
        return false;
    ir_builder builder = { .g = g, .at = n->next, .range = n->at };
    ir_value *known = ir_build_constant(&builder, VALUE_BOOL_V(value), T_BOOL);
    for (ir_use *u = n->inputs[0]->uses, *next; u; u = next) {
        next = u->next;
        if (is_after(n, u))
            ir_set_input(u->user, u->index, known);
    }
    return true;
}

bool opt_known_conditions(ir_graph *g, opt_ctx *cx)
{
    bool progress = false;
    (void)cx;
    IR_EACH_NODE_DEEP(n, g) {
        if (n->op != OP_prim_If || n->inputs[0]->node->op == OP_prim_Constant || n->inputs[0]->n_uses < 2)
            continue;
        progress |= replace_inside(g, n, 0);
        progress |= replace_inside(g, n, 1);
        bool first = always_raises(n->blocks[0]), second = always_raises(n->blocks[1]);
        if (first != second)
            progress |= replace_after(g, n, second);
    }
    return progress;
}
