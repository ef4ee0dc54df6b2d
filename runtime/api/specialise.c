/* runtime/api/specialise.c: what becomes of a function's graph for the arguments of one call: the plan that runs, and the
 * text people look at.
 *
 * Plans depend on element types, numbers of dimensions and devices of the arguments and on which of them are None, never
 * on sizes, and not on attributes, which may be replaced. A function whose graph asks nothing that these answer (most) has its general
 * plan only, and its calls do not look at types at all. The first call runs the general plan: a function that is called
 * once does not pay for the second. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/api.h"

#include "ir/type.h"
#include "opt/guard.h"
#include "runtime/exec/plans.h"

#include <string.h>

/* ---- what is known at the call -------------------------------------------------------------------- */

/* The declared type t, an Optional as what is given; `of_tensor` says what is known of a tensor. */
static const type *given_type(const type *t, jit_value given, const type *(*of_tensor)(const tensor *))
{
    if (t->kind == TYPE_OPTIONAL)
        t = given.tag == VALUE_NONE ? T_NONE : type_without_none(t);
    return t->kind == TYPE_TENSOR && given.tag == VALUE_TENSOR && !given.t->store->has_parts ? of_tensor(given.t) : t;
}

/* Attributes of the modules at hand: objects by value, tensors by type. Blocks read them too; a node comes after those
 * it reads. */
static bool refine_attributes(ir_graph *g, jit_value self)
{
    ptrmap objects;
    ptrmap_init(&objects, &g->arena);
    if (self.tag == VALUE_OBJECT && ir_block_n_inputs(g->body))
        ptrmap_set(&objects, ir_block_input(g->body, 0), self.object);
    IR_EACH_NODE_DEEP(n, g) {
        const object *o = n->op == OP_prim_GetAttr ? ptrmap_find(&objects, n->inputs[0]) : NULL;
        int slot = o ? type_class_slot(o->type, ir_get_str(n, "name")) : -1;
        if (slot < 0 || (size_t)slot >= o->n)
            continue;
        if (o->at[slot].tag == VALUE_OBJECT)
            ptrmap_set(&objects, n->outputs[0], o->at[slot].object);
        else if (n->outputs[0]->type->kind == TYPE_TENSOR)
            n->outputs[0]->type = given_type(T_TENSOR, o->at[slot], type_of_tensor);
    }
    return !ir_graph_failed(g);
}

/* ---- plans ---------------------------------------------------------------------------------------- */

static void free_special(void *special) { plan_cache_free(special); }

/* The inputs of which the graph asks whether they are None, as bits. */
static uint32_t find_asked_none(const ir_graph *g)
{
    uint32_t asked = 0;
    for (uint32_t i = 0; i < ir_block_n_inputs(g->body) && i < PLANS_MOST_ARGS; i++)
        if (opt_asks_none(ir_block_input(g->body, i)))
            asked |= 1u << i;
    return asked;
}

void api_prepare_special(ir_function *fn, const ir_graph *general)
{
    if (api_may_specialise() && !fn->special && opt_type_questions(general) > 0) {
        fn->unit->free_special = free_special;
        atomic_store_explicit(&fn->special, plan_cache_new(find_asked_none(general)), memory_order_release);
    }
}

static const type *type_for_key(const tensor *t)
{
    int64_t any_size[TENSOR_MAX_DIMS];
    for (int i = 0; i < t->n_dims; i++)
        any_size[i] = -1;
    return type_tensor_refined(&(type_tensor){
        .dtype = (int)tensor_dtype(t),
        .rank = t->n_dims,
        .requires_grad = t->requires_grad,
        .has_device = true,
        .dev = t->store->dev,
        .sizes = any_size,
        .strides = any_size,
    });
}

/* The graph for types like those of args. NULL: they decide nothing, or there is no memory. */
static ir_graph *graph_for_key(const ir_graph *general, const jit_value *args, uint32_t asked_none)
{
    ir_graph *g = ir_graph_clone(general);
    if (!g)
        return NULL;
    for (uint32_t i = 0; i < ir_block_n_inputs(g->body); i++) {
        ir_value *in = ir_block_input(g->body, i);
        if (in->type->kind == TYPE_TENSOR || (i < PLANS_MOST_ARGS && asked_none >> i & 1))
            opt_assume(g, in, given_type(in->type, args[i], type_for_key));
    }
    bool is_better = api_run_pipeline("specialised", g) && opt_type_questions(g) < opt_type_questions(general);
    opt_forget_assumptions(g, general);
    if (is_better && !ir_graph_failed(g))
        return g;
    ir_graph_free(g);
    return NULL;
}

