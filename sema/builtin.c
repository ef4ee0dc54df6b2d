/* sema/builtin.c: built-in functions (spec/language.md §6.6) and torch.jit's (annotate, isinstance,
 * fork).
 *
 * names.def says what each is: an operator; an operator that classes answer with a magic method; a
 * cast; or a special form, which looks at the syntax of its arguments. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/value.h"

typedef enum builtin_kind {
    KIND_OPERATOR,
    KIND_MAGIC,
    KIND_CAST,
    KIND_FUNCTION,
    KIND_FORM
} builtin_kind;

typedef sval (*builtin_function)(fn_checker *f, const call_args *args, range at);
typedef sval (*builtin_form)(fn_checker *f, const ast_call *n, const type *hint);

typedef struct builtin {
    const char *name;
    size_t n_name; /* its length: compared first */
    builtin_kind kind;
    const char *op, *magic;
    type_kind cast_to;
    builtin_function function;
    builtin_form form;
} builtin;

/* ---- functions ---- */

static texpr *const *values_of(fn_checker *f, const call_args *args)
{
    texpr **v = ARENA_ARRAY(arena_of(f), texpr *, args->n + 1);
    for (size_t i = 0; v && i < args->n; i++) {
        v[i] = args->at[i].value ? args->at[i].value : sval_to_value(f, args->at[i].sv);
        if (is_error(v[i]))
            return NULL;
    }
    return arena_failed(arena_of(f)) ? NULL : v;
}

static sval call_print(fn_checker *f, const call_args *args, range at)
{
    texpr *const *v = expect_args(f, "print", args, 0, SIZE_MAX, at) ? values_of(f, args) : NULL;
    const type *nothing = type_tuple(NULL, 0);
    if (!v || !nothing)
        return error_sval(at);
    emit_stmt(f, TS_EXPR, at)->value = op_expr(f, OP_prim_Print, nothing, args->n, v, at);
    return (sval){ .kind = SVAL_NOTHING, .at = at, .name = "print" };
}

static sval call_tuple(fn_checker *f, const call_args *args, range at)
{
    if (!expect_args(f, "tuple", args, 0, 1, at))
        return error_sval(at);
    if (!args->n)
        return value_sval(tuple_expr(f, 0, NULL, at));
    const call_arg *a = &args->at[0];
    if (a->value && is_tuple_like(a->value->type)) {
        size_t n = a->value->type->n_args;
        texpr **items = tuple_items(f, a->value, at);
        return items ? value_sval(tuple_expr(f, n, items, at)) : error_sval(at);
    }
    sval_iter *it = get_iter(f, a->value ? value_sval(a->value) : a->sv, a->at);
    if (!it)
        return error_sval(at);
    if (!it->is_static) {
        diag_error(f->c->d, "bad-argument", a->at,
                   "cannot statically infer the expected size of a list in this "
                   "context: tuple() takes tuples only");
        return error_sval(at);
    }
    texpr **items = ARENA_ARRAY(arena_of(f), texpr *, it->n_static + 1);
    for (size_t i = 0; items && i < it->n_static; i++)
        items[i] = sval_to_value(f, it->elements[i]);
    return items ? value_sval(tuple_expr(f, it->n_static, items, at)) : error_sval(at);
}

/* slice(stop), slice(start, stop[, step]): only an index can take it. */
static sval call_slice(fn_checker *f, const call_args *args, range at)
{
    texpr *const *v = expect_args(f, "slice", args, 1, 3, at) ? values_of(f, args) : NULL;
    sval *items = ARENA_ARRAY(arena_of(f), sval, 3);
    if (!v || !items)
        return error_sval(at);
    size_t first = args->n == 1 ? 1 : 0;
    for (size_t i = 0; i < 3; i++)
        items[i] = value_sval(none_const(f, at));
    for (size_t i = 0; i < args->n; i++)
        items[first + i] = value_sval(pin(f, v[i]));
    return (sval){ .kind = SVAL_SLICE, .at = at, .items = items, .n_items = 3 };
}

static sval call_wait(fn_checker *f, const call_args *args, range at)
{
    return value_sval(call_operator(f, "aten::wait", args, at));
}

