/* runtime/api/call.c: calling functions with host values. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/api.h"

#include "ir/type.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- runs ---------------------------------------------------------------------------------------- */

static void print_to_stdout(void *ctx, const char *s, size_t n)
{
    (void)ctx;
    fwrite(s, 1, n, stdout);
}

static void warn_to_stderr(void *ctx, const char *s, size_t n)
{
    (void)ctx;
    fprintf(stderr, "UserWarning: %.*s\n", (int)(n < INT_MAX ? n : INT_MAX), s);
}

int64_t api_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Does a method take another object of its class and return bool? */
static bool compares(const ir_function *fn)
{
    const schema *s = fn->schema;
    return s && s->n_args == 2 && s->args[1].type == fn->owner && s->rets[0].type->kind == TYPE_BOOL;
}

/* `a < b` of two objects, for sort(): their class's __lt__, in a call of its own. */
static bool call_less(op_run *op, jit_value a, jit_value b, bool *ret)
{
    vm_run *run = (vm_run *)((char *)op - offsetof(vm_run, op));
    ir_function *fn = a.tag == VALUE_OBJECT ? type_find_method(a.object->type, "__lt__") : NULL;
    if (fn && !compares(fn))
        return api_run_fail(run, JIT_ERUNTIME, "To sort a list of %s it must define a __lt__ method with two inputs of "
                            "type %s that returns a bool", type_unqualified_name(fn->owner), type_unqualified_name(fn->owner));
    const vm_plan *plan = fn ? api_get_plan(run, fn) : NULL;
    jit_value args[2] = { a, b }, less;
    if (!fn)
        return api_run_fail(run, JIT_ERUNTIME, "Only list of Tensors, ints, floats, bools, strs, a User Defined Class "
                            "that defines the __lt__ compare method or Tuples of aforementioned types can be sorted");
    if (!plan || !vm_execute(run, plan, args, 2, &less))
        return false;
    *ret = less.tag == VALUE_BOOL && less.b;
    value_unref(less);
    return true;
}

void api_run_init(api_run *run, const jit_call_options *opts)
{
    const jit_limits *limits = opts ? opts->limits : NULL;
    *run = (api_run){
        .vm = {
            .op = { .print = print_to_stdout, .warn = warn_to_stderr, .call_less = call_less },
            .get_plan = api_get_plan,
        },
    };
    if (opts && opts->print) {
        run->vm.op.print = opts->print;
        run->vm.op.print_ctx = opts->print_ctx;
    }
    if (opts)
        run->vm.op.interrupt = (const _Atomic bool *)opts->interrupt;
    if (limits) {
        run->vm.limits.max_instructions = limits->max_instructions;
        run->vm.limits.max_depth = limits->max_depth;
        run->vm.limits.deadline_ns = limits->max_time_ns ? api_now_ns() + limits->max_time_ns : 0;
        run->vm.op.max_tensor_elements = limits->max_tensor_elements;
        run->budget.limit_bytes = limits->max_bytes;
    }
    run->outer_budget = run->budget.limit_bytes ? mem_budget_set(&run->budget) : NULL;
}

void api_run_fini(api_run *run)
{
    if (run->budget.limit_bytes)
        mem_budget_set(run->outer_budget);
    vm_run_fini(&run->vm);
}

bool api_run_fail(vm_run *run, jit_status status, const char *format, ...)
{
    if (run->op.status)
        return false; // the first error stays
    va_list ap;
    va_start(ap, format);
    text t;
    text_init(&t, NULL);
    text_vaddf(&t, format, ap);
    va_end(ap);
    run->op.status = status;
    run->op.message = text_take(&t);
    return false;
}

/* ---- arguments ----------------------------------------------------------------------------------- */

