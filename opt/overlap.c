/* Overlap: forked calls that run beside their caller.
 *
 * torch.jit.fork means here what it would mean if the forked call ran to its end right where it is forked, so that a
 * program gives the same result every time and on any number of threads. A body may run on another thread if nobody can
 * tell: it is `quiet`, that is, it draws no random numbers, prints nothing and writes to nothing that was there
 * before. And the caller must wait (prim::join) before it does something the body could see: before it writes to memory
 * a body may be reading, and at its end, so that no call leaves others running.
 *
 * Memory a body may reach is told by type as well as by alias sets: a list of futures or of results is of a type that
 * what the body was given does not hold, so appending to it is no reason to wait. Functions are looked at with all
 * they call: a set of graphs, each of which must be quiet towards its own parameters. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include "base/vec.h"
#include "opt/alias.h"

#include <string.h>

/* ---- which types a body can get at -------------------------------------------------------------- */

typedef struct reach {
    arena arena;
    ptrmap types;
    VEC(const type *) open; /* not yet looked into */
    bool is_all;            /* any type: values whose kind is not known */
} reach;

static void reach_add(reach *r, const type *t)
{
    t = type_unrefined(t);
    if (!opt_type_is_mutable(t) || ptrmap_has(&r->types, t))
        return;
    ptrmap_set(&r->types, t, (void *)t);
    (void)VEC_PUSH(&r->open, &r->arena, t);
}

static void reach_close(reach *r)
{
    while (r->open.n > 0) {
        const type *t = r->open.at[--r->open.n];
        r->is_all |= t->kind == TYPE_ANY || t->kind == TYPE_INTERFACE || t->kind == TYPE_VAR || t->kind == TYPE_ANY_LIST
                     || t->kind == TYPE_ANY_TUPLE || t->kind == TYPE_ANY_CLASS;
        for (size_t i = 0; i < t->n_args; i++)
            reach_add(r, t->args[i]);
        for (size_t i = 0; t->kind == TYPE_CLASS && i < t->cls->n_attributes; i++)
            reach_add(r, t->cls->attributes[i].type);
    }
}

static void reach_init(reach *r)
{
    *r = (reach){ 0 };
    arena_init(&r->arena);
    ptrmap_init(&r->types, &r->arena);
    reach_add(r, T_TENSOR); // constants may be tensors
}

/* Can what a value of type t is be held by something in reach? */
static bool reach_has(const reach *r, const type *t)
{
    t = type_unrefined(t);
    bool is_exact = t->kind == TYPE_LIST || t->kind == TYPE_DICT || t->kind == TYPE_TENSOR || t->kind == TYPE_CLASS;
    return r->is_all || arena_failed(&r->arena) || !is_exact || ptrmap_has(&r->types, t);
}

/* What a graph is given: its parameters, and constants that live from call to call. */
static void reach_parameters(reach *r, const ir_graph *g)
{
    reach_init(r);
    for (uint32_t i = 0; i < ir_block_n_inputs(g->body); i++)
        reach_add(r, ir_block_input(g->body, i)->type);
    IR_EACH_NODE_DEEP(n, g)
        if (n->op == OP_prim_Constant)
            reach_add(r, n->outputs[0]->type);
    reach_close(r);
}

/* ---- writes into it ------------------------------------------------------------------------------- */

typedef struct write_test {
    opt_alias_info *alias;
    const reach *reach;
    bool is_seen;
} write_test;

static void test_write(void *ctx, const ir_value *v)
{
    write_test *t = ctx;
    t->is_seen |= !v || (opt_alias_set(t->alias, v) == ALIAS_WILD && reach_has(t->reach, v->type));
}

/* Sorting objects calls their __lt__, which may do anything. */
static bool sorts_objects(const ir_node *n)
{
    const type *t = n->n_inputs ? n->inputs[0]->type : T_NONE;
    const char *name = op_name((op_id)n->op);
    return t->kind == TYPE_LIST && type_elem(t)->kind == TYPE_CLASS && (!strcmp(name, "aten::sort") || !strcmp(name, "aten::sorted"));
}