static sval call_is_scripting(fn_checker *f, const call_args *args, range at)
{
    if (!expect_args(f, "is_scripting", args, 0, 0, at))
        return error_sval(at);
    return value_sval(op_expr(f, OP_aten_is_scripting, T_BOOL, 0, NULL, at));
}

/* What runs here was compiled, never traced. */
static sval call_is_tracing(fn_checker *f, const call_args *args, range at)
{
    bool good = expect_args(f, "is_tracing", args, 0, 0, at);
    return good ? value_sval(bool_const(f, false, at)) : error_sval(at);
}

/* C.__new__(C) of archive code: an instance whose __init__ is called separately. */
static sval call_new(fn_checker *f, const call_args *args, range at)
{
    if (!expect_args(f, "__new__", args, 1, 1, at))
        return error_sval(at);
    const sval *cls = &args->at[0].sv;
    if (cls->kind == SVAL_CLASS && cls->type && cls->type->kind == TYPE_CLASS)
        return value_sval(new_texpr(f, TX_NEW, cls->type, at, 0));
    diag_error(f->c->d, "bad-argument", args->at[0].at, "__new__ takes a class");
    return error_sval(at);
}

texpr *call_cast(fn_checker *f, const type *to, const call_args *args, range at)
{
    static const struct {
        type_kind to;
        const char *op, *magic;
    } by_kind[] = {
        { TYPE_INT, "aten::Int", "__int__" },
        { TYPE_FLOAT, "aten::Float", "__float__" },
        { TYPE_COMPLEX, "aten::Complex", "__complex__" },
        { TYPE_BOOL, "aten::Bool", "__bool__" },
        { TYPE_STR, "aten::str", "__str__" },
    };
    texpr *const *v = values_of(f, args);
    if (!v)
        return error_expr(f, at);
    if (args->n == 1 && !args->at[0].keyword) {
        if (type_is_subtype(v[0]->type, to))
            return v[0];
        if (to->kind == TYPE_BOOL) {
            texpr *e = to_bool(f, v[0]);
            if (!is_error(e))
                e->at = at;
            return e;
        }
    }
    for (size_t i = 0; i < sizeof by_kind / sizeof *by_kind; i++) {
        if (by_kind[i].to != (type_kind)to->kind)
            continue;
        texpr *e = args->n == 1 ? call_magic(f, v[0], by_kind[i].magic, 0, NULL, at) : NULL;
        return e ? e : call_operator(f, by_kind[i].op, args, at);
    }
    return error_expr(f, at);
}

/* ---- special forms ---- */

static bool form_args(fn_checker *f, const ast_call *n, const char *what, size_t min, size_t max)
{
    for (size_t i = 0; i < n->args.n; i++)
        if (n->args.at[i]->kind == AST_keyword || n->args.at[i]->kind == AST_star) {
            diag_error(f->c->d, "bad-argument", n->args.at[i]->at,
                       "%s takes plain positional arguments", what);
            return false;
        }
    if (n->args.n >= min && n->args.n <= max)
        return true;
    diag_error(f->c->d, n->args.n < min ? "missing-argument" : "too-many-arguments", n->node.at,
               "%s takes %zu%s arguments, not %zu", what, min, min == max ? "" : " or more",
               n->args.n);
    return false;
}

static sval form_isinstance(fn_checker *f, const ast_call *n, const type *hint)
{
    (void)hint;
    if (!form_args(f, n, "isinstance", 2, 2))
        return error_sval(n->node.at);
    return value_sval(check_isinstance(f, n->args.at[0], n->args.at[1], n->node.at).expr);
}

static sval form_hasattr(fn_checker *f, const ast_call *n, const type *hint)
{
    (void)hint;
    if (!form_args(f, n, "hasattr", 2, 2))
        return error_sval(n->node.at);
    return value_sval(check_hasattr(f, n->args.at[0], n->args.at[1], n->node.at).expr);
}

