/* sema/warn_types.c: warnings that the typed tree tells: tensors compared by identity, tensors that
 * become numbers, values computed for nobody. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/warn.h"

#include <string.h>

typedef struct typed_walk {
    checker *c;
    arena a;
    VEC(const texpr *) exprs;
    VEC(const tstmt *) stmts;
    ptrmap seen;            /* shared expressions looked at */
} typed_walk;

static void push_expr(typed_walk *w, const texpr *e)
{
    if (e)
        VEC_PUSH(&w->exprs, &w->a, e);
}

static void push_stmts(typed_walk *w, const tstmt_list *stmts)
{
    for (size_t i = 0; stmts && i < stmts->n; i++)
        VEC_PUSH(&w->stmts, &w->a, stmts->at[i]);
}

/* ---- expressions ---- */

static bool is_tensor(const texpr *e) { return e->type->kind == TYPE_TENSOR; }

/* Operators that ask a tensor for its value, and the words for it. */
static const struct {
    const char *op, *what;
} conversions[] = {
    { "aten::Bool", "decides a condition" },
    { "aten::Complex", "becomes a complex" },
    { "aten::ComplexImplicit", "becomes a complex" },
    { "aten::Float", "becomes a float" },
    { "aten::FloatImplicit", "becomes a float" },
    { "aten::Int", "becomes an int" },
    { "aten::IntImplicit", "becomes an int" },
    { "aten::ScalarImplicit", "becomes a number" },
    { "aten::allclose", "decides a bool" },
    { "aten::equal", "decides a bool" },
    { "aten::is_nonzero", "decides a condition" },
    { "aten::item", "becomes a number" },
    { "aten::len", "gives its length as an int" },
};

static void warn_trace(checker *c, const texpr *e)
{
    const char *what = e->kind == TX_TOLIST ? "becomes a list" : NULL;
    for (size_t i = 0; e->kind == TX_OP && i < sizeof conversions / sizeof *conversions && !what; i++)
        if (!strcmp(op_name(e->op), conversions[i].op))
            what = conversions[i].what;
    if (what)
        warn(c, WARN_trace_unsafe, e->at,
             "a tensor %s here: a trace would keep what it saw while tracing", what);
}

static void warn_op(checker *c, const texpr *e)
{
    bool is_is = e->op == OP_aten___is__ || e->op == OP_aten___isnot__;
    if (is_is && e->n_args == 2 && is_tensor(e->args[0]) && is_tensor(e->args[1])) {
        diag_item *it = warn(c, WARN_tensor_identity, e->at,
                             "'%s' asks whether two tensors are the same object, not whether they are equal",
                             e->op == OP_aten___is__ ? "is" : "is not");
        if (it)
            diag_note(c->d, it, e->at, "torch.equal(a, b) compares what they hold");
    }
}

static void warn_missing(checker *c, const texpr *e)
{
    if (op_get_info(e->op)->backend == OP_IS_DECLARED)
        warn(c, WARN_missing_operator, e->at, "%s is not implemented", op_name(e->op));
}

static void look_at_expr(typed_walk *w, const texpr *e)
{
    if (e->kind == TX_SHARED) {
        if (ptrmap_has(&w->seen, e) || !ptrmap_set(&w->seen, e, (void *)e))
            return;
    }
    if (e->kind == TX_OP) {
        warn_missing(w->c, e);
        warn_op(w->c, e);
    }
    if ((e->kind == TX_OP || e->kind == TX_TOLIST) && e->n_args && is_tensor(e->args[0])
        && warn_is_on(w->c, WARN_trace_unsafe))
        warn_trace(w->c, e);
    for (uint32_t i = 0; i < e->n_args; i++)
        push_expr(w, e->args[i]);
    push_stmts(w, e->then_prefix);
    push_stmts(w, e->else_prefix);
    push_stmts(w, e->body);
}

/* ---- statements ---- */

/* Why a statement that is only this expression does nothing, or NULL. Reading an item may be a test that
 * it is there, and a random number moves the generator on. */
static const char *idle_words(const texpr *e)
{
    switch ((int)e->kind) {
    case TX_VAR:
    case TX_ATTR:
    case TX_CONST: return "this statement does nothing";
    case TX_OP: {
        uint32_t traits = op_get_info(e->op)->traits;
        bool is_idle = (traits & OP_PURE) && !(traits & (OP_RANDOM | OP_EFFECT | OP_WRITES_STATS));
        return is_idle && op_schema(e->op)->n_rets ? "the result is not used" : NULL;
    }
    default: return NULL;
    }
}

static bool has_in_place_form(checker *c, const texpr *e)
{
    size_t n = 0;
    const char *name = e->kind == TX_OP ? arena_printf(c->arena, "%s_", op_name(e->op)) : NULL;
    if (name && e->n_args && is_tensor(e->args[0]))
        op_find_all(name, &n);
    return n > 0;
}

static void warn_idle(checker *c, const tstmt *s)
{
    const char *words = idle_words(s->value);
    const texpr *e = s->value;
    if (!words || type_is_error(e->type) || e->type->kind == TYPE_NONE)
        return;
    diag_item *it = warn(c, WARN_unused_result, e->at, "%s", words);
    if (it && has_in_place_form(c, e))
        diag_note(c->d, it, e->at, "%s_ would change the tensor in place", op_name(e->op) + strlen("aten::"));
}

static void look_at_stmt(typed_walk *w, const tstmt *s)
{
    if (s->kind == TS_EXPR && s->value)
        warn_idle(w->c, s);
    push_expr(w, s->value);
    push_expr(w, s->object);
    push_stmts(w, &s->body);
    push_stmts(w, &s->orelse);
    push_stmts(w, &s->cond_prefix);
    for (size_t i = 0; i < s->n_items; i++)
        push_expr(w, s->items[i].object);
}

/* ---- parameters ---- */

static void warn_parameters(checker *c, const ir_function *fn)
{
    const schema *s = fn->schema;
    for (size_t i = 0; i < s->n_args; i++)
        if (s->args[i].is_inferred && !(fn->owner && !fn->is_static && i == 0))
            warn(c, WARN_implicit_tensor, s->args[i].at,
                 "parameter '%s' has no annotation and is taken to be a Tensor", s->args[i].name);
}

void warn_function_types(checker *c, const ir_function *fn, const ttree *t)
{
    typed_walk w = { .c = c };
    arena_init(&w.a);
    ptrmap_init(&w.seen, &w.a);
    warn_parameters(c, fn);
    push_stmts(&w, &t->body);
    while ((w.stmts.n || w.exprs.n) && !w.a.failed) {
        if (w.exprs.n)
            look_at_expr(&w, w.exprs.at[--w.exprs.n]);
        else
            look_at_stmt(&w, w.stmts.at[--w.stmts.n]);
    }
    c->arena->failed |= w.a.failed;
    arena_fini(&w.a);
}
