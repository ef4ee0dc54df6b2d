/* runtime/api/plan.c: from a checked function to something that runs: emitted graph, optimised graph, plan.
 *
 * Each is made on first request and kept by the function. One lock serialises the making (it is rare); plans
 * are published with a release store, so calls of functions that have one take no lock. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/api.h"

#include "codegen/emit_script.h"
#include "ir/type.h"
#include "runtime/kernels/fused.h"
#include "sema/archive.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

void api_making_begin(void) { pthread_mutex_lock(&making); }
void api_making_end(void) { pthread_mutex_unlock(&making); }

/* A callee larger than this stays a call: inlining pays by what it exposes, and code must not explode. */
enum { INLINE_MOST_NODES = 200, INLINE_MOST_TOTAL = 20000 };

typedef struct pass_context {
    int inlined_nodes;
    bool inlines_all; /* what is to be saved: but operators that our library writes stay calls, which readers know */
} pass_context;

/* ---- what passes ask for -------------------------------------------------------------------------- */

static void print_nothing(void *ctx, const char *s, size_t n)
{
    (void)ctx, (void)s, (void)n;
}

/* Folding calls the kernel: one meaning. A failure leaves the node for run time, where it raises. */
static bool eval(void *ctx, const ir_node *n, const jit_value *args, jit_value *rets)
{
    (void)ctx;
    op_run run = { .print = print_nothing, .warn = print_nothing };
    op_kernel kernel = op_kernel_find(n->op, DEVICE_CPU);
    op_ctx cx = { .run = &run, .op = n->op, .n_args = n->n_inputs, .n_rets = n->n_outputs, .node = n };
    bool is_done = kernel && kernel_run(&cx, kernel, args, rets);
    mem_free(run.message);
    return is_done;
}

static ir_graph *emitted_locked(ir_function *fn, diag *d);

static int count_nodes(const ir_graph *g)
{
    int n = 0;
    IR_EACH_NODE_DEEP(node, g)
        if (++n > INLINE_MOST_NODES)
            break;
    return n;
}

static ir_graph *inline_body(void *ctx, ir_function *fn)
{
    pass_context *cx = ctx;
    if (cx->inlines_all && script_library_operator(fn))
        return NULL;
    diag d; // a callee that does not compile stays a call, which fails when it is made
    diag_init(&d);
    ir_graph *g = emitted_locked(fn, &d);
    diag_fini(&d);
    int n = g ? count_nodes(g) : 0;
    if (g && cx->inlines_all)
        return g;
    if (!g || n > INLINE_MOST_NODES || cx->inlined_nodes + n > INLINE_MOST_TOTAL)
        return NULL;
    cx->inlined_nodes += n;
    return g;
}

static const ir_graph *body(void *ctx, ir_function *fn)
{
    (void)ctx;
    diag d;
    diag_init(&d);
    const ir_graph *g = emitted_locked(fn, &d);
    diag_fini(&d);
    return g;
}

void api_opt_init(opt_ctx *cx)
{
    *cx = (opt_ctx){ .eval = eval, .inline_body = inline_body, .body = body, .ctx = mem_calloc(1, sizeof(pass_context)) };
    if (!cx->ctx) // without the budget nothing is inlined
        cx->inline_body = NULL;
    arena_init(&cx->scratch);
#ifndef NDEBUG
    cx->validate = true;
#endif
}

void api_opt_fini(opt_ctx *cx)
{
    mem_free(cx->ctx);
}

/* ---- graphs --------------------------------------------------------------------------------------- */

/* Tests run programs with no passes and with all of them in random orders; see jit_debug_set_optimizer(). */
typedef enum optimizer_mode { OPTIMIZER_DEFAULT, OPTIMIZER_NONE, OPTIMIZER_SHUFFLED } optimizer_mode;
static _Atomic int optimizer_mode_now = OPTIMIZER_DEFAULT;
static _Atomic uint64_t optimizer_seed;

bool jit_debug_set_optimizer(const char *how)
{
    unsigned long long seed = 0;
    const bool fuses_all = !strcmp(how, "fused");
    if (!strcmp(how, "default") || fuses_all)
        optimizer_mode_now = OPTIMIZER_DEFAULT;
    else if (!strcmp(how, "none"))
        optimizer_mode_now = OPTIMIZER_NONE;
    else if (sscanf(how, "random:%llu", &seed) == 1)
        optimizer_mode_now = OPTIMIZER_SHUFFLED;
    else
        return false;
    optimizer_seed = seed;
    fused_set_mode(fuses_all ? FUSED_ALWAYS : optimizer_mode_now == OPTIMIZER_NONE ? FUSED_NEVER : FUSED_WHERE_IT_PAYS);
    return true;
}

bool api_may_specialise(void) { return optimizer_mode_now == OPTIMIZER_DEFAULT; }

bool api_run_pipeline(const char *pipeline, ir_graph *g)
{
    opt_ctx cx;
    api_opt_init(&cx);
    bool is_done = opt_run_pipeline(pipeline, g, &cx);
    api_opt_fini(&cx);
    return is_done && !ir_graph_failed(g);
}

