/* sema/annotation.c: types from annotations.
 *
 * An annotation is an expression; it is read here without evaluating it. Names lead to the file's
 * classes, to types and constructors bound beforehand, and through modules ("torch.Tensor",
 * "typing.List"). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/flow.h"

#include <string.h>

typedef struct resolver {
    checker *c;
    arena *a;
    bool quiet;     /* only asking whether it is a type */
    bool in_string; /* report at `at`: the text of a quoted annotation is not the file's */
    range at;
    int sized;
    int depth;
} resolver;

/* NULL: no memory, or not a type while only asking. */
static const type *resolve(resolver *r, const ast_node *n);

#define REPORT(r, where, ...)                                                                      \
    ((r)->quiet ? NULL                                                                             \
                : (diag_error((r)->c->d, "bad-annotation", (r)->in_string ? (r)->at : (where),     \
                              __VA_ARGS__),                                                        \
                   T_ERROR))

/* ---- names ---- */

/* What the first word of a dotted name stands for: a module's path, or itself. */
static const char *first_of_path(const checker *c, const ast_name *n)
{
    const sval *g = find_global(c, n->id);
    bool is_path = g && (g->kind == SVAL_MODULE || (g->kind == SVAL_TYPE && !g->type));
    return is_path ? g->name : n->id;
}

static bool add_path(const checker *c, const ast_node *n, text *to)
{
    if (n->kind == AST_name) {
        text_add(to, first_of_path(c, (const ast_name *)n));
        return true;
    }
    if (n->kind != AST_attribute || !add_path(c, ((const ast_attribute *)n)->value, to))
        return false;
    text_add_char(to, '.');
    text_add(to, ((const ast_attribute *)n)->id);
    return true;
}

const char *dotted_path(const checker *c, const ast_node *n, arena *a)
{
    if (n->kind == AST_name)
        return first_of_path(c, (const ast_name *)n);
    text path;
    text_init(&path, a);
    return add_path(c, n, &path) && !path.failed ? path.s : NULL;
}

bool has_decorator(const checker *c, const ast_nodes *decorators, const char *path)
{
    bool found = false;
    arena a;
    arena_init(&a);
    for (size_t i = 0; i < decorators->n && !found; i++) {
        const ast_node *n = decorators->at[i];
        if (n->kind == AST_call)
            n = ((const ast_call *)n)->callee;
        const char *p = dotted_path(c, n, &a);
        found = p && !strcmp(p, path);
    }
    arena_fini(&a);
    return found;
}

static const type *report_unknown_type(resolver *r, const char *name, range at)
{
    if (r->quiet)
        return NULL;
    range where = r->in_string ? r->at : at;
    if (python_explains(r->c, name, where))
        return T_ERROR;
    diag_item *it = diag_error(r->c->d, "unknown-type", where, "unknown type '%s'", name);
    const char *meant = suggest_name(r->c, NULL, name);
    if (meant)
        diag_note(r->c->d, it, where, "did you mean '%s'?", meant);
    return T_ERROR;
}

static const type *resolve_name(resolver *r, const ast_name *n)
{
    range at = n->node.at;
    python_use(r->c, n->id);
    sval *own = strmap_find(&r->c->globals, n->id);
    const sval *g = own ? own : find_global(r->c, n->id);
    if (own && own->kind == SVAL_CLASS) {
        const type *t = resolve_class(r->c, own);
        return t ? t : T_ERROR;
    }
    if (g && g->kind == SVAL_ERROR)
        return r->quiet ? NULL : T_ERROR;
    if (g && g->kind == SVAL_TYPE && g->type)
        return g->type;
    const char *path = g && (g->kind == SVAL_TYPE || g->kind == SVAL_MODULE) ? g->name : n->id;
    const type *t = named_type(path);
    if (t)
        return t;
    if (type_constructor(path))
        return REPORT(r, at, "%s needs its types in brackets: %s[…]", n->id, n->id);
    if (broadcast_size(path)) {
        r->sized = broadcast_size(path);
        return type_list(T_INT);
    }
    if (g)
        return REPORT(r, at, "'%s' is not a type", n->id);
    return report_unknown_type(r, n->id, at);
}

static const type *resolve_attribute(resolver *r, const ast_node *n)
{
    const char *path = dotted_path(r->c, n, r->a);
    const type *t = path ? named_type(path) : NULL;
    if (!t && path && r->c->archive && !strncmp(path, "__torch__.", 10))
        t = archive_find_type(r->c, path);
    if (!t && path)
        t = find_library_class(r->c, path);
    if (t)
        return t;
    if (path && type_constructor(path))
        return REPORT(r, n->at, "%s needs its types in brackets", path);
    if (path)
        return report_unknown_type(r, path, n->at);
    return REPORT(r, n->at, "this is not a type");
}

/* ---- constructors ---- */

static bool is_dict_key(const type *t)
{
    switch ((int)t->kind) {
    case TYPE_INT:
    case TYPE_BOOL:
    case TYPE_FLOAT:
    case TYPE_COMPLEX:
    case TYPE_STR:
    case TYPE_TENSOR:
    case TYPE_DEVICE:
    case TYPE_ANY:
    case TYPE_ERROR: return true;
    default: return false;
    }
}

static const type *make_dict(resolver *r, const type *const *args, range at)
{
    if (is_dict_key(args[0]))
        return type_dict(args[0], args[1]);
    return REPORT(r, at,
                  "a Dict cannot have keys of type %s: only int, bool, float, complex, str, Tensor "
                  "and device",
                  type_str(r->a, args[0]));
}

static const type *make_broadcasting(resolver *r, const char *name, const type *elem, range at)
{
    if (elem->kind != TYPE_INT && elem->kind != TYPE_FLOAT && !type_is_error(elem))
        return REPORT(r, at, "%s takes int or float", name);
    r->sized = name[strlen(name) - 1] - '0';
    return type_list(elem);
}

