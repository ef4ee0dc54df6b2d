/* sema/library.c: functions that PyTorch writes in Python, from our library (library/).
 *
 * The compiler carries their text. A function is parsed and checked when a program first mentions
 * it, in a unit of its own that the program's unit imports; what it calls in turn is met the same
 * way. So a program pays for the functions it reaches and for nothing else, and nothing is shared
 * between programs. Names that stand for several functions are resolved here: overloads by their
 * arguments, as PyTorch does, and pairs of which a constant argument chooses one. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "sema/flow.h"
#include "base/text.h"
#include "sema/value.h"

typedef struct library_row {
    uint32_t path;         /* offset in library_paths */
    uint32_t text, n_text; /* in library_texts */
    uint32_t line;         /* of its first line in the file it comes from */
} library_row;

#include "library_functions.inc"

enum { LIBRARY_ROWS = sizeof library_rows / sizeof *library_rows };

/* The argument at `index`, if it is given, must be a constant. */
static const struct choice {
    const char *path, *argument;
    size_t index;
    const char *if_true, *if_false;
} choices[] = {
#define CHOICE(path, argument, index, if_true, if_false)                                           \
    { path, argument, index, if_true, if_false },
#include "sema/names.def"
};

/* ---- finding ---- */

static const char *row_path(const library_row *row) { return library_paths + row->path; }

