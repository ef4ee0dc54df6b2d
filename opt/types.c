/* Types: element type, shape and strides of tensors follow through the graph.
 *
 * What is assumed stands in the types of the graph's inputs and attribute reads; this pass rewrites the types of all
 * else. A forward walk over the nodes, no recursion; branches of an If are joined (what both know; where the condition is
 * known, what the branch knows that is taken), the variables of a Loop are what comes in joined with what the body gives,
 * walked again until nothing gets less. Ints that shapes are made of (sizes, dims, their sums and products, lists of them),
 * what is asked of them and of types, and whether an Optional is None are followed, too: a layer that asks for the number of
 * dimensions of what the layer before made is told in one walk.
 *
 * In-place operators that change the shape of a tensor would make a lie of types given before: values that may be the
 * same tensor get none. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/type_walk.h"

#include "base/map.h"

#include <string.h>

enum { MAX_WALKS = 32 }; /* each takes something away from a loop variable; then all of it is */

/* ---- facts ---------------------------------------------------------------------------------------- */

void facts_init(facts *f)
{
    f->t = (type_tensor){ .dtype = -1, .rank = -1, .requires_grad = -1, .sizes = f->sizes, .strides = f->strides };
}

static void facts_load(facts *f, const type_tensor *info)
{
    facts_init(f);
    f->t.dtype = info->dtype;
    f->t.requires_grad = info->requires_grad;
    f->t.has_device = info->has_device;
    f->t.dev = info->dev;
    if (info->rank > FACTS_MAX_RANK)
        return;
    f->t.rank = info->rank;
    f->t.has_strides = info->has_strides;
    for (int i = 0; i < info->rank; i++) {
        f->sizes[i] = info->sizes[i];
        f->strides[i] = info->has_strides ? info->strides[i] : -1;
    }
}

void facts_set_contiguous(facts *f)
{
    int64_t stride = 1;
    f->t.has_strides = f->t.rank > 0;
    for (int i = f->t.rank - 1; i >= 0; i--) {
        f->strides[i] = stride;
        f->t.has_strides &= f->sizes[i] >= 0 && !__builtin_mul_overflow(stride, f->sizes[i] > 1 ? f->sizes[i] : 1, &stride);
    }
}

bool facts_is_contiguous(const facts *f)
{
    int64_t stride = 1;
    for (int i = f->t.rank - 1; i >= 0 && f->t.has_strides; i--) {
        if (f->sizes[i] != 1 && f->strides[i] != stride)
            return false;
        stride *= f->sizes[i];
    }
    return f->t.rank == 0 || (f->t.rank > 0 && f->t.has_strides);
}

bool facts_of_value(const ir_value *v, facts *ret)
{
    if (v->type->kind != TYPE_TENSOR || !v->type->info)
        return false;
    facts_load(ret, v->type->info);
    return true;
}

/* ---- joins ---------------------------------------------------------------------------------------- */

/* What both types know, which are of type `plain` but for refinements and, where that is optional, may be less. */
static const type *join_types(const type *plain, const type *a, const type *b)
{
    if (a == b)
        return a;
    if (plain->kind == TYPE_OPTIONAL) {
        const type *t = a->kind == TYPE_NONE ? b : b->kind == TYPE_NONE ? a
                        : join_types(type_elem(plain), type_without_none(a), type_without_none(b));
        t = t ? type_optional(type_without_none(t)) : NULL;
        return t ? t : plain;
    }
    const type *t = a->kind == TYPE_TENSOR && b->kind == TYPE_TENSOR ? type_unify(a, b) : NULL;
    if (plain->kind != TYPE_TUPLE || a->kind != TYPE_TUPLE || b->kind != TYPE_TUPLE || a->n_args > FACTS_MAX_INTS)
        return t ? t : plain;
    const type *parts[FACTS_MAX_INTS];
    for (uint32_t i = 0; i < a->n_args; i++)
        parts[i] = join_types(plain->args[i], a->args[i], b->args[i]);
    t = type_tuple(parts, a->n_args);
    return t ? t : plain;
}

/* Refinements make sense where the declared type is just the unrefined one. */
static void refine(ir_value *v, const type *t)
{
    const type *plain = type_unrefined(v->type);
    if (plain) // NULL: no memory
        v->type = t && type_unrefined(t) == plain ? t : plain;
}

/* Whose value is never seen: the block raises, or the program leaves the function another way. */
static bool is_never(const ir_block *b, uint32_t i)
{
    return b->ret->prev->op == OP_prim_RaiseException || ir_block_output(b, i)->node->op == OP_prim_Uninitialized;
}

