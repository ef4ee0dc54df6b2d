/* sema/warn_names.c: warnings about names: assigned and never read, imported and never used, hiding
 * what the language means by them.
 *
 * One walk over a function gathers every name that it stores or reads. Closures and comprehensions
 * count as parts of the function around them: a name that either reads is in use. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/warn.h"

#include <string.h>

typedef struct name_use {
    const char *name;
    range at;           /* the first store in the text */
    bool is_stored, is_read;
    bool is_plain;      /* every store is `x = …` or `x: T = …`: not a loop's, not part of a tuple */
    bool is_param;
} name_use;

typedef struct names {
    arena *a;
    strmap uses;        /* name → name_use * */
    ast_stack open;
} names;

static name_use *use_of(names *k, const char *name)
{
    name_use *u = strmap_find(&k->uses, name);
    if (u)
        return u;
    u = ARENA_NEW(k->a, name_use);
    *u = (name_use){ .name = name, .is_plain = true };
    if (!strmap_set(&k->uses, name, u))
        k->a->failed = true;
    return u;
}

static void store(names *k, const char *name, range at, bool is_plain)
{
    name_use *u = use_of(k, name);
    if (!u->is_stored || at.begin < u->at.begin)
        u->at = at;
    u->is_stored = true;
    u->is_plain = u->is_plain && is_plain;
}

/* A target: names are stored, all else in it is read. */
static void open_target(names *k, const ast_node *n, bool is_plain)
{
    ast_stack targets = { .a = k->a };
    ast_stack_push(&targets, n);
    for (const ast_node *t; (t = ast_stack_pop(&targets));) {
        if (t->kind == AST_name)
            store(k, ((const ast_name *)t)->id, t->at, is_plain && t == n);
        else if (t->kind == AST_tuple || t->kind == AST_list || t->kind == AST_star)
            ast_each_child(t, ast_stack_push, &targets);
        else
            ast_stack_push(&k->open, t);
    }
}

static void open_all(names *k, const ast_nodes *nodes)
{
    for (size_t i = 0; i < nodes->n; i++)
        ast_stack_push(&k->open, nodes->at[i]);
}

static void open_assign(names *k, const ast_assign *s)
{
    for (size_t i = 0; i < s->targets.n; i++)
        open_target(k, s->targets.at[i], s->targets.n == 1);
    ast_stack_push(&k->open, s->value);
}

static void open_ann_assign(names *k, const ast_ann_assign *s)
{
    if (s->value) {
        open_target(k, s->target, true);
        ast_stack_push(&k->open, s->value);
    } else if (s->target->kind != AST_name) {
        ast_stack_push(&k->open, s->target);
    }
}

static void look_at(names *k, const ast_node *n)
{
    switch ((int)n->kind) {
    case AST_name: use_of(k, ((const ast_name *)n)->id)->is_read = true; break;
    case AST_assign: open_assign(k, AST_AS(assign, n)); break;
    case AST_ann_assign: open_ann_assign(k, AST_AS(ann_assign, n)); break;
    case AST_for:
        open_target(k, AST_AS(for, n)->target, false);
        ast_stack_push(&k->open, AST_AS(for, n)->iter);
        open_all(k, &AST_AS(for, n)->body);
        break;
    case AST_with_item:
        if (AST_AS(with_item, n)->target)
            open_target(k, AST_AS(with_item, n)->target, false);
        ast_stack_push(&k->open, AST_AS(with_item, n)->value);
        break;
    case AST_list_comp:
        open_target(k, AST_AS(list_comp, n)->target, false);
        ast_stack_push(&k->open, AST_AS(list_comp, n)->item);
        ast_stack_push(&k->open, AST_AS(list_comp, n)->iter);
        break;
    case AST_dict_comp:
        open_target(k, AST_AS(dict_comp, n)->target, false);
        ast_stack_push(&k->open, AST_AS(dict_comp, n)->key);
        ast_stack_push(&k->open, AST_AS(dict_comp, n)->value);
        ast_stack_push(&k->open, AST_AS(dict_comp, n)->iter);
        break;
    case AST_def: open_all(k, &AST_AS(def, n)->body); break;
    default: ast_each_child(n, ast_stack_push, &k->open);
    }
}

static void gather(names *k, const ast_def *def, arena *a)
{
    *k = (names){ .a = a, .open = { .a = a } };
    strmap_init(&k->uses, a);
    for (size_t i = 0; i < def->params.n; i++) {
        const ast_param *p = AST_AS(param, def->params.at[i]);
        name_use *u = use_of(k, p->id);
        *u = (name_use){ .name = p->id, .at = p->node.at, .is_param = true };
    }
    open_all(k, &def->body);
    for (const ast_node *n; (n = ast_stack_pop(&k->open));)
        look_at(k, n);
}

/* ---- functions ---- */

/* Nothing to read a parameter for: an interface, a placeholder, a docstring. */
static bool is_placeholder(const ast_def *def)
{
    for (size_t i = 0; i < def->body.n; i++) {
        const ast_node *n = def->body.at[i];
        if (n->kind != AST_pass && n->kind != AST_raise && n->kind != AST_expr_stmt)
            return false;
    }
    return true;
}

/* What users mean by a name unless something of theirs hides it; NULL: nothing they would miss. F and nn
 * are good names for other things in a file that does not import them. */
static const char *hidden_by(const checker *c, const char *name)
{
    const sval *own = strmap_find(&c->globals, name), *g = own ? NULL : find_prebound(name);
    if (own && own->kind == SVAL_MODULE)
        return "an imported module";
    if (g && g->kind == SVAL_BUILTIN)
        return "a built-in function";
    return g && g->kind == SVAL_EXCEPTION ? "a built-in exception" : NULL;
}

