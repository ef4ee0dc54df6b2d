/* Guards: see guard.h. Constants stay in front of the test; all else moves behind it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/guard.h"

#include "base/vec.h"

static bool is_refined(const ir_value *v) { return v->type->kind == TYPE_TENSOR && v->type->info; }

/* The test, before all nodes but constants; the graph reads its results instead of the inputs. NULL: nothing to test. */
static ir_node *add_check(ir_graph *g, ir_node *where)
{
    VEC(const type *) types = { 0 };
    ir_node *check = ir_node_new(g, OP_prim_TypeCheck, (range){ 0 });
    for (uint32_t i = 0; i < ir_block_n_inputs(g->body); i++) {
        ir_value *in = ir_block_input(g->body, i);
        if (!is_refined(in))
            continue;
        ir_value *checked = ir_add_output(check, in->type);
        ir_replace_uses(in, checked);
        ir_add_input(check, in);
        (void)VEC_PUSH(&types, &g->arena, in->type);
        in->type = T_TENSOR;
    }
    if (!types.n)
        return NULL;
    ir_set_types(check, "types", types.at, types.n);
    ir_add_output(check, T_BOOL);
    ir_node_insert_before(check, where);
    return check;
}

/* The block that stands for what runs when the test fails. */
static void add_fallback(ir_graph *g, ir_block *b)
{
    ir_node *fn = ir_node_new(g, OP_prim_Constant, (range){ 0 });
    ir_set_str(fn, "name", "fallback_function");
    ir_set_int(fn, "fallback", 1);
    ir_node *call = ir_node_new(g, OP_prim_CallFunction, (range){ 0 });
    ir_add_input(call, ir_add_output(fn, type_base(TYPE_FUNCTION)));
    for (uint32_t i = 0; i < ir_block_n_inputs(g->body); i++)
        ir_add_input(call, ir_block_input(g->body, i));
    uint32_t n = ir_block_n_outputs(g->body);
    const type **types = ARENA_ARRAY(&g->arena, const type *, (size_t)n + 1);
    ir_node *unpack = ir_node_new(g, OP_prim_TupleUnpack, (range){ 0 });
    for (uint32_t i = 0; i < n && types; i++) {
        types[i] = type_unrefined(ir_block_output(g->body, i)->type);
        ir_block_add_output(b, ir_add_output(unpack, types[i]));
    }
    ir_add_input(unpack, ir_add_output(call, types ? type_tuple(types, n) : T_ANY));
    ir_node_append(fn, b);
    ir_node_append(call, b);
    ir_node_append(unpack, b);
}

bool opt_guard(ir_graph *g)
{
    ir_node *first = g->body->param->next;
    while (first->op == OP_prim_Constant)
        first = first->next;
    ir_node *check = add_check(g, first);
    if (!check)
        return false;
    ir_node *branch = ir_node_new(g, OP_prim_If, (range){ 0 });
    ir_add_input(branch, check->outputs[check->n_outputs - 1]);
    ir_node_insert_after(branch, check);
    ir_block *holds = ir_add_block(branch), *fails = ir_add_block(branch);
    while (branch->next->op != OP_prim_Return)
        ir_node_move_before(branch->next, holds->ret);
    add_fallback(g, fails);
    for (uint32_t i = 0; i < ir_block_n_outputs(g->body); i++) {
        ir_value *result = ir_block_output(g->body, i);
        ir_block_add_output(holds, result);
        ir_set_input(g->body->ret, i, ir_add_output(branch, type_unrefined(result->type)));
    }
    return true;
}
