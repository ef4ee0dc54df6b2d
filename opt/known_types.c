/* Known types: questions about tensors whose answer is in their types (types.c) become constants, conversions that
 * convert nothing go.
 *
 * Known sizes are no part of it: they stay questions, so that what is made of the graph serves every size. That two sizes are
 * the same one is (symbols, types.h). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/types.h"

bool facts_answer(const facts *f, op_id question, jit_value *ret)
{
    bool has_dtype = f->t.dtype >= 0;
    dtype d = has_dtype ? (dtype)f->t.dtype : DTYPE_bool;
    switch (question) {
    case OP_aten_dim: *ret = VALUE_INT_V(f->t.rank); return f->t.rank >= 0;
    case OP_prim_dtype: *ret = VALUE_INT_V(f->t.dtype); return has_dtype;
    case OP_aten_is_floating_point: *ret = VALUE_BOOL_V(dtype_is_float(d)); return has_dtype;
    case OP_aten_is_complex: *ret = VALUE_BOOL_V(dtype_is_complex(d)); return has_dtype;
    case OP_prim_is_cuda: *ret = VALUE_BOOL_V(f->t.dev.kind == DEVICE_CUDA); return f->t.has_device;
    case OP_prim_is_cpu: *ret = VALUE_BOOL_V(f->t.dev.kind == DEVICE_CPU); return f->t.has_device;
    case OP_prim_device: *ret = VALUE_DEVICE_V(f->t.dev); return f->t.has_device;
    case OP_prim_requires_grad: *ret = VALUE_BOOL_V(false); return f->t.requires_grad == 0;
    case OP_prim_is_nested: *ret = VALUE_BOOL_V(false); return f->t.rank >= 0; // of nested tensors no type is told
    default: return false;
    }
}

/* len(x.size()) is x.dim(). */
static const ir_value *sizes_counted(const ir_node *n)
{
    const ir_node *of = n->op == OP_aten_len_t ? n->inputs[0]->node : NULL;
    return of && of->op == OP_aten_size && n->inputs[0]->n_uses == 1 ? of->inputs[0] : NULL;
}

/* The size that v is, of a tensor whose type is known; -1: it is none. */
static int64_t size_asked(const ir_value *v)
{
    const ir_node *n = v->node, *from = n->op == OP_aten_size_int ? n : n->n_inputs ? n->inputs[0]->node : n;
    jit_value index = VALUE_INT_V(v->index);
    facts f;
    bool has_index = n->op == OP_aten_size_int || n->op == OP_aten___getitem___t;
    if ((has_index ? !ir_value_constant(n->inputs[1], &index) : n->op != OP_prim_ListUnpack)
        || (from->op != OP_aten_size && from->op != OP_aten_size_int) || !facts_of_value(from->inputs[0], &f))
        return -1;
    int64_t dim = facts_wrap_dim(index.i, f.t.rank);
    return dim >= 0 ? f.sizes[dim] : -1;
}

/* Are all sizes of the two tensors known to be the same, not all of them numbers? */
static bool are_same_sizes(const ir_node *a, const ir_node *b)
{
    facts f, other;
    if (a->op != OP_aten_size || b->op != OP_aten_size || !facts_of_value(a->inputs[0], &f)
        || !facts_of_value(b->inputs[0], &other) || f.t.rank != other.t.rank)
        return false;
    bool has_symbol = false;
    for (int i = 0; i < f.t.rank; i++) {
        if (f.sizes[i] != other.sizes[i] || f.sizes[i] == -1)
            return false;
        has_symbol |= f.sizes[i] < -1;
    }
    return has_symbol;
}

/* Does n compare a size that has a name with itself? */
static bool compares_with_itself(const ir_node *n)
{
    if (n->op == OP_aten_eq_int_list || n->op == OP_aten_ne_int_list)
        return are_same_sizes(n->inputs[0]->node, n->inputs[1]->node);
    if (n->op != OP_aten_eq_int && n->op != OP_aten_ne_int)
        return false;
    int64_t x = size_asked(n->inputs[0]);
    return x < -1 && x == size_asked(n->inputs[1]);
}

