/* sema/archive.c: the code of an archive: files met by namespace, definitions declared by name, bodies compiled on
 * demand.
 *
 * One checker serves the whole unit: names are qualified everywhere, so its files share one view of the world. A
 * class is made empty when its name is met and put on a list; its members are read when the outermost request is
 * done with. So classes may mention each other in any order, and a chain of them needs no stack. Named tuples and
 * enums are made whole at once, because their types are. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/archive.h"

#include "sema/flow.h"

#include <string.h>

typedef struct code_file {
    ast *tree;             /* NULL: there is no such file, or it did not parse */
    strmap classes;        /* name → ast_class * */
    strmap functions;      /* name → ast_def * */
} code_file;

typedef struct pending_class {
    type *type;
    const ast_class *cls;
    const char *prefix;    /* namespace */
} pending_class;

/* Why a body does not compile; told again to everyone who asks for it. */
typedef struct failure {
    range at;
    const char *code, *message;
} failure;

typedef struct archive archive;
struct archive {
    sema_archive_options o;
    strmap files;          /* namespace → code_file * */
    VEC(ast *) trees;
    strmap functions;      /* qualified name → ir_function * */
    strmap making;         /* qualified names of the named tuples whose fields are being read */
    VEC(pending_class) pending;
    size_t n_declared;     /* of pending */
    bool is_declaring;
    ptrmap failures;       /* ir_function * → failure * */
    jit_value constants;   /* a tuple */
};

void archive_free(struct archive *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->trees.n; i++)
        ast_free(a->trees.at[i]);
    VEC_FINI(&a->trees);
    value_unref(a->constants);
    if (a->o.free_ctx)
        a->o.free_ctx(a->o.ctx);
    mem_free(a);
}

int archive_version(const checker *c) { return c->archive->o.version; }

const jit_value *archive_constant(const checker *c, int64_t n, size_t *ret_count)
{
    jit_value all = c->archive->constants;
    *ret_count = all.tag == VALUE_TUPLE ? all.tuple->n : 0;
    return n >= 0 && (uint64_t)n < *ret_count ? &all.tuple->at[n] : NULL;
}

/* ---- files ---------------------------------------------------------------------------------------------------- */

static void index_definition(checker *c, strmap *into, const char *name, const ast_node *n)
{
    if (strmap_has(into, name))
        diag_error(c->d, "duplicate-definition", n->at, "'%s' is already defined", name);
    else if (!strmap_set(into, name, (void *)(uintptr_t)n))
        c->arena->failed = true;
}

/* Old files begin with `op_version_set = N` and imports; neither says anything today. */
static void index_statement(checker *c, code_file *file, const ast_node *n)
{
    switch ((int)n->kind) {
    case AST_class: index_definition(c, &file->classes, AST_AS(class, n)->id, n); break;
    case AST_def: index_definition(c, &file->functions, AST_AS(def, n)->id, n); break;
    case AST_import:
    case AST_assign:
    case AST_error: break;
    default:
        diag_error(c->d, "top-level-statement", n->at, "a code file holds classes and functions only");
    }
}

static void parse_file(checker *c, code_file *file, const source *src)
{
    int errors = c->d->n_errors;
    ast *tree = ast_parse(src, AST_ARCHIVE, c->d);
    if (!tree || !VEC_PUSH(&c->archive->trees, NULL, tree)) {
        ast_free(tree);
        c->arena->failed = true;
        return;
    }
    if (!ir_unit_add_source(c->unit, src))
        c->arena->failed = true;
    for (size_t i = 0; i < tree->body.n; i++)
        index_statement(c, file, tree->body.at[i]);
    if (c->d->n_errors == errors)
        file->tree = tree;
}

