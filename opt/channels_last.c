/* Channels last: chains of constant convolutions compute on images whose channels come last, which is the order that
 * the fast kernels want; without this each of them brings its image into that order and its result back.
 *
 * A value may lie in another order than the program says while nobody can tell: its readers are operators that look
 * at elements by position alone (pooling, pointwise ones, batch norms, concatenation along the channels), nothing views it, and
 * what writes to it is such an operator's in-place form that is its only reader. Those values are found by assuming
 * it of all and dropping what does not hold until nothing changes. Every other reader gets a copy in the order that
 * the operators would have given (tjs::restore_format, which looks at what the chain began with).
 *
 * Chains of fewer than two operators that gain stay as they are. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/alias.h"

#include "base/bitset.h"
#include "base/vec.h"

typedef VEC(ir_value *) value_list;

typedef struct chains {
    ir_graph *g;
    arena *arena;
    opt_alias_info *alias;
    uint32_t n_values;       /* when the pass began */
    bitset members;          /* ids of values whose order is free */
    uint32_t *parent;        /* union-find over ids: values of one chain */
    uint32_t *n_gaining;     /* by root: convolutions and poolings */
    value_list *sources;     /* by root: what came into the chain so far */
} chains;

/* ---- operators ------------------------------------------------------------------------------------- */

static bool is_constant_false(const ir_value *v)
{
    jit_value c;
    return ir_value_constant(v, &c) && c.tag == VALUE_BOOL && !c.b;
}

/* Two-dimensional, of constant float32 weights in the usual order. */
static bool is_convolution(const ir_node *n)
{
    jit_value w, b;
    if (n->op != OP_aten_conv2d && (n->op != OP_aten__convolution || !is_constant_false(n->inputs[6])))
        return false;
    return ir_value_constant(n->inputs[1], &w) && w.tag == VALUE_TENSOR && w.t->n_dims == 4
           && tensor_dtype(w.t) == DTYPE_float32 && !tensor_is_channels_last(w.t) && ir_value_constant(n->inputs[2], &b);
}

static bool is_pooling(const ir_node *n)
{
    return n->op == OP_aten_max_pool2d || n->op == OP_aten_avg_pool2d || n->op == OP_aten_adaptive_avg_pool2d;
}

/* *ret_in_place: it writes to its first operand. */
static bool is_pointwise(const ir_node *n, bool *ret_in_place)
{
    const op_info *info = op_get_info((op_id)n->op);
    *ret_in_place = info->variant == OP_INPLACE;
    return (info->variant == OP_NO_VARIANT || *ret_in_place) && op_get_info((op_id)info->base)->traits & OP_POINTWISE;
}

/* With fixed statistics, which the pointwise operator behind it takes along in one pass (runtime/kernels/fused.c). */
static bool is_batch_norm(const ir_node *n)
{
    bool in_place;
    return n->op == OP_aten_batch_norm && is_constant_false(n->inputs[5]) && n->outputs[0]->n_uses == 1
           && is_pointwise(n->outputs[0]->uses->user, &in_place);
}

/* The list of images that n joins along their channels, or NULL. */
static const ir_node *joined_list(const ir_node *n)
{
    jit_value dim;
    if (n->op != OP_aten_cat || !ir_value_constant(n->inputs[1], &dim) || dim.tag != VALUE_INT || dim.i != 1)
        return NULL;
    const ir_node *made = n->inputs[0]->node;
    return made->op == OP_prim_ListConstruct && made->block == n->block && made->outputs[0]->n_uses == 1 ? made : NULL;
}

static bool is_tensor(const ir_value *v) { return v->type->kind == TYPE_TENSOR; }

/* Is v a member that n, in the same block, may read as it lies? */
static bool is_member_of(const chains *c, const ir_value *v, const ir_node *n)
{
    return is_tensor(v) && v->node->block == n->block && bitset_has(&c->members, v->id);
}

/* The operands that n reads in any order. Of those of a list it is the list's. */
static uint32_t free_operands(const ir_node *n, const ir_node **ret_holder)
{
    const ir_node *joined = joined_list(n);
    *ret_holder = joined ? joined : n;
    return joined ? joined->n_inputs : is_convolution(n) || is_pooling(n) || is_batch_norm(n) ? 1 : n->n_inputs;
}

/* ---- members --------------------------------------------------------------------------------------- */

/* Could the order of n's result be free, if that of the members is? */
static bool may_be_member(const chains *c, const ir_node *n)
{
    bool is_in_place = false;
    if (n->n_outputs != 1 || !is_tensor(n->outputs[0]))
        return false;
    if (is_convolution(n))
        return true;
    if (!is_pooling(n) && !is_batch_norm(n) && !joined_list(n) && !is_pointwise(n, &is_in_place))
        return false;
    if (is_in_place && (!is_member_of(c, n->inputs[0], n) || n->inputs[0]->n_uses != 1))
        return false;
    const ir_node *holder;
    const uint32_t n_operands = free_operands(n, &holder);
    for (uint32_t i = 0; i < n_operands; i++)
        if (is_member_of(c, holder->inputs[i], n))
            return true;
    return false;
}

/* Is all that writes to v's memory an operator whose result is a member? */
static bool writes_are_known(const chains *c, const ir_value *v)
{
    for (const alias_write *w = opt_alias_writes(c->alias, opt_alias_set(c->alias, v)); w; w = w->next)
        if (w->n->n_outputs != 1 || !bitset_has(&c->members, w->n->outputs[0]->id))
            return false;
    return true;
}