static sval form_getattr(fn_checker *f, const ast_call *n, const type *hint)
{
    range at = n->node.at;
    if (!form_args(f, n, "getattr", 2, 3))
        return error_sval(at);
    if (n->args.at[1]->kind != AST_string) {
        diag_error(f->c->d, "bad-argument", n->args.at[1]->at,
                   "getattr's second argument must be a string literal");
        return error_sval(at);
    }
    const char *name = ((const ast_string *)n->args.at[1])->value.s;
    sval of = check_sval(f, n->args.at[0], NULL);
    if (n->args.n == 3 && of.kind == SVAL_VALUE && of.expr->type->kind == TYPE_CLASS) {
        condition c = check_hasattr(f, n->args.at[0], n->args.at[1], at);
        if (c.truth == TRUTH_FALSE)
            return value_sval(check_expr(f, n->args.at[2], hint));
    }
    return get_attribute(f, of, name, at);
}

static const type *type_argument(fn_checker *f, const ast_node *n)
{
    const type *t = try_annotation(f->c, f, n);
    if (!t)
        diag_error(f->c->d, "bad-annotation", n->at, "this is not a type");
    return t && !type_is_error(t) ? t : NULL;
}

static sval form_annotate(fn_checker *f, const ast_call *n, const type *hint)
{
    range at = n->node.at;
    (void)hint;
    if (!form_args(f, n, "annotate", 2, 2))
        return error_sval(at);
    const type *t = type_argument(f, n->args.at[0]);
    texpr *e = t ? check_expr(f, n->args.at[1], t) : NULL;
    if (!e || is_error(e))
        return error_sval(at);
    if (is_none(e->type) && t->kind == TYPE_OPTIONAL && e->kind == TX_CONST)
        return value_sval(new_const(f, VALUE_NONE_V, t, at));
    texpr *r = try_convert(f, e, t, true);
    if (!r) {
        diag_item *it = diag_error(f->c->d, "bad-annotation", n->args.at[1]->at,
                                   "expected an expression of type %s but found %s", spell(f, t),
                                   spell(f, e->type));
        note_optional(f, it, e);
        return error_sval(at);
    }
    if (t->kind != TYPE_ANY || r->type == t)
        return value_sval(r); /* what is narrower stays so */
    return value_sval(new_cast(f, r, t, at));
}

/* What archive code writes for the casts of refinement: no test, no conversion. */
static sval form_unchecked_cast(fn_checker *f, const ast_call *n, const type *hint)
{
    range at = n->node.at;
    (void)hint;
    if (!form_args(f, n, "unchecked_cast", 2, 2))
        return error_sval(at);
    const type *t = type_argument(f, n->args.at[0]);
    texpr *e = t ? check_expr(f, n->args.at[1], t) : NULL;
    if (!e || is_error(e))
        return error_sval(at);
    return value_sval(new_cast(f, e, t, at));
}

static sval form_uninitialized(fn_checker *f, const ast_call *n, const type *hint)
{
    (void)hint;
    if (!form_args(f, n, "uninitialized", 1, 1))
        return error_sval(n->node.at);
    const type *t = type_argument(f, n->args.at[0]);
    return t ? value_sval(new_texpr(f, TX_UNINIT, t, n->node.at, 0)) : error_sval(n->node.at);
}

static sval form_list(fn_checker *f, const ast_call *n, const type *hint)
{
    range at = n->node.at;
    if (!form_args(f, n, "list", 0, 1))
        return error_sval(at);
    if (!n->args.n) {
        const type *t = hint && hint->kind == TYPE_LIST ? hint : type_list(T_TENSOR);
        return value_sval(new_texpr(f, TX_LIST, t, at, 0));
    }
    const ast_node *arg = n->args.at[0];
    if (arg->kind == AST_name || arg->kind == AST_string || arg->kind == AST_list
        || arg->kind == AST_attribute) {
        /* checking these twice has no effect; lists and strings are copied by an operator */
        sval v = check_sval(f, arg, NULL);
        if (v.kind == SVAL_ERROR)
            return v;
        if (v.kind == SVAL_VALUE
            && (v.expr->type->kind == TYPE_LIST || v.expr->type->kind == TYPE_STR))
            return value_sval(call_op(f, "aten::list", at, 1, &v.expr));
    }
    return value_sval(list_of_iterable(f, arg, hint, at));
}