/* The file of a namespace, read when it is first asked for; NULL: there is none. */
static code_file *find_file(checker *c, const char *prefix)
{
    archive *a = c->archive;
    code_file *file = strmap_find(&a->files, prefix);
    if (file)
        return file->tree ? file : NULL;
    file = ARENA_NEW(c->arena, code_file);
    strmap_init(&file->classes, c->arena);
    strmap_init(&file->functions, c->arena);
    char *path = arena_strdup(c->arena, prefix);
    if (arena_failed(c->arena) || !strmap_set(&a->files, arena_strdup(c->arena, prefix), file))
        return NULL;
    for (char *p = path; *p; p++)
        *p = *p == '.' ? '/' : *p;
    const source *src = NULL;
    text why;
    text_init(&why, NULL);
    if (a->o.find_code(a->o.ctx, path, &src, &why)) {
        parse_file(c, file, src);
        source_unref((source *)(uintptr_t)src);
    } else if (why.n) {
        diag_error(c->d, "unreadable-code", (range){ 0 }, "%s", why.s);
    }
    text_fini(&why);
    return file->tree ? file : NULL;
}

/* "__torch__.pkg.mod.C": its namespace, and *ret_name "C"; NULL: no such name can be. */
static const char *split_name(checker *c, const char *qualified_name, const char **ret_name)
{
    const char *dot = strrchr(qualified_name, '.');
    if (!dot || dot == qualified_name || !dot[1])
        return NULL;
    *ret_name = dot + 1;
    const char *prefix = arena_strndup(c->arena, qualified_name, (size_t)(dot - qualified_name));
    return arena_failed(c->arena) ? NULL : prefix;
}

/* ---- types ---------------------------------------------------------------------------------------------------- */

typedef enum base_kind {
    BASE_PLAIN, BASE_MODULE, BASE_NAMED_TUPLE, BASE_ENUM, BASE_INTERFACE, BASE_MODULE_INTERFACE, BASE_UNKNOWN
} base_kind;

static base_kind base_of(checker *c, const ast_class *cls)
{
    static const struct { const char *name; base_kind kind; } names[] = {
        { "Module", BASE_MODULE }, { "NamedTuple", BASE_NAMED_TUPLE }, { "Enum", BASE_ENUM },
        { "Interface", BASE_INTERFACE }, { "ModuleInterface", BASE_MODULE_INTERFACE },
    };
    if (!cls->bases.n)
        return BASE_PLAIN;
    const ast_node *base = cls->bases.at[0];
    const char *id = base->kind == AST_name && cls->bases.n == 1 ? AST_AS(name, base)->id : "";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i].name, id))
            return names[i].kind;
    diag_error(c->d, "bad-base", base->at, "Torchscript does not support class inheritance.");
    return BASE_UNKNOWN;
}

static const type *make_named_tuple(checker *c, const ast_class *cls)
{
    archive *a = c->archive;
    const char *name = qualify(c, cls->id);
    int levels = cls->node.depth + 1;
    if (strmap_has(&a->making, name) || !has_room(c, levels)) {
        diag_error(c->d, "recursive-class", cls->node.at, "named tuple %s contains itself, or nests too deeply", name);
        return T_ERROR;
    }
    if (!strmap_set(&a->making, name, a)) {
        c->arena->failed = true;
        return NULL;
    }
    c->demand_levels += levels;
    const type *t = declare_named_tuple(c, cls);
    c->demand_levels -= levels;
    strmap_remove(&a->making, name);
    return t;
}

/* A type whose members are read later. */
static type *make_later(checker *c, type *t, const ast_class *cls)
{
    pending_class p = { t, cls, c->unit->prefix };
    if (!t || !VEC_PUSH(&c->archive->pending, c->arena, p)) {
        c->arena->failed = true;
        return NULL;
    }
    if (t->kind == TYPE_CLASS)
        t->cls->ast = cls;
    return t;
}

static const type *make_type(checker *c, const ast_class *cls)
{
    switch (base_of(c, cls)) {
    case BASE_PLAIN: return make_later(c, type_class_new(c->unit, qualify(c, cls->id), false), cls);
    case BASE_MODULE: return make_later(c, type_class_new(c->unit, qualify(c, cls->id), true), cls);
    case BASE_INTERFACE: return make_later(c, type_interface_new(c->unit, qualify(c, cls->id), false), cls);
    case BASE_MODULE_INTERFACE: return make_later(c, type_interface_new(c->unit, qualify(c, cls->id), true), cls);
    case BASE_NAMED_TUPLE: return make_named_tuple(c, cls);
    case BASE_ENUM: return declare_enum(c, cls);
    case BASE_UNKNOWN: break;
    }
    return T_ERROR;
}