/* The reference's message for an argument that does not fit. */
static bool bad_argument(vm_run *run, const schema *s, const char *name, size_t i, jit_value v)
{
    arena a;
    arena_init(&a);
    text value, declaration;
    text_init(&value, &a);
    text_init(&declaration, &a);
    value_print_repr(v, &value);
    schema_print(s, &declaration);
    if (value.n > 200)
        memcpy(value.s + 197, "...", 4);
    api_run_fail(run, JIT_ETYPE, "%s() Expected a value of type '%s' for argument '%s' but instead found type '%s'.\n"
                 "Position: %zu\nValue: %s\nDeclaration: %s", name, type_str(&a, s->args[i].type), s->args[i].name,
                 type_str(&a, type_of_value(v)), i, value.s, declaration.s);
    arena_fini(&a);
    return false;
}

/* Label: the reference says "Declaration", or "Schema" where a keyword is wrong. */
static bool fail_with_schema(vm_run *run, const schema *s, const char *what, const char *label)
{
    text declaration;
    text_init(&declaration, NULL);
    schema_print(s, &declaration);
    api_run_fail(run, JIT_ETYPE, "%s %s: %s", what, label, declaration.s);
    text_fini(&declaration);
    return false;
}

/* The host value given for parameter i: by position, by name, or NULL. */
static const jit_value *given_value(const schema *s, size_t i, size_t n_fixed, const jit_value *args, size_t n_args,
                                    const char *const *names, size_t n_names)
{
    if (i >= n_fixed && i - n_fixed < n_args)
        return &args[i - n_fixed];
    for (size_t k = 0; k < n_names; k++)
        if (!strcmp(names[k], s->args[i].name))
            return &args[n_args + k];
    return NULL;
}

static bool is_named_before(const char *const *names, size_t k)
{
    for (size_t i = 0; i < k; i++)
        if (!strcmp(names[i], names[k]))
            return true;
    return false;
}

/* Each keyword must name a parameter that nothing else filled. */
static bool check_names(vm_run *run, const schema *s, const char *name, size_t n_fixed, size_t n_args,
                        const char *const *names, size_t n_names)
{
    char what[300];
    for (size_t k = 0; k < n_names; k++) {
        int i = schema_find_arg(s, names[k]);
        if (i < 0)
            snprintf(what, sizeof what, "Unknown keyword argument '%s' for operator '%s'.", names[k], name);
        else if ((size_t)i < n_fixed + n_args)
            snprintf(what, sizeof what, "Argument '%s' specified both as positional and keyword argument.", names[k]);
        else if (is_named_before(names, k))
            snprintf(what, sizeof what, "Argument '%s' specified twice.", names[k]);
        else
            continue;
        return fail_with_schema(run, s, what, "Schema");
    }
    return true;
}

/* int[2]: one number stands for all of the list. */
static bool repeat_number(jit_value number, int n, const type *t, jit_value *ret)
{
    const type *elem = type_elem(type_without_none(t));
    list *l = list_new(elem, type_list_storage(elem), (size_t)n);
    bool good = l != NULL;
    for (int i = 0; good && i < n; i++) {
        jit_value v;
        good = api_convert(number, elem, &v) && list_push(l, v);
    }
    *ret = VALUE_HEAP_V(VALUE_LIST, l);
    if (!good)
        value_unref(*ret);
    return good;
}

static bool convert_argument(jit_value given, const schema_arg *param, jit_value *ret)
{
    bool is_number = given.tag == VALUE_INT || given.tag == VALUE_FLOAT;
    if (param->sized && is_number && type_without_none(param->type)->kind == TYPE_LIST)
        return repeat_number(given, param->sized, param->type, ret);
    return api_convert(given, param->type, ret);
}

bool api_bind(vm_run *run, const schema *s, const char *name, size_t n_fixed, const jit_value *args, size_t n_args,
              const char *const *names, size_t n_names, jit_value *ret)
{
    char what[300];
    if (n_args > s->n_args - n_fixed) {
        snprintf(what, sizeof what, "%s() expected at most %zu argument(s) but received %zu argument(s).", name,
                 s->n_args - n_fixed, n_args + n_names);
        return fail_with_schema(run, s, what, "Declaration");
    }
    size_t done = n_fixed;
    const uint64_t refusals = mem_refusals();
    for (; done < s->n_args; done++) {
        const schema_arg *param = &s->args[done];
        const jit_value *given = given_value(s, done, n_fixed, args, n_args, names, n_names);
        if (!given && param->has_default) {
            ret[done] = value_ref(param->default_value);
        } else if (!given) {
            snprintf(what, sizeof what, "%s() is missing value for argument '%s'.", name, param->name);
            fail_with_schema(run, s, what, "Declaration");
            break;
        } else if (!convert_argument(*given, param, &ret[done])) {
            if (mem_refusals() != refusals)
                api_run_fail(run, JIT_ENOMEM, "out of memory");
            else
                bad_argument(run, s, name, done, *given);
            break;
        }
    }
    if (done == s->n_args && check_names(run, s, name, n_fixed, n_args, names, n_names))
        return true;
    while (done-- > n_fixed)
        value_unref(ret[done]);
    return false;
}

