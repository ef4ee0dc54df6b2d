/* Constant propagation: operators whose inputs are constants are run by the same kernels the program would
 * use (through opt_ctx.eval), so a folded result cannot differ from a computed one.
 *
 * Only values that cannot change are folded: a list or tensor made at each call is a new one each time. What
 * raises is left for the program to raise. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/alias.h"

enum { MAX_INPUTS = 64, MAX_OUTPUTS = 8, MAX_STRING = 4096 };

static bool may_fold(const ir_node *n)
{
    const op_info *info = op_get_info((op_id)n->op);
    if (n->n_blocks || n->n_outputs == 0 || n->n_outputs > MAX_OUTPUTS || n->n_inputs > MAX_INPUTS)
        return false;
    if (!(info->traits & OP_PURE) || (info->traits & (OP_EFFECT | OP_RANDOM | OP_NO_FOLD)))
        return false;
    switch ((op_id)n->op) {
    case OP_prim_Constant: case OP_prim_Uninitialized: case OP_prim_ListConstruct:
    case OP_prim_DictConstruct: case OP_prim_CreateObject: case OP_prim_GetAttr:
        return false;
    default: break;
    }
    for (uint32_t i = 0; i < n->n_outputs; i++)
        if (opt_type_is_mutable(n->outputs[i]->type))
            return false;
    return true;
}

static bool constant_inputs(const ir_node *n, jit_value *args)
{
    for (uint32_t i = 0; i < n->n_inputs; i++)
        if (!ir_value_constant(n->inputs[i], &args[i]))
            return false;
    return true;
}

/* Structural nodes have no kernel; those over constants that need none. */
static bool eval_structural(const ir_node *n, const jit_value *args, jit_value *rets)
{
    if (n->op == OP_prim_unchecked_cast) {
        rets[0] = value_ref(args[0]);
        return true;
    }
    if (n->op == OP_prim_isinstance) {
        const ir_attr *types = ir_attr_find(n, "types");
        bool is = false;
        for (size_t i = 0; types && i < types->types.n; i++)
            is |= type_accepts_value(types->types.at[i], args[0]);
        rets[0] = VALUE_BOOL_V(is);
        return types;
    }
    if (n->op != OP_prim_TupleConstruct)
        return false;
    const type *t = n->outputs[0]->type;
    tuple *made = tuple_new(t->kind == TYPE_NAMED_TUPLE ? t : NULL, n->n_inputs);
    if (!made)
        return false;
    for (uint32_t i = 0; i < n->n_inputs; i++)
        made->at[i] = value_ref(args[i]);
    rets[0] = VALUE_HEAP_V(VALUE_TUPLE, made);
    return true;
}

static bool is_small(jit_value v)
{
    return v.tag != VALUE_STR || v.s->n <= MAX_STRING;
}

static bool fold_node(ir_graph *g, opt_ctx *cx, ir_node *n)
{
    jit_value args[MAX_INPUTS], rets[MAX_OUTPUTS] = { 0 };
    if (!may_fold(n) || !constant_inputs(n, args))
        return false;
    if (!eval_structural(n, args, rets) && !(cx->eval && cx->eval(cx->ctx, n, args, rets)))
        return false;
    bool small = true;
    for (uint32_t i = 0; i < n->n_outputs; i++)
        small &= is_small(rets[i]);
    ir_builder b = { .g = g, .at = n }; // without a place, as the reference prints it
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        if (!small) {
            value_unref(rets[i]);
            continue;
        }
        ir_value *constant = ir_build_constant(&b, rets[i], n->outputs[i]->type);
        ir_replace_uses(n->outputs[i], constant);
    }
    if (small)
        ir_node_remove(n);
    return small;
}

bool opt_fold(ir_graph *g, opt_ctx *cx)
{
    bool progress = false;
    for (ir_node *n = ir_first_deep(g), *next; n; n = next) {
        next = ir_next_deep(n);
        progress |= fold_node(g, cx, n);
    }
    return progress;
}
