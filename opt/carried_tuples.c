/* Carried tuples: a tuple that a loop takes from turn to turn, or that both branches of an If build, travels as its
 * elements.
 *
 *     Loop(n, c, t) { (i, t) … t[0] … -> (c, (x, y)) }   becomes
 *     Loop(n, c, t[0], t[1]) { (i, a, b) … (a, b)[0] … -> (c, x, y) }, and the tuple is built behind the loop
 *
 * Where the tuple is only taken apart, `tuples` and `dce` then leave no tuple at all. A loop that uses it as a whole would
 * build one in each turn as before, and is left alone. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/opt.h"

static bool is_tuple(const type *t)
{
    return t->kind == TYPE_TUPLE || t->kind == TYPE_NAMED_TUPLE;
}

/* Is v built in block b, of elements of the very types, for its return alone? */
static bool is_built_for(const ir_value *v, const ir_block *b, const type *t)
{
    const ir_node *n = v->node;
    if (n->op != OP_prim_TupleConstruct || n->block != b || v->n_uses != 1 || v->type != t || n->n_inputs != t->n_args)
        return false;
    for (uint32_t i = 0; i < n->n_inputs; i++)
        if (n->inputs[i]->type != t->args[i])
            return false;
    return true;
}

static bool is_only_taken_apart(const ir_value *v)
{
    for (const ir_use *u = v->uses; u; u = u->next) {
        jit_value index;
        const ir_node *n = u->user;
        bool is_index = n->op == OP_prim_TupleIndex && ir_value_constant(n->inputs[1], &index);
        if (!is_index && n->op != OP_prim_TupleUnpack)
            return false;
    }
    return true;
}

static ir_node *new_node(ir_graph *g, op_id op, const ir_node *like)
{
    ir_node *n = ir_node_new(g, op, like->at);
    if (n) {
        n->callee_of = like->callee_of;
        n->called_from = like->called_from;
    }
    return n;
}

/* Build the tuple behind n, of n's outputs from `first` on, for who reads output `old`. */
static void build_behind(ir_graph *g, ir_node *n, ir_value *old, uint32_t first)
{
    ir_node *built = new_node(g, OP_prim_TupleConstruct, n);
    if (!built)
        return;
    for (uint32_t i = first; i < n->n_outputs; i++)
        ir_add_input(built, n->outputs[i]);
    ir_node_insert_after(built, n);
    ir_value *v = ir_add_output(built, old->type);
    ir_value_copy_name(v, old);
    ir_replace_uses(old, v);
}

/* The values of v's elements in front of the loop are carried into it, at its end. */
static void take_apart_before(ir_graph *g, ir_node *loop, ir_value *v)
{
    ir_node *parts = new_node(g, OP_prim_TupleUnpack, loop);
    if (!parts)
        return;
    ir_add_input(parts, v);
    ir_node_insert_before(parts, loop);
    for (uint32_t i = 0; i < v->type->n_args; i++)
        ir_add_input(loop, ir_add_output(parts, v->type->args[i]));
}

static bool is_carried(const ir_node *loop, uint32_t k)
{
    const ir_block *body = loop->blocks[0];
    const ir_value *variable = ir_block_input(body, k + 1);
    const type *t = variable->type;
    return is_tuple(t) && t->n_args > 0 && loop->inputs[k + 2]->type == t && loop->outputs[k]->type == t
           && is_built_for(ir_block_output(body, k + 1), body, t) && is_only_taken_apart(variable);
}

static void split_variable(ir_graph *g, ir_node *loop, uint32_t k)
{
    ir_block *body = loop->blocks[0];
    ir_value *variable = ir_block_input(body, k + 1);
    const ir_node *next = ir_block_output(body, k + 1)->node;
    const uint32_t first = loop->n_outputs;
    ir_node *whole = new_node(g, OP_prim_TupleConstruct, loop);
    if (!whole)
        return;
    take_apart_before(g, loop, loop->inputs[k + 2]);
    for (uint32_t i = 0; i < variable->type->n_args; i++) {
        ir_add_input(whole, ir_block_add_input(body, variable->type->args[i]));
        ir_add_output(loop, variable->type->args[i]);
        ir_block_add_output(body, next->inputs[i]);
    }
    ir_node_prepend(whole, body);
    ir_replace_uses(variable, ir_add_output(whole, variable->type));
    build_behind(g, loop, loop->outputs[k], first);
    ir_remove_output(loop, k);
    ir_remove_input(loop, k + 2);
    ir_remove_input(body->ret, k + 1);
    ir_remove_output(body->param, k + 1);
}

static bool is_chosen(const ir_node *n, uint32_t k)
{
    const type *t = n->outputs[k]->type;
    return is_tuple(t) && t->n_args > 0 && is_built_for(ir_block_output(n->blocks[0], k), n->blocks[0], t)
           && is_built_for(ir_block_output(n->blocks[1], k), n->blocks[1], t);
}

static void split_result(ir_graph *g, ir_node *n, uint32_t k)
{
    const uint32_t first = n->n_outputs;
    const type *t = n->outputs[k]->type;
    for (uint32_t i = 0; i < t->n_args; i++) {
        ir_add_output(n, t->args[i]);
        for (int side = 0; side < 2; side++)
            ir_block_add_output(n->blocks[side], ir_block_output(n->blocks[side], k)->node->inputs[i]);
    }
    build_behind(g, n, n->outputs[k], first);
    ir_remove_output(n, k);
    ir_remove_input(n->blocks[0]->ret, k);
    ir_remove_input(n->blocks[1]->ret, k);
}

bool opt_carried_tuples(ir_graph *g, opt_ctx *cx)
{
    (void)cx;
    bool progress = false;
    /* Inner nodes first: what they build then stands in the block around. */
    for (ir_node *n = ir_last_deep(g), *before; n; n = before) {
        before = ir_prev_deep(n);
        for (uint32_t k = 0; n->op == OP_prim_If && k < n->n_outputs; k++) {
            if (!is_chosen(n, k))
                continue;
            split_result(g, n, k--);
            progress = true;
        }
        for (uint32_t k = 0; n->op == OP_prim_Loop && k < n->n_outputs; k++) {
            if (!is_carried(n, k))
                continue;
            split_variable(g, n, k--);
            progress = true;
        }
    }
    return progress;
}