/* dict(a=1, b=2): a literal with string keys. */
static texpr *keyword_dict(fn_checker *f, const ast_call *n, range at)
{
    texpr *e = new_texpr(f, TX_DICT, T_ERROR, at, 2 * n->args.n);
    const type *value = NULL;
    for (size_t i = 0; 2 * i + 1 < e->n_args; i++) {
        const ast_keyword *k = (const ast_keyword *)n->args.at[i];
        e->args[2 * i] = str_const(f, k->id, strlen(k->id), k->node.at);
        e->args[2 * i + 1] = check_expr(f, k->value, NULL);
        if (is_error(e->args[2 * i + 1]))
            return error_expr(f, at);
        const type *t = e->args[2 * i + 1]->type;
        value = value ? type_unify_or_union(value, t) : t;
    }
    const type *t = value ? type_dict(T_STR, value) : NULL;
    if (!t)
        return error_expr(f, at);
    e->type = t;
    return e;
}

/* dict(d, k=v): the copy gets the keywords one by one. */
static texpr *add_keywords(fn_checker *f, texpr *copy, const ast_call *n, range at)
{
    if (n->args.n == 1 || is_error(copy))
        return copy;
    texpr *d = emit_temp(f, copy);
    for (size_t i = 1; i < n->args.n; i++) {
        const ast_keyword *k = (const ast_keyword *)n->args.at[i];
        texpr *args[] = { d, str_const(f, k->id, strlen(k->id), k->node.at),
                          check_expr(f, k->value, NULL) };
        texpr *set = call_op(f, "aten::_set_item", k->node.at, 3, args);
        if (is_error(set))
            return set;
        emit_stmt(f, TS_EXPR, at)->value = set;
    }
    return d;
}

static sval form_dict(fn_checker *f, const ast_call *n, const type *hint)
{
    range at = n->node.at;
    size_t n_plain = 0;
    for (size_t i = 0; i < n->args.n; i++)
        n_plain += n->args.at[i]->kind != AST_keyword;
    if (n_plain > 1 || (n_plain && n->args.at[0]->kind == AST_star)) {
        diag_error(f->c->d, "bad-argument", at,
                   "dict() takes one dict or iterable of pairs, and keywords");
        return error_sval(at);
    }
    if (!n->args.n) {
        const type *t = hint && hint->kind == TYPE_DICT ? hint : type_dict(T_STR, T_TENSOR);
        return value_sval(new_texpr(f, TX_DICT, t, at, 0));
    }
    if (!n_plain)
        return value_sval(keyword_dict(f, n, at));
    const ast_node *arg = n->args.at[0];
    if (arg->kind == AST_name || arg->kind == AST_dict || arg->kind == AST_dict_comp
        || arg->kind == AST_attribute) {
        texpr *e = check_expr(f, arg, hint);
        if (is_error(e))
            return error_sval(at);
        if (e->type->kind == TYPE_DICT)
            return value_sval(add_keywords(f, call_op(f, "aten::dict", at, 1, &e), n, at));
    }
    return value_sval(add_keywords(f, dict_of_pairs(f, arg, at), n, at));
}

/* OrderedDict(): as dict(), but what it is assigned to says nothing about an empty one. */
static sval form_ordered_dict(fn_checker *f, const ast_call *n, const type *hint)
{
    (void)hint;
    return form_dict(f, n, NULL);
}

/* ---- fork ---- */

static texpr *fork_body(fn_checker *f, tstmt_list *body, const type *result, range at)
{
    const type *future_type = type_future(result);
    texpr *e = new_texpr(f, TX_FORK, future_type ? future_type : T_ERROR, at, 0);
    e->body = body;
    return e;
}

/* fork(g, x): the arguments are evaluated here, the call stands in the forked body. */
static texpr *fork_call(fn_checker *f, sval callee, call_args *args, range at)
{
    for (size_t i = 0; i < args->n; i++) {
        call_arg *a = &args->at[i];
        a->value = a->value ? a->value : sval_to_value(f, a->sv);
        if (is_error(a->value))
            return error_expr(f, at);
        if (!is_empty_literal(a->value))
            a->value = pin(f, a->value);
    }
    if (callee.kind == SVAL_METHOD && callee.expr)
        callee.expr = pin(f, callee.expr);
    tstmt_list *body = new_statements(f);
    scope s = { 0 };
    if (!body)
        return error_expr(f, at);
    scope_push_own(f, &s, body);
    texpr *result = call_sval(f, callee, args, NULL, at);
    emit_stmt(f, TS_RETURN, at)->value = result;
    scope_pop(f);
    return is_error(result) ? result : fork_body(f, body, result->type, at);
}