static void join_if(type_walk *w, const ir_node *n)
{
    int64_t condition = walk_int(w, n->inputs[0]);
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        const ir_value *a = ir_block_output(n->blocks[0], i), *b = ir_block_output(n->blocks[1], i);
        const type *plain = type_unrefined(n->outputs[i]->type);
        if (condition == 0 || is_never(n->blocks[0], i))
            a = b;
        else if (condition == 1 || is_never(n->blocks[1], i))
            b = a;
        refine(n->outputs[i], plain ? join_types(plain, a->type, b->type) : NULL);
        int64_t in_a = walk_scalar(w, a, n->outputs[i]->type);
        w->ints[n->outputs[i]->id] = in_a == walk_scalar(w, b, n->outputs[i]->type) ? in_a : UNKNOWN_INT;
    }
}

static void begin_loop(type_walk *w, const ir_node *n)
{
    for (uint32_t i = 0; i + 2 < n->n_inputs; i++) {
        ir_value *variable = ir_block_input(n->blocks[0], i + 1);
        const type *in = n->inputs[i + 2]->type, *plain = type_unrefined(variable->type);
        refine(variable, w->is_last || !plain ? NULL : w->is_first ? in : join_types(plain, variable->type, in));
    }
}

static void end_loop(type_walk *w, const ir_node *n)
{
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        ir_value *variable = ir_block_input(n->blocks[0], i + 1);
        const type *before = variable->type, *plain = type_unrefined(before);
        if (!w->is_last && plain)
            refine(variable, join_types(plain, before, ir_block_output(n->blocks[0], i + 1)->type));
        w->has_changed |= variable->type != before;
        refine(n->outputs[i], variable->type);
    }
}

/* ---- nodes ---------------------------------------------------------------------------------------- */

/* Gives this operator a tensor that is there already another shape, or memory? */
static bool changes_shape(const ir_node *n)
{
    static const char *const names[] = { "aten::resize_", "aten::resize_as_", "aten::set_", "aten::unsqueeze_",
                                         "aten::squeeze_", "aten::t_", "aten::transpose_", "aten::swapaxes_",
                                         "aten::swapdims_", "aten::as_strided_", "aten::requires_grad_",
                                         "aten::detach_", "aten::set_data" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(op_name((op_id)n->op), names[i]))
            return true;
    return false;
}

static bool writes_out(const ir_node *n) { return op_schema((op_id)n->op) && op_get_info((op_id)n->op)->variant == OP_OUT; }

static bool calls(const ir_node *n)
{
    return n->op == OP_prim_CallFunction || n->op == OP_prim_CallMethod || n->op == OP_prim_fork || n->op == OP_prim_Enter
           || n->op == OP_prim_Exit;
}

/* May a call, or what it calls in turn, give a tensor that it can reach another shape? */
static bool call_changes_shapes(const ir_node *call, opt_ctx *cx)
{
    ptrmap known;
    VEC(const ir_graph *) open = { 0 };
    bool may = false;
    ptrmap_init(&known, &cx->scratch);
    for (const ir_node *n = call; !may;) {
        uint32_t first;
        ir_function *fn = n && calls(n) ? opt_callee(n, &first) : NULL;
        const ir_graph *g = fn && cx->body ? cx->body(cx->ctx, fn) : NULL;
        may = n && ((calls(n) && !g) || changes_shape(n) || writes_out(n));
        if (g && !ptrmap_has(&known, g))
            may |= !ptrmap_set(&known, g, (void *)(uintptr_t)g) || !VEC_PUSH(&open, &cx->scratch, g);
        n = n && n != call ? ir_next_deep(n) : NULL;
        if (!n && !open.n)
            break;
        if (!n)
            n = ir_first_deep(open.at[--open.n]);
    }
    return may;
}

/* The body of a fork that overlaps writes to nothing (overlap.c). */
static bool is_harmless(const ir_node *n, opt_ctx *cx)
{
    const ir_attr *overlaps = n->op == OP_prim_fork ? ir_attr_find(n, "overlaps") : NULL;
    return !calls(n) || (overlaps && overlaps->i) || !call_changes_shapes(n, cx);
}

