/* sema/unit.c: a whole source: declarations first, then bodies, so that order does not matter. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/warn.h"

#include <string.h>

static void free_spare_trees(checker *c)
{
    while (c->spare_trees) {
        ttree *t = c->spare_trees;
        c->spare_trees = t->next_spare;
        ttree_free(t);
    }
}

static void free_keep(void *p)
{
    sema_keep *k = p;
    if (!k)
        return;
    for (size_t i = 0; i < k->trees.n; i++)
        ttree_free(k->trees.at[i]);
    VEC_FINI(&k->trees);
    ast_free(k->checker.tree);
    archive_free(k->checker.archive);
    free_spare_trees(&k->checker);
    mem_free(k);
}

sval *bind_global(checker *c, const char *name, sval v)
{
    sval *g = ARENA_NEW(c->arena, sval);
    *g = v;
    if (!strmap_set(&c->globals, arena_strdup(c->arena, name), g))
        c->arena->failed = true;
    return g;
}

/* ---- top level ---- */

static bool is_definition(const sval *g)
{
    return g && (g->kind == SVAL_FUNCTION || (g->kind == SVAL_CLASS && g->ast));
}

/* A second definition of a name is an error, unlike in Python: the first would silently be lost. */
static bool report_duplicate(checker *c, const char *name, range at)
{
    const sval *old = strmap_find(&c->globals, name);
    if (!is_definition(old))
        return false;
    diag_item *it = diag_error(c->d, "duplicate-definition", at, "'%s' is already defined", name);
    diag_note(c->d, it, old->at, "here");
    return true;
}

static void declare_top_function(checker *c, const ast_def *def)
{
    range at = def_header(def);
    if (report_duplicate(c, def->id, at))
        return;
    ir_function *fn = declare_function(c, def, def->id, NULL);
    bind_global(c, def->id, (sval){ .kind = SVAL_FUNCTION, .at = at, .name = fn->name, .fn = fn });
}

/* A second assignment leaves the value unknown: what a default sees depends on their order. */
static void remember_variable(checker *c, const ast_node *target, const ast_node *value)
{
    if (target->kind != AST_name)
        return;
    const char *name = AST_AS(name, target)->id;
    module_variable *v = ARENA_NEW(c->arena, module_variable);
    *v = (module_variable){ .at = target->at,
                            .value = strmap_has(&c->module_variables, name) ? NULL : value };
    if (!strmap_set(&c->module_variables, name, v))
        c->arena->failed = true;
}

/* ---- other names for things ---- */

static bool can_have_alias(const sval *v)
{
    switch (v->kind) {
    case SVAL_MODULE:
    case SVAL_OPERATOR:
    case SVAL_FUNCTION:
    case SVAL_CLASS:
    case SVAL_TYPE:
    case SVAL_EXCEPTION: return true;
    default: return false;
    }
}

/* `Pair = Tuple[int, str]`, `relu = F.relu`: a name for what is no value. false: it is a variable. */
static bool bind_alias(checker *c, const ast_assign *s)
{
    const ast_node *n = s->value, *target = s->targets.at[0];
    if (target->kind != AST_name || s->targets.n != 1
        || (n->kind != AST_name && n->kind != AST_attribute && n->kind != AST_subscript))
        return false;
    diag silent, *d = c->d;
    constant_checker k;
    diag_init(&silent);
    c->d = &silent;
    constant_checker_init(&k, c);
    sval v = { .kind = SVAL_ERROR };
    if (n->kind == AST_subscript) {
        const type *t = try_annotation(c, &k.f, n);
        if (t && !type_is_error(t))
            v = (sval){ .kind = SVAL_TYPE, .type = t };
    } else {
        v = check_sval(&k.f, n, NULL);
        const type *t = v.kind == SVAL_BUILTIN ? named_type(v.name) : NULL;
        if (t)
            v = (sval){ .kind = SVAL_TYPE, .name = v.name, .type = t };
    }
    const char *name = AST_AS(name, target)->id;
    v.name = v.name ? arena_strdup(c->arena, v.name) : name;
    v.at = target->at;
    bool is_alias = can_have_alias(&v);
    if (is_alias)
        bind_global(c, name, v);
    constant_checker_fini(&k);
    c->d = d;
    diag_fini(&silent);
    return is_alias;
}

static void declare_top_assign(checker *c, const ast_assign *s)
{
    if (declare_functional_tuple(c, s) || bind_alias(c, s))
        return;
    for (size_t i = 0; i < s->targets.n; i++)
        remember_variable(c, s->targets.at[i], s->value);
}

/* `if __name__ == "__main__":` is Python's, for the file run as a script: not for us. */
static bool is_main_guard(const ast_if *s)
{
    const ast_node *cond = s->arms.n == 1 && !s->orelse.n ? AST_AS(if_arm, s->arms.at[0])->cond : NULL;
    if (!cond || cond->kind != AST_compare || AST_AS(compare, cond)->values.n != 2)
        return false;
    const ast_node *left = AST_AS(compare, cond)->values.at[0], *right = AST_AS(compare, cond)->values.at[1];
    return left->kind == AST_name && !strcmp(AST_AS(name, left)->id, "__name__") && right->kind == AST_string
           && !strcmp(AST_AS(string, right)->value.s, "__main__");
}

