/* Alias analysis: one walk over the graph joins values that may share memory.
 *
 * Facts come from the schemas: a result annotated with a letter shares memory with the argument of that
 * letter; `!` is a write. What schemas do not say: structural nodes (below, by hand), results whose type
 * could hold an argument (joined with all of them), batch norms that write statistics (a trait). Whatever
 * is not understood is wild.
 *
 * By default a container and what it holds are one set. Kept apart (opt_alias_apart), the contents of list and
 * tuple literals are sets of their own, until something happens to the container that is not a plain read of
 * an element. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opt/alias.h"

#include "base/bitset.h"
#include "base/vec.h"

struct opt_alias_info {
    arena arena;
    const ir_graph *g;
    uint32_t n_values;
    bool trusts_modules;    /* attributes of modules are not wild */
    alias_set *parent;      /* union-find; element 2 + id of a value */
    alias_set *contents;    /* kept apart: by root, the set of the elements, or one of the enum below. Else NULL */
    alias_write **writes;   /* by set */
};

enum { CONTENTS_UNDECIDED = 0, CONTENTS_COLLAPSED = 1 }; /* merges say; elements are in the set itself */

bool opt_type_is_mutable(const type *t)
{
    switch ((type_kind)t->kind) {
    case TYPE_NONE: case TYPE_BOOL: case TYPE_INT: case TYPE_FLOAT: case TYPE_COMPLEX: case TYPE_NUMBER:
    case TYPE_STR: case TYPE_DEVICE: case TYPE_LAYOUT: case TYPE_MEMORY_FORMAT: case TYPE_QSCHEME:
    case TYPE_FUNCTION: case TYPE_ENUM: case TYPE_ANY_ENUM: case TYPE_STREAM:
        return false;
    case TYPE_OPTIONAL: case TYPE_TUPLE: case TYPE_UNION: case TYPE_NAMED_TUPLE:
        for (size_t i = 0; i < t->n_args; i++)
            if (opt_type_is_mutable(t->args[i]))
                return true;
        return false;
    default:
        return true;
    }
}

/* ---- union-find ---------------------------------------------------------------------------------- */

static alias_set root(opt_alias_info *a, alias_set s)
{
    while (a->parent[s] != s)
        s = a->parent[s] = a->parent[a->parent[s]];
    return s;
}

/* The smaller root stays: ALIAS_WILD swallows what it meets. Contents are joined too; loops, as literals nest as
 * deep as the program says. */
static void join_sets(opt_alias_info *a, alias_set x, alias_set y)
{
    while (x != ALIAS_NONE && y != ALIAS_NONE && (x = root(a, x)) != (y = root(a, y))) {
        alias_set into = x < y ? x : y, from = x < y ? y : x;
        a->parent[from] = into;
        if (!a->contents)
            return;
        alias_set have = a->contents[into], more = a->contents[from];
        if (more == CONTENTS_UNDECIDED || (more == CONTENTS_COLLAPSED && have == CONTENTS_COLLAPSED))
            return;
        if (have == CONTENTS_UNDECIDED) {
            a->contents[into] = more;
            return;
        }
        bool collapses = have == CONTENTS_COLLAPSED || more == CONTENTS_COLLAPSED;
        if (collapses)
            a->contents[into] = CONTENTS_COLLAPSED;
        x = have == CONTENTS_COLLAPSED ? into : have;
        y = more == CONTENTS_COLLAPSED ? into : more;
    }
}

/* From now on the elements of what is in this set are in the set itself. */
static void collapse(opt_alias_info *a, alias_set s)
{
    if (!a->contents || s == ALIAS_NONE)
        return;
    s = root(a, s);
    alias_set held = a->contents[s];
    a->contents[s] = CONTENTS_COLLAPSED;
    if (held != CONTENTS_UNDECIDED && held != CONTENTS_COLLAPSED)
        join_sets(a, s, held);
}