/* How many arguments a constructor takes; -1: any number. */
static int constructor_arity(const char *name)
{
    if (!strcmp(name, "Dict"))
        return 2;
    return !strcmp(name, "Tuple") || !strcmp(name, "Union") ? -1 : 1;
}

static const type *construct(resolver *r, const char *name, const type *const *args, size_t n,
                             range at)
{
    int arity = constructor_arity(name);
    if (arity >= 0 ? n != (size_t)arity : n == 0 && !strcmp(name, "Union"))
        return REPORT(r, at, "%s takes %d type%s, not %zu", name, arity < 0 ? 1 : arity,
                      arity == 1 ? "" : "s", n);
    if (!strcmp(name, "List"))
        return type_list(args[0]);
    if (!strcmp(name, "Dict"))
        return make_dict(r, args, at);
    if (!strcmp(name, "Tuple"))
        return type_tuple(args, n);
    if (!strcmp(name, "Optional"))
        return type_optional(args[0]);
    if (!strcmp(name, "Union"))
        return type_union(args, n);
    if (!strcmp(name, "Future"))
        return type_future(args[0]);
    if (!strncmp(name, "BroadcastingList", 16))
        return make_broadcasting(r, name, args[0], at);
    return REPORT(r, at, "%s cannot be used here", name);
}

static const type *resolve_subscript(resolver *r, const ast_subscript *s)
{
    const char *path = dotted_path(r->c, s->value, r->a);
    const char *name = path ? type_constructor(path) : NULL;
    if (!name)
        return REPORT(r, s->value->at, "'%s' does not make types", path ? path : "this");
    const ast_nodes *items = &s->indices;
    if (items->n == 1 && items->at[0]->kind == AST_tuple)
        items = &((const ast_tuple *)items->at[0])->items;
    const type **args = ARENA_ARRAY(r->a, const type *, items->n + 1);
    if (!args)
        return NULL;
    for (size_t i = 0; i < items->n; i++)
        if (!(args[i] = resolve(r, items->at[i])))
            return NULL;
    return construct(r, name, args, items->n, s->node.at);
}

/* A | B | C: the spine leans left. */
static const type *resolve_alternatives(resolver *r, const ast_node *n)
{
    VEC(const type *) members = { 0 };
    for (; n->kind == AST_binary && ((const ast_binary *)n)->op == AST_BITOR;
         n = ((const ast_binary *)n)->left) {
        const type *t = resolve(r, ((const ast_binary *)n)->right);
        if (!t)
            return NULL;
        VEC_PUSH(&members, r->a, t);
    }
    const type *first = resolve(r, n);
    if (!first || !VEC_PUSH(&members, r->a, first))
        return NULL;
    return type_union(members.at, members.n);
}

/* "List[int]": parsed as an expression of its own. Only types leave it, so its tree need not stay.
 */
static const type *resolve_string(resolver *r, const ast_string *s)
{
    source *src = source_new("<annotation>", s->value.s, s->value.n);
    if (!src)
        return NULL;
    diag d;
    diag_init(&d);
    ast_node *n = NULL;
    ast *tree = ast_parse_expression(src, AST_USER, &d, &n);
    const type *t = NULL;
    if (tree && n && !d.n_errors) {
        resolver inner = *r;
        inner.in_string = true;
        inner.at = r->in_string ? r->at : s->node.at;
        t = resolve(&inner, n);
        r->sized = inner.sized;
    } else {
        t = REPORT(r, s->node.at, "'%s' is not a type", s->value.s);
    }
    ast_free(tree);
    source_unref(src);
    diag_fini(&d);
    return t;
}

static const type *resolve_node(resolver *r, const ast_node *n)
{
    switch ((int)n->kind) {
    case AST_none: return T_NONE;
    case AST_name: return resolve_name(r, (const ast_name *)n);
    case AST_attribute: return resolve_attribute(r, n);
    case AST_subscript: return resolve_subscript(r, (const ast_subscript *)n);
    case AST_string: return resolve_string(r, (const ast_string *)n);
    case AST_error: return r->quiet ? NULL : T_ERROR;
    case AST_binary:
        if (((const ast_binary *)n)->op == AST_BITOR)
            return resolve_alternatives(r, n);
        return REPORT(r, n->at, "this is not a type");
    case AST_tuple: return REPORT(r, n->at, "a tuple is no type: write Tuple[…]");
    default: return REPORT(r, n->at, "this is not a type");
    }
}

static const type *resolve(resolver *r, const ast_node *n)
{
    if (r->depth >= AST_MAX_NESTING) /* quoted annotations may nest without the parser seeing it */
        return REPORT(r, n->at, "this type is nested too deeply");
    r->depth++;
    const type *t = resolve_node(r, n);
    r->depth--;
    return t;
}

/* ---- entry points ---- */

const type *check_annotation(checker *c, const ast_node *n, int *ret_sized)
{
    arena a;
    arena_init(&a);
    resolver r = { .c = c, .a = &a };
    const type *t = resolve(&r, n);
    arena_fini(&a);
    if (ret_sized)
        *ret_sized = r.sized;
    if (!t)
        c->arena->failed = true;
    return t ? t : T_ERROR;
}

const type *try_annotation(checker *c, fn_checker *f, const ast_node *n)
{
    if (f && n->kind == AST_name && binding_is_defined(find_binding(f, ((const ast_name *)n)->id)))
        return NULL;
    arena a;
    arena_init(&a);
    resolver r = { .c = c, .a = &a, .quiet = true };
    const type *t = resolve(&r, n);
    arena_fini(&a);
    return t && !type_is_error(t) ? t : NULL;
}
