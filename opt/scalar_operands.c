/* Scalar operands: add, sub, mul and div take a constant tensor without dimensions as the number it holds.
 *
 * Traces write the numbers of a program as such tensors, float64 for every float. As tensors they would take part in
 * type promotion where the other operand has no dimensions either; PyTorch's CanonicalizeOps makes them numbers before
 * anything runs, so that a float32 sum stays one. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/opt.h"

static op_id scalar_form(op_id op)
{
    switch (op) {
    case OP_aten_add_Tensor: return OP_aten_add_Scalar;
    case OP_aten_sub_Tensor: return OP_aten_sub_Scalar;
    case OP_aten_mul_Tensor: return OP_aten_mul_Scalar;
    case OP_aten_div_Tensor: return OP_aten_div_Scalar;
    default: return OP_NONE;
    }
}

/* The element of a constant tensor without dimensions; complex ones stay tensors. */
static bool constant_number(const ir_value *v, jit_value *ret, const type **ret_type)
{
    jit_value c;
    if (!ir_value_constant(v, &c) || c.tag != VALUE_TENSOR || c.t->n_dims != 0) return false;
    switch (dtype_category_of(tensor_dtype(c.t))) {
    case CATEGORY_B:
        *ret = VALUE_BOOL_V(tensor_get_int(c.t, 0) != 0);
        *ret_type = T_BOOL;
        return true;
    case CATEGORY_I:
        *ret = VALUE_INT_V(tensor_get_int(c.t, 0));
        *ret_type = T_INT;
        return true;
    case CATEGORY_F:
        *ret = VALUE_FLOAT_V(tensor_get_double(c.t, 0));
        *ret_type = T_FLOAT;
        return true;
    default: return false;
    }
}

bool opt_scalar_operands(ir_graph *g, opt_ctx *cx)
{
    (void)cx;
    bool progress = false;
    IR_EACH_NODE_DEEP(n, g) {
        const op_id scalar = scalar_form((op_id)n->op);
        const type *t;
        jit_value number;
        if (scalar == OP_NONE || !constant_number(n->inputs[1], &number, &t)) continue;
        ir_builder b = { .g = g, .at = n, .range = n->at };
        ir_set_input(n, 1, ir_build_constant(&b, number, t));
        n->op = (uint16_t)scalar;
        progress = true;
    }
    return progress;
}
