/* runtime/api/stage.c: every stage of the pipeline as text, for people and tests. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/code.h"

#include "frontend/script/ast.h"
#include "ir/type.h"
#include "sema/archive.h"
#include "sema/tree.h"

#include <string.h>

static const struct stage { const char *name, *summary; } stages[] = {
    { "tokens", "what the lexer reads, one token a line" },
    { "ast", "the syntax tree" },
    { "typed", "the typed tree: types, callees, conversions decided" },
    { "emitted", "the graph as PyTorch prints it for the same source" },
    { "code", "as TorchScript again, in the dialect of archives" },
    { "archive", "all the code that an archive of it holds" },
    { "inlined", "after calls were replaced by the bodies of what they call" },
    { "optimized", "what runs (default)" },
    { "bytecode", "instructions of the virtual machine" },
};

char *jit_debug_stages(void)
{
    text out;
    text_init(&out, NULL);
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        text_addf(&out, "%s\t%s\n", stages[i].name, stages[i].summary);
    return text_take(&out);
}

char *jit_debug_passes(void)
{
    text out;
    text_init(&out, NULL);
    for (size_t i = 0; i < opt_pass_count(); i++) {
        const char *summary, *name = opt_pass_at(i, &summary);
        text_addf(&out, "%s\t%s\n", name, summary);
    }
    return text_take(&out);
}

/* ---- passes on request ---------------------------------------------------------------------------- */

/* What a pass took in all its runs. */
typedef struct pass_time {
    const char *pass;
    int64_t time_ns;
    int n_runs, n_changes;
} pass_time;

typedef struct watch {
    const jit_stage_options *opts;
    text *out;
    arena arena;
    VEC(pass_time) times; /* in order of the first run */
} watch;

static void add_time(watch *w, const char *pass, bool progress, int64_t time_ns)
{
    size_t i = 0;
    while (i < w->times.n && strcmp(w->times.at[i].pass, pass) != 0)
        i++;
    if (i == w->times.n && !VEC_PUSH(&w->times, &w->arena, ((pass_time){ .pass = pass })))
        return;
    w->times.at[i].time_ns += time_ns;
    w->times.at[i].n_runs++;
    w->times.at[i].n_changes += progress;
}

static void after_pass(void *ctx, const char *pass, const ir_graph *g, bool progress, int64_t time_ns)
{
    watch *w = ctx;
    const char *wanted = w->opts->print_after;
    add_time(w, pass, progress, time_ns);
    if (!wanted || (strcmp(wanted, "all") != 0 && strcmp(wanted, pass) != 0))
        return;
    text_addf(w->out, "# after %s%s\n", pass, progress ? "" : ": unchanged");
    if (progress)
        ir_print(g, &(ir_print_options){ w->opts->source_ranges, w->opts->dot }, w->out);
}

static void print_times(const watch *w)
{
    for (size_t i = 0; i < w->times.n; i++) {
        const pass_time *t = &w->times.at[i];
        text_addf(w->out, "# %-20s %10.1f us, %d run%s, %d of them changed the graph\n", t->pass,
                  (double)t->time_ns / 1e3, t->n_runs, t->n_runs == 1 ? "" : "s", t->n_changes);
    }
}

/* Run the asked passes or pipeline on g and print it. */
static jit_status transform(ir_graph *g, const char *pipeline, const jit_stage_options *o, text *out, jit_error *err)
{
    opt_ctx cx;
    api_opt_init(&cx);
    watch w = { .opts = o, .out = out };
    arena_init(&w.arena);
    cx.after_pass = after_pass;
    cx.after_pass_ctx = &w;
    const char *bad = NULL;
    bool is_done = o->passes ? opt_run_passes(o->passes, g, &cx, &bad) : !pipeline || opt_run_pipeline(pipeline, g, &cx);
    jit_status status = JIT_OK;
    if (bad)
        status = error_fail(err, JIT_EINVAL, "no pass '%s'", bad);
    else if (!is_done)
        status = cx.failure ? error_fail(err, JIT_EINVAL, "a pass left an invalid graph: %s", cx.failure)
                            : error_no_memory(err);
    api_opt_fini(&cx);
    if (!status && o->timings)
        print_times(&w);
    arena_fini(&w.arena);
    if (!status)
        ir_print(g, &(ir_print_options){ o->source_ranges, o->dot }, out);
    return status;
}

/* ---- one function --------------------------------------------------------------------------------- */

static jit_status print_bytecode(ir_function *fn, text *out, jit_error *err)
{
    api_run run;
    api_run_init(&run, NULL);
    const vm_plan *plan = api_get_plan(&run.vm, fn);
    jit_status status = plan ? JIT_OK : api_fail_run(err, &run.vm);
    if (plan)
        vm_print(plan, out);
    api_run_fini(&run);
    return status;
}