alias_set opt_alias_set(opt_alias_info *a, const ir_value *v)
{
    if (!opt_type_is_mutable(v->type))
        return ALIAS_NONE;
    return v->id < a->n_values ? root(a, v->id + 2) : ALIAS_WILD;
}

static void join(opt_alias_info *a, const ir_value *x, const ir_value *y)
{
    join_sets(a, opt_alias_set(a, x), opt_alias_set(a, y));
}

static void make_wild(opt_alias_info *a, const ir_value *v)
{
    join_sets(a, ALIAS_WILD, opt_alias_set(a, v));
}

static void all_wild(opt_alias_info *a, const ir_node *n)
{
    for (uint32_t i = 0; i < n->n_inputs; i++)
        make_wild(a, n->inputs[i]);
    for (uint32_t i = 0; i < n->n_outputs; i++)
        make_wild(a, n->outputs[i]);
}

/* Everything the node touches becomes one set. */
static void join_all(opt_alias_info *a, const ir_node *n)
{
    const ir_value *first = NULL;
    for (uint32_t i = 0; i < n->n_inputs + n->n_outputs; i++) {
        const ir_value *v = i < n->n_inputs ? n->inputs[i] : n->outputs[i - n->n_inputs];
        if (!opt_type_is_mutable(v->type))
            continue;
        collapse(a, opt_alias_set(a, v));
        if (first)
            join(a, first, v);
        else
            first = v;
    }
}

/* ---- nodes ----------------------------------------------------------------------------------------- */

/* A result of this type is new memory when the schema says nothing: tensors and lists of numbers are,
 * containers may hold what they were made from. */
static bool is_fresh(const type *declared, const type *t)
{
    if (declared->has_vars || t->kind == TYPE_ANY)
        return false;
    return t->kind == TYPE_TENSOR || t->kind == TYPE_GENERATOR
           || (t->kind == TYPE_LIST && !opt_type_is_mutable(type_elem(t)));
}

static uint32_t letters(const schema_arg *s)
{
    return s->alias.before | s->alias.after | s->elem_alias.before | s->elem_alias.after;
}

static void visit_operator(opt_alias_info *a, const ir_node *n, const schema *sc)
{
    enum { WILDCARD = 1u << 31 };
    for (uint32_t r = 0; r < n->n_outputs; r++) {
        const schema_arg *ret = r < sc->n_rets ? &sc->rets[r] : NULL;
        uint32_t of_ret = ret ? letters(ret) : 0;
        if (!ret || (of_ret & WILDCARD) || (!of_ret && !is_fresh(ret->type, n->outputs[r]->type))) {
            join_all(a, n);
            continue;
        }
        for (uint32_t i = 0; i < n->n_inputs && i < sc->n_args; i++)
            if (letters(&sc->args[i]) & of_ret)
                join(a, n->inputs[i], n->outputs[r]);
    }
    for (uint32_t i = 0; i < sc->n_args; i++)
        if (letters(&sc->args[i]) & WILDCARD) // goes into a container
            join_all(a, n);
}

/* The set of the elements of a container value; ALIAS_NONE: not kept apart. */
static alias_set contents_of(opt_alias_info *a, const ir_value *v)
{
    alias_set s = opt_alias_set(a, v);
    alias_set held = a->contents && s != ALIAS_NONE ? a->contents[s] : CONTENTS_COLLAPSED;
    return held == CONTENTS_UNDECIDED || held == CONTENTS_COLLAPSED ? ALIAS_NONE : root(a, held);
}

static bool is_literal(const ir_node *n)
{
    return n->op == OP_prim_ListConstruct || n->op == OP_prim_TupleConstruct;
}

/* Kept apart: the elements of a literal are one set, which the literal holds. */
static void visit_literal(opt_alias_info *a, const ir_node *n)
{
    const ir_value *first = NULL;
    alias_set s = opt_alias_set(a, n->outputs[0]);
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        if (opt_alias_set(a, n->inputs[i]) == ALIAS_NONE)
            continue;
        if (first)
            join(a, first, n->inputs[i]);
        else
            first = n->inputs[i];
    }
    if (s != ALIAS_NONE && first && a->contents[s] == CONTENTS_UNDECIDED)
        a->contents[s] = opt_alias_set(a, first);
}

