/* runtime/api/api.h: what the files behind the public verbs share: handles, errors, the way from a function
 * to its plan. Orchestration only: no algorithms live here. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_API_API_H
#define RUNTIME_API_API_H

#include "base/alloc.h"
#include "base/diag.h"
#include "base/error.h"
#include "base/file.h"
#include "ir/graph.h"
#include "jit_debug.h"
#include "opt/opt.h"
#include "runtime/vm/vm.h"
#include "sema/sema.h"

typedef struct container container;

struct jit_module {
    _Atomic int32_t n_refs;
    ir_unit *unit;          /* a reference */
    jit_value root;         /* the object an archive holds (a reference); None for sources */
    container *file;        /* what it was loaded from (a reference), for extra files and inspection; NULL for sources */
};

struct jit_function {
    _Atomic int32_t n_refs;
    ir_unit *unit;          /* a reference: keeps fn alive */
    ir_function *fn;
    jit_value self;         /* the object a method is bound to (a reference), or None */
    bool with_hooks;        /* the hooks of self's class run around it */
};

struct jit_value_ { /* jit_any */
    _Atomic int32_t n_refs;
    jit_value v;            /* a reference */
    ir_unit **units;        /* references: units whose classes v may hold; n_units of them */
    size_t n_units;
};

/* ---- errors ---------------------------------------------------------------------------------- */
/** From diagnostics: first message and place, all of them rendered as details. */
jit_status api_fail_diag(jit_error *err, diag *d, bool colour);
/** What kind of failure the first error is. */
jit_status api_diag_status(const diag *d);
/** From a failed run: message, exception class, place and backtrace. */
jit_status api_fail_run(jit_error *err, const vm_run *run);
/** The same; places in the code of u, if that is an archive's, are shown in the sources it was printed from as well. */
jit_status api_fail_run_in(jit_error *err, const vm_run *run, const ir_unit *u);
/** The end of a verb that returns text: with status 0 the text becomes *ret (jit_free()), else it is dropped.
 * @return status, or JIT_ENOMEM where the text could not be made */
jit_status api_give_text(text *out, jit_status status, char **ret, jit_error *err);

/* ---- values ----------------------------------------------------------------------------------- */
jit_any *api_box(jit_value take); /* NULL without memory (the value is then released) */
/** Let a box keep a unit alive: types of named tuples, enums and containers belong to it. Does nothing for values
 * that have none. @return the box; NULL without memory (the box is then released), or for a NULL box */
jit_any *api_box_keep(jit_any *take, ir_unit *u);
/** The same for all that another box keeps. */
jit_any *api_box_keep_all(jit_any *take, const jit_any *from);
/** Type of a container that holds what was seen so far (NULL: nothing) and v: their unification, Any where there is
 * none. */
const type *api_common_type(const type *so_far, jit_value v);
void api_value_json(jit_value v, text *out);

/* ---- modules ---------------------------------------------------------------------------------- */
/** The module of a unit; takes the references over (also on failure). NULL without memory. */
jit_module *api_module_new(ir_unit *take_unit, jit_value take_root, container *take_file);

/* ---- compiling -------------------------------------------------------------------------------- */
/** Source → checked unit with what `goal` says. Diagnostics stay in d for the caller. NULL: see d, or no memory. */
ir_unit *api_compile_unit(const char *text_, size_t n_bytes, const jit_compile_options *opts, sema_goal goal,
                          diag *d);

/* ---- graphs and plans ------------------------------------------------------------------------- */
/** Context of passes: folding runs kernels, inlining finds the callees' graphs. */
void api_opt_init(opt_ctx *cx);
void api_opt_fini(opt_ctx *cx);
/** The emitted graph as users see it (after the "emitted" pipeline), made on first request. Borrowed. NULL: no memory,
 * or d says why code of an archive does not compile. */