/* The function of another compile of the same source. */
static const ir_function *same_function(const ir_unit *u, const ir_function *fn)
{
    for (const ir_function *f = u->all; f; f = f->next)
        if (!strcmp(f->qualified_name, fn->qualified_name))
            return f;
    return NULL;
}

/* Typed trees do not outlive the compile unless they were asked for: compile the source once more. */
static jit_status print_typed(const ir_function *fn, text *out, jit_error *err)
{
    if (fn->tree) {
        ttree_print(fn->tree, out);
        return JIT_OK;
    }
    const source *src = sema_is_archive(fn->unit) ? NULL : fn->at.src;
    if (!src)
        return error_fail(err, JIT_EUNSUPPORTED, "'%s' comes from no source: its typed tree cannot be shown", fn->name);
    diag d;
    diag_init(&d);
    jit_compile_options opts = JIT_COMPILE_OPTIONS_INIT;
    opts.name = src->name;
    ir_unit *u = api_compile_unit(src->text, src->n_bytes, &opts, SEMA_TREES, &d);
    const ir_function *again = u ? same_function(u, fn) : NULL;
    jit_status status = JIT_OK;
    if (again && again->tree)
        ttree_print(again->tree, out);
    else
        status = d.n_errors ? api_fail_diag(err, &d, false) : error_no_memory(err);
    ir_unit_unref(u);
    diag_fini(&d);
    return status;
}

static jit_status print_code(ir_function *fn, text *out, jit_error *err)
{
    script_hooks hooks = { .graph = api_script_graph };
    return script_print_function(fn, &hooks, out, err);
}

static jit_status print_function(ir_function *fn, const jit_stage_options *o, text *out, jit_error *err)
{
    const char *stage = o->stage ? o->stage : "optimized";
    if (!strcmp(stage, "tokens") || !strcmp(stage, "ast"))
        return error_fail(err, JIT_EUNSUPPORTED, "stage '%s' is shown for sources, not for functions", stage);
    if (!strcmp(stage, "typed"))
        return print_typed(fn, out, err);
    ir_graph *emitted = NULL;
    jit_status status = api_emit(fn, &emitted, err);
    if (status)
        return status;
    if (!strcmp(stage, "bytecode") && !o->passes)
        return print_bytecode(fn, out, err);
    if (!strcmp(stage, "code") && !o->passes)
        return print_code(fn, out, err);
    if (!strcmp(stage, "archive") && !o->passes)
        return api_print_archive(fn, out, err);
    ir_graph *g = ir_graph_clone(emitted);
    if (!g)
        return error_no_memory(err);
    const char *pipeline = o->passes || !strcmp(stage, "emitted") ? NULL : stage;
    status = transform(g, pipeline, o, out, err);
    ir_graph_free(g);
    return status;
}

static bool is_stage(const char *name)
{
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (!strcmp(stages[i].name, name))
            return true;
    return false;
}

/* What is asked for must exist. */
static jit_status check_options(const jit_stage_options *o, jit_error *err)
{
    if (o->stage && !is_stage(o->stage))
        return error_fail(err, JIT_EINVAL, "no stage '%s'", o->stage);
    if (o->print_after && strcmp(o->print_after, "all") != 0 && !opt_find_pass(o->print_after))
        return error_fail(err, JIT_EINVAL, "no pass '%s'", o->print_after);
    return JIT_OK;
}

static jit_status print_unit(ir_unit *u, const jit_stage_options *o, text *out, jit_error *err)
{
    jit_status status = JIT_OK;
    if (o->function) {
        ir_function *fn = ir_unit_find_function(u, o->function);
        const char *dot = strchr(o->function, '.');
        for (size_t i = 0; !fn && dot && i < u->types.n; i++) { /* Class.method */
            const type *t = u->types.entries[i].value;
            const char *name = type_unqualified_name(t);
            if (t->kind == TYPE_CLASS && strlen(name) == (size_t)(dot - o->function)
                && !strncmp(name, o->function, strlen(name)))
                fn = type_find_method(t, dot + 1);
        }
        return fn ? print_function(fn, o, out, err) : error_fail(err, JIT_ENOTFOUND, "no function '%s'", o->function);
    }
    for (size_t i = 0; !status && i < u->functions.n; i++) {
        text_addf(out, "%s# %s\n", i ? "\n" : "", u->functions.entries[i].key);
        status = print_function(u->functions.entries[i].value, o, out, err);
    }
    return status;
}

/* ---- from text ------------------------------------------------------------------------------------ */

static jit_status source_stage(const source *src, const jit_stage_options *o, diag *d, text *out)
{
    if (!strcmp(o->stage, "tokens")) {
        ast_print_tokens(src, AST_USER, out, d);
        return JIT_OK;
    }
    ast *tree = ast_parse(src, AST_USER, d);
    if (tree)
        ast_print(tree, out);
    ast_free(tree);
    return tree ? JIT_OK : JIT_ENOMEM;
}