bool api_inline_all(ir_graph *g)
{
    opt_ctx cx;
    const char *bad;
    api_opt_init(&cx);
    if (cx.ctx)
        ((pass_context *)cx.ctx)->inlines_all = true;
    api_making_begin(); // callees are compiled on the way
    bool is_done = opt_run_passes("inline", g, &cx, &bad);
    api_making_end();
    api_opt_fini(&cx);
    return is_done && !ir_graph_failed(g);
}

static bool optimize(ir_graph *g)
{
    if (optimizer_mode_now == OPTIMIZER_DEFAULT)
        return api_run_pipeline("optimized", g);
    opt_ctx cx;
    const char *bad;
    api_opt_init(&cx);
    bool is_done = optimizer_mode_now == OPTIMIZER_NONE // this one is no optimisation: PyTorch drops such writes
                       ? opt_run_passes("unseen_writes,overlap", g, &cx, &bad)
                       : opt_run_shuffled(optimizer_seed + g->n_values, g, &cx) && opt_run_passes("overlap", g, &cx, &bad);
    api_opt_fini(&cx);
    return is_done && !ir_graph_failed(g);
}

static ir_graph *emitted_locked(ir_function *fn, diag *d)
{
    if (!sema_archive_compile(fn, d))
        return NULL;
    if (fn->graph && !fn->is_emitted)
        fn->is_emitted = api_run_pipeline("emitted", fn->graph);
    return fn->is_emitted ? fn->graph : NULL;
}

ir_graph *api_emitted_graph(ir_function *fn, diag *d)
{
    pthread_mutex_lock(&making);
    ir_graph *g = emitted_locked(fn, d);
    pthread_mutex_unlock(&making);
    return g;
}

jit_status api_emit(ir_function *fn, ir_graph **ret, jit_error *err)
{
    diag d;
    diag_init(&d);
    *ret = api_emitted_graph(fn, &d);
    jit_status status = *ret ? JIT_OK : d.n_errors ? api_fail_diag(err, &d, false) : error_no_memory(err);
    diag_fini(&d);
    return status;
}

ir_graph *api_script_graph(void *ctx, ir_function *fn, const char **ret_why)
{
    diag d;
    (void)ctx;
    diag_init(&d);
    ir_graph *g = api_emitted_graph(fn, &d);
    if (!g && d.n_errors)
        *ret_why = "code of its archive does not compile here";
    diag_fini(&d);
    return g;
}

static ir_graph *optimized_locked(ir_function *fn, diag *d)
{
    ir_graph *g = fn->optimized ? fn->optimized : emitted_locked(fn, d);
    if (!g || fn->optimized)
        return g;
    g = ir_graph_clone(g);
    if (g && optimize(g))
        return fn->optimized = g;
    ir_graph_free(g);
    return NULL;
}

/* ---- plans ---------------------------------------------------------------------------------------- */

static void free_plan(void *plan) { vm_plan_free(plan); }

static void fail_compile(vm_run *run, const ir_function *fn, const diag *d)
{
    const diag_item *first = d->first;
    range at = first ? first->at : fn->at;
    api_run_fail(run, first ? api_diag_status(d) : JIT_ENOMEM, "%s", first ? first->message : "out of memory");
    (void)VEC_PUSH(&run->trace, NULL, ((vm_trace_frame){ fn->name, at }));
}

static ir_graph *graph_for_plan(vm_run *run, ir_function *fn)
{
    diag d;
    diag_init(&d);
    ir_graph *g = optimized_locked(fn, &d);
    if (!g)
        fail_compile(run, fn, &d);
    diag_fini(&d);
    return g;
}

const ir_graph *api_optimized_graph(vm_run *run, ir_function *fn)
{
    mem_budget *outer = mem_budget_set(NULL); // it outlives the run
    pthread_mutex_lock(&making);
    const ir_graph *g = graph_for_plan(run, fn);
    pthread_mutex_unlock(&making);
    mem_budget_set(outer);
    return g;
}

static const vm_plan *make_plan(vm_run *run, ir_function *fn)
{
    const vm_plan *plan = atomic_load_explicit(&fn->plan, memory_order_acquire);
    if (plan)
        return plan; // another thread was faster
    ir_graph *g = graph_for_plan(run, fn);
    if (!g)
        return NULL;
    arena a;
    arena_init(&a);
    const char *why = NULL;
    range at = { 0 };
    vm_plan *made = vm_plan_new(g, fn->name, &a, &why, &at);
    if (made) {
        fn->unit->free_plan = free_plan;
        api_prepare_special(fn, g);
        atomic_store_explicit(&fn->plan, made, memory_order_release);
    } else {
        api_run_fail(run, why ? JIT_EUNSUPPORTED : JIT_ENOMEM, "%s", why ? why : "out of memory");
        (void)VEC_PUSH(&run->trace, NULL, ((vm_trace_frame){ fn->name, at }));
    }
    arena_fini(&a);
    return made;
}

const vm_plan *api_get_plan(vm_run *run, ir_function *fn)
{
    const vm_plan *plan = atomic_load_explicit(&fn->plan, memory_order_acquire);
    if (plan)
        return plan;
    mem_budget *outer = mem_budget_set(NULL); // plans outlive the run whose budget this is
    pthread_mutex_lock(&making);
    plan = make_plan(run, fn);
    pthread_mutex_unlock(&making);
    mem_budget_set(outer);
    return plan;
}