ir_graph *api_emitted_graph(ir_function *fn, diag *d);
/** The same with what diagnostics say as an error. *ret: borrowed; NULL on failure. */
jit_status api_emit(ir_function *fn, ir_graph **ret, jit_error *err);
/** Graphs, plans and what is read from an archive's code are made by one thread at a time: between these two. */
void api_making_begin(void);
void api_making_end(void);
/** Run a pipeline of opt/pipeline.c. false: no memory, or a pass left an invalid graph. */
bool api_run_pipeline(const char *pipeline, ir_graph *g);
/** Inline calls however large the graph gets. Likewise. */
bool api_inline_all(ir_graph *g);
/** The same as script_hooks.graph wants it; ctx is not used. */
ir_graph *api_script_graph(void *ctx, ir_function *fn, const char **ret_why);
/** The graph a function runs, made on first request. Borrowed. NULL: the run holds why there is none. */
const ir_graph *api_optimized_graph(vm_run *run, ir_function *fn);
/** Plan of a function: made on first request, published for all threads; vm_run.get_plan. */
const vm_plan *api_get_plan(vm_run *run, ir_function *fn);

/** The plan for a call with these bound arguments: one made for their types, if those decide anything, else the
 * general one. NULL: the run holds the error. */
const vm_plan *api_plan_for(vm_run *run, ir_function *fn, const jit_value *args, size_t n_args);
/** When the general plan is made, under the lock of making: a place for others, if types of arguments decide anything. */
void api_prepare_special(ir_function *fn, const ir_graph *general);
/** Are plans made for types at all? Not where tests want the graphs as certain passes left them. */
bool api_may_specialise(void);

/* ---- calls ------------------------------------------------------------------------------------ */
/** A run with the options' limits and sinks; must be released by api_run_fini(). */
typedef struct api_run {
    vm_run vm;
    mem_budget budget;
    mem_budget *outer_budget;
} api_run;
/** CLOCK_MONOTONIC. */
int64_t api_now_ns(void);
void api_run_init(api_run *run, const jit_call_options *opts);
void api_run_fini(api_run *run);

/** Convert a host value to a parameter type as PyTorch's call boundary does. *ret is a new reference.
 * @return false: it does not fit (nothing is set) */
bool api_convert(jit_value v, const type *t, jit_value *ret);
/** Bind arguments to a schema: positions, keywords, defaults, conversions. ret: n_args references. */
bool api_bind(vm_run *run, const schema *s, const char *name, size_t n_fixed, const jit_value *args, size_t n_args,
              const char *const *names, size_t n_names, jit_value *ret);
/** Call a function with host values; names[i] goes with args[n_args + i]. */
bool api_call_function(vm_run *run, ir_function *fn, const jit_value *args, size_t n_args, const char *const *names,
                       size_t n_names, jit_value *ret);
/** Call a module: its pre-hooks, forward, its hooks, as PyTorch's module(...) does. */
bool api_call_module(vm_run *run, jit_value self, const jit_value *args, size_t n_args, const char *const *names,
                     size_t n_names, jit_value *ret);
/** Call a method of an object. */
bool api_call_method(vm_run *run, jit_value self, const char *name, const jit_value *args, size_t n_args,
                     const char *const *names, size_t n_names, jit_value *ret);
/** Make an instance: __init__ of a class, or a NamedTuple. */
bool api_construct(vm_run *run, const type *cls, const jit_value *args, size_t n_args, const char *const *names,
                   size_t n_names, jit_value *ret);
/** Call an operator by name on host values (overload resolution over their types). */
bool api_call_op(vm_run *run, const char *name, const jit_value *args, size_t n_args, const char *const *names,
                 size_t n_names, jit_value *ret);
/** Evaluate an expression of the host language (evaluate.c). */
bool api_evaluate(vm_run *run, ir_unit *u, jit_value self, const char *expression, jit_value *ret);
/** The values in n boxes, in a mem_ block (not references). names: n_names that must not be NULL either. */
jit_status api_unbox(jit_any *const *args, size_t n, const char *const *names, size_t n_names, jit_value **ret, jit_error *err);
bool api_run_fail(vm_run *run, jit_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
