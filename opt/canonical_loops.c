/* Loops that count and also test a condition (for with break) become while loops that count by hand: the form
 * PyTorch prints, and the only one besides plain `for` and `while` that source code can be written from.
 *
 *     Loop(n, c0, …) { … -> (c, …) }   becomes
 *     Loop(INT64_MAX, n > 0 & c0, …, 0) { (_, …, i) … -> (i + 1 < n & c, …, i + 1) } */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/opt.h"

static bool is_true(const ir_value *v)
{
    jit_value c;
    return ir_value_constant(v, &c) && c.tag == VALUE_BOOL && c.b;
}

static bool is_mixed(const ir_node *n)
{
    jit_value trip;
    bool counts = !ir_value_constant(n->inputs[0], &trip) || trip.tag != VALUE_INT || trip.i != INT64_MAX;
    bool tests = !is_true(n->inputs[1]) || !is_true(ir_block_output(n->blocks[0], 0));
    return counts && tests;
}

static ir_value *binary(ir_builder *b, const char *name, const char *overload, ir_value *x, ir_value *y,
                        const type *t)
{
    ir_value *args[2] = { x, y };
    return ir_build_op1(b, op_find(name, overload), args, 2, t);
}

static void rewrite(ir_graph *g, ir_node *loop)
{
    ir_builder b = { .g = g, .at = loop };
    ir_value *zero = ir_build_constant(&b, VALUE_INT_V(0), T_INT);
    ir_value *one = ir_build_constant(&b, VALUE_INT_V(1), T_INT);
    ir_value *trip = loop->inputs[0];
    ir_value *starts = binary(&b, "aten::gt", "int", trip, zero, T_BOOL);
    ir_set_input(loop, 0, ir_build_constant(&b, VALUE_INT_V(INT64_MAX), T_INT));
    if (!is_true(loop->inputs[1]))
        starts = binary(&b, "aten::__and__", "bool", starts, loop->inputs[1], T_BOOL);
    ir_set_input(loop, 1, starts);

    ir_block *body = loop->blocks[0];
    ir_add_output(loop, T_INT);
    ir_add_input(loop, zero);
    ir_value *i = ir_block_add_input(body, T_INT);
    ir_replace_uses(ir_block_input(body, 0), i);
    ir_value_force_name(ir_block_input(body, 0), ""); // nobody reads it; its replacement has no name either
    b.at = body->ret;
    ir_value *next = binary(&b, "aten::add", "int", i, one, T_INT);
    ir_block_add_output(body, next);
    ir_value *more = binary(&b, "aten::lt", "int", next, trip, T_BOOL);
    ir_value *goes_on = binary(&b, "aten::__and__", "bool", more, ir_block_output(body, 0), T_BOOL);
    ir_set_input(body->ret, 0, goes_on);
}

bool opt_canonical_loops(ir_graph *g, opt_ctx *cx)
{
    (void)cx;
    bool progress = false;
    IR_EACH_NODE_DEEP(n, g) {
        if (n->op != OP_prim_Loop || !is_mixed(n))
            continue;
        rewrite(g, n);
        progress = true;
    }
    return progress;
}