static void find_unstable(type_walk *w, opt_ctx *cx)
{
    IR_EACH_NODE_DEEP(n, w->g) {
        const schema *sc = op_schema((op_id)n->op);
        if (!is_harmless(n, cx))
            (void)bitset_add(&w->unstable, ALIAS_WILD);
        if (!sc || (!writes_out(n) && !changes_shape(n))) // an out= tensor is resized
            continue;
        for (uint32_t i = 0; i < n->n_inputs && i < sc->n_args; i++)
            if (sc->args[i].alias.is_write)
                (void)bitset_add(&w->unstable, opt_alias_set(w->alias, n->inputs[i]));
    }
}

static bool is_stable(const type_walk *w, const ir_value *v)
{
    return !bitset_has(&w->unstable, opt_alias_set(w->alias, v));
}

static void visit_tuple(const ir_node *n)
{
    const type *parts[FACTS_MAX_INTS];
    if (n->n_inputs > FACTS_MAX_INTS || n->outputs[0]->type->kind != TYPE_TUPLE)
        return;
    for (uint32_t i = 0; i < n->n_inputs; i++)
        parts[i] = n->inputs[i]->type;
    refine(n->outputs[0], type_tuple(parts, n->n_inputs));
}

static void visit_unpack(const ir_node *n)
{
    const type *t = n->inputs[0]->type;
    for (uint32_t i = 0; i < n->n_outputs && t->kind == TYPE_TUPLE && i < t->n_args; i++)
        refine(n->outputs[i], t->args[i]);
}

/* Tensor k of a list that is only read. NULL: nothing is known of it. */
static const type *element_type(type_walk *w, const ir_node *reader, int64_t k)
{
    const ir_value *from = reader->inputs[0], *elements[FACTS_MAX_INTS];
    type_call of = { .walk = w, .n = reader }, maker = { .walk = w, .n = from->node, .sc = op_schema((op_id)from->node->op) };
    int n = call_elements(&of, 0, elements, FACTS_MAX_INTS);
    facts part;
    if (n >= 0) {
        k += k < 0 ? n : 0;
        return k >= 0 && k < n ? elements[k]->type : NULL;
    }
    facts_init(&part);
    return k >= 0 && list_is_only_read(from) && type_part(&maker, k, &part) ? type_tensor_refined(&part.t) : NULL;
}

static void visit_list_unpack(type_walk *w, const ir_node *n)
{
    type_call c = { .walk = w, .n = n };
    known_ints ints = { .n = 0 };
    bool has_ints = call_symbolic_ints(&c, 0, &ints);
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        ir_value *v = n->outputs[i];
        if (v->type->kind == TYPE_TENSOR)
            refine(v, is_stable(w, v) ? element_type(w, n, i) : NULL);
        else if (v->type->kind == TYPE_INT)
            w->ints[v->id] = has_ints && (uint32_t)ints.n == n->n_outputs ? ints.at[i] : UNKNOWN_INT;
    }
}

static void visit_tuple_index(type_walk *w, const ir_node *n)
{
    const type *t = n->inputs[0]->type;
    int64_t i = walk_int(w, n->inputs[1]);
    i += i < 0 && t->kind == TYPE_TUPLE ? t->n_args : 0;
    refine(n->outputs[0], t->kind == TYPE_TUPLE && i >= 0 && i < t->n_args ? t->args[i] : NULL);
}

static void visit_operator(type_walk *w, const ir_node *n)
{
    type_call c = { .walk = w, .n = n, .sc = op_schema((op_id)n->op) };
    for (int i = 0; i < FACTS_MAX_RESULTS; i++)
        facts_init(&c.out[i]);
    bool is_known = c.sc && n->n_outputs <= FACTS_MAX_RESULTS && type_rule_apply(&c);
    if (n->op == OP_aten___getitem___t && n->outputs[0]->type->kind == TYPE_TENSOR) {
        refine(n->outputs[0], is_stable(w, n->outputs[0]) ? element_type(w, n, call_int(&c, 1)) : NULL);
        return;
    }
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        ir_value *v = n->outputs[i];
        if (v->type->kind == TYPE_TENSOR)
            refine(v, is_known && is_stable(w, v) ? type_tensor_refined(&c.out[i].t) : NULL);
        else if ((v->type->kind == TYPE_INT || v->type->kind == TYPE_BOOL) && c.sc)
            w->ints[v->id] = walk_answer(&c);
    }
}

