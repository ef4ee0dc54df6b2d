/* sema/import.c: import statements at top level.
 *
 * Python's and PyTorch's modules are known by name only; other files are found by whoever started
 * the compile, checked as units of their own, and kept alive by the importing unit. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/flow.h"

#include <string.h>

/* Modules of Python and libraries around PyTorch that files import for code that is not scripted. */
static bool is_python_module(const char *path)
{
    static const char *const roots[] = {
        "abc",       "argparse", "bisect",   "contextlib", "copy",        "csv",      "datetime",
        "functools", "glob",     "heapq",    "inspect",    "io",          "itertools", "json",
        "logging",   "numbers",  "numpy",    "operator",   "os",          "pathlib",  "pickle",
        "random",    "re",       "scipy",    "statistics", "string",      "sys",      "time",
        "torchaudio", "torchtext", "torchvision", "types", "unittest",    "uuid",
    };
    size_t n = strcspn(path, ".");
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
        if (strlen(roots[i]) == n && !strncmp(roots[i], path, n))
            return true;
    return false;
}

/* Names of known modules that exist but that no function can use. */
static bool is_python_name(const char *module, const char *name)
{
    static const char *const names[] = { "ChainMap", "Counter", "defaultdict",
                                         "deque" };
    if (!strncmp(module, "torch.nn", 8) || !strncmp(module, "torch.utils", 11))
        return name[0] >= 'A' && name[0] <= 'Z';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(module, "collections") && !strcmp(names[i], name))
            return true;
    return false;
}

/* false: it is no error, but a use of it is. */
static bool report_module(checker *c, const char *name, range at)
{
    if (c->options->outline || is_python_module(name))
        return false;
    diag_item *it = diag_error(c->d, "unknown-module", at, "no module '%s'", name);
    diag_note(c->d, it, at,
              "known are torch, math, cmath, typing, enum, collections, warnings, and files by "
              "relative name: from .file import name");
    return true;
}

/* The name stands for something that functions cannot use. In a Python file what does not come from a
 * well-known module comes from a file of the user's, about which nothing is known. */
static void bind_foreign(checker *c, const char *name, const char *module, range at)
{
    if (!strcmp(name, "*"))
        return;
    bool has_no_scripts = is_python_module(module) && strncmp(module, "torch", 5) != 0;
    if (c->options->outline && !has_no_scripts) {
        bind_global(c, name, (sval){ .kind = SVAL_ERROR, .at = at });
        return;
    }
    foreign_name *f = ARENA_NEW(c->arena, foreign_name);
    *f = (foreign_name){ .module = module, .at = at };
    if (!strmap_set(&c->foreign, arena_strdup(c->arena, name), f))
        c->arena->failed = true;
}

/* `import a.b`: binds a; `import a.b as c`: binds a.b to c. */
void check_import(checker *c, const ast_import *s)
{
    for (size_t i = 0; i < s->names.n; i++) {
        const ast_alias *a = AST_AS(alias, s->names.at[i]);
        size_t n = a->as ? strlen(a->id) : strcspn(a->id, ".");
        const char *path = arena_strndup(c->arena, a->id, n);
        if (!is_known_module(a->id)) {
            if (report_module(c, a->id, a->node.at))
                bind_global(c, a->as ? a->as : path, (sval){ .kind = SVAL_ERROR, .at = a->node.at });
            else
                bind_foreign(c, a->as ? a->as : path, path, a->node.at);
            continue;
        }
        bind_global(c, a->as ? a->as : path,
                    (sval){ .kind = SVAL_MODULE, .at = a->node.at, .name = path });
    }
}

/* ---- other files ---- */

static bool is_being_imported(const checker *c, const source *src)
{
    for (; c; c = c->importer)
        if (!strcmp(c->tree->src->name, src->name))
            return true;
    return false;
}

static int import_depth(const checker *c)
{
    int n = 0;
    for (; c->importer; c = c->importer)
        n++;
    return n;
}

checker *root_of(checker *c)
{
    while (c->importer)
        c = c->importer;
    return c;
}

static checker *check_file(checker *c, const source *src, const char *module, range at)
{
    if (is_being_imported(c, src)) {
        diag_error(c->d, "circular-import", at, "'%s' imports this file, directly or not", module);
        return NULL;
    }
    if (import_depth(c) >= IMPORT_DEPTH_MAX) {
        diag_error(c->d, "import-depth", at, "imports are nested too deeply");
        return NULL;
    }
    ast *tree = ast_parse(src, AST_USER, c->d);
    return tree ? check_source(tree, c->options, c->d, c,
                               arena_printf(c->arena, "__torch__.%s", module))
                : NULL;
}