static void warn_shadowing(checker *c, const char *name, range at)
{
    const char *hidden = warn_is_on(c, WARN_shadowed_builtin) ? hidden_by(c, name) : NULL;
    if (hidden)
        warn(c, WARN_shadowed_builtin, at, "'%s' is the name of %s, which is hidden here", name, hidden);
}

static void warn_use(checker *c, const ir_function *fn, const ast_def *def, const name_use *u)
{
    bool is_free = u->name[0] == '_' || u->is_read;
    bool is_self = fn->owner && !fn->is_static && def->params.n
                   && !strcmp(AST_AS(param, def->params.at[0])->id, u->name);
    if (u->is_param) {
        if (!is_free && !is_self && !is_placeholder(def))
            warn(c, WARN_unused_parameter, u->at, "parameter '%s' is never read", u->name);
        return;
    }
    if (!u->is_stored)
        return;
    if (!is_free && u->is_plain)
        warn(c, WARN_unused_variable, u->at, "variable '%s' is assigned but never read", u->name);
    warn_shadowing(c, u->name, u->at);
}

void warn_function_names(checker *c, const ir_function *fn)
{
    arena a;
    names k;
    const ast_def *def = fn->ast;
    arena_init(&a);
    gather(&k, def, &a);
    for (size_t i = 0; i < k.uses.n && !a.failed; i++)
        if (k.uses.entries[i].key)
            warn_use(c, fn, def, k.uses.entries[i].value);
    c->arena->failed |= a.failed;
    arena_fini(&a);
}

/* ---- files ---- */

/* The name that an import binds: of `import a.b`, a package imported for its parts, `a`. NULL: several. */
static const char *imported_name(const names *k, const ast_node *n)
{
    const ast_alias *alias = AST_AS(alias, n);
    if (alias->as || !strcmp(alias->id, "*"))
        return alias->as;
    return arena_strndup(k->a, alias->id, strcspn(alias->id, "."));
}

static const ast_nodes *imports_of(const ast_node *n)
{
    return n->kind == AST_import        ? &AST_AS(import, n)->names
           : n->kind == AST_import_from ? &AST_AS(import_from, n)->names
                                        : NULL;
}

/* Every imported name becomes a use that is not read yet; their number. */
static size_t gather_imports(names *k, const ast_nodes *body)
{
    for (size_t i = 0; i < body->n; i++) {
        const ast_nodes *aliases = imports_of(body->at[i]);
        for (size_t j = 0; aliases && j < aliases->n && !k->a->failed; j++) {
            const char *name = imported_name(k, aliases->at[j]);
            if (name)
                use_of(k, name);
        }
    }
    return k->uses.n;
}

static void warn_imports(checker *c, const names *k, const ast_nodes *aliases)
{
    for (size_t i = 0; i < aliases->n && !k->a->failed; i++) {
        const char *name = imported_name(k, aliases->at[i]);
        const name_use *u = name ? strmap_find(&k->uses, name) : NULL;
        const sval *g = name ? strmap_find(&c->globals, name) : NULL;
        bool is_reported = g && g->kind == SVAL_ERROR;
        if (u && !u->is_read && !is_reported)
            warn(c, WARN_unused_import, aliases->at[i]->at, "'%s' is imported but never used", name);
    }
}

/* Annotations in quotes are text here; a file that has any may use what it imports in them. */
static bool has_quoted_annotation(const checker *c, arena *a)
{
    ast_stack open = { .a = a };
    for (size_t i = 0; i < c->tree->body.n; i++)
        ast_stack_push(&open, c->tree->body.at[i]);
    for (const ast_node *n; (n = ast_stack_pop(&open));) {
        const ast_node *t = n->kind == AST_param        ? AST_AS(param, n)->annotation
                            : n->kind == AST_def        ? AST_AS(def, n)->returns
                            : n->kind == AST_ann_assign ? AST_AS(ann_assign, n)->annotation
                                                        : NULL;
        if (t && t->kind == AST_string)
            return true;
        ast_each_child(n, ast_stack_push, &open);
    }
    return false;
}

/* Marks the imported names that are read; how many are not. Ends when all are: mostly at the first functions. */
static size_t find_reads(names *k, const ast_nodes *body)
{
    size_t n_unread = gather_imports(k, body);
    if (n_unread)
        open_all(k, body);
    for (const ast_node *n; n_unread && (n = ast_stack_pop(&k->open));) {
        name_use *u = n->kind == AST_name ? strmap_find(&k->uses, ((const ast_name *)n)->id) : NULL;
        if (u && !u->is_read) {
            u->is_read = true;
            n_unread--;
        }
        ast_each_child(n, ast_stack_push, &k->open);
    }
    return n_unread;
}

void warn_file_names(checker *c)
{
    arena a;
    arena_init(&a);
    names k = { .a = &a, .open = { .a = &a } };
    const ast_nodes *body = &c->tree->body;
    strmap_init(&k.uses, &a);
    bool has_unused = warn_is_on(c, WARN_unused_import) && !c->options->outline && find_reads(&k, body)
                      && !has_quoted_annotation(c, &a);
    for (size_t i = 0; i < body->n && !a.failed; i++) {
        const ast_nodes *aliases = has_unused ? imports_of(body->at[i]) : NULL;
        if (aliases)
            warn_imports(c, &k, aliases);
        else if (body->at[i]->kind == AST_def)
            warn_shadowing(c, AST_AS(def, body->at[i])->id, def_header(AST_AS(def, body->at[i])));
    }
    c->arena->failed |= a.failed;
    arena_fini(&a);
}
