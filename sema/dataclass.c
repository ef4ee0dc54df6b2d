/* sema/dataclass.c: the methods that @dataclass writes: __init__, __eq__ and the orderings.
 *
 * They are written here as PyTorch writes them, as syntax trees of ordinary methods, so that nothing
 * behind this file knows dataclasses. Each statement stands at the field it is about: a field that
 * cannot be compared is reported there. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/flow.h"

#include <string.h>

enum { METHOD_DEPTH = 16 }; /* levels of the trees written here, and more */

typedef struct field {
    const char *name;
    range at;
    const ast_node *annotation, *default_value; /* the default, or NULL */
    bool in_init, is_attribute, is_compared, is_keyword_only;
} field;

typedef struct dataclass {
    checker *c;
    const ast_class *cls;
    type *type;
    range at;          /* the class header */
    VEC(field) fields;
    bool keyword_only; /* fields from here on */
    bool makes_init, makes_eq, makes_order;
} dataclass;

/* ---- building syntax ---- */

#define NODE(d, k, at_, ...)                                                                       \
    ast_keep((d), sizeof(ast_##k), &(ast_##k){ .node = { AST_##k, METHOD_DEPTH, (at_) }, __VA_ARGS__ })

static ast_node *ast_keep(dataclass *d, size_t n_bytes, const void *node)
{
    void *p = arena_alloc(d->c->arena, n_bytes);
    return p ? memcpy(p, node, n_bytes) : NULL;
}

static ast_nodes nodes(dataclass *d, size_t n, ast_node *const *from)
{
    ast_nodes r = { .at = ARENA_ARRAY(d->c->arena, ast_node *, n + 1) };
    for (size_t i = 0; r.at && i < n; i++)
        r.at[r.n++] = from[i];
    return r;
}

static ast_nodes one(dataclass *d, ast_node *n) { return nodes(d, 1, &n); }

static ast_node *name_node(dataclass *d, const char *id, range at)
{
    return NODE(d, name, at, .id = id);
}

static ast_node *member(dataclass *d, const char *of, const char *id, range at)
{
    return NODE(d, attribute, at, .value = name_node(d, of, at), .id = id);
}

static ast_node *assign_node(dataclass *d, ast_node *target, ast_node *value, range at)
{
    return NODE(d, assign, at, .targets = one(d, target), .value = value);
}

static ast_node *compare_node(dataclass *d, ast_node *a, ast_compare_op op, ast_node *b, range at)
{
    char *ops = arena_alloc(d->c->arena, 2);
    if (!ops)
        return NULL;
    ops[0] = (char)op;
    ops[1] = 0;
    return NODE(d, compare, at, .values = nodes(d, 2, (ast_node *[]){ a, b }), .ops = { ops, 1 });
}

static ast_node *return_bool(dataclass *d, bool value, range at)
{
    ast_node *v = value ? NODE(d, true, at) : NODE(d, false, at);
    return NODE(d, return, at, .value = v);
}

static ast_node *arm(dataclass *d, ast_node *cond, ast_nodes body, range at)
{
    return NODE(d, if_arm, at, .cond = cond, .body = body);
}

static ast_node *if_node(dataclass *d, size_t n, ast_node *const *arms, range at)
{
    return NODE(d, if, at, .arms = nodes(d, n, arms));
}

typedef struct body {
    VEC(ast_node *) statements;
} body;

static void add(dataclass *d, body *b, ast_node *n) { VEC_PUSH(&b->statements, d->c->arena, n); }

static void declare_written(dataclass *d, const char *name, ast_nodes params, const body *b,
                            ast_node *returns)
{
    ast_node *def = NODE(d, def, d->at, .id = name, .params = params, .returns = returns,
                         .body = nodes(d, b->statements.n, b->statements.at));
    if (def)
        declare_function(d->c, AST_AS(def, def), name, d->type);
}

static ast_node *param_node(dataclass *d, const char *id, range at)
{
    return NODE(d, param, at, .kind = AST_PARAM_NORMAL, .id = id);
}

/* ---- fields ---- */

static bool is_path(dataclass *d, const ast_node *n, const char *path)
{
    const char *p = n ? dotted_path(d->c, n, d->c->arena) : NULL;
    return p && !strcmp(p, path);
}

/* The value of a keyword of a call, or NULL. */
static const ast_node *keyword_value(const ast_nodes *args, const char *id)
{
    for (size_t i = 0; i < args->n; i++)
        if (args->at[i]->kind == AST_keyword && !strcmp(AST_AS(keyword, args->at[i])->id, id))
            return AST_AS(keyword, args->at[i])->value;
    return NULL;
}

static bool flag(const ast_nodes *args, const char *id, bool missing)
{
    const ast_node *n = keyword_value(args, id);
    return n ? n->kind == AST_true || (n->kind != AST_false && missing) : missing;
}

/* `field(default=3, compare=False)` */
static void read_field_call(dataclass *d, field *f, const ast_call *call)
{
    const ast_nodes *args = &call->args;
    const ast_node *factory = keyword_value(args, "default_factory");
    if (factory)
        diag_error(d->c->d, "unsupported", factory->at,
                   "a default factory is not supported: give the value to the constructor");
    f->default_value = keyword_value(args, "default");
    f->in_init = f->is_attribute = flag(args, "init", true);
    f->is_compared = flag(args, "compare", true);
    f->is_keyword_only = flag(args, "kw_only", f->is_keyword_only);
}

static void read_field(dataclass *d, const ast_ann_assign *s)
{
    const ast_node *annotation = s->annotation;
    const ast_subscript *sub =
        annotation->kind == AST_subscript ? AST_AS(subscript, annotation) : NULL;
    const ast_node *outer = sub ? sub->value : annotation;
    if (is_path(d, outer, "ClassVar") || is_path(d, outer, "typing.ClassVar"))
        return;
    if (is_path(d, outer, "dataclasses.KW_ONLY")) {
        d->keyword_only = true;
        return;
    }
    field f = { .name = AST_AS(name, s->target)->id,
                .at = s->node.at,
                .annotation = annotation,
                .default_value = s->value,
                .in_init = true,
                .is_attribute = true,
                .is_compared = true,
                .is_keyword_only = d->keyword_only };
    const ast_call *call = s->value && s->value->kind == AST_call ? AST_AS(call, s->value) : NULL;
    if (call && is_path(d, call->callee, "dataclasses.field"))
        read_field_call(d, &f, call);
    if (sub && sub->indices.n == 1 && is_path(d, outer, "dataclasses.InitVar")) {
        f.annotation = sub->indices.at[0];
        f.is_attribute = f.is_compared = false;
    }
    VEC_PUSH(&d->fields, d->c->arena, f);
}

/* ---- __init__ ---- */

static const ast_def *find_method(const ast_class *cls, const char *name)
{
    for (size_t i = 0; i < cls->body.n; i++)
        if (cls->body.at[i]->kind == AST_def && !strcmp(AST_AS(def, cls->body.at[i])->id, name))
            return AST_AS(def, cls->body.at[i]);
    return NULL;
}

static void write_init(dataclass *d)
{
    body params = { 0 }, b = { 0 }, rest = { 0 };
    add(d, &params, param_node(d, "self", d->at));
    for (int keyword_only = 0; keyword_only < 2; keyword_only++)
        for (size_t i = 0; i < d->fields.n; i++) {
            const field *f = &d->fields.at[i];
            if (!f->in_init || f->is_keyword_only != keyword_only)
                continue;
            add(d, &params,
                NODE(d, param, f->at, .id = f->name, .annotation = (ast_node *)f->annotation,
                     .kind = keyword_only ? AST_PARAM_KEYWORD_ONLY : AST_PARAM_NORMAL,
                     .default_value = (ast_node *)f->default_value));
        }
    for (size_t i = 0; i < d->fields.n; i++) {
        const field *f = &d->fields.at[i];
        ast_node *value = name_node(d, f->name, f->at);
        if (f->is_attribute)
            add(d, &b, assign_node(d, member(d, "self", f->name, f->at), value, f->at));
        else if (f->in_init)
            add(d, &rest, value);
    }
    const ast_def *post = find_method(d->cls, "__post_init__");
    if (post) {
        range at = def_header(post);
        ast_node *call = NODE(d, call, at, .callee = member(d, "self", "__post_init__", at),
                              .args = nodes(d, rest.statements.n, rest.statements.at));
        add(d, &b, NODE(d, expr_stmt, at, .value = call));
    }
    declare_written(d, "__init__", nodes(d, params.statements.n, params.statements.at), &b, NULL);
}

/* ---- comparisons ---- */

/* How a method decides on the first field in which two objects differ. */
typedef struct ordering {
    const char *name;
    ast_compare_op op;
    bool if_equal;
} ordering;

/* `if val1 < val2: return True elif val2 < val1: return False`; for ==: `if val1 != val2: return
 * False` */
static ast_node *decide(dataclass *d, const ordering *o, range at)
{
    bool is_eq = o->op == AST_NE;
    ast_node *arms[2];
    for (int i = 0; i < 2; i++) {
        ast_node *a = name_node(d, i ? "val2" : "val1", at), *b = name_node(d, i ? "val1" : "val2", at);
        arms[i] = arm(d, compare_node(d, a, o->op, b, at), one(d, return_bool(d, !is_eq && !i, at)), at);
    }
    return if_node(d, is_eq ? 1 : 2, arms, at);
}

static ast_node *is_none(dataclass *d, const char *id, ast_compare_op op, range at)
{
    return compare_node(d, name_node(d, id, at), op, NODE(d, none, at), at);
}

/* What an ordering says about a value and None. */
static ast_node *decide_about_none(dataclass *d, const ordering *o, range at)
{
    if (o->op == AST_NE)
        return return_bool(d, false, at);
    const char *words = arena_printf(d->c->arena, "Cannot compare %s with None", d->cls->id);
    ast_node *message = NODE(d, string, at, .value = { words, words ? strlen(words) : 0 });
    ast_node *call = NODE(d, call, at, .callee = name_node(d, "TypeError", at), .args = one(d, message));
    return NODE(d, raise, at, .value = call);
}

static void compare_field(dataclass *d, body *b, const field *f, const ordering *o)
{
    range at = f->at;
    add(d, b, assign_node(d, name_node(d, "val1", at), member(d, "self", f->name, at), at));
    add(d, b, assign_node(d, name_node(d, "val2", at), member(d, "other", f->name, at), at));
    ast_node *inner = decide(d, o, at);
    if (type_is_optional_like(check_annotation(d->c, f->annotation, NULL))) {
        ast_node *some[] = { is_none(d, "val1", AST_IS_NOT, at), is_none(d, "val2", AST_IS_NOT, at) };
        ast_node *both = NODE(d, bool_chain, at, .is_or = false, .values = nodes(d, 2, some));
        ast_node *differ = compare_node(d, is_none(d, "val1", AST_IS, at), AST_NE,
                                        is_none(d, "val2", AST_IS, at), at);
        ast_node *arms[] = { arm(d, both, one(d, inner), at),
                             arm(d, differ, one(d, decide_about_none(d, o, at)), at) };
        inner = if_node(d, 2, arms, at);
    }
    add(d, b, inner);
}

static void write_comparison(dataclass *d, const ordering *o)
{
    if (find_method(d->cls, o->name))
        return;
    body b = { 0 };
    for (size_t i = 0; i < d->fields.n; i++)
        if (d->fields.at[i].is_compared)
            compare_field(d, &b, &d->fields.at[i], o);
    add(d, &b, return_bool(d, o->if_equal, d->at));
    ast_node *other = NODE(d, param, d->at, .kind = AST_PARAM_NORMAL, .id = "other",
                           .annotation = name_node(d, d->cls->id, d->at));
    ast_node *params[] = { param_node(d, "self", d->at), other };
    declare_written(d, o->name, nodes(d, 2, params), &b, name_node(d, "bool", d->at));
}

/* ---- the decorator ---- */

static const ast_node *find_decorator(checker *c, const ast_class *cls)
{
    for (size_t i = 0; i < cls->decorators.n; i++) {
        const ast_node *n = cls->decorators.at[i];
        const ast_node *callee = n->kind == AST_call ? AST_AS(call, n)->callee : n;
        const char *path = dotted_path(c, callee, c->arena);
        if (path && (!strcmp(path, "dataclasses.dataclass") || !strcmp(path, "dataclass")))
            return n;
    }
    return NULL;
}

bool is_dataclass(checker *c, const ast_class *cls) { return find_decorator(c, cls) != NULL; }

static void read_options(dataclass *d)
{
    static const ast_nodes none;
    const ast_node *n = find_decorator(d->c, d->cls);
    const ast_nodes *args = n && n->kind == AST_call ? &AST_AS(call, n)->args : &none;
    if (n && flag(args, "frozen", false))
        diag_error(d->c->d, "unsupported", n->at, "frozen dataclasses are not supported");
    d->makes_init = flag(args, "init", true);
    d->makes_eq = flag(args, "eq", true);
    d->makes_order = flag(args, "order", false);
    d->keyword_only = flag(args, "kw_only", false);
}

void declare_dataclass_methods(checker *c, type *t, const ast_class *cls, range at)
{
    static const ordering eq = { "__eq__", AST_NE, true };
    static const ordering orderings[] = { { "__lt__", AST_LT, false },
                                          { "__le__", AST_LT, true },
                                          { "__gt__", AST_GT, false },
                                          { "__ge__", AST_GT, true } };
    dataclass d = { .c = c, .cls = cls, .type = t, .at = at };
    if (!arena_reserve(c->arena, 1024 + cls->body.n * 16384)) /* trees are made of memory at hand */
        return;
    read_options(&d);
    for (size_t i = 0; i < cls->body.n; i++) {
        const ast_node *n = cls->body.at[i];
        if (n->kind == AST_ann_assign && AST_AS(ann_assign, n)->target->kind == AST_name)
            read_field(&d, AST_AS(ann_assign, n));
    }
    if (d.makes_init && !find_method(cls, "__init__"))
        write_init(&d);
    if (d.makes_eq)
        write_comparison(&d, &eq);
    for (size_t i = 0; d.makes_order && i < sizeof orderings / sizeof *orderings; i++)
        write_comparison(&d, &orderings[i]);
}
