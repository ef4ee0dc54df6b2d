/* runtime/api/compile.c: source text to modules and functions. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/api.h"


#include <stdio.h>
#include <string.h>

enum { COMPILE_MAX_BYTES = 1 << 30 };

/* ---- relative imports ---------------------------------------------------------------------------- */

/* `from ..pkg.mod import f` in /a/b/c.tjs, level 2: /a/pkg/mod.tjs. */
static bool find_import(void *ctx, const source *importer, int level, const char *module, const source **ret)
{
    (void)ctx;
    text path;
    text_init(&path, NULL);
    const char *slash = strrchr(importer->name, '/');
    text_add_bytes(&path, importer->name, slash ? (size_t)(slash - importer->name) + 1 : 0);
    for (int i = 1; i < level; i++)
        text_add(&path, "../");
    for (const char *p = module; *p; p++)
        text_add_char(&path, *p == '.' ? '/' : *p);
    text_add(&path, ".tjs");
    char *bytes = NULL;
    size_t n;
    source *src = NULL;
    if (!path.failed && file_read(path.s, SOURCE_MAX_BYTES, &bytes, &n, NULL) == JIT_OK)
        src = source_new(path.s, bytes, n);
    mem_free(bytes);
    text_fini(&path);
    *ret = src;
    return src != NULL;
}

/* ---- compiling ----------------------------------------------------------------------------------- */

static bool is_python_file(const char *name)
{
    size_t n = strlen(name);
    return n > 3 && !strcmp(name + n - 3, ".py");
}

/* Does the tree hold the program but for what the language lacks? Else error nodes stand where statements should be. */
static bool is_parsed(const diag *d)
{
    for (const diag_item *it = d->is_syntax ? d->first : NULL; it; it = it->next)
        if (it->severity == DIAG_ERROR && strcmp(it->code, "unsupported-syntax") != 0)
            return false;
    return true;
}

/* Parse and check, to leave what `goal` says. NULL: no memory, or d says why. */
static ir_unit *check(const char *text_, size_t n_bytes, const jit_compile_options *opts, sema_goal goal,
                      uint32_t warnings, diag *d)
{
    const char *name = opts && opts->name ? opts->name : "<string>";
    if (n_bytes == (size_t)-1)
        n_bytes = strlen(text_);
    source *src = source_new(name, text_, n_bytes);
    if (!src)
        return NULL;
    outline *marked = is_python_file(name) ? outline_new(src) : NULL;
    ast *tree = marked ? outline_parse(marked, d) : is_python_file(name) ? NULL : ast_parse(src, AST_USER, d);
    source_unref(src);
    ir_unit *u = NULL;
    if (!tree || (!marked && !is_parsed(d))) {
        ast_free(tree);
    } else {
        sema_options so = {
            .goal = goal,
            .find_import = opts && opts->no_imports ? NULL : find_import,
            .warnings = warnings,
            .outline = marked,
        };
        u = sema_check(tree, &so, d);
    }
    outline_free(marked);
    return u;
}

ir_unit *api_compile_unit(const char *text_, size_t n_bytes, const jit_compile_options *opts, sema_goal goal, diag *d)
{
    ir_unit *u = check(text_, n_bytes, opts, goal, 0, d);
    if (u && !d->n_errors)
        return u;
    ir_unit_unref(u);
    return NULL;
}

static void limit_memory(mem_budget *b, const jit_compile_options *opts)
{
    *b = (mem_budget){ .limit_bytes = opts && opts->max_bytes ? opts->max_bytes : COMPILE_MAX_BYTES };
}

/* jit_compile, inside its budget. */
static jit_status compile(const char *source_, size_t n_bytes, const jit_compile_options *opts, jit_module **ret,
                          jit_error *err)
{
    diag d;
    diag_init(&d);
    jit_status status = JIT_OK;
    ir_unit *u = api_compile_unit(source_, n_bytes, opts, SEMA_GRAPHS, &d);
    jit_module *m = u ? api_module_new(u, VALUE_NONE_V, NULL) : NULL;
    if (m)
        *ret = m;
    else
        status = d.n_errors ? api_fail_diag(err, &d, false) : error_no_memory(err);
    diag_fini(&d);
    return status;
}

static jit_status compile_within(mem_budget *budget, const char *source_, size_t n_bytes,
                                 const jit_compile_options *opts, jit_module **ret, jit_error *err)
{
    limit_memory(budget, opts);
    mem_budget *outer = mem_budget_set(budget);
    jit_status status = compile(source_, n_bytes, opts, ret, err);
    mem_budget_set(outer);
    return status;
}