static void visit(type_walk *w, const ir_node *n)
{
    jit_value v;
    switch ((op_id)n->op) {
    case OP_prim_GetAttr: // assumed, as inputs are
        if (!is_stable(w, n->outputs[0]))
            refine(n->outputs[0], NULL);
        return;
    case OP_prim_Constant:
        if (ir_value_constant(n->outputs[0], &v) && v.tag == VALUE_TENSOR && is_stable(w, n->outputs[0]))
            refine(n->outputs[0], type_of_tensor(v.t));
        return;
    case OP_prim_TupleConstruct: visit_tuple(n); return;
    case OP_prim_TupleUnpack: visit_unpack(n); return;
    case OP_prim_TupleIndex: visit_tuple_index(w, n); return;
    case OP_prim_ListUnpack: visit_list_unpack(w, n); return;
    case OP_prim_unchecked_cast: case OP_prim_unchecked_unwrap_optional: case OP_aten__unwrap_optional:
        refine(n->outputs[0], type_without_none(n->inputs[0]->type));
        return;
    case OP_prim_TypeCheck: return; // says itself what it makes sure of
    default: visit_operator(w, n); return;
    }
}

/* ---- the walk ------------------------------------------------------------------------------------- */

/* The node after n in execution order; joins what ends on the way. NULL at the end. */
static const ir_node *next_node(type_walk *w, const ir_node *n)
{
    const ir_node *at = n->n_blocks ? n->blocks[0]->param->next : n->next;
    while (at->op == OP_prim_Return) {
        const ir_block *b = at->block;
        const ir_node *owner = b->owner;
        if (!owner)
            return NULL;
        if (owner->n_blocks == 2 && owner->blocks[0] == b) {
            at = owner->blocks[1]->param->next;
            continue;
        }
        if (owner->op == OP_prim_If)
            join_if(w, owner);
        else
            end_loop(w, owner);
        at = owner->next;
    }
    return at;
}

static void walk(type_walk *w)
{
    w->has_changed = false;
    for (uint32_t i = 0; i < w->n_values; i++)
        w->ints[i] = UNKNOWN_INT;
    const ir_node *first = w->g->body->param->next;
    for (const ir_node *n = first->op == OP_prim_Return ? NULL : first; n; n = next_node(w, n)) {
        if (n->op == OP_prim_Loop)
            begin_loop(w, n);
        else if (n->op != OP_prim_If)
            visit(w, n);
    }
}

static void list_outputs(const ir_node *n, const type **ret)
{
    for (uint32_t i = 0; i < n->n_outputs; i++)
        ret[n->outputs[i]->id] = n->outputs[i]->type;
}

/* Types by value id. NULL: no memory. */
static const type **list_types(const ir_graph *g, arena *a)
{
    const type **types = ARENA_ARRAY(a, const type *, (size_t)g->n_values + 1);
    if (!types)
        return NULL;
    list_outputs(g->body->param, types);
    IR_EACH_NODE_DEEP(n, g) {
        list_outputs(n, types);
        for (uint32_t b = 0; b < n->n_blocks; b++)
            list_outputs(n->blocks[b]->param, types);
    }
    return types;
}

bool opt_types(ir_graph *g, opt_ctx *cx)
{
    const type **before = list_types(g, &cx->scratch);
    type_walk w = { .g = g, .scratch = &cx->scratch, .alias = opt_alias(cx, g), .n_values = g->n_values, .n_given = symbols_given(g),
                    .is_first = true };
    bitset_init(&w.unstable, &cx->scratch);
    w.ints = ARENA_ARRAY(&cx->scratch, int64_t, (size_t)g->n_values + 1);
    w.symbol_of = ARENA_ARRAY(&cx->scratch, uint32_t, (size_t)g->n_values + 1);
    if (!before || !w.alias || !w.ints || !w.symbol_of || arena_failed(&cx->scratch))
        return false;
    find_unstable(&w, cx);
    for (uint32_t i = 0; i < ir_block_n_inputs(g->body); i++)
        if (!is_stable(&w, ir_block_input(g->body, i)))
            refine(ir_block_input(g->body, i), NULL);
    for (int i = 0; i <= MAX_WALKS && (i == 0 || w.has_changed); i++) {
        w.is_first = i == 0;
        w.is_last = i == MAX_WALKS;
        walk(&w);
    }
    const type **after = list_types(g, &cx->scratch);
    return before && after && memcmp(before, after, g->n_values * sizeof *after);
}

static void forget(const ir_node *n)
{
    for (uint32_t i = 0; i < n->n_outputs; i++)
        n->outputs[i]->type = type_unrefined(n->outputs[i]->type);
}

void opt_forget_types(ir_graph *g)
{
    forget(g->body->param);
    IR_EACH_NODE_DEEP(n, g) {
        forget(n);
        for (uint32_t b = 0; b < n->n_blocks; b++)
            forget(n->blocks[b]->param);
    }
}