/* Does a node, neither control flow nor a call, write to what is in reach? */
static bool writes_to(opt_alias_info *a, const ir_node *n, const reach *r)
{
    if (n->op == OP_prim_SetAttr)
        return reach_has(r, n->inputs[0]->type);
    if (n->op == OP_prim_Print || n->op == OP_prim_RaiseException)
        return false;
    write_test t = { a, r, sorts_objects(n) };
    opt_alias_each_written(a, n, test_write, &t);
    return t.is_seen;
}

/* ---- quiet graphs --------------------------------------------------------------------------------- */

typedef struct closure {
    arena arena;
    VEC(const ir_graph *) graphs; /* those called, directly or not */
    ptrmap known;
    bool is_long;                 /* worth a thread: loops, recursion, tensors */
} closure;

static void closure_add(closure *c, const ir_graph *g)
{
    if (ptrmap_has(&c->known, g)) {
        c->is_long = true;
        return;
    }
    ptrmap_set(&c->known, g, (void *)g);
    (void)VEC_PUSH(&c->graphs, &c->arena, g);
}

/* The graph a call or fork runs; NULL: not known. */
static const ir_graph *called_graph(opt_ctx *cx, const ir_node *n)
{
    uint32_t first;
    const ir_attr *sub = n->op == OP_prim_fork ? ir_attr_find(n, "Subgraph") : NULL;
    if (n->op == OP_prim_fork)
        return sub && sub->kind == IR_ATTR_GRAPH ? sub->g : NULL;
    ir_function *fn = opt_callee(n, &first);
    return fn && cx->body ? cx->body(cx->ctx, fn) : NULL;
}

static bool is_call(const ir_node *n)
{
    return n->op == OP_prim_CallFunction || n->op == OP_prim_CallMethod || n->op == OP_prim_fork;
}

static bool is_quiet_node(closure *c, opt_ctx *cx, opt_alias_info *a, const ir_node *n, const reach *r)
{
    const ir_graph *callee = is_call(n) ? called_graph(cx, n) : NULL;
    if (callee)
        closure_add(c, callee);
    if (is_call(n))
        return callee != NULL;
    c->is_long |= n->op == OP_prim_Loop || (n->n_outputs && n->outputs[0]->type->kind == TYPE_TENSOR && n->op != OP_prim_Constant);
    switch ((op_id)n->op) {
    case OP_prim_If: case OP_prim_Loop: case OP_prim_RaiseException: case OP_aten_wait: case OP_prim_join: return true;
    case OP_prim_SetAttr: return !writes_to(a, n, r);
    default: return !opt_is_visible(n) && !writes_to(a, n, r);
    }
}

static bool is_quiet_graph(closure *c, opt_ctx *cx, const ir_graph *g)
{
    opt_alias_info *a = opt_alias_apart(g);
    bool is_quiet = a != NULL;
    reach r;
    reach_parameters(&r, g);
    for (const ir_node *n = ir_first_deep(g); n && is_quiet; n = ir_next_deep(n))
        is_quiet = is_quiet_node(c, cx, a, n, &r);
    arena_fini(&r.arena);
    opt_alias_free(a);
    return is_quiet;
}

/* Is what this call or fork runs quiet? *ret_is_long, if given: and more than a handful of scalar instructions? */
static bool is_quiet_call(opt_ctx *cx, const ir_node *n, bool *ret_is_long)
{
    const ir_graph *g = called_graph(cx, n);
    closure c = { 0 };
    bool is_quiet = g != NULL;
    arena_init(&c.arena);
    ptrmap_init(&c.known, &c.arena);
    if (g)
        closure_add(&c, g);
    for (size_t i = 0; i < c.graphs.n && is_quiet; i++)
        is_quiet = is_quiet_graph(&c, cx, c.graphs.at[i]);
    is_quiet &= !arena_failed(&c.arena);
    if (ret_is_long)
        *ret_is_long = c.is_long;
    arena_fini(&c.arena);
    return is_quiet;
}