jit_status jit_compile(const char *source_, size_t n_bytes, const jit_compile_options *opts, jit_module **ret,
                       jit_error *err)
{
    mem_budget budget;
    if (!source_ || !ret)
        return error_fail(err, JIT_EINVAL, "jit_compile: the source or the place of the module is NULL");
    return compile_within(&budget, source_, n_bytes, opts, ret, err);
}

jit_status jit_debug_compile_bytes(const char *source_, size_t n_bytes, const jit_compile_options *opts,
                                   size_t *ret_peak, size_t *ret_kept, jit_error *err)
{
    mem_budget budget;
    jit_module *m;
    jit_status status = compile_within(&budget, source_, n_bytes, opts, &m, err);
    if (status)
        return status;
    *ret_peak = budget.peak_bytes;
    *ret_kept = budget.used_bytes;
    jit_module_unref(m);
    return JIT_OK;
}

jit_status jit_compile_file(const char *path, const jit_compile_options *opts, jit_module **ret, jit_error *err)
{
    char *bytes;
    size_t n;
    if (!path)
        return error_fail(err, JIT_EINVAL, "jit_compile_file: the path is NULL");
    jit_status status = file_read(path, SOURCE_MAX_BYTES, &bytes, &n, err);
    if (status)
        return status;
    jit_compile_options own = opts ? *opts : (jit_compile_options)JIT_COMPILE_OPTIONS_INIT;
    own.name = path;
    status = jit_compile(bytes, n, &own, ret, err);
    mem_free(bytes);
    return status;
}

/* Options of a caller that was built before there were warnings end before them. */
static bool knows_warnings(const jit_compile_options *opts) { return opts && opts->size >= sizeof *opts; }

static jit_status wanted_warnings(const jit_compile_options *opts, uint32_t *ret, jit_error *err)
{
    const char *unknown;
    if (sema_parse_warnings(knows_warnings(opts) ? opts->warnings : NULL, ret, &unknown))
        return JIT_OK;
    return error_fail(err, JIT_EINVAL, "no warning is called '%.*s'", (int)strcspn(unknown, ","), unknown);
}

/* What a report is worth: errors always count, warnings if that is wanted. */
static jit_status judge(diag *d, const jit_compile_options *opts, jit_error *err)
{
    if (d->n_errors)
        return api_fail_diag(err, d, false);
    if (d->n_warnings && knows_warnings(opts) && opts->warnings_are_errors)
        return error_fail(err, JIT_ETYPE, "%d warning%s", d->n_warnings, d->n_warnings == 1 ? "" : "s");
    return JIT_OK;
}

static jit_status check_report(const char *source_, size_t n_bytes, const jit_compile_options *opts, jit_format format,
                               char **ret_report, jit_error *err)
{
    diag d;
    uint32_t warnings;
    jit_status status = wanted_warnings(opts, &warnings, err);
    if (status)
        return status;
    diag_init(&d);
    ir_unit *u = check(source_, n_bytes, opts, SEMA_SCHEMAS, warnings, &d);
    if ((!u && !d.n_errors) || d.arena.failed) {
        ir_unit_unref(u);
        diag_fini(&d);
        return error_no_memory(err);
    }
    diag_sort(&d);
    text out;
    text_init(&out, NULL);
    if (format == JIT_JSON)
        diag_print_json(&d, &out);
    else
        diag_print(&d, &out, format == JIT_TEXT_COLOUR);
    status = judge(&d, opts, err);
    char *report = text_take(&out);
    ir_unit_unref(u);
    diag_fini(&d);
    if (!report)
        return error_no_memory(err);
    *ret_report = report;
    return status;
}

jit_status jit_check(const char *source_, size_t n_bytes, const jit_compile_options *opts, jit_format format,
                     char **ret_report, jit_error *err)
{
    mem_budget budget;
    if (!source_ || !ret_report)
        return error_fail(err, JIT_EINVAL, "jit_check: the source or the place of the report is NULL");
    limit_memory(&budget, opts);
    mem_budget *outer = mem_budget_set(&budget);
    jit_status status = check_report(source_, n_bytes, opts, format, ret_report, err);
    mem_budget_set(outer);
    return status;
}

const char *jit_warning_name(size_t i, const char **ret_description, bool *ret_is_default)
{
    return sema_warning_name(i, ret_description, ret_is_default);
}
