/* Lowering of expressions.
 *
 * Operands are evaluated left to right. Programs hold chains of 10,000 operators, whose tree is a left
 * spine: it is walked down through the first operands and built upwards, without recursion. The branches
 * of conditional expressions (`and`, `or`) nest the same way and have a stack of their own. What is left
 * for recursion is the nesting the parser bounds. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/lower.h"

#include <string.h>

/* ---- constants --------------------------------------------------------------------------------- */

static bool same_place(range a, range b)
{
    return a.src == b.src && a.begin == b.begin && a.end == b.end;
}

/* A number of type Scalar, and the value of a default argument, have the type of what they are. */
static const type *constant_type(const texpr *e, bool is_default)
{
    if (!is_default && e->type->kind != TYPE_NUMBER)
        return e->type;
    switch ((value_tag)e->value.tag) {
    case VALUE_NONE: return T_NONE;
    case VALUE_BOOL: return T_BOOL;
    case VALUE_INT: return T_INT;
    case VALUE_FLOAT: return T_FLOAT;
    case VALUE_COMPLEX: return T_COMPLEX;
    case VALUE_STR: return T_STR;
    default: return e->type;
    }
}

enum { NUMBER_KEY_BYTES = 1 + 2 * 16 + 1 };

/* The same text for the same number: its type and its bits. */
static void number_key(jit_value v, char ret[NUMBER_KEY_BYTES])
{
    uint64_t bits[2] = { (uint64_t)v.i, 0 };
    size_t n = 1;
    if (v.tag == VALUE_FLOAT) {
        memcpy(bits, &v.f, sizeof v.f);
    } else if (v.tag == VALUE_COMPLEX) {
        memcpy(&bits[0], &v.c->re, sizeof v.c->re);
        memcpy(&bits[1], &v.c->im, sizeof v.c->im);
        n = 2;
    }
    *ret++ = (char)('0' + v.tag);
    for (size_t i = 0; i < n; i++)
        for (int shift = 0; shift < 64; shift += 4)
            *ret++ = "0123456789abcdef"[bits[i] >> shift & 15];
    *ret = '\0';
}

ir_value *lower_number(lowerer *l, jit_value take, const type *t, range at)
{
    char key[NUMBER_KEY_BYTES];
    number_key(take, key);
    ir_value *known = strmap_find(&l->literals, key);
    if (known && known->type == t) {
        value_unref(take);
        return known;
    }
    ir_builder b = { .g = l->g, .at = l->g->body->param->next, .range = at };
    ir_value *made = ir_build_constant(&b, take, t);
    strmap_set(&l->literals, arena_strdup(&l->scratch, key), made);
    return made;
}

/* Is it a number literal, or a number that an index or slice implies? Folded expressions, names and defaults
 * are not. */
static bool is_spelled_number(range at)
{
    if (!at.src || at.begin >= at.end)
        return false;
    const char *s = at.src->text + at.begin;
    size_t n = at.end - at.begin;
    return (*s >= '0' && *s <= '9') || *s == '.' || s[n - 1] == ']' || memchr(s, ':', n);
}

/* Number literals stand at the top. What the program does not spell (default arguments have the place of their
 * call) is made where it is used. */
static ir_value *lower_const(lowerer *l, const texpr *e, const texpr *user)
{
    jit_value v = value_ref(e->value);
    bool is_number = v.tag == VALUE_INT || v.tag == VALUE_FLOAT || v.tag == VALUE_COMPLEX;
    bool is_default = user && user->kind == TX_OP && e->at.src && same_place(e->at, user->at);
    const type *t = constant_type(e, is_default);
    if (!is_number || is_default || !is_spelled_number(e->at))
        return lower_constant(l, v, t, e->at);
    return lower_number(l, v, t, e->at);
}

static ir_value *function_constant(lowerer *l, ir_function *fn, range at)
{
    jit_value v = value_ref(VALUE_HEAP_V(VALUE_FUNCTION, fn));
    return lower_constant(l, v, type_base(TYPE_FUNCTION), at);
}

/* ---- strict nodes: all arguments first ---------------------------------------------------------- */

