/* Loop invariants: pure nodes of a loop whose inputs come from outside are computed once, before it.
 *
 * Only what cannot fail and touches no memory that changes may move: the loop may run no round at all, and then a
 * hoisted node that raises would be a new error. So these are scalar computations; tensor operators check
 * their shapes and stay where they are. */
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

bool opt_hoist(ir_graph *g, opt_ctx *cx)
{
    (void)cx;
    bool progress = false;
    for (ir_node *n = ir_first_deep(g), *next; n; n = next) {
        next = ir_next_deep(n);
        ir_node *loop = n->block->owner;
        if (!loop || loop->op != OP_prim_Loop || !is_total(n))
            continue;
        if (!comes_from_outside(n))
            continue;
        ir_node_move_before(n, loop);
        progress = true;
    }
    return progress;
}
