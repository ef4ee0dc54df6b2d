/* Guards: see guard.h. Constants stay in front of the test; all else moves behind it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/guard.h"

#include "base/vec.h"

/* ---- assumptions ---------------------------------------------------------------------------------- */

static ir_node *first_after_constants(const ir_graph *g)
{
    ir_node *first = g->body->param->next;
    while (first->op == OP_prim_Constant)
        first = first->next;
    return first;
}

static ir_value *build_none(ir_graph *g, ir_node *at)
{
    ir_builder b = { .g = g, .at = at };
    return ir_build_constant(&b, VALUE_NONE_V, T_NONE);
}

void opt_assume(ir_graph *g, ir_value *input, const type *t)
{
    if (!t || !input->uses)
        return;
    if (t->kind == TYPE_NONE)
        ir_replace_uses(input, build_none(g, g->body->param->next));
    input->type = t;
}

/* Is the input assumed to be of another type than its declared one, but for what is known of a tensor? */
static bool is_narrowed(const ir_value *in, const type *declared)
{
    return type_unrefined(in->type) != type_unrefined(declared);
}

/* The input has its declared type again; who reads it reads it as what it is. */
static void widen(ir_graph *g, ir_value *in, const type *declared, ir_node *at)
{
    const type *narrow = in->type;
    in->type = declared;
    if (!in->uses)
        return;
    ir_node *cast = ir_node_new(g, OP_prim_unchecked_cast, (range){ 0 });
    ir_replace_uses(in, ir_add_output(cast, narrow));
    ir_add_input(cast, in);
    ir_node_insert_before(cast, at);
}

void opt_forget_assumptions(ir_graph *g, const ir_graph *of)
{
    opt_forget_types(g);
    for (uint32_t i = 0; i < ir_block_n_inputs(g->body); i++) {
        const type *declared = ir_block_input(of->body, i)->type;
        if (is_narrowed(ir_block_input(g->body, i), declared))
            widen(g, ir_block_input(g->body, i), declared, first_after_constants(g));
    }
}

/* ---- the test ------------------------------------------------------------------------------------- */

static bool is_refined(const ir_value *v) { return v->type->kind == TYPE_TENSOR && v->type->info; }

/* What is known of tensors, before all nodes but constants; the graph reads the test's results instead of the inputs. NULL:
 * nothing is known. */
static ir_value *check_types(ir_graph *g, const ir_graph *of, ir_node *where)
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
        in->type = ir_block_input(of->body, i)->type;
    }
    if (!types.n)
        return NULL;
    ir_set_types(check, "types", types.at, types.n);
    ir_node_insert_before(check, where);
    return ir_add_output(check, T_BOOL);
}

/* `in is None`, or that it is not; what stands behind `where` may rely on it. */
static ir_value *check_none(ir_graph *g, ir_value *in, const type *declared, ir_value *none, ir_node *where)
{
    op_id op = in->type->kind == TYPE_NONE ? OP_aten___is__ : OP_aten___isnot__;
    if (op == OP_aten___is__)
        in->type = declared;
    else
        widen(g, in, declared, where->next);
    ir_builder b = { .g = g, .at = where };
    return ir_build_op1(&b, op, (ir_value *[]){ in, none }, 2, T_BOOL);
}

/* All that is assumed, as one bool. NULL: nothing is. */
static ir_value *check(ir_graph *g, const ir_graph *of, ir_node *where)
{
    ir_value *holds = check_types(g, of, where), *none = NULL;
    ir_builder b = { .g = g, .at = where };
    for (uint32_t i = 0; i < ir_block_n_inputs(g->body); i++) {
        ir_value *in = ir_block_input(g->body, i);
        const type *declared = ir_block_input(of->body, i)->type;
        if (!is_narrowed(in, declared))
            continue;
        none = none ? none : build_none(g, where);
        ir_value *one = check_none(g, in, declared, none, where);
        holds = holds ? ir_build_op1(&b, OP_aten___and___bool, (ir_value *[]){ holds, one }, 2, T_BOOL) : one;
    }
    return holds;
}

/* The block that stands for what runs when the test fails. */
static void add_fallback(ir_graph *g, const ir_graph *of, ir_block *b)
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
        types[i] = ir_block_output(of->body, i)->type;
        ir_block_add_output(b, ir_add_output(unpack, types[i]));
    }
    ir_add_input(unpack, ir_add_output(call, types ? type_tuple(types, n) : T_ANY));
    ir_node_append(fn, b);
    ir_node_append(call, b);
    ir_node_append(unpack, b);
}

bool opt_guard(ir_graph *g, const ir_graph *of)
{
    ir_node *branch = ir_node_new(g, OP_prim_If, (range){ 0 });
    ir_node_insert_before(branch, first_after_constants(g));
    ir_value *holds = check(g, of, branch);
    if (!holds) {
        ir_node_remove(branch);
        return false;
    }
    ir_add_input(branch, holds);
    ir_block *then = ir_add_block(branch), *otherwise = ir_add_block(branch);
    while (branch->next->op != OP_prim_Return)
        ir_node_move_before(branch->next, then->ret);
    add_fallback(g, of, otherwise);
    for (uint32_t i = 0; i < ir_block_n_outputs(g->body); i++) {
        ir_value *result = ir_block_output(g->body, i);
        ir_block_add_output(then, result);
        ir_set_input(g->body->ret, i, ir_add_output(branch, ir_block_output(of->body, i)->type));
    }
    return true;
}
