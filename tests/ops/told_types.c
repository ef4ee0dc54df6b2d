/* A graph of the one operator, its tensors inputs of known types, all else constants; see told_types.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/ops/told_types.h"

#include "opt/opt.h"

enum { MOST_VALUES = 64, MOST_NAMES = 1 << 11 };

/* What the names stand for, by number; -1: not met yet. */
typedef struct names { int64_t sizes[MOST_NAMES]; } names;

static const type *type_without_sizes(const tensor *t)
{
    int64_t unknown[TENSOR_MAX_DIMS];
    for (int i = 0; i < t->n_dims; i++)
        unknown[i] = -1;
    return type_tensor_refined(&(type_tensor){
        .dtype = (int)tensor_dtype(t), .rank = t->n_dims, .requires_grad = -1, .sizes = unknown, .strides = unknown });
}

static ir_value *input(ir_builder *b, const tensor *t, told_from from)
{
    return ir_block_add_input(b->g->body, from == TOLD_FROM_RANKS ? type_without_sizes(t) : type_of_tensor(t));
}

static ir_value *operand(ir_builder *b, jit_value v, const type *formal, told_from from)
{
    if (v.tag == VALUE_TENSOR)
        return input(b, v.t, from);
    if (v.tag != VALUE_LIST || !v.list->n || v.list->n > MOST_VALUES || v.list->storage != LIST_VALUES)
        return ir_build_constant(b, value_ref(v), v.tag == VALUE_NONE ? T_NONE : type_without_none(formal));
    ir_node *made = ir_node_new(b->g, OP_prim_ListConstruct, b->range);
    for (size_t i = 0; i < v.list->n; i++)
        ir_add_input(made, operand(b, list_peek(v.list, i), T_TENSOR, from));
    ir_node_append(made, b->g->body);
    return ir_add_output(made, type_list(T_TENSOR));
}

/* Names of the inputs by their sizes: the inputs had these before they got names. */
static void learn_names(const ir_graph *g, const ir_graph *sized, names *ret)
{
    for (int i = 0; i < MOST_NAMES; i++)
        ret->sizes[i] = -1;
    for (uint32_t i = 0; i < ir_block_n_inputs(g->body); i++) {
        const type_tensor *named = ir_block_input(g->body, i)->type->info, *known = ir_block_input(sized->body, i)->type->info;
        for (int k = 0; named && k < named->rank; k++)
            if (named->sizes[k] < -1)
                ret->sizes[-named->sizes[k]] = known->sizes[k];
    }
}

static bool is_size(int64_t told, int64_t size, names *n)
{
    if (told == -1 || told >= 0)
        return told == -1 || told == size;
    int64_t *named = &n->sizes[-told];
    *named = *named == -1 ? size : *named;
    return *named == size;
}

static bool is_true_of(const type *told, const tensor *t, names *known)
{
    const type_tensor *i = told->kind == TYPE_TENSOR ? told->info : NULL;
    if (!i)
        return true;
    bool holds = (i->dtype < 0 || i->dtype == (int)tensor_dtype(t)) && (i->rank < 0 || i->rank == t->n_dims)
                 && (i->requires_grad < 0 || i->requires_grad == (int)t->requires_grad);
    for (int k = 0; holds && k < i->rank; k++) {
        holds = is_size(i->sizes[k], t->sizes[k], known);
        if (i->has_strides && t->numel > 1 && t->sizes[k] > 1)
            holds &= i->strides[k] < 0 || i->strides[k] == t->strides[k];
    }
    return holds;
}

/* The elements of a list result, read from it. */
static const ir_node *unpack(ir_builder *b, ir_value *from, size_t n)
{
    ir_node *reader = ir_node_new(b->g, OP_prim_ListUnpack, b->range);
    ir_add_input(reader, from);
    for (size_t i = 0; i < n; i++)
        ir_add_output(reader, T_TENSOR);
    ir_node_append(reader, b->g->body);
    return reader;
}

static void tell(const ir_node *n, const tensor *t, text *told)
{
    ir_print_node(n, told);
    text_add(told, " is ");
    type_print(type_of_tensor(t), told);
}

static bool check(const ir_node *n, uint32_t k, jit_value v, names *known, text *told)
{
    if (v.tag != VALUE_TENSOR || v.t->store->has_parts || is_true_of(n->outputs[k]->type, v.t, known))
        return true;
    tell(n, v.t, told);
    return false;
}

bool told_types_hold(op_id id, const jit_value *args, const jit_value *rets, told_from from, text *told)
{
    const schema *s = op_schema(id);
    const type *types[MOST_VALUES];
    ir_value *operands[MOST_VALUES];
    ir_graph *g = ir_graph_new(NULL);
    ir_builder b = { .g = g, .at = g->body->ret };
    for (int k = 0; k < s->n_args; k++)
        operands[k] = operand(&b, args[k], s->args[k].type, from);
    for (int k = 0; k < s->n_rets; k++)
        types[k] = s->rets[k].type;
    const ir_node *n = ir_build_op(&b, id, operands, (size_t)s->n_args, types, (size_t)s->n_rets), *reader = NULL;
    const list *parts = s->n_rets == 1 && types[0] == type_list(T_TENSOR) && rets[0].tag == VALUE_LIST ? rets[0].list : NULL;
    if (parts)
        reader = unpack(&b, n->outputs[0], parts->n);
    names known;
    ir_graph *sized = ir_graph_clone(g);
    if (from == TOLD_FROM_NAMES)
        opt_name_sizes(g);
    learn_names(g, sized, &known);
    ir_graph_free(sized);
    const char *bad;
    opt_ctx cx = { 0 };
    bool holds = opt_run_passes("types", g, &cx, &bad);
    for (int k = 0; holds && k < s->n_rets; k++)
        holds = check(n, (uint32_t)k, rets[k], &known, told);
    for (size_t k = 0; holds && reader && k < parts->n; k++)
        holds = check(reader, (uint32_t)k, list_peek(parts, k), &known, told);
    ir_graph_free(g);
    return holds;
}