static void report_top_statement(checker *c, const ast_node *n)
{
    if (n->kind == AST_return)
        diag_error(c->d, "return-outside-function", n->at, "'return' outside a function");
    else
        diag_error(c->d, "top-level-statement", n->at,
                   "only definitions and imports can stand at top level");
}

static void declare_top_statement(checker *c, const ast_node *n)
{
    switch ((int)n->kind) {
    case AST_def: declare_top_function(c, AST_AS(def, n)); break;
    case AST_class:
        if (!report_duplicate(c, AST_AS(class, n)->id, n->at))
            declare_class(c, AST_AS(class, n));
        break;
    case AST_import: check_import(c, AST_AS(import, n)); break;
    case AST_import_from: check_import_from(c, AST_AS(import_from, n)); break;
    case AST_assign: declare_top_assign(c, AST_AS(assign, n)); break;
    case AST_ann_assign: remember_variable(c, AST_AS(ann_assign, n)->target, AST_AS(ann_assign, n)->value); break;
    case AST_pass: break;
    case AST_error: c->has_lost_names = true; break;
    case AST_if:
        if (!is_main_guard(AST_AS(if, n)))
            report_top_statement(c, n);
        break;
    case AST_expr_stmt:
        if (AST_AS(expr_stmt, n)->value->kind != AST_string
            && AST_AS(expr_stmt, n)->value->kind != AST_ellipsis)
            report_top_statement(c, n);
        break;
    default: report_top_statement(c, n);
    }
}

/* Checking a function of a Python file may tell that another one is used. */
static void check_functions(checker *c)
{
    for (bool again = true; again;) {
        again = false;
        for (size_t i = 0; i < c->keep->functions.n && !arena_failed(c->arena); i++)
            if (python_wants(c, c->keep->functions.at[i]))
                build_schema(c, c->keep->functions.at[i]);
        for (size_t i = 0; i < c->keep->functions.n && !arena_failed(c->arena); i++) {
            ir_function *fn = c->keep->functions.at[i];
            again |= c->options->outline && !fn->is_body_checked && fn->schema && python_wants(c, fn);
            if (python_wants(c, fn))
                check_function_body(c, fn);
        }
        again &= !arena_failed(c->arena);
    }
}

static void check_file(checker *c)
{
    const ast_nodes *body = &c->tree->body;
    for (size_t i = 0; i < body->n && arena_reserve(c->arena, RESERVE_BYTES); i++)
        declare_top_statement(c, body->at[i]);
    for (size_t i = 0; i < body->n && arena_reserve(c->arena, RESERVE_BYTES); i++)
        if (body->at[i]->kind == AST_class)
            declare_members(c, AST_AS(class, body->at[i]));
    check_functions(c);
    if (!arena_failed(c->arena))
        check_recursion(c);
    if (c->options->outline)
        python_finish(c);
    if (c->options->warnings && !arena_failed(c->arena))
        warn_file_names(c);
}

checker *checker_new(ast *take, const sema_options *o, diag *d, checker *importer, const char *prefix)
{
    ir_unit *u = ir_unit_new();
    sema_keep *keep = mem_calloc(1, sizeof *keep);
    if (!u || !keep || !VEC_PUSH(&u->asts, NULL, keep)) {
        ir_unit_unref(u);
        mem_free(keep);
        ast_free(take);
        return NULL;
    }
    u->free_ast = free_keep;
    keep->options = *o;
    u->prefix = arena_strdup(&u->arena, prefix);
    checker *c = &keep->checker;
    *c = (checker){ .d = d,
                    .unit = u,
                    .tree = take,
                    .options = &keep->options,
                    .arena = &u->arena,
                    .importer = importer,
                    .keep = keep,
                    .goal = importer ? importer->goal : o->goal };
    strmap_init(&c->globals, c->arena);
    strmap_init(&c->operators, c->arena);
    strmap_init(&c->module_variables, c->arena);
    strmap_init(&c->imports, c->arena);
    strmap_init(&c->foreign, c->arena);
    ptrmap_init(&c->library, c->arena);
    if (take && !ir_unit_add_source(u, take->src))
        u->arena.failed = true;
    return c;
}

checker *check_source(ast *take, const sema_options *o, diag *d, checker *importer,
                      const char *prefix)
{
    checker *c = checker_new(take, o, d, importer, prefix);
    if (!c)
        return NULL;
    check_file(c);
    free_spare_trees(c);
    if (arena_failed(c->arena)) {
        ir_unit_unref(c->unit);
        return NULL;
    }
    return c;
}

ir_unit *sema_check(ast *take, const sema_options *o, diag *d)
{
    static const sema_options none = { 0 };
    checker *c = check_source(take, o ? o : &none, d, NULL, "__torch__");
    diag_sort(d);
    if (c)
        c->keep->options.outline = NULL;
    return c ? c->unit : NULL;
}

const type *sema_type_annotation(ir_unit *u, const ast_node *n, diag *d)
{
    if (!u->asts.n)
        return NULL;
    checker *c = &((sema_keep *)u->asts.at[0])->checker;
    diag *own = c->d;
    c->d = d;
    const type *t = check_annotation(c, n, NULL);
    c->d = own;
    return type_is_error(t) ? NULL : t;
}
