/* ir/build.c: conveniences for whoever appends nodes: front ends, passes, the tracer. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/graph.h"

static ir_node *place_node(ir_builder *b, op_id op)
{
    ir_node *n = ir_node_new(b->g, op, b->range);
    n->callee_of = b->callee_of;
    n->called_from = b->called_from;
    ir_node_insert_before(n, b->at);
    return n;
}

ir_value *ir_build_constant(ir_builder *b, jit_value take, const type *t)
{
    ir_node *n = place_node(b, OP_prim_Constant);
    if (take.tag == VALUE_FUNCTION)
        ir_set_str(n, "name", take.fn->name);
    if (take.tag != VALUE_NONE)
        ir_set_value(n, "value", take);
    return ir_add_output(n, t);
}

ir_node *ir_build_op(ir_builder *b, op_id op, ir_value *const *args, size_t n_args,
                     const type *const *rets, size_t n_rets)
{
    ir_node *n = place_node(b, op);
    for (size_t i = 0; i < n_args; i++)
        ir_add_input(n, args[i]);
    for (size_t i = 0; i < n_rets; i++)
        ir_add_output(n, rets[i]);
    return n;
}

ir_value *ir_build_op1(ir_builder *b, op_id op, ir_value *const *args, size_t n_args, const type *ret)
{
    ir_node *n = ir_build_op(b, op, args, n_args, NULL, 0);
    return ir_add_output(n, ret);
}

bool ir_value_constant(const ir_value *v, jit_value *ret)
{
    if (v->node->op != OP_prim_Constant)
        return false;
    const ir_attr *a = ir_attr_find(v->node, "value");
    *ret = a ? a->v : VALUE_NONE_V;
    return a || !v->node->attrs; // a function known by its name only is not known
}

bool ir_value_is_none(const ir_value *v)
{
    jit_value constant;
    return v->type->kind == TYPE_NONE || (ir_value_constant(v, &constant) && constant.tag == VALUE_NONE);
}

const ir_function *ir_value_function(const ir_value *v)
{
    jit_value constant;
    return ir_value_constant(v, &constant) && constant.tag == VALUE_FUNCTION ? constant.fn : NULL;
}