/* Kept apart: a plain read of elements. false: not one, or the container is not kept apart. */
static bool visit_element(opt_alias_info *a, const ir_node *n)
{
    bool is_read = n->op == OP_prim_TupleUnpack || n->op == OP_prim_TupleIndex || n->op == OP_prim_ListUnpack
                   || n->op == OP_aten___getitem___t;
    alias_set held = is_read ? contents_of(a, n->inputs[0]) : ALIAS_NONE;
    if (held == ALIAS_NONE)
        return false;
    for (uint32_t i = 0; i < n->n_outputs; i++)
        join_sets(a, held, opt_alias_set(a, n->outputs[i]));
    return true;
}

/* Kept apart: what a node makes that is neither a literal nor handed on holds its elements itself. */
static bool hands_on(const ir_node *n)
{
    return n->op == OP_prim_If || n->op == OP_prim_Loop || n->op == OP_prim_Param || n->op == OP_prim_Uninitialized
           || is_literal(n);
}

static void visit_if(opt_alias_info *a, const ir_node *n)
{
    for (uint32_t i = 0; i < n->n_outputs; i++)
        for (uint32_t b = 0; b < n->n_blocks; b++)
            join(a, n->outputs[i], ir_block_output(n->blocks[b], i));
}

static void visit_loop(opt_alias_info *a, const ir_node *n)
{
    const ir_block *b = n->blocks[0];
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        join(a, n->outputs[i], n->inputs[i + 2]);
        join(a, n->outputs[i], ir_block_input(b, i + 1));
        join(a, n->outputs[i], ir_block_output(b, i + 1));
    }
}

static bool is_module_type(const type *t) { return t->kind == TYPE_CLASS && t->cls->is_module; }

static bool reads_module(const opt_alias_info *a, const ir_node *n)
{
    return a->trusts_modules && is_module_type(n->inputs[0]->type) && !is_module_type(n->outputs[0]->type);
}

static void visit(opt_alias_info *a, const ir_node *n)
{
    if (a->contents && (is_literal(n) || visit_element(a, n)))
        return; // literals were seen to first
    switch ((op_id)n->op) {
    case OP_prim_If: visit_if(a, n); return;
    case OP_prim_Loop: visit_loop(a, n); return;
    case OP_prim_TupleConstruct: case OP_prim_TupleUnpack: case OP_prim_TupleIndex: case OP_prim_TupleSlice:
    case OP_prim_ListConstruct: case OP_prim_ListUnpack: case OP_prim_DictConstruct:
    case OP_prim_unchecked_cast:
        join_all(a, n);
        return;
    case OP_prim_GetAttr:
        if (!reads_module(a, n))
            all_wild(a, n);
        return;
    case OP_prim_Constant: // wild if somebody writes to it: see settle_constants
    case OP_prim_Uninitialized: case OP_prim_CreateObject: case OP_prim_isinstance: case OP_prim_tolist:
    case OP_prim_Print: case OP_prim_RaiseException:
        return;
    default: break;
    }
    const schema *sc = op_schema((op_id)n->op);
    if (!sc || sc->is_vararg || sc->is_varret || n->n_blocks)
        all_wild(a, n);
    else
        visit_operator(a, n, sc);
}

/* ---- writes ---------------------------------------------------------------------------------------- */

/* Do the statistics of a batch norm change? Not when it is known not to be in training. */
static bool writes_statistics(const ir_node *n, const op_info *info, const schema *sc)
{
    if (!(info->traits & OP_WRITES_STATS))
        return false;
    int i = schema_find_arg(sc, "training");
    if (i < 0)
        i = schema_find_arg(sc, "use_input_stats");
    jit_value training;
    return i < 0 || !ir_value_constant(n->inputs[i], &training) || training.tag != VALUE_BOOL || training.b;
}