static bool is_false(const ir_node *n, const char *name)
{
    const schema *sc = op_schema((op_id)n->op);
    int i = sc ? schema_find_arg(sc, name) : -1;
    jit_value v;
    return i >= 0 && ir_value_constant(n->inputs[i], &v) && v.tag == VALUE_BOOL && !v.b;
}

/* Does this give its operand itself, as it is of the wanted type already? */
static bool converts_nothing(const ir_node *n, const facts *f)
{
    jit_value wanted;
    facts other;
    switch ((op_id)n->op) {
    case OP_aten_to_dtype:
        return is_false(n, "copy") && ir_value_is_none(n->inputs[4]) && ir_value_constant(n->inputs[1], &wanted)
               && wanted.tag == VALUE_INT && f->t.dtype >= 0 && wanted.i == f->t.dtype;
    case OP_aten_type_as:
        return facts_of_value(n->inputs[1], &other) && f->t.dtype >= 0 && f->t.dtype == other.t.dtype && f->t.has_device
               && other.t.has_device && device_equal(f->t.dev, other.t.dev);
    case OP_aten_conj: case OP_aten_resolve_conj: return f->t.dtype >= 0 && !dtype_is_complex((dtype)f->t.dtype);
    default: return false;
    }
}

bool opt_asks_none(const ir_value *v)
{
    if (v->type->kind != TYPE_OPTIONAL)
        return false;
    for (const ir_use *u = v->uses; u; u = u->next)
        if ((u->user->op == OP_aten___is__ || u->user->op == OP_aten___isnot__)
            && ir_value_is_none(u->user->inputs[1 - u->index]))
            return true;
    return false;
}

size_t opt_type_questions(const ir_graph *g)
{
    size_t n_questions = 0;
    for (uint32_t i = 0; i < ir_block_n_inputs(g->body); i++)
        n_questions += opt_asks_none(ir_block_input(g->body, i));
    IR_EACH_NODE_DEEP(n, g) {
        switch ((op_id)n->op) {
        case OP_aten_dim: case OP_prim_dtype: case OP_aten_is_floating_point: case OP_aten_is_complex:
        case OP_prim_is_cuda: case OP_prim_is_cpu: case OP_prim_device: case OP_prim_requires_grad: case OP_prim_is_nested:
        case OP_aten_to_dtype: case OP_aten_type_as: case OP_aten_conj: case OP_aten_resolve_conj:
            n_questions++;
            break;
        default:
            n_questions += sizes_counted(n) != NULL;
            break;
        }
    }
    return n_questions;
}

static void replace_by_constant(ir_graph *g, ir_node *n, jit_value v)
{
    ir_builder b = { .g = g, .at = n, .range = n->at };
    ir_replace_uses(n->outputs[0], ir_build_constant(&b, v, n->outputs[0]->type));
    ir_node_remove(n);
}

static bool visit(ir_graph *g, ir_node *n)
{
    facts f;
    jit_value v;
    const ir_value *about = sizes_counted(n);
    if (compares_with_itself(n)) {
        replace_by_constant(g, n, VALUE_BOOL_V(n->op == OP_aten_eq_int || n->op == OP_aten_eq_int_list));
        return true;
    }
    if (n->n_inputs == 0 || n->n_outputs != 1 || !facts_of_value(about ? about : n->inputs[0], &f))
        return false;
    if (!about && converts_nothing(n, &f)) {
        ir_replace_uses(n->outputs[0], n->inputs[0]);
        ir_node_remove(n);
        return true;
    }
    if (about ? f.t.rank < 0 : !facts_answer(&f, (op_id)n->op, &v))
        return false;
    replace_by_constant(g, n, about ? VALUE_INT_V(f.t.rank) : v);
    return true;
}

bool opt_known_types(ir_graph *g, opt_ctx *cx)
{
    bool progress = false;
    (void)cx;
    for (ir_node *n = ir_first_deep(g), *next; n; n = next) {
        next = ir_next_skip(n);
        if (n->n_blocks)
            next = ir_next_deep(n);
        progress |= visit(g, n);
    }
    return progress;
}