static sval form_fork(fn_checker *f, const ast_call *n, const type *hint)
{
    range at = n->node.at;
    (void)hint;
    if (!n->args.n) {
        diag_error(f->c->d, "missing-argument", at, "fork needs the function to run");
        return error_sval(at);
    }
    sval callee = check_sval(f, n->args.at[0], NULL);
    if (callee.kind == SVAL_ERROR)
        return callee;
    if (callee.kind == SVAL_CLOSURE) {
        if (n->args.n > 1) {
            diag_error(f->c->d, "too-many-arguments", at, "Cannot fork lambda with parameters");
            return error_sval(at);
        }
        tstmt_list *body = new_statements(f);
        if (!body)
            return error_sval(at);
        const type *t = check_closure(f, (const ast_def *)callee.ast, body);
        return type_is_error(t) ? error_sval(at) : value_sval(fork_body(f, body, t, at));
    }
    ast_nodes rest = { .at = n->args.at + 1, .n = n->args.n - 1 };
    call_args args = { 0 };
    if (!check_arguments(f, &rest, &args))
        return error_sval(at);
    return value_sval(fork_call(f, callee, &args, at));
}

/* ---- the table ---- */

#define NAME(id) .name = id, .n_name = sizeof id - 1

static const builtin builtins[] = {
#define OPERATOR(id, operator) { NAME(id), .kind = KIND_OPERATOR, .op = operator},
#define MAGIC(id, operator, dunder)                                                                \
    { NAME(id), .kind = KIND_MAGIC, .op = operator, .magic = dunder },
#define CAST(id, to)     { NAME(id), .kind = KIND_CAST, .cast_to = to },
#define FUNCTION(id, fn) { NAME(id), .kind = KIND_FUNCTION, .function = fn },
#define FORM(id, fn)     { NAME(id), .kind = KIND_FORM, .form = fn },
#include "sema/names.def"
};

static const builtin *find_builtin(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++)
        if (builtins[i].n_name == n && memcmp(builtins[i].name, name, n) == 0)
            return &builtins[i];
    return NULL;
}

const char *builtin_name(const char *name)
{
    const builtin *b = find_builtin(name);
    return b ? b->name : NULL;
}

bool call_special_form(fn_checker *f, const char *name, const ast_call *n, const type *hint,
                       sval *ret)
{
    const builtin *b = find_builtin(name);
    if (!b || b->kind != KIND_FORM)
        return false;
    *ret = b->form(f, n, hint);
    return true;
}

static sval call_magic_builtin(fn_checker *f, const builtin *b, const call_args *args, range at)
{
    if (args->n == 1 && args->at[0].value && args->at[0].value->type->kind == TYPE_CLASS) {
        texpr *e = call_magic(f, args->at[0].value, b->magic, 0, NULL, at);
        if (e)
            return value_sval(e);
    }
    return value_sval(call_operator(f, b->op, args, at));
}

sval call_builtin(fn_checker *f, const char *name, const call_args *args, const type *hint,
                  range at)
{
    const builtin *b = find_builtin(name);
    (void)hint;
    if (!b) {
        diag_error(f->c->d, "not-implemented", at, "builtin function '%s' is not supported", name);
        return error_sval(at);
    }
    switch (b->kind) {
    case KIND_OPERATOR: return value_sval(call_operator(f, b->op, args, at));
    case KIND_MAGIC: return call_magic_builtin(f, b, args, at);
    case KIND_CAST: return value_sval(call_cast(f, type_base(b->cast_to), args, at));
    case KIND_FUNCTION: return b->function(f, args, at);
    case KIND_FORM: break;
    }
    diag_error(f->c->d, "not-callable", at, "'%s' can only be called directly", name);
    return error_sval(at);
}