void opt_alias_each_written(opt_alias_info *a, const ir_node *n, void (*f)(void *ctx, const ir_value *v), void *ctx)
{
    const op_info *info = op_get_info((op_id)n->op);
    const schema *sc = op_schema((op_id)n->op);
    if (n->n_blocks || !sc)
        return;
    if (sc->is_vararg && (info->traits & OP_EFFECT) && n->op != OP_prim_Print) {
        f(ctx, NULL); // calls, attribute writes, context managers
        return;
    }
    bool writes_all = writes_statistics(n, info, sc);
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        bool writes = writes_all;
        if (i < sc->n_args)
            writes |= sc->args[i].alias.is_write || sc->args[i].elem_alias.is_write;
        if (writes && opt_alias_set(a, n->inputs[i]) != ALIAS_NONE)
            f(ctx, n->inputs[i]);
    }
}

typedef struct set_reader {
    opt_alias_info *a;
    void (*f)(void *ctx, alias_set set);
    void *ctx;
} set_reader;

static void read_set(void *ctx, const ir_value *v)
{
    const set_reader *r = ctx;
    r->f(r->ctx, v ? opt_alias_set(r->a, v) : ALIAS_WILD);
}

void opt_alias_each_write(opt_alias_info *a, const ir_node *n, void (*f)(void *ctx, alias_set set), void *ctx)
{
    opt_alias_each_written(a, n, read_set, &(set_reader){ a, f, ctx });
}

typedef struct writer {
    opt_alias_info *a;
    const ir_node *n;
} writer;

static void note_write(void *ctx, alias_set set)
{
    writer *w = ctx;
    alias_write *entry = ARENA_NEW(&w->a->arena, alias_write);
    *entry = (alias_write){ w->n, set, w->a->writes[set] };
    w->a->writes[set] = entry;
}

const alias_write *opt_alias_writes(opt_alias_info *a, alias_set set)
{
    return a->writes[set];
}

/* ---- the analysis ---------------------------------------------------------------------------------- */

/* Kept apart: who holds its elements how, before anything is joined. */
static void decide_contents(opt_alias_info *a, const ir_graph *g)
{
    a->contents[ALIAS_WILD] = CONTENTS_COLLAPSED;
    IR_EACH_NODE_DEEP(n, g)
        for (uint32_t i = 0; i < n->n_outputs && !hands_on(n); i++)
            collapse(a, opt_alias_set(a, n->outputs[i]));
    IR_EACH_NODE_DEEP(n, g)
        if (is_literal(n))
            visit_literal(a, n);
}

static void note_if_written(void *ctx, alias_set set)
{
    bitset_add(ctx, set);
}

/* A constant is the same object at each run: once somebody writes to one, all that can change are wild (two may
 * share their storage). Most programs write to none. */
static void settle_constants(opt_alias_info *a, const ir_graph *g)
{
    bitset written;
    bool has_constants = false, is_written = false;
    IR_EACH_NODE_DEEP(n, g)
        has_constants |= n->op == OP_prim_Constant && opt_type_is_mutable(n->outputs[0]->type);
    if (!has_constants)
        return;
    bitset_init(&written, &a->arena);
    IR_EACH_NODE_DEEP(n, g)
        opt_alias_each_write(a, n, note_if_written, &written);
    IR_EACH_NODE_DEEP(n, g)
        is_written |= n->op == OP_prim_Constant && opt_type_is_mutable(n->outputs[0]->type)
                      && bitset_has(&written, opt_alias_set(a, n->outputs[0]));
    IR_EACH_NODE_DEEP(n, g)
        if (is_written && n->op == OP_prim_Constant)
            make_wild(a, n->outputs[0]);
}