/* The rows of a path, in source order; returns how many there are. */
static size_t find_rows(const char *path, const library_row **ret)
{
    size_t low = 0, high = LIBRARY_ROWS, n = 0;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(row_path(&library_rows[middle]), path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret = &library_rows[low];
    while (low + n < LIBRARY_ROWS && strcmp(row_path(&library_rows[low + n]), path) == 0)
        n++;
    return n;
}

static const struct choice *find_choice(const char *path)
{
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (strcmp(choices[i].path, path) == 0)
            return &choices[i];
    return NULL;
}

static const char *last_name(const char *path) { return strrchr(path, '.') + 1; }

/* ---- compiling ---- */

/* "torch.nn.functional.relu" is defined in torch/nn/functional.tjs. */
static source *row_source(const library_row *row)
{
    char name[NAME_MAX_BYTES];
    size_t n = strlen(row_path(row)) - strlen(last_name(row_path(row))) - 1;
    if (n + sizeof ".tjs" > sizeof name)
        return NULL;
    for (size_t i = 0; i < n; i++)
        name[i] = row_path(row)[i] == '.' ? '/' : row_path(row)[i];
    memcpy(name + n, ".tjs", sizeof ".tjs");
    source *src = source_new(name, library_texts + row->text, row->n_text);
    if (src)
        src->first_line = row->line;
    return src;
}

static checker *check_row(checker *c, const library_row *row)
{
    static const sema_options plain = { 0 };
    const char *path = row_path(row);
    const char *module = arena_strndup(c->arena, path, (size_t)(last_name(path) - path) - 1);
    source *src = row_source(row);
    ast *tree = src ? ast_parse(src, AST_USER, c->d) : NULL;
    source_unref(src);
    const char *prefix = arena_printf(c->arena, "__torch__.%s", module);
    return tree ? check_source(tree, &plain, c->d, c, prefix) : NULL;
}

/* The unit of a row, which c's unit and the program's import. */
static ir_unit *row_unit(checker *c, const library_row *row)
{
    checker *root = root_of(c), *k = ptrmap_find(&root->library, row);
    bool is_new = !k;
    if (is_new)
        k = check_row(c, row);
    if (!k) {
        c->arena->failed = true;
        return NULL;
    }
    ir_unit *u = k->unit;
    bool ok = ir_unit_add_import(c->unit, u) && ir_unit_add_import(root->unit, u);
    if (is_new) {
        ok = ok && ptrmap_set(&root->library, row, k);
        ir_unit_unref(u);
    }
    c->arena->failed |= !ok;
    return ok ? u : NULL;
}

static ir_function *row_function(checker *c, const library_row *row)
{
    ir_unit *u = row_unit(c, row);
    return u ? ir_unit_find_function(u, last_name(row_path(row))) : NULL;
}

const type *find_library_class(checker *c, const char *path)
{
    const library_row *row;
    if (strncmp(path, "torch.classes.", strlen("torch.classes.")) != 0 || find_rows(path, &row) != 1)
        return NULL;
    ir_unit *u = row_unit(c, row);
    return u ? ir_unit_find_type(u, arena_printf(c->arena, "__torch__.%s", path)) : NULL;
}

bool library_member(fn_checker *f, const char *module, const char *name, range at, sval *ret)
{
    char path[NAME_MAX_BYTES];
    const library_row *row = NULL;
    bool is_torch = strcmp(module, "torch") == 0;
    if (!join_name(path, is_torch ? "torch.functional" : module, ".", name))
        return false;
    const struct choice *choice = find_choice(path);
    size_t n = choice ? 0 : find_rows(path, &row);
    if (choice || n > 1) {
        *ret = (sval){ .kind = SVAL_OPERATOR,
                       .at = at,
                       .name = choice ? choice->path : row_path(row) };
        return true;
    }
    ir_function *fn = n ? row_function(f->c, row) : NULL;
    *ret = error_sval(at);
    if (fn)
        *ret = (sval){ .kind = SVAL_FUNCTION, .at = at, .name = fn->name, .fn = fn };
    return n == 1;
}

const char *suggest_member(const char *module, const char *name)
{
    const char *best = NULL;
    int best_distance = text_slip_limit(name) + 1;
    size_t n = strlen(module);
    for (size_t i = 0; i < LIBRARY_ROWS; i++) {
        const char *path = row_path(&library_rows[i]);
        if (strncmp(path, module, n) != 0 || path[n] != '.' || path[n + 1] == '_')
            continue;
        int distance = text_distance(name, path + n + 1, best_distance - 1);
        if (distance < best_distance) {
            best = path + n + 1;
            best_distance = distance;
        }
    }
    return best;
}

/* ---- calling ---- */

typedef struct candidate {
    ir_function *fn;
    matched m;
    mismatch why;
} candidate;

static bool match_candidate(fn_checker *f, candidate *k, actuals *a, bool implicit)
{
    return match_schema(f, k->fn->schema, a, implicit, &k->m, &k->why);
}

/* The first function that takes the arguments as they are, else with conversions; NULL: none. */
static candidate *choose(fn_checker *f, candidate *all, size_t n, actuals *a)
{
    for (size_t i = 0; i < n; i++)
        if (n > 1 && match_candidate(f, &all[i], a, false))
            return &all[i];
    for (size_t i = 0; i < n; i++)
        if (match_candidate(f, &all[i], a, true))
            return &all[i];
    return NULL;
}

static void report_none(fn_checker *f, const char *name, const candidate *all, size_t n,
                        const actuals *a, range at)
{
    if (n == 1) {
        report_mismatch(f, all->fn->schema, name, a, &all->why, at);
        return;
    }
    diag_item *it =
        diag_error(f->c->d, "no-overload", at, "no overload of %s takes these arguments", name);
    for (size_t i = 0; i < n; i++) {
        text t;
        text_init(&t, arena_of(f));
        schema_print(all[i].fn->schema, &t);
        diag_note(f->c->d, it, (range){ 0 }, "%s: %s", t.failed ? name : t.s,
                  explain_mismatch(f, all[i].fn->schema, name, a, &all[i].why));
    }
}

static texpr *call_candidate(fn_checker *f, const candidate *k, const actuals *a, range at)
{
    const schema *s = k->fn->schema;
    full_args args = match_args(f, s, a, &k->m, at);
    if (!args.at || !require_schema(f->c, k->fn, at))
        return error_expr(f, at);
    texpr *e = new_texpr(f, TX_CALL, schema_result_type(s), at, args.n);
    e->fn = k->fn;
    e->name = k->fn->name;
    take_args(e, &args, 0);
    return e;
}

/* Call one of the functions of a path; messages call it `name`. Without a name nothing is reported and NULL given
 * where none fits. */
static texpr *call_rows(fn_checker *f, const char *path, const char *name, const call_args *args,
                        range at)
{
    const library_row *row = NULL;
    size_t n = find_rows(path, &row);
    candidate *all = ARENA_ARRAY(arena_of(f), candidate, n + 1);
    actuals a;
    if (!n || !all || !make_actuals(f, args, NULL, &a))
        return error_expr(f, at);
    for (size_t i = 0; i < n; i++) {
        all[i].fn = row_function(f->c, &row[i]);
        const schema *s = all[i].fn ? all[i].fn->schema : NULL;
        all[i].m.slots = s ? ARENA_ARRAY(arena_of(f), slot, s->n_args + 1u) : NULL;
        if (!all[i].m.slots)
            return error_expr(f, at);
    }
    const candidate *k = choose(f, all, n, &a);
    if (k)
        return call_candidate(f, k, &a, at);
    if (!name)
        return NULL;
    report_none(f, name, all, n, &a, at);
    return error_expr(f, at);
}

texpr *try_library(fn_checker *f, const char *path, const call_args *args, range at)
{
    return call_rows(f, path, NULL, args, at);
}

texpr *call_object_operator(fn_checker *f, const char *name, const call_args *args, range at)
{
    char path[NAME_MAX_BYTES];
    const library_row *row;
    const char *colons = strstr(name, "::");
    const bool is_quantized = strncmp(name, "quantized::", strlen("quantized::")) == 0;
    if (!colons || (!is_quantized && strncmp(colons, "::quantized_", strlen("::quantized_")) != 0))
        return NULL;
    const char *module = arena_printf(arena_of(f), "torch.ops.%.*s", (int)(colons - name), name);
    if (arena_failed(arena_of(f)) || !join_name(path, module, ".", colons + 2) || !find_rows(path, &row))
        return NULL;
    return call_rows(f, row_path(row), is_quantized ? name : NULL, args, at);
}

/* Which of the two functions is meant; false: reported. */
static bool decide(fn_checker *f, const struct choice *c, const call_args *args, bool *ret)
{
    const call_arg *given = NULL;
    for (size_t i = 0; i < args->n; i++)
        if (args->at[i].keyword ? strcmp(args->at[i].keyword, c->argument) == 0 : i == c->index)
            given = &args->at[i];
    *ret = false;
    if (!given)
        return true;
    const texpr *e = given->value;
    while (e && e->kind == TX_SHARED)
        e = e->args[0];
    if (e && e->kind == TX_CONST && e->value.tag == VALUE_BOOL) {
        *ret = e->value.i != 0;
        return true;
    }
    diag_error(f->c->d, "not-constant", given->at,
               "argument '%s' of %s decides what is returned: it must be True or False",
               c->argument, last_name(c->path));
    return false;
}

sval call_library(fn_checker *f, const char *path, const call_args *args, range at)
{
    const char *target = path;
    for (const struct choice *c; (c = find_choice(target));) {
        bool is_true;
        if (!decide(f, c, args, &is_true))
            return error_sval(at);
        target = is_true ? c->if_true : c->if_false;
    }
    return value_sval(call_rows(f, target, last_name(path), args, at));
}