static void declare_pending(checker *c)
{
    archive *a = c->archive;
    if (a->is_declaring)
        return;
    a->is_declaring = true;
    const char *outer = c->unit->prefix;
    for (; a->n_declared < a->pending.n && !arena_failed(c->arena); a->n_declared++) {
        pending_class p = a->pending.at[a->n_declared];
        c->unit->prefix = p.prefix;
        archive_declare_members(c, p.type, p.cls);
    }
    c->unit->prefix = outer;
    a->is_declaring = false;
}

const type *archive_find_type(checker *c, const char *qualified_name)
{
    const char *name, *outer = c->unit->prefix;
    const type *t = strmap_find(&c->unit->types, qualified_name);
    if (!t && !strncmp(qualified_name, "__torch__.", strlen("__torch__.")))
        t = find_library_class(c, qualified_name + strlen("__torch__."));
    const char *prefix = t ? NULL : split_name(c, qualified_name, &name);
    code_file *file = prefix ? find_file(c, prefix) : NULL;
    const ast_class *cls = file ? strmap_find(&file->classes, name) : NULL;
    if (!cls)
        return t;
    c->unit->prefix = prefix;
    t = make_type(c, cls);
    c->unit->prefix = outer;
    declare_pending(c);
    return t ? t : T_ERROR;
}

/* ---- functions ------------------------------------------------------------------------------------------------ */

ir_function *archive_find_function(checker *c, const char *qualified_name)
{
    archive *a = c->archive;
    const char *name, *outer = c->unit->prefix;
    ir_function *fn = strmap_find(&a->functions, qualified_name);
    const char *prefix = fn ? NULL : split_name(c, qualified_name, &name);
    code_file *file = prefix ? find_file(c, prefix) : NULL;
    const ast_def *def = file ? strmap_find(&file->functions, name) : NULL;
    if (!def)
        return fn;
    c->unit->prefix = prefix;
    fn = declare_function(c, def, def->id, NULL);
    if (arena_failed(c->arena) || !strmap_set(&a->functions, fn->qualified_name, fn))
        return NULL;
    build_schema(c, fn);
    c->unit->prefix = outer;
    declare_pending(c);
    return fn;
}

/* ---- entry points --------------------------------------------------------------------------------------------- */

static checker *checker_of(const ir_unit *u)
{
    checker *c = u->asts.n ? &((sema_keep *)u->asts.at[0])->checker : NULL;
    return c && c->archive ? c : NULL;
}

bool sema_is_archive(const ir_unit *u) { return checker_of(u) != NULL; }

void *sema_archive_context(const ir_unit *u)
{
    checker *c = checker_of(u);
    return c ? c->archive->o.ctx : NULL;
}

ir_unit *sema_archive_open(const sema_archive_options *o)
{
    static const sema_options none = { 0 };
    archive *a = mem_calloc(1, sizeof *a);
    checker *c = a ? checker_new(NULL, &none, NULL, NULL, "__torch__") : NULL;
    if (!c) {
        mem_free(a);
        return NULL;
    }
    a->o = *o;
    strmap_init(&a->files, c->arena);
    strmap_init(&a->functions, c->arena);
    strmap_init(&a->making, c->arena);
    ptrmap_init(&a->failures, c->arena);
    c->archive = a;
    c->goal = SEMA_GRAPHS;
    return c->unit;
}

bool sema_archive_set_constants(ir_unit *u, jit_value take)
{
    checker *c = checker_of(u);
    if (!c || take.tag != VALUE_TUPLE) {
        value_unref(take);
        return false;
    }
    value_set(&c->archive->constants, take);
    return true;
}

/* Out of memory is an error like others for whoever asked. */
static bool is_good(checker *c, int errors)
{
    if (arena_failed(c->arena))
        diag_error(c->d, "no-memory", (range){ 0 }, "out of memory");
    bool good = c->d->n_errors == errors;
    c->d = NULL;
    return good;
}

const type *sema_archive_type(ir_unit *u, const char *qualified_name, diag *d)
{
    checker *c = checker_of(u);
    int errors = d->n_errors;
    if (!c)
        return NULL;
    c->d = d;
    const type *t = archive_find_type(c, qualified_name);
    return is_good(c, errors) && t && !type_is_error(t) ? t : NULL;
}