/* Add what is to be known of these types; under the lock of making. */
static void meet_types_locked(ir_function *fn, plan_cache *c, const ir_graph *general, const plan_key *key,
                              const jit_value *args)
{
    const vm_plan *known;
    if (plan_cache_is_full(c) || plan_cache_find(c, key, &known))
        return; // another thread was faster
    arena a;
    arena_init(&a);
    const char *why;
    range at;
    ir_graph *g = graph_for_key(general, args, plan_cache_asked_none(c));
    vm_plan *plan = g ? vm_plan_new(g, fn->name, &a, &why, &at) : NULL;
    if (g && !plan)
        ir_graph_free(g);
    plan_cache_add(c, key, plan, plan ? g : NULL);
    arena_fini(&a);
}

static void meet_types(vm_run *run, ir_function *fn, plan_cache *c, const plan_key *key, const jit_value *args)
{
    const ir_graph *general = api_optimized_graph(run, fn);
    if (!general)
        return;
    mem_budget *outer = mem_budget_set(NULL); // plans outlive the run
    api_making_begin();
    meet_types_locked(fn, c, general, key, args);
    api_making_end();
    mem_budget_set(outer);
}

static __attribute__((noinline)) const vm_plan *plan_for_types(vm_run *run, ir_function *fn, plan_cache *c,
                                                               const jit_value *args, size_t n_args)
{
    const vm_plan *plan = NULL;
    plan_key key;
    if (!plan_key_of(c, args, n_args, &key))
        return api_get_plan(run, fn);
    if (!plan_cache_find(c, &key, &plan) && !plan_cache_is_full(c)) {
        meet_types(run, fn, c, &key, args);
        (void)plan_cache_find(c, &key, &plan);
    }
    return plan ? plan : run->op.status ? NULL : api_get_plan(run, fn);
}

const vm_plan *api_plan_for(vm_run *run, ir_function *fn, const jit_value *args, size_t n_args)
{
    plan_cache *c = atomic_load_explicit(&fn->special, memory_order_acquire);
    return c ? plan_for_types(run, fn, c, args, n_args) : api_get_plan(run, fn);
}

/* ---- the graph ------------------------------------------------------------------------------------ */

/* The optimised graph of fn for these arguments, or for any sizes of them, with its test. NULL: no memory, or the run holds
 * why it cannot be. */
static ir_graph *specialised_graph(vm_run *run, ir_function *fn, const jit_value *args, bool has_any_size)
{
    const ir_graph *general = api_optimized_graph(run, fn);
    ir_graph *g = general ? ir_graph_clone(general) : NULL;
    if (!g)
        return NULL;
    bool has_self = fn->owner && !fn->is_static;
    for (uint32_t i = 0; i < ir_block_n_inputs(g->body); i++) {
        ir_value *in = ir_block_input(g->body, i);
        opt_assume(g, in, given_type(in->type, args[i], type_of_tensor));
    }
    if (has_any_size)
        opt_name_sizes(g);
    api_making_begin(); // passes look at bodies of callees
    bool is_fine = refine_attributes(g, has_self ? args[0] : VALUE_NONE_V) && api_run_pipeline("specialised", g);
    api_making_end();
    if (is_fine)
        opt_guard(g, general);
    if (is_fine && !ir_graph_failed(g))
        return g;
    ir_graph_free(g);
    return NULL;
}

/* ---- what is told of a call ------------------------------------------------------------------------ */

/* Writes it to out; args are all of fn's. False: the run holds why not. */
typedef bool (*telling)(vm_run *run, ir_function *fn, const jit_value *args, const jit_stage_options *o, text *out);

static bool tell_graph(vm_run *run, ir_function *fn, const jit_value *args, const jit_stage_options *o, text *out)
{
    ir_graph *g = specialised_graph(run, fn, args, o->symbolic);
    if (!g)
        return api_run_fail(run, JIT_ENOMEM, "out of memory");
    ir_print(g, &(ir_print_options){ o->source_ranges, o->dot }, out);
    ir_graph_free(g);
    return true;
}