/* The checked file of a relative import; NULL: reported. */
static checker *import_file(checker *c, const ast_import_from *s)
{
    const source *src = NULL;
    const sema_options *o = c->options;
    int level = (int)(s->level < IMPORT_DEPTH_MAX ? s->level : IMPORT_DEPTH_MAX);
    if (!o->find_import || !o->find_import(o->import_ctx, c->tree->src, level, s->module, &src)
        || !src) {
        if (s->level)
            diag_error(c->d, "unknown-module", s->node.at, "cannot find the file of '%s'",
                       s->module);
        else
            report_module(c, s->module, s->node.at);
        return NULL;
    }
    checker *root = root_of(c);
    checker *k = strmap_find(&root->imports, src->name);
    if (k) {
        ir_unit_add_import(c->unit, k->unit);
    } else if ((k = check_file(c, src, s->module, s->node.at))) {
        ir_unit *unit = k->unit;
        strmap_set(&root->imports, arena_strdup(root->arena, src->name), k);
        if (!ir_unit_add_import(c->unit, unit)
            || (root != c && !ir_unit_add_import(root->unit, unit)))
            c->arena->failed = true;
        ir_unit_unref(unit);
    }
    source_unref(src);
    return c->arena->failed ? NULL : k;
}

static void import_all(checker *c, const checker *from)
{
    for (size_t i = 0; i < from->globals.n; i++) {
        const sval *g = from->globals.entries[i].value;
        if (from->globals.entries[i].key && g->kind != SVAL_MODULE
            && from->globals.entries[i].key[0] != '_')
            bind_global(c, from->globals.entries[i].key, *g);
    }
}

static void import_names(checker *c, checker *from, const ast_import_from *s)
{
    for (size_t i = 0; i < s->names.n; i++) {
        const ast_alias *a = AST_AS(alias, s->names.at[i]);
        const char *as = a->as ? a->as : a->id;
        if (!strcmp(a->id, "*")) {
            import_all(c, from);
            continue;
        }
        sval *g = strmap_find(&from->globals, a->id);
        if (g && g->kind == SVAL_CLASS)
            resolve_class(from, g);
        if (g) {
            bind_global(c, as, *g);
            continue;
        }
        diag_item *it = diag_error(c->d, "undefined-name", a->node.at, "'%s' defines no '%s'",
                                   s->module, a->id);
        const char *meant = suggest_name(from, NULL, a->id);
        if (meant && strmap_has(&from->globals, meant))
            diag_note(c->d, it, a->node.at, "did you mean '%s'?", meant);
        bind_global(c, as, (sval){ .kind = SVAL_ERROR, .at = a->node.at });
    }
}

static void bind_errors(checker *c, const ast_nodes *names)
{
    for (size_t i = 0; i < names->n; i++) {
        const ast_alias *a = AST_AS(alias, names->at[i]);
        if (strcmp(a->id, "*"))
            bind_global(c, a->as ? a->as : a->id, (sval){ .kind = SVAL_ERROR, .at = a->node.at });
    }
}

/* `from math import pi` makes a variable of this file, which functions cannot read. */
static void bind_member(checker *c, const char *module, const ast_alias *a)
{
    const char *as = a->as ? a->as : a->id;
    sval v = prebound_member(c, module, a->id, a->node.at);
    if (v.kind != SVAL_VALUE) {
        bind_global(c, as, v);
        return;
    }
    module_variable *variable = ARENA_NEW(c->arena, module_variable);
    *variable = (module_variable){ .at = a->node.at, .path = module, .member = a->id };
    if (!strmap_set(&c->module_variables, as, variable))
        c->arena->failed = true;
}

static void bind_foreigners(checker *c, const ast_import_from *s)
{
    const char *module = s->level ? "." : s->module;
    for (size_t i = 0; i < s->names.n; i++) {
        const ast_alias *a = AST_AS(alias, s->names.at[i]);
        bind_foreign(c, a->as ? a->as : a->id, module, a->node.at);
    }
}

void check_import_from(checker *c, const ast_import_from *s)
{
    if (c->options->outline && (s->level || !is_known_module(s->module))) {
        bind_foreigners(c, s);
        return;
    }
    if (s->level || !is_known_module(s->module)) {
        int before = c->d->n_errors;
        checker *from = import_file(c, s);
        if (from)
            import_names(c, from, s);
        else if (c->d->n_errors > before)
            bind_errors(c, &s->names);
        else
            bind_foreigners(c, s);
        return;
    }
    for (size_t i = 0; i < s->names.n; i++) {
        const ast_alias *a = AST_AS(alias, s->names.at[i]);
        if (!strcmp(a->id, "*")) {
            if (strcmp(s->module, "typing"))
                diag_error(c->d, "unsupported", a->node.at, "import the names of '%s' one by one",
                           s->module);
            continue; /* typing's names are bound beforehand */
        }
        if (is_python_name(s->module, a->id))
            bind_foreign(c, a->as ? a->as : a->id, s->module, a->node.at);
        else
            bind_member(c, s->module, a);
    }
}
