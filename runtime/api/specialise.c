/* runtime/api/specialise.c: what becomes of a function's graph for the arguments of one call: the plan that runs, and the
 * text people look at.
 *
 * Plans depend on element types, numbers of dimensions and devices of the arguments, never on sizes, and not on
 * attributes, which may be replaced. A function whose graph asks nothing that these answer (most) has its general
 * plan only, and its calls do not look at types at all. The first call runs the general plan: a function that is called
 * once does not pay for the second. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/api.h"

#include "ir/type.h"
#include "opt/guard.h"
#include "runtime/exec/plans.h"

#include <string.h>

/* ---- what is known at the call -------------------------------------------------------------------- */

static void refine_input(ir_value *v, jit_value given)
{
    if (v->type->kind == TYPE_TENSOR && given.tag == VALUE_TENSOR && !given.t->store->has_parts)
        v->type = type_of_tensor(given.t);
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
        else
            refine_input(n->outputs[0], o->at[slot]);
    }
    return !ir_graph_failed(g);
}

/* ---- plans ---------------------------------------------------------------------------------------- */

static void free_special(void *special) { plan_cache_free(special); }

void api_prepare_special(ir_function *fn, const ir_graph *general)
{
    if (api_may_specialise() && !fn->special && opt_type_questions(general) > 0) {
        fn->unit->free_special = free_special;
        atomic_store_explicit(&fn->special, plan_cache_new(), memory_order_release);
    }
}

static void refine_for_key(ir_value *v, jit_value given)
{
    int64_t any_size[TENSOR_MAX_DIMS];
    if (v->type->kind != TYPE_TENSOR || given.tag != VALUE_TENSOR || given.t->store->has_parts)
        return;
    for (int i = 0; i < given.t->n_dims; i++)
        any_size[i] = -1;
    v->type = type_tensor_refined(&(type_tensor){
        .dtype = (int)tensor_dtype(given.t),
        .rank = given.t->n_dims,
        .requires_grad = given.t->requires_grad,
        .has_device = true,
        .dev = given.t->store->dev,
        .sizes = any_size,
        .strides = any_size,
    });
}

/* The graph for types like those of args. NULL: they decide nothing, or there is no memory. */
static ir_graph *graph_for_key(const ir_graph *general, const jit_value *args)
{
    ir_graph *g = ir_graph_clone(general);
    if (!g)
        return NULL;
    for (uint32_t i = 0; i < ir_block_n_inputs(g->body); i++)
        refine_for_key(ir_block_input(g->body, i), args[i]);
    bool is_better = api_run_pipeline("specialised", g) && opt_type_questions(g) < opt_type_questions(general);
    opt_forget_types(g);
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
    ir_graph *g = graph_for_key(general, args);
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
    if (!plan_key_of(args, n_args, &key))
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

/* The optimised graph of fn for these arguments, with its test. NULL: no memory, or the run holds why it cannot be. */
static ir_graph *specialised_graph(vm_run *run, ir_function *fn, const jit_value *args)
{
    const ir_graph *general = api_optimized_graph(run, fn);
    ir_graph *g = general ? ir_graph_clone(general) : NULL;
    if (!g)
        return NULL;
    bool has_self = fn->owner && !fn->is_static;
    for (uint32_t i = 0; i < ir_block_n_inputs(g->body); i++)
        refine_input(ir_block_input(g->body, i), args[i]);
    api_making_begin(); // passes look at bodies of callees
    bool is_fine = refine_attributes(g, has_self ? args[0] : VALUE_NONE_V) && api_run_pipeline("specialised", g);
    api_making_end();
    if (is_fine)
        opt_guard(g);
    if (is_fine && !ir_graph_failed(g))
        return g;
    ir_graph_free(g);
    return NULL;
}

static bool print_for(vm_run *run, ir_function *fn, const jit_value *receiver, const jit_value *args, size_t n_args, text *out)
{
    const schema *s = fn->schema;
    size_t n_fixed = receiver ? 1 : 0;
    jit_value *bound = mem_calloc(s->n_args + 1, sizeof *bound);
    if (!bound)
        return api_run_fail(run, JIT_ENOMEM, "out of memory");
    if (receiver)
        bound[0] = *receiver;
    bool is_bound = api_bind(run, s, fn->name, n_fixed, args, n_args, NULL, 0, bound);
    ir_graph *g = is_bound ? specialised_graph(run, fn, bound) : NULL;
    if (g)
        ir_print(g, &(ir_print_options){ 0 }, out);
    else
        api_run_fail(run, JIT_ENOMEM, "out of memory");
    bool is_done = g != NULL;
    ir_graph_free(g);
    for (size_t i = n_fixed; i < s->n_args && is_bound; i++)
        value_unref(bound[i]);
    mem_free(bound);
    return is_done;
}

jit_status jit_graph_for(jit_function *f, jit_any *const *args, size_t n_args, char **ret, jit_error *err)
{
    if (!f || !ret)
        return error_fail(err, JIT_EINVAL, "jit_graph_for: the function or the place of the text is NULL");
    jit_value *values = mem_calloc(n_args + 1, sizeof *values);
    if (!values)
        return error_no_memory(err);
    for (size_t i = 0; i < n_args; i++) {
        if (!args[i]) {
            mem_free(values);
            return error_fail(err, JIT_EINVAL, "argument %zu is NULL", i);
        }
        values[i] = args[i]->v;
    }
    api_run run;
    text out;
    api_run_init(&run, NULL);
    text_init(&out, NULL);
    const jit_value *self = f->self.tag == VALUE_OBJECT ? &f->self : NULL;
    jit_status status = print_for(&run.vm, f->fn, self, values, n_args, &out) ? JIT_OK : api_fail_run(err, &run.vm);
    api_run_fini(&run);
    mem_free(values);
    return api_give_text(&out, status, ret, err);
}