/* The plan that a second call like this runs. */
static const vm_plan *settled_plan(vm_run *run, ir_function *fn, const jit_value *args)
{
    return api_get_plan(run, fn) ? api_plan_for(run, fn, args, fn->schema->n_args) : NULL;
}

static bool tell_plan(vm_run *run, ir_function *fn, const jit_value *args, const jit_stage_options *o, text *out)
{
    (void)o;
    const vm_plan *plan = settled_plan(run, fn, args);
    if (plan)
        vm_print(plan, out);
    return plan != NULL;
}

static bool tell_kernels(vm_run *run, ir_function *fn, const jit_value *args, const jit_stage_options *o, text *out)
{
    (void)o;
    jit_value result;
    const vm_plan *plan = settled_plan(run, fn, args);
    run->op.programs = out;
    if (!plan || !vm_execute(run, plan, args, fn->schema->n_args, &result))
        return false;
    value_unref(result);
    return true;
}

static bool tell(vm_run *run, const jit_function *f, const jit_value *args, size_t n_args, telling what,
                 const jit_stage_options *o, text *out)
{
    ir_function *fn = f->fn;
    size_t n_fixed = f->self.tag == VALUE_OBJECT ? 1 : 0;
    jit_value *bound = mem_calloc(fn->schema->n_args + 1, sizeof *bound);
    if (!bound)
        return api_run_fail(run, JIT_ENOMEM, "out of memory");
    if (n_fixed)
        bound[0] = f->self;
    bool is_bound = api_bind(run, fn->schema, fn->name, n_fixed, args, n_args, NULL, 0, bound);
    bool is_done = is_bound && what(run, fn, bound, o, out);
    for (size_t i = n_fixed; i < fn->schema->n_args && is_bound; i++)
        value_unref(bound[i]);
    mem_free(bound);
    return is_done;
}

static void print_nowhere(void *ctx, const char *s, size_t n)
{
    (void)ctx, (void)s, (void)n;
}

static jit_status tell_call(const jit_function *f, jit_any *const *args, size_t n_args, telling what, const jit_stage_options *o,
                            char **ret, jit_error *err)
{
    jit_value *values;
    jit_status status = api_unbox(args, n_args, NULL, 0, &values, err);
    if (status)
        return status;
    api_run run;
    text out;
    jit_call_options opts = JIT_CALL_OPTIONS_INIT;
    opts.print = print_nowhere;
    api_run_init(&run, &opts);
    text_init(&out, NULL);
    status = tell(&run.vm, f, values, n_args, what, o, &out) ? JIT_OK : api_fail_run(err, &run.vm);
    api_run_fini(&run);
    mem_free(values);
    return api_give_text(&out, status, ret, err);
}

jit_status jit_debug_stage_for(jit_function *f, const jit_stage_options *o, jit_any *const *args, size_t n_args, char **ret,
                               jit_error *err)
{
    static const struct { const char *stage; telling what; } known[] = {
        { "optimized", tell_graph },
        { "bytecode", tell_plan },
        { "kernels", tell_kernels },
    };
    const char *stage = o->stage ? o->stage : "optimized";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(known[i].stage, stage))
            return tell_call(f, args, n_args, known[i].what, o, ret, err);
    return error_fail(err, JIT_EINVAL, "stage '%s' is not one of a call", stage);
}

static jit_status graph_for(jit_function *f, jit_any *const *args, size_t n_args, bool symbolic, char **ret, jit_error *err)
{
    if (!f || !ret)
        return error_fail(err, JIT_EINVAL, "jit_graph_for: the function or the place of the text is NULL");
    return tell_call(f, args, n_args, tell_graph, &(jit_stage_options){ .symbolic = symbolic }, ret, err);
}

jit_status jit_graph_for(jit_function *f, jit_any *const *args, size_t n_args, char **ret, jit_error *err)
{
    return graph_for(f, args, n_args, false, ret, err);
}

jit_status jit_graph_for_any_size(jit_function *f, jit_any *const *args, size_t n_args, char **ret, jit_error *err)
{
    return graph_for(f, args, n_args, true, ret, err);
}