static void analyse(opt_alias_info *a, const ir_graph *g)
{
    if (a->contents)
        decide_contents(a, g);
    for (uint32_t i = 0; i < ir_block_n_inputs(g->body); i++)
        make_wild(a, ir_block_input(g->body, i));
    for (uint32_t i = 0; i < ir_block_n_outputs(g->body) && !a->contents; i++)
        make_wild(a, ir_block_output(g->body, i));
    IR_EACH_NODE_DEEP(n, g)
        visit(a, n);
    settle_constants(a, g);
    IR_EACH_NODE_DEEP(n, g) {
        writer w = { a, n };
        opt_alias_each_write(a, n, note_write, &w);
    }
}

static opt_alias_info *new_info(const ir_graph *g, bool is_apart, bool trusts_modules)
{
    opt_alias_info *a = mem_calloc(1, sizeof *a);
    if (!a)
        return NULL;
    arena_init(&a->arena);
    a->g = g;
    a->trusts_modules = trusts_modules;
    a->n_values = g->n_values;
    a->parent = ARENA_ARRAY(&a->arena, alias_set, (size_t)g->n_values + 2);
    a->writes = ARENA_ARRAY(&a->arena, alias_write *, (size_t)g->n_values + 2);
    if (is_apart)
        a->contents = ARENA_ARRAY(&a->arena, alias_set, (size_t)g->n_values + 2);
    if (a->parent && a->writes && !arena_failed(&a->arena)) {
        for (uint32_t i = 0; i < g->n_values + 2; i++)
            a->parent[i] = i;
        analyse(a, g);
    }
    if (!arena_failed(&a->arena))
        return a;
    opt_alias_free(a);
    return NULL;
}

opt_alias_info *opt_alias(opt_ctx *cx, const ir_graph *g)
{
    if (!cx->alias || cx->alias->g != g) {
        opt_alias_drop(cx);
        cx->alias = new_info(g, false, false);
    }
    return cx->alias;
}

opt_alias_info *opt_alias_apart(const ir_graph *g)
{
    return new_info(g, true, false);
}

opt_alias_info *opt_alias_modules(const ir_graph *g)
{
    return new_info(g, false, true);
}

bool opt_alias_holds(opt_alias_info *a, alias_set outer, alias_set set)
{
    while (outer != ALIAS_NONE && outer != set) {
        alias_set held = a->contents ? a->contents[outer] : CONTENTS_COLLAPSED;
        outer = held == CONTENTS_UNDECIDED || held == CONTENTS_COLLAPSED ? ALIAS_NONE : root(a, held);
    }
    return outer == set;
}

void opt_alias_free(opt_alias_info *a)
{
    if (a)
        arena_fini(&a->arena);
    mem_free(a);
}

void opt_alias_drop(opt_ctx *cx)
{
    opt_alias_free(cx->alias);
    cx->alias = NULL;
}

/* ---- effects --------------------------------------------------------------------------------------- */

bool opt_is_visible(const ir_node *n)
{
    const op_info *info = op_get_info((op_id)n->op);
    if (info->traits & (OP_EFFECT | OP_RANDOM))
        return true;
    /* Operators we know only by signature: without results they are there for their effect. */
    const schema *sc = op_schema((op_id)n->op);
    return info->backend == OP_IS_DECLARED && sc && sc->n_rets == 0 && !schema_writes(sc);
}

static void note_wild(void *ctx, alias_set set)
{
    *(bool *)ctx |= set == ALIAS_WILD;
}

static bool has_effect_itself(opt_alias_info *a, const ir_node *n)
{
    if (n->n_blocks && (n->op == OP_prim_If || n->op == OP_prim_Loop))
        return false; // what is inside decides
    bool effect = opt_is_visible(n);
    if (!effect && a)
        opt_alias_each_write(a, n, note_wild, &effect);
    return effect || !a;
}

bool opt_has_effect(opt_ctx *cx, const ir_node *n)
{
    opt_alias_info *a = opt_alias(cx, n->block->graph);
    const ir_node *end = ir_next_skip(n);
    for (const ir_node *at = n; at && at != end; at = ir_next_deep(at))
        if (has_effect_itself(a, at))
            return true;
    return false;
}