/* ---- calls --------------------------------------------------------------------------------------- */

/* Bind and run; `receiver` (NULL: none) is the first argument. */
static bool call(vm_run *run, ir_function *fn, const jit_value *receiver, const jit_value *args, size_t n_args,
                 const char *const *names, size_t n_names, jit_value *ret)
{
    const schema *s = fn->schema;
    size_t n_fixed = receiver ? 1 : 0;
    jit_value *bound = mem_calloc(s->n_args + 1, sizeof *bound);
    if (!bound)
        return api_run_fail(run, JIT_ENOMEM, "out of memory");
    if (receiver)
        bound[0] = value_ref(*receiver);
    bool is_done = api_bind(run, s, fn->name, n_fixed, args, n_args, names, n_names, bound);
    if (is_done) {
        const vm_plan *plan = api_plan_for(run, fn, bound, s->n_args);
        is_done = plan && vm_execute(run, plan, bound, s->n_args, ret);
        for (size_t i = n_fixed; i < s->n_args; i++)
            value_unref(bound[i]);
    }
    if (receiver)
        value_unref(bound[0]);
    mem_free(bound);
    return is_done;
}

bool api_call_function(vm_run *run, ir_function *fn, const jit_value *args, size_t n_args, const char *const *names,
                       size_t n_names, jit_value *ret)
{
    return call(run, fn, NULL, args, n_args, names, n_names, ret);
}

/* What a hook gave: *value is replaced unless it is None. */
static void take_result(jit_value *value, jit_value result)
{
    if (result.tag != VALUE_NONE)
        value_set(value, result);
}

/* The pre-hooks of a module see and may replace the arguments, a tuple. */
static bool run_pre_hooks(vm_run *run, jit_value self, jit_value *inputs)
{
    const type_class *cls = self.object->type->cls;
    for (size_t i = 0; i < cls->n_pre_hooks; i++) {
        jit_value result;
        if (!api_call_method(run, self, cls->pre_hooks[i], inputs, 1, NULL, 0, &result))
            return false;
        if (result.tag != VALUE_TUPLE && result.tag != VALUE_NONE) { // one value stands for a tuple of it
            tuple *one = tuple_new(NULL, 1);
            if (!one) {
                value_unref(result);
                return api_run_fail(run, JIT_ENOMEM, "out of memory");
            }
            one->at[0] = result;
            result = VALUE_HEAP_V(VALUE_TUPLE, one);
        }
        take_result(inputs, result);
    }
    return true;
}

static bool run_hooks(vm_run *run, jit_value self, jit_value inputs, jit_value *output)
{
    const type_class *cls = self.object->type->cls;
    for (size_t i = 0; i < cls->n_hooks; i++) {
        jit_value result, args[2] = { inputs, *output };
        if (!api_call_method(run, self, cls->hooks[i], args, 2, NULL, 0, &result))
            return false;
        take_result(output, result);
    }
    return true;
}

