/* Constant propagation: operators whose inputs are constants are run by the same kernels the program would
 * use (through opt_ctx.eval), so a folded result cannot differ from a computed one.
 *
 * Only values that cannot change are folded: a list or tensor made at each call is a new one each time. What
 * raises is left for the program to raise. In frozen graphs, whose tensors are constants, fold_tensors also computes
 * tensors from them, where nobody would see that the result is the same one at each call. */
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
        if (!type_accepts_value(n->outputs[0]->type, args[0]))
            return false; // in a branch that is never taken
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

/* ---- tensors ----------------------------------------------------------------------------------------- */

/* Results may not need much more memory than what they are computed from. */
enum { SMALL_BYTES = 4096, GROWTH_MOST = 2 };

static size_t tensor_bytes(jit_value v)
{
    return v.tag == VALUE_TENSOR ? (size_t)v.t->numel * dtype_size(tensor_dtype(v.t)) : 0;
}

/* A list literal of constants that nobody writes to, as a value of its own. */
static bool eval_literal(opt_alias_info *a, const ir_value *v, jit_value *ret)
{
    const ir_node *n = v->node;
    jit_value element;
    if (n->op != OP_prim_ListConstruct || opt_alias_writes(a, opt_alias_set(a, v)))
        return false;
    const type *elem = type_elem(v->type);
    list *l = list_new(elem, type_list_storage(elem), n->n_inputs);
    bool ok = l;
    for (uint32_t i = 0; ok && i < n->n_inputs; i++)
        ok = ir_value_constant(n->inputs[i], &element) && list_push(l, value_ref(element));
    if (ok)
        *ret = VALUE_HEAP_V(VALUE_LIST, l);
    else if (l)
        value_unref(VALUE_HEAP_V(VALUE_LIST, l));
    return ok;
}

/* Arguments of a node, all constant: new references. Constants from id first_new on were made by this pass, of values
 * that nobody writes to. */
static bool eval_inputs(opt_alias_info *a, uint32_t first_new, const ir_node *n, jit_value *args, uint32_t *ret_n)
{
    bool ok = true, has_tensor = false;
    for (*ret_n = 0; ok && *ret_n < n->n_inputs; *ret_n += ok) {
        const ir_value *v = n->inputs[*ret_n];
        jit_value *arg = &args[*ret_n];
        ok = ir_value_constant(v, arg);
        if (ok)
            value_ref(*arg);
        else
            ok = eval_literal(a, v, arg);
        has_tensor |= ok && arg->tag == VALUE_TENSOR;
        ok = ok && (v->id >= first_new || !opt_alias_writes(a, opt_alias_set(a, v)));
    }
    return ok && has_tensor;
}

static bool may_fold_tensor(opt_alias_info *a, const ir_node *n)
{
    const op_info *info = op_get_info((op_id)n->op);
    if (n->n_blocks || n->n_outputs != 1 || n->outputs[0]->type->kind != TYPE_TENSOR || n->n_inputs > MAX_INPUTS)
        return false;
    if (!(info->traits & OP_PURE) || (info->traits & (OP_EFFECT | OP_RANDOM)) || n->op == OP_prim_Constant
        || info->backend == OP_IS_STRUCTURAL)
        return false;
    alias_set s = opt_alias_set(a, n->outputs[0]);
    return s != ALIAS_WILD && !opt_alias_writes(a, s);
}

static bool fold_tensor(ir_graph *g, opt_ctx *cx, uint32_t first_new, ir_node *n)
{
    jit_value args[MAX_INPUTS], ret = VALUE_NONE_V;
    uint32_t n_args = 0;
    size_t given = SMALL_BYTES;
    opt_alias_info *a = opt_alias(cx, g);
    if (!a || !may_fold_tensor(a, n))
        return false;
    bool ok = eval_inputs(a, first_new, n, args, &n_args) && cx->eval && cx->eval(cx->ctx, n, args, &ret);
    for (uint32_t i = 0; i < n_args; i++) {
        given += GROWTH_MOST * tensor_bytes(args[i]);
        value_unref(args[i]);
    }
    if (!ok)
        return false;
    if (ret.tag != VALUE_TENSOR || tensor_bytes(ret) > given) {
        value_unref(ret);
        return false;
    }
    ir_builder b = { .g = g, .at = n, .range = n->at };
    ir_value *constant = ir_build_constant(&b, ret, T_TENSOR);
    ir_value_copy_name(constant, n->outputs[0]);
    ir_replace_uses(n->outputs[0], constant);
    ir_node_remove(n);
    return true;
}

bool opt_fold_tensors(ir_graph *g, opt_ctx *cx)
{
    bool progress = false;
    uint32_t first_new = g->n_values;
    for (ir_node *n = ir_first_deep(g), *next; n; n = next) {
        next = ir_next_deep(n);
        progress |= fold_tensor(g, cx, first_new, n);
    }
    return progress;
}
