/* Tuple simplification: taking apart a tuple that a TupleConstruct just built gives what it was built from;
 * constants likewise. Tuples are immutable, so no other condition is needed. The constructs that nobody uses
 * any more are left to dce. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/opt.h"

/* Element i of a tuple, if it is known; constants are made before `at`. */
static ir_value *known_element(ir_graph *g, ir_node *at, ir_value *of, int64_t i)
{
    jit_value v;
    if (of->node->op == OP_prim_TupleConstruct)
        return i >= 0 && i < of->node->n_inputs ? of->node->inputs[i] : NULL;
    if (!ir_value_constant(of, &v) || v.tag != VALUE_TUPLE || i < 0 || (size_t)i >= v.tuple->n
        || (size_t)i >= of->type->n_args)
        return NULL;
    ir_builder b = { .g = g, .at = at };
    return ir_build_constant(&b, value_ref(v.tuple->at[i]), of->type->args[i]);
}

static bool is_known(const ir_value *v)
{
    jit_value c;
    return v->node->op == OP_prim_TupleConstruct || (ir_value_constant(v, &c) && c.tag == VALUE_TUPLE);
}

/* The element takes over what the program called it. */
static void replace(ir_node *n, ir_value *old, ir_value *element)
{
    const char *name = old->name;
    if (name && !element->name && element->node->block == n->block) {
        ir_value_force_name(old, "");
        ir_value_force_name(element, name);
    }
    ir_replace_uses(old, element);
}

static bool simplify_unpack(ir_graph *g, ir_node *n)
{
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        ir_value *element = known_element(g, n, n->inputs[0], i);
        if (!element)
            return false;
        replace(n, n->outputs[i], element);
    }
    ir_node_remove(n);
    return true;
}

static bool simplify_index(ir_graph *g, ir_node *n)
{
    jit_value index;
    if (!ir_value_constant(n->inputs[1], &index) || index.tag != VALUE_INT)
        return false;
    int64_t i = index.i < 0 ? index.i + n->inputs[0]->type->n_args : index.i;
    ir_value *element = known_element(g, n, n->inputs[0], i);
    if (!element)
        return false;
    replace(n, n->outputs[0], element);
    ir_node_remove(n);
    return true;
}

static bool simplify_slice(ir_graph *g, ir_node *n)
{
    int64_t begin = ir_get_int(n, "beg"), end = ir_get_int(n, "end");
    if (!is_known(n->inputs[0]) || begin < 0 || end > n->inputs[0]->type->n_args)
        return false;
    ir_node *made = ir_node_new(g, OP_prim_TupleConstruct, n->at);
    for (int64_t i = begin; i < end; i++)
        ir_add_input(made, known_element(g, n, n->inputs[0], i));
    ir_node_insert_before(made, n);
    ir_value *v = ir_add_output(made, n->outputs[0]->type);
    ir_value_copy_name(v, n->outputs[0]);
    ir_replace_uses(n->outputs[0], v);
    ir_node_remove(n);
    return true;
}

bool opt_tuples(ir_graph *g, opt_ctx *cx)
{
    (void)cx;
    bool progress = false;
    for (ir_node *n = ir_first_deep(g), *next; n; n = next) {
        next = ir_next_deep(n);
        if (n->op == OP_prim_TupleUnpack && is_known(n->inputs[0]))
            progress |= simplify_unpack(g, n);
        else if (n->op == OP_prim_TupleIndex && is_known(n->inputs[0]))
            progress |= simplify_index(g, n);
        else if (n->op == OP_prim_TupleSlice && !ir_attr_find(n, "step"))
            progress |= simplify_slice(g, n);
    }
    return progress;
}