ir_function *sema_archive_function(ir_unit *u, const char *qualified_name, diag *d)
{
    checker *c = checker_of(u);
    int errors = d->n_errors;
    if (!c)
        return NULL;
    c->d = d;
    ir_function *fn = archive_find_function(c, qualified_name);
    return is_good(c, errors) ? fn : NULL;
}

const type *sema_archive_annotation(ir_unit *u, const char *spelling, diag *d)
{
    checker *c = checker_of(u);
    source *src = c ? source_new(SEMA_ANNOTATION_FILE, spelling, strlen(spelling)) : NULL;
    if (!src)
        return NULL;
    ast_node *n = NULL;
    int errors = d->n_errors;
    c->d = d;
    ast *tree = ast_parse_expression(src, AST_ARCHIVE, d, &n);
    const type *t = tree && n && d->n_errors == errors ? check_annotation(c, n, NULL) : NULL;
    ast_free(tree);
    source_unref(src);
    return is_good(c, errors) && t && !type_is_error(t) ? t : NULL;
}

bool sema_archive_declare_file(ir_unit *u, const char *path, diag *d)
{
    checker *c = checker_of(u);
    int errors = d->n_errors;
    if (!c)
        return false;
    c->d = d;
    char *prefix = arena_strdup(c->arena, path);
    for (char *p = prefix; *p; p++)
        *p = *p == '/' ? '.' : *p;
    code_file *file = arena_failed(c->arena) ? NULL : find_file(c, prefix);
    for (size_t i = 0; file && i < file->classes.n; i++)
        archive_find_type(c, arena_printf(c->arena, "%s.%s", prefix, file->classes.entries[i].key));
    for (size_t i = 0; file && i < file->functions.n; i++)
        archive_find_function(c, arena_printf(c->arena, "%s.%s", prefix, file->functions.entries[i].key));
    return is_good(c, errors);
}

/* ---- bodies --------------------------------------------------------------------------------------------------- */

/* Remember the first error from `before` on. */
static void remember_failure(checker *c, const ir_function *fn, const diag_item *before)
{
    const diag_item *it = before ? before->next : c->d->first;
    failure *why = ARENA_NEW(c->arena, failure);
    *why = (failure){ fn->at, "broken-signature", NULL };
    if (it)
        *why = (failure){ it->at, it->code, arena_strdup(c->arena, it->message) };
    else
        why->message = arena_printf(c->arena, "'%s' has errors in its signature", fn->name);
    if (arena_failed(c->arena) || !ptrmap_set(&c->archive->failures, fn, why))
        return;
    if (!it)
        diag_error(c->d, why->code, why->at, "%s", why->message);
}

static bool compile_body(checker *c, ir_function *fn)
{
    build_schema(c, fn);
    fn->is_body_checked = false; /* a check among errors of others left no graph */
    if (fn->schema)
        check_function_body(c, fn);
    if (arena_failed(c->arena) || !fn->graph)
        return false;
    for (size_t i = 0; i < c->unit->imports.n; i++) /* upgraders it was the first to call */
        if (!sema_lower(c->unit->imports.at[i], c->d))
            return false;
    return true;
}

bool sema_archive_compile(ir_function *fn, diag *d)
{
    checker *c = checker_of(fn->unit);
    if (!c || fn->graph)
        return true;
    const failure *known = ptrmap_find(&c->archive->failures, fn);
    if (known) {
        diag_error(d, known->code, known->at, "%s", known->message);
        return false;
    }
    const diag_item *before = d->last;
    int errors = d->n_errors;
    c->d = d;
    bool done = compile_body(c, fn);
    if (!done && !arena_failed(c->arena))
        remember_failure(c, fn, before);
    return is_good(c, errors) && done;
}

bool sema_archive_compile_all(ir_unit *u, diag *d)
{
    checker *c = checker_of(u);
    bool good = c != NULL;
    for (size_t i = 0; c && i < c->keep->functions.n; i++) /* grows while bodies mention new names */
        good &= sema_archive_compile(c->keep->functions.at[i], d);
    return good;
}