static jit_status ir_stage(const source *src, const jit_stage_options *o, diag *d, text *out, jit_error *err)
{
    ir_unit *classes = ir_unit_new();
    ir_graph *g = classes ? ir_parse(src, classes, d) : NULL;
    const char *stage = o->stage ? o->stage : "optimized";
    jit_status status = JIT_OK;
    if (!strcmp(stage, "tokens") || !strcmp(stage, "ast") || !strcmp(stage, "typed")
        || !strcmp(stage, "code") || !strcmp(stage, "archive")) {
        status = error_fail(err, JIT_EUNSUPPORTED, "a graph has no stage '%s'", stage);
    } else if (g && !strcmp(stage, "bytecode")) {
        const char *why = NULL;
        range at;
        vm_plan *plan = vm_plan_new(g, "graph", &d->arena, &why, &at);
        if (plan)
            vm_print(plan, out);
        else
            status = error_fail(err, why ? JIT_EUNSUPPORTED : JIT_ENOMEM, "%s", why ? why : "out of memory");
        vm_plan_free(plan);
    } else if (g) {
        status = transform(g, stage, o, out, err);
    } else if (!d->n_errors) {
        status = error_no_memory(err);
    }
    ir_graph_free(g);
    ir_unit_unref(classes);
    return status;
}

static jit_status unit_stage(const char *text_, size_t n_bytes, const jit_compile_options *copts,
                             const jit_stage_options *o, diag *d, text *out, jit_error *err)
{
    sema_goal goal = o->stage && !strcmp(o->stage, "typed") ? SEMA_TREES : SEMA_GRAPHS;
    ir_unit *u = api_compile_unit(text_, n_bytes, copts, goal, d);
    if (!u)
        return d->n_errors ? JIT_ETYPE : error_no_memory(err);
    jit_status status = print_unit(u, o, out, err);
    ir_unit_unref(u);
    return status;
}

jit_status jit_debug_stage(const char *source_, size_t n_bytes, bool is_ir, const jit_compile_options *copts,
                           const jit_stage_options *opts, char **ret, jit_error *err)
{
    jit_status status = check_options(opts, err);
    if (status)
        return status;
    bool from_source = opts->stage && (!strcmp(opts->stage, "tokens") || !strcmp(opts->stage, "ast"));
    source *src = source_new(copts && copts->name ? copts->name : "<string>", source_,
                             n_bytes == (size_t)-1 ? strlen(source_) : n_bytes);
    if (!src)
        return error_no_memory(err);
    diag d;
    text out;
    diag_init(&d);
    text_init(&out, NULL);
    status = is_ir         ? ir_stage(src, opts, &d, &out, err)
                        : from_source ? source_stage(src, opts, &d, &out)
                                      : unit_stage(source_, n_bytes, copts, opts, &d, &out, err);
    if (d.n_errors)
        status = api_fail_diag(err, &d, false);
    diag_fini(&d);
    source_unref(src);
    return api_give_text(&out, status, ret, err);
}

/* Stages of a module's methods. */
static jit_status module_stage(jit_module *m, const jit_stage_options *o, text *out, jit_error *err)
{
    jit_status status = JIT_OK;
    jit_function *f = NULL;
    if (o->function) {
        status = jit_module_function(m, o->function, &f, err);
        if (!status)
            status = print_function(f->fn, o, out, err);
        jit_function_unref(f);
        return status;
    }
    for (size_t i = 0; !status && i < jit_module_n_functions(m); i++) {
        const char *name = jit_module_function_name(m, i);
        status = jit_module_function(m, name, &f, err);
        if (status)
            break;
        text_addf(out, "%s# %s\n", i ? "\n" : "", name);
        status = print_function(f->fn, o, out, err);
        jit_function_unref(f);
    }
    return status;
}

jit_status jit_debug_module_stage(jit_module *m, const jit_stage_options *opts, char **ret, jit_error *err)
{
    text out;
    jit_status status = check_options(opts, err);
    if (status)
        return status;
    text_init(&out, NULL);
    status = module_stage(m, opts, &out, err);
    return api_give_text(&out, status, ret, err);
}

jit_status jit_graph(jit_function *f, const char *stage, char **ret, jit_error *err)
{
    if (!f || !ret)
        return error_fail(err, JIT_EINVAL, "jit_graph: the function or the place of the text is NULL");
    if (stage && !is_stage(stage))
        return error_fail(err, JIT_EINVAL, "no stage '%s'", stage);
    text out;
    text_init(&out, NULL);
    jit_stage_options o = { .stage = stage };
    jit_status status = print_function(f->fn, &o, &out, err);
    return api_give_text(&out, status, ret, err);
}