bool api_call_module(vm_run *run, jit_value self, const jit_value *args, size_t n_args, const char *const *names,
                     size_t n_names, jit_value *ret)
{
    const type_class *cls = self.object->type->cls;
    if (!cls->n_pre_hooks && !cls->n_hooks)
        return api_call_method(run, self, "forward", args, n_args, names, n_names, ret);
    if (n_names)
        return api_run_fail(run, JIT_ETYPE, "a module with hooks takes no keyword arguments");
    tuple *t = tuple_new(NULL, n_args);
    if (!t)
        return api_run_fail(run, JIT_ENOMEM, "out of memory");
    for (size_t i = 0; i < n_args; i++)
        t->at[i] = value_ref(args[i]);
    jit_value inputs = VALUE_HEAP_V(VALUE_TUPLE, t), output = VALUE_NONE_V;
    bool is_done = run_pre_hooks(run, self, &inputs)
                   && api_call_method(run, self, "forward", inputs.tuple->at, inputs.tuple->n, NULL, 0, &output);
    if (is_done && !run_hooks(run, self, inputs, &output)) {
        value_unref(output);
        is_done = false;
    }
    value_unref(inputs);
    if (is_done)
        *ret = output;
    return is_done;
}

/* A NamedTuple from positions, names and defaults. */
static bool construct_tuple(vm_run *run, const type *t, const jit_value *args, size_t n_args, const char *const *names,
                            size_t n_names, jit_value *ret)
{
    arena a;
    arena_init(&a);
    schema_arg *params = ARENA_ARRAY(&a, schema_arg, t->n_args);
    tuple *made = tuple_new(t, t->n_args);
    if (!params || a.failed || !made) {
        value_unref(VALUE_HEAP_V(VALUE_TUPLE, made));
        arena_fini(&a);
        return api_run_fail(run, JIT_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < t->n_args; i++) {
        params[i].name = t->fields->names[i];
        params[i].type = t->args[i];
        params[i].has_default = t->fields->has_default && t->fields->has_default[i];
        if (params[i].has_default)
            params[i].default_value = t->fields->defaults[i];
    }
    schema_arg result = { .type = t };
    schema s = { .name = type_unqualified_name(t), .overload = "", .n_args = t->n_args, .n_rets = 1, .args = params,
                 .rets = &result };
    bool is_done = api_bind(run, &s, s.name, 0, args, n_args, names, n_names, made->at);
    arena_fini(&a);
    if (is_done) {
        *ret = VALUE_HEAP_V(VALUE_TUPLE, made);
        return true;
    }
    for (size_t i = 0; i < made->n; i++)
        made->at[i] = VALUE_NONE_V; // api_bind released what it had bound
    value_unref(VALUE_HEAP_V(VALUE_TUPLE, made));
    return false;
}

bool api_construct(vm_run *run, const type *cls, const jit_value *args, size_t n_args, const char *const *names,
                   size_t n_names, jit_value *ret)
{
    if (cls->kind == TYPE_NAMED_TUPLE)
        return construct_tuple(run, cls, args, n_args, names, n_names, ret);
    ir_function *init = cls->kind == TYPE_CLASS ? type_find_method(cls, "__init__") : NULL;
    if (!init)
        return api_run_fail(run, JIT_ETYPE, "cannot make an instance of %s", type_unqualified_name(cls));
    object *o = ir_object_new(cls);
    if (!o)
        return api_run_fail(run, JIT_ENOMEM, "out of memory");
    jit_value self = VALUE_HEAP_V(VALUE_OBJECT, o), nothing;
    if (!call(run, init, &self, args, n_args, names, n_names, &nothing)) {
        value_unref(self);
        return false;
    }
    value_unref(nothing);
    *ret = self;
    return true;
}

bool api_call_method(vm_run *run, jit_value self, const char *name, const jit_value *args, size_t n_args,
                     const char *const *names, size_t n_names, jit_value *ret)
{
    ir_function *fn = type_find_method(self.object->type, name);
    if (!fn)
        return api_run_fail(run, JIT_ENOTFOUND, "'%s' object has no attribute or method '%s'",
                            type_unqualified_name(self.object->type), name);
    return call(run, fn, &self, args, n_args, names, n_names, ret);
}

/* ---- public -------------------------------------------------------------------------------------- */

jit_status api_unbox(jit_any *const *args, size_t n, const char *const *names, size_t n_names, jit_value **ret, jit_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (!args[i]) // most often a constructor that found no memory
            return error_fail(err, JIT_EINVAL, "argument %zu is NULL", i);
    for (size_t i = 0; i < n_names; i++)
        if (!names[i])
            return error_fail(err, JIT_EINVAL, "the name of keyword argument %zu is NULL", i);
    jit_value *values = mem_calloc(n + 1, sizeof *values);
    for (size_t i = 0; values && i < n; i++)
        values[i] = args[i]->v;
    *ret = values;
    return values ? JIT_OK : error_no_memory(err);
}

/* What a result may come from: a unit (or NULL) and arguments. */
typedef struct origin { ir_unit *unit; jit_any *const *args; size_t n_args; } origin;

/* Box the result of a run, or turn its failure into err. */
static jit_status finish(api_run *run, bool is_done, jit_value value, const origin *from, jit_any **ret, jit_error *err)
{
    jit_status status = is_done ? JIT_OK : api_fail_run_in(err, &run->vm, from->unit);
    api_run_fini(run);
    if (!is_done)
        return status;
    jit_any *box = api_box(value);
    if (from->unit)
        box = api_box_keep(box, from->unit);
    for (size_t i = 0; box && i < from->n_args; i++)
        box = api_box_keep_all(box, from->args[i]);
    if (!box)
        return error_no_memory(err);
    *ret = box;
    return JIT_OK;
}

jit_status jit_call_keywords(jit_function *f, jit_any *const *args, size_t n_args, const char *const *names,
                             size_t n_names, const jit_call_options *opts, jit_any **ret, jit_error *err)
{
    jit_value *values, value = VALUE_NONE_V;
    if (!f || !ret)
        return error_fail(err, JIT_EINVAL, "jit_call: the function or the place of the result is NULL");
    jit_status status = api_unbox(args, n_args + n_names, names, n_names, &values, err);
    if (status)
        return status;
    api_run run;
    api_run_init(&run, opts);
    bool is_done = f->with_hooks
                       ? api_call_module(&run.vm, f->self, values, n_args, names, n_names, &value)
                       : call(&run.vm, f->fn, f->self.tag == VALUE_OBJECT ? &f->self : NULL, values, n_args, names,
                              n_names, &value);
    mem_free(values);
    return finish(&run, is_done, value, &(origin){ f->unit, args, n_args + n_names }, ret, err);
}

jit_status jit_call(jit_function *f, jit_any *const *args, size_t n_args, const jit_call_options *opts, jit_any **ret,
                    jit_error *err)
{
    return jit_call_keywords(f, args, n_args, NULL, 0, opts, ret, err);
}

jit_status jit_op_call(const char *name, jit_any *const *args, size_t n_args, const char *const *names, size_t n_names,
                       jit_any **ret, jit_error *err)
{
    jit_value *values, value = VALUE_NONE_V;
    if (!name || !ret)
        return error_fail(err, JIT_EINVAL, "jit_op_call: the name or the place of the result is NULL");
    jit_status status = api_unbox(args, n_args + n_names, names, n_names, &values, err);
    if (status)
        return status;
    api_run run;
    api_run_init(&run, NULL);
    bool is_done = api_call_op(&run.vm, name, values, n_args, names, n_names, &value);
    mem_free(values);
    return finish(&run, is_done, value, &(origin){ NULL, args, n_args + n_names }, ret, err);
}

jit_status jit_evaluate(jit_module *m, const char *expression, const jit_call_options *opts, jit_any **ret,
                        jit_error *err)
{
    jit_value value = VALUE_NONE_V;
    if (!m || !expression || !ret)
        return error_fail(err, JIT_EINVAL, "jit_evaluate: the module, the expression or the place of the result is NULL");
    api_run run;
    api_run_init(&run, opts);
    bool is_done = api_evaluate(&run.vm, m->unit, m->root, expression, &value);
    return finish(&run, is_done, value, &(origin){ m->unit, NULL, 0 }, ret, err);
}

void jit_manual_seed(uint64_t seed)
{
    generator *g = generator_default();
    generator_lock(g);
    generator_seed(g, seed);
    generator_unlock(g);
}

void jit_set_num_threads(int n) { runtime_set_num_threads(n); }
int jit_get_num_threads(void) { return runtime_get_num_threads(); }