static void find_members(chains *c)
{
    bool changed = false;
    IR_EACH_NODE_DEEP(n, c->g)
        if (may_be_member(c, n))
            changed |= bitset_add(&c->members, n->outputs[0]->id);
    while (changed && !c->arena->failed) {
        changed = false;
        IR_EACH_NODE_DEEP(n, c->g)
            if (n->n_outputs == 1 && bitset_has(&c->members, n->outputs[0]->id)
                && (!may_be_member(c, n) || !writes_are_known(c, n->outputs[0]))) {
                bitset_remove(&c->members, n->outputs[0]->id);
                changed = true;
            }
    }
}

/* ---- chains ---------------------------------------------------------------------------------------- */

static uint32_t root(chains *c, uint32_t id)
{
    while (c->parent[id] != id)
        id = c->parent[id] = c->parent[c->parent[id]];
    return id;
}

static bool is_member_node(const chains *c, const ir_node *n)
{
    return n->n_outputs == 1 && n->outputs[0]->id < c->n_values && bitset_has(&c->members, n->outputs[0]->id);
}

static void join(chains *c, const ir_node *n)
{
    const ir_node *holder;
    const uint32_t n_operands = free_operands(n, &holder);
    for (uint32_t i = 0; i < n_operands; i++)
        if (is_member_of(c, holder->inputs[i], n)) {
            const uint32_t into = root(c, n->outputs[0]->id), from = root(c, holder->inputs[i]->id);
            if (into == from)
                continue;
            c->parent[from] = into;
            c->n_gaining[into] += c->n_gaining[from];
        }
}

static void find_chains(chains *c)
{
    for (uint32_t i = 0; i < c->n_values; i++)
        c->parent[i] = i;
    IR_EACH_NODE_DEEP(n, c->g)
        if (is_member_node(c, n)) {
            c->n_gaining[root(c, n->outputs[0]->id)] += is_convolution(n) || is_pooling(n);
            join(c, n);
        }
}

/* ---- rewriting ------------------------------------------------------------------------------------- */

/* What n brings into its chain. Constants lie in the usual order. */
static bool add_sources(chains *c, const ir_node *n)
{
    const ir_node *holder;
    const uint32_t n_operands = free_operands(n, &holder);
    value_list *sources = &c->sources[root(c, n->outputs[0]->id)];
    for (uint32_t i = 0; i < n_operands; i++) {
        ir_value *v = holder->inputs[i];
        jit_value constant;
        bool is_known = !is_tensor(v) || is_member_of(c, v, n) || ir_value_constant(v, &constant);
        for (size_t k = 0; !is_known && k < sources->n; k++)
            is_known = sources->at[k] == v;
        if (!is_known && !VEC_PUSH(sources, c->arena, v))
            return false;
    }
    return true;
}

static bool reads_no_elements(const ir_node *n)
{
    return n->op == OP_aten_size || n->op == OP_aten_size_int || n->op == OP_aten_dim || n->op == OP_prim_dtype
           || n->op == OP_prim_device;
}

/* Does this reader take the member as it lies? */
static bool reads_as_it_lies(const chains *c, const ir_use *u)
{
    const ir_node *n = u->user, *holder;
    if (reads_no_elements(n))
        return true;
    if (n->op == OP_prim_ListConstruct && n->outputs[0]->n_uses == 1)
        n = n->outputs[0]->uses->user;
    return is_member_node(c, n) && u->index < free_operands(n, &holder) && holder == u->user
           && is_member_of(c, u->user->inputs[u->index], n);
}

/* Readers outside of the chain get v in the order that the program says. */
static void restore(chains *c, ir_value *v)
{
    const value_list *sources = &c->sources[root(c, v->id)];
    ir_node *n = NULL;
    for (ir_use *u = v->uses, *next; u; u = next) {
        next = u->next;
        if (reads_as_it_lies(c, u) || u->user == n)
            continue;
        if (!n) {
            n = ir_node_new(c->g, OP_tjs_restore_format, v->node->at);
            ir_add_input(n, v);
            for (size_t i = 0; i < sources->n; i++)
                ir_add_input(n, sources->at[i]);
            ir_add_output(n, v->type);
            ir_node_insert_after(n, v->node);
        }
        ir_set_input(u->user, u->index, n->outputs[0]);
    }
}

static bool rewrite(chains *c)
{
    bool progress = false;
    for (ir_node *n = ir_first_deep(c->g), *next; n; n = next) {
        next = ir_next_deep(n);
        if (!is_member_node(c, n) || c->n_gaining[root(c, n->outputs[0]->id)] < 2)
            continue;
        if (!add_sources(c, n))
            return progress;
        progress = true;
        restore(c, n->outputs[0]);
        if (is_convolution(n))
            n->op = n->op == OP_aten_conv2d ? OP_tjs_conv2d : OP_tjs__convolution;
    }
    return progress;
}

bool opt_channels_last(ir_graph *g, opt_ctx *cx)
{
    chains c = { .g = g, .arena = &cx->scratch, .n_values = g->n_values };
    bool has_convolution = false;
    IR_EACH_NODE_DEEP(n, g)
        has_convolution |= is_convolution(n);
    if (!has_convolution)
        return false;
    c.alias = opt_alias(cx, g);
    c.parent = ARENA_ARRAY(c.arena, uint32_t, c.n_values);
    c.n_gaining = ARENA_ARRAY(c.arena, uint32_t, c.n_values);
    c.sources = ARENA_ARRAY(c.arena, value_list, c.n_values);
    bitset_init(&c.members, c.arena);
    if (!c.alias || !c.parent || !c.n_gaining || !c.sources)
        return false;
    find_members(&c);
    find_chains(&c);
    return !c.arena->failed && rewrite(&c);
}