/* ---- marks and joins ------------------------------------------------------------------------------ */

static bool overlaps(const ir_node *n)
{
    const ir_attr *a = n->op == OP_prim_fork ? ir_attr_find(n, "overlaps") : NULL;
    return a && a->i;
}

static bool mark(ir_node *n, bool overlaps_now)
{
    const ir_attr *before = ir_attr_find(n, "overlaps");
    if (before ? (before->i != 0) == overlaps_now : !overlaps_now)
        return false;
    ir_set_int(n, "overlaps", overlaps_now);
    return true;
}

/* Could a body that is running see what n does? */
static bool must_wait(opt_ctx *cx, opt_alias_info *a, const ir_node *n, const reach *r)
{
    if (n->op == OP_prim_If || n->op == OP_prim_Loop || n->op == OP_aten_wait || overlaps(n))
        return false;
    if (is_call(n))
        return !is_quiet_call(cx, n, NULL);
    return writes_to(a, n, r);
}

/* The node before which `join` stands or should stand. */
static bool settle(ir_graph *g, ir_node *n, bool is_wanted)
{
    bool is_there = n->prev->op == OP_prim_join;
    if (is_wanted && !is_there)
        ir_node_insert_before(ir_node_new(g, OP_prim_join, n->at), n);
    if (is_there && !is_wanted)
        ir_node_remove(n->prev);
    return is_wanted != is_there;
}

/* r: what the bodies that run beside this graph can get at; NULL: there are none. */
static bool place_joins(ir_graph *g, opt_ctx *cx, const reach *r)
{
    bool progress = false;
    const ir_block *settled = NULL; // since the last join in this block nothing was forked
    opt_alias_info *a = r ? opt_alias_apart(g) : NULL;
    IR_EACH_NODE_DEEP(n, g) {
        if (n->op == OP_prim_join)
            continue;
        bool is_wanted = r && settled != n->block && (!a || must_wait(cx, a, n, r));
        progress |= settle(g, n, is_wanted);
        if (is_wanted)
            settled = n->block;
        if (n->n_blocks > 0 || is_call(n))
            settled = NULL;
    }
    progress |= settle(g, g->body->ret, r && settled != g->body);
    opt_alias_free(a);
    return progress;
}

static bool overlap_graph(ir_graph *g, opt_ctx *cx)
{
    bool progress = false, any = false, is_long;
    reach r;
    reach_init(&r);
    IR_EACH_NODE_DEEP(n, g) {
        if (n->op != OP_prim_fork)
            continue;
        bool may_overlap = is_quiet_call(cx, n, &is_long) && is_long;
        any |= may_overlap;
        progress |= mark(n, may_overlap);
        for (uint32_t i = 0; i < n->n_inputs && may_overlap; i++)
            reach_add(&r, n->inputs[i]->type);
    }
    reach_close(&r);
    progress |= place_joins(g, cx, any ? &r : NULL);
    arena_fini(&r.arena);
    return progress;
}

bool opt_overlap(ir_graph *g, opt_ctx *cx)
{
    bool progress = false;
    VEC(ir_graph *) open = { 0 }; // bodies are graphs of their own; they may fork again
    if (!VEC_PUSH(&open, &cx->scratch, g))
        return false;
    for (size_t i = 0; i < open.n; i++) {
        IR_EACH_NODE_DEEP(n, open.at[i]) {
            const ir_attr *sub = n->op == OP_prim_fork ? ir_attr_find(n, "Subgraph") : NULL;
            if (sub && sub->kind == IR_ATTR_GRAPH)
                (void)VEC_PUSH(&open, &cx->scratch, sub->g);
        }
        progress |= overlap_graph(open.at[i], cx);
    }
    return progress;
}