static ir_node *node_with_inputs(lowerer *l, op_id op, const texpr *e, ir_value *const *args, size_t n)
{
    ir_node *node = lower_node(l, op, e->at);
    ir_reserve_inputs(node, (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        ir_add_input(node, args[i]);
    return node;
}

static ir_value *node_value(lowerer *l, op_id op, const texpr *e, ir_value *const *args)
{
    return ir_add_output(node_with_inputs(l, op, e, args, e->n_args), e->type);
}

/* An operator has as many outputs as its schema has results; several are packed for whoever wants one
 * value, and unpacked again by the tuple pass where the program does. */
static ir_value *build_op(lowerer *l, const texpr *e, ir_value *const *args)
{
    const schema *sc = op_schema(e->op);
    if (!sc) {
        l->scratch.failed = true;
        return lower_broken(l, e->type, e->at, "no memory for a schema");
    }
    ir_node *n = node_with_inputs(l, e->op, e, args, e->n_args);
    if (sc->is_varret || sc->n_rets == 1)
        return ir_add_output(n, e->type);
    for (size_t i = 0; i < sc->n_rets; i++)
        ir_add_output(n, i < e->type->n_args ? e->type->args[i] : sc->rets[i].type);
    ir_node *pack = lower_node(l, OP_prim_TupleConstruct, e->at);
    for (size_t i = 0; i < sc->n_rets && !ir_graph_failed(l->g); i++)
        ir_add_input(pack, n->outputs[i]);
    return ir_add_output(pack, e->type);
}

static ir_value *build_call(lowerer *l, const texpr *e, ir_value *const *args)
{
    ir_value *fn = function_constant(l, e->fn, e->at);
    ir_node *n = lower_node(l, OP_prim_CallFunction, e->at);
    ir_add_input(n, fn);
    for (size_t i = 0; i < e->n_args; i++)
        ir_add_input(n, args[i]);
    return ir_add_output(n, e->type);
}

static ir_value *build_new(lowerer *l, const texpr *e, ir_value *instance, ir_value *const *args)
{
    if (!e->fn)
        return instance;
    ir_node *init = lower_node(l, OP_prim_CallMethod, e->at);
    ir_set_str(init, "name", "__init__");
    ir_add_input(init, instance);
    for (size_t i = 0; i < e->n_args; i++)
        ir_add_input(init, args[i]);
    ir_add_output(init, T_NONE);
    return instance;
}

static ir_value *build_named(lowerer *l, op_id op, const texpr *e, ir_value *const *args)
{
    ir_node *n = node_with_inputs(l, op, e, args, e->n_args);
    ir_set_str(n, "name", e->name);
    ir_value *v = ir_add_output(n, e->type);
    if (op == OP_prim_GetAttr)
        ir_value_set_name(v, e->name);
    return v;
}

static ir_value *build_indexed(lowerer *l, const texpr *e, ir_value *const *args)
{
    if (e->kind == TX_TUPLE_SLICE) {
        ir_node *n = node_with_inputs(l, OP_prim_TupleSlice, e, args, 1);
        ir_set_int(n, "beg", e->index);
        ir_set_int(n, "end", e->index2);
        return ir_add_output(n, e->type);
    }
    /* t[1] spells its number; a field's name does not, and -1 is folded where it stands. */
    bool is_literal = e->kind == TX_TUPLE_INDEX && e->index >= 0 && is_spelled_number(e->at);
    ir_value *index = (is_literal ? lower_number : lower_constant)(l, VALUE_INT_V(e->index), T_INT, e->at);
    ir_value *inputs[3] = { args[0], index, NULL };
    if (e->kind == TX_TUPLE_INDEX)
        return ir_add_output(node_with_inputs(l, OP_prim_TupleIndex, e, inputs, 2), e->type);
    inputs[2] = lower_constant(l, VALUE_INT_V(e->index2), T_INT, e->at);
    return ir_add_output(node_with_inputs(l, OP_prim_tolist, e, inputs, 3), e->type);
}

/* The value of a tuple taken apart is its first element; the others stand beside it. */
static ir_value *build_unpack(lowerer *l, const texpr *e, ir_value *const *args)
{
    ir_node *n = node_with_inputs(l, OP_prim_TupleUnpack, e, args, 1);
    for (size_t i = 0; i < e->type->n_args; i++)
        ir_add_output(n, e->type->args[i]);
    return n->outputs[0];
}

static ir_value *build_element(lowerer *l, const texpr *e, ir_value *const *args)
{
    const ir_node *n = args[0]->node;
    bool is_there = n->op == OP_prim_TupleUnpack && e->index < (int64_t)n->n_outputs;
    return is_there ? n->outputs[e->index] : lower_broken(l, e->type, e->at, "an element of no tuple");
}

static ir_value *build_isinstance(lowerer *l, const texpr *e, ir_value *const *args)
{
    ir_node *n = node_with_inputs(l, OP_prim_isinstance, e, args, 1);
    ir_set_types(n, "types", e->types, e->n_types);
    return ir_add_output(n, T_BOOL);
}

static ir_value *lower_shared(lowerer *l, const texpr *e, ir_value *value)
{
    ptrmap_set(&l->shared, e, value);
    VEC_PUSH(&l->shared_order, &l->scratch, e);
    return value;
}

/* ---- leaves and bodies --------------------------------------------------------------------------- */

static ir_value *lower_entered(lowerer *l, const texpr *e)
{
    ir_value **entered = ptrmap_find(&l->entered, e->loop);
    return entered ? entered[e->index] : lower_broken(l, e->type, e->at, "no such with statement");
}

static ir_value *lower_counter(lowerer *l, const texpr *e)
{
    ir_value *counter = ptrmap_find(&l->counters, e->loop);
    return counter ? counter : lower_broken(l, e->type, e->at, "a counter outside of its loop");
}

static ir_value *lower_fork(lowerer *l, const texpr *e)
{
    ir_node *n = ir_node_new(l->g, OP_prim_fork, e->at);
    ir_graph *body = lower_fork_body(l, e, n);
    if (body)
        ir_set_graph(n, "Subgraph", body);
    ir_node_append(n, l->block);
    return ir_add_output(n, e->type);
}

/* Expressions without a first operand to evaluate before. */
static ir_value *lower_leaf(lowerer *l, const texpr *e, const texpr *user)
{
    switch ((texpr_kind)e->kind) {
    case TX_CONST: return lower_const(l, e, user);
    case TX_VAR: return lower_read(l, e->var, e->at);
    case TX_FUNCTION: return function_constant(l, e->fn, e->at);
    case TX_LOOP_INDEX: return lower_counter(l, e);
    case TX_ENTERED: return lower_entered(l, e);
    case TX_UNINIT: return ir_add_output(lower_node(l, OP_prim_Uninitialized, e->at), e->type);
    case TX_FORK: return lower_fork(l, e);
    case TX_COMP:
        lower_list(l, e->body);
        return lower_read(l, e->var, e->at);
    case TX_OP: return build_op(l, e, NULL);
    case TX_CALL: return build_call(l, e, NULL);
    case TX_TUPLE: return node_value(l, OP_prim_TupleConstruct, e, NULL);
    case TX_LIST: return node_value(l, OP_prim_ListConstruct, e, NULL);
    case TX_DICT: return node_value(l, OP_prim_DictConstruct, e, NULL);
    default: return lower_broken(l, e->type, e->at, "an expression without operands");
    }
}

/* Nodes whose operands are evaluated already. */
static ir_value *build_strict(lowerer *l, const texpr *e, ir_value *const *args)
{
    switch ((texpr_kind)e->kind) {
    case TX_OP: return build_op(l, e, args);
    case TX_CALL: return build_call(l, e, args);
    case TX_METHOD: return build_named(l, OP_prim_CallMethod, e, args);
    case TX_ATTR: return build_named(l, OP_prim_GetAttr, e, args);
    case TX_TUPLE: return node_value(l, OP_prim_TupleConstruct, e, args);
    case TX_LIST: return node_value(l, OP_prim_ListConstruct, e, args);
    case TX_DICT: return node_value(l, OP_prim_DictConstruct, e, args);
    case TX_CAST: return node_value(l, OP_prim_unchecked_cast, e, args);
    case TX_UNPACK: return build_unpack(l, e, args);
    case TX_ELEMENT: return build_element(l, e, args);
    case TX_TUPLE_INDEX:
    case TX_TUPLE_SLICE:
    case TX_TOLIST: return build_indexed(l, e, args);
    case TX_ISINSTANCE: return build_isinstance(l, e, args);
    case TX_SHARED: return lower_shared(l, e, args[0]);
    default: return lower_broken(l, e->type, e->at, "an expression of no kind");
    }
}

/* ---- conditional expressions ---------------------------------------------------------------------- */

typedef struct choice {
    const texpr *e;
    ir_node *node;
    lower_region region;
    int branch;     /* being evaluated */
} choice;

typedef VEC(choice) choice_stack;

static void open_branch(lowerer *l, choice *c, int branch)
{
    const tstmt_list *prefix = branch ? c->e->else_prefix : c->e->then_prefix;
    c->branch = branch;
    c->region = lower_open(l, c->node->blocks[branch]);
    if (prefix)
        lower_list(l, prefix);
}

static void open_choice(lowerer *l, choice_stack *stack, const texpr *e, ir_value *condition)
{
    choice c = { .e = e, .node = lower_node(l, OP_prim_If, e->at) };
    ir_add_input(c.node, condition);
    ir_add_block(c.node);
    ir_add_block(c.node);
    if (ir_graph_failed(l->g))
        return;
    open_branch(l, &c, 0);
    VEC_PUSH(stack, &l->scratch, c);
}

/* The If of e with its condition evaluated. Branches that are choices themselves are pushed, not called. */
static ir_value *lower_choice(lowerer *l, const texpr *e, ir_value *condition)
{
    choice_stack stack = { 0 };
    ir_value *value = NULL;
    open_choice(l, &stack, e, condition);
    while (stack.n && !arena_failed(&l->scratch) && !ir_graph_failed(l->g)) {
        choice *c = &VEC_LAST(&stack);
        if (!value) {
            const texpr *branch = c->e->args[c->branch + 1];
            if (branch->kind == TX_IF)
                open_choice(l, &stack, branch, lower_expr(l, branch->args[0]));
            else
                value = lower_expr(l, branch);
            continue;
        }
        ir_block_add_output(c->node->blocks[c->branch], value);
        lower_close(l, c->region, NULL);
        value = NULL;
        if (c->branch == 0) {
            open_branch(l, c, 1);
        } else {
            value = ir_add_output(c->node, c->e->type);
            stack.n--;
        }
    }
    return value;
}

/* ---- spines ---------------------------------------------------------------------------------------- */

static bool has_first_operand(lowerer *l, const texpr *e)
{
    switch ((texpr_kind)e->kind) {
    case TX_OP: case TX_CALL: case TX_METHOD: case TX_ATTR: case TX_TUPLE: case TX_TUPLE_INDEX:
    case TX_UNPACK: case TX_ELEMENT:
    case TX_TUPLE_SLICE: case TX_LIST: case TX_DICT: case TX_IF: case TX_CAST: case TX_ISINSTANCE:
    case TX_TOLIST:
        return e->n_args > 0 && (!e->order || e->order[0] == 0);
    case TX_SHARED:
        return !ptrmap_has(&l->shared, e);
    default:
        return false;
    }
}

/* An operand that is no spine of its own may be a constant: its user tells literals from defaults. */
static ir_value *lower_operand(lowerer *l, const texpr *e, const texpr *user)
{
    return e->kind == TX_CONST ? lower_const(l, e, user) : lower_expr(l, e);
}

/* The operands of e from the given one on, in order of evaluation. */
static void lower_operands(lowerer *l, const texpr *e, ir_value **args, uint32_t from)
{
    for (uint32_t i = from; i < e->n_args; i++) {
        uint32_t k = e->order ? e->order[i] : i;
        args[k] = lower_operand(l, e->args[k], e);
    }
}

static ir_value *lower_bottom(lowerer *l, const texpr *e, const texpr *user)
{
    if (e->kind == TX_SHARED)
        return ptrmap_find(&l->shared, e);
    if (e->kind == TX_NEW) {
        ir_value **args = ARENA_ARRAY(&l->scratch, ir_value *, e->n_args + 1);
        for (uint32_t i = 0; args && i < e->n_args; i++) {
            uint32_t k = e->order ? e->order[i] - 1 : i;
            args[k] = lower_expr(l, e->args[k]);
        }
        ir_value *instance = ir_add_output(lower_node(l, OP_prim_CreateObject, e->at), e->type);
        return args ? build_new(l, e, instance, args) : instance;
    }
    if (e->order) { /* a call whose first operand is not the first in the source */
        ir_value **args = ARENA_ARRAY(&l->scratch, ir_value *, e->n_args + 1);
        if (args)
            lower_operands(l, e, args, 0);
        return args ? build_strict(l, e, args) : NULL;
    }
    return lower_leaf(l, e, user);
}

ir_value *lower_expr(lowerer *l, const texpr *e)
{
    VEC(const texpr *) spine = { 0 };
    while (has_first_operand(l, e) && VEC_PUSH(&spine, &l->scratch, e))
        e = e->args[0];
    ir_value *value = lower_bottom(l, e, spine.n ? VEC_LAST(&spine) : NULL);
    while (spine.n && !arena_failed(&l->scratch) && !ir_graph_failed(l->g)) {
        e = spine.at[--spine.n];
        if (e->kind == TX_IF) {
            value = lower_choice(l, e, value);
            continue;
        }
        ir_value **args = ARENA_ARRAY(&l->scratch, ir_value *, e->n_args);
        if (!args)
            break;
        args[0] = value;
        lower_operands(l, e, args, 1);
        value = build_strict(l, e, args);
    }
    return value ? value : lower_broken(l, e->type, e->at, "no memory for an expression");
}
