/* runtime/api/module.c: modules and functions as the host sees them.
 *
 * The module of a source is the functions it defines. The module of an archive is an object: its methods are found
 * bound to it, and its parameters, buffers and submodules by dotted names. A tree of modules is walked with a list
 * of its own, since how deep it is, is the file's decision. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/api.h"

#include "base/map.h"
#include "ir/type.h"
#include "runtime/archive/container.h"

#include <string.h>

/* ---- handles -------------------------------------------------------------------------------------- */

jit_module *api_module_new(ir_unit *take_unit, jit_value take_root, container *take_file)
{
    jit_module *m = mem_alloc(sizeof *m);
    if (m) {
        *m = (jit_module){ 1, take_unit, take_root, take_file };
        return m;
    }
    value_unref(take_root);
    ir_unit_unref(take_unit);
    container_unref(take_file);
    return NULL;
}

jit_module *jit_module_ref(jit_module *m)
{
    if (m)
        m->n_refs++;
    return m;
}

void jit_module_unref(jit_module *m)
{
    if (!m || --m->n_refs)
        return;
    value_unref(m->root);
    ir_unit_unref(m->unit);
    container_unref(m->file);
    mem_free(m);
}

jit_function *jit_function_ref(jit_function *f)
{
    if (f)
        f->n_refs++;
    return f;
}

void jit_function_unref(jit_function *f)
{
    if (!f || --f->n_refs)
        return;
    value_unref(f->self);
    ir_unit_unref(f->unit);
    mem_free(f);
}

/* ---- functions ------------------------------------------------------------------------------------ */

/* What a module's functions are found in by name. */
static const strmap *functions_of(const jit_module *m)
{
    return m->root.tag == VALUE_OBJECT ? &m->root.object->type->cls->methods : &m->unit->functions;
}

size_t jit_module_n_functions(const jit_module *m) { return functions_of(m)->n; }

const char *jit_module_function_name(const jit_module *m, size_t i)
{
    const strmap *all = functions_of(m);
    return i < all->n ? all->entries[i].key : NULL;
}

/* The function whose name is nearest to a wrong one, or NULL. */
static const char *suggest_function(const strmap *all, const char *name)
{
    const char *best = NULL;
    int best_distance = text_slip_limit(name) + 1;
    for (size_t i = 0; i < all->n; i++) {
        int distance = text_distance(name, all->entries[i].key, best_distance - 1);
        if (distance < best_distance) {
            best = all->entries[i].key;
            best_distance = distance;
        }
    }
    return best;
}

static jit_status no_function(const strmap *all, const char *name, jit_error *err)
{
    const char *near = suggest_function(all, name);
    return near ? error_fail(err, JIT_ENOTFOUND, "no function '%s'; did you mean '%s'?", name, near)
                : error_fail(err, JIT_ENOTFOUND, "no function '%s'", name);
}

static jit_status make_function(jit_module *m, ir_function *fn, jit_value self, bool with_hooks, jit_function **ret,
                                jit_error *err)
{
    jit_function *f = mem_alloc(sizeof *f);
    if (!f)
        return error_no_memory(err);
    *f = (jit_function){ 1, ir_unit_ref(m->unit), fn, value_ref(self), with_hooks };
    *ret = f;
    return JIT_OK;
}

/* The value at a dotted path below the root, borrowed; *ret_type (may be NULL) its declared type. NULL: there is none. */
static jit_value *find_value(const jit_module *m, const char *path, const type **ret_type)
{
    jit_value at = m->root, *slot = NULL;
    while (at.tag == VALUE_OBJECT) {
        const type_class *cls = at.object->type->cls;
        size_t n = strcspn(path, "."), i = 0;
        while (i < cls->n_attributes && (strncmp(cls->attributes[i].name, path, n) || cls->attributes[i].name[n]))
            i++;
        if (i == cls->n_attributes || i >= at.object->n)
            return NULL;
        slot = &at.object->at[i];
        if (ret_type)
            *ret_type = cls->attributes[i].type;
        if (!path[n])
            return slot;
        path += n + 1;
        at = *slot;
    }
    return NULL;
}

/* The object a method is called on: all but the last part of a dotted name. *ret_name is the last. */
static jit_value find_receiver(const jit_module *m, const char *name, const char **ret_name)
{
    const char *dot = strrchr(name, '.');
    *ret_name = dot ? dot + 1 : name;
    if (!dot)
        return m->root;
    char *path = mem_strdup(name);
    if (path)
        path[dot - name] = 0;
    const jit_value *slot = path ? find_value(m, path, NULL) : NULL;
    mem_free(path);
    return slot && slot->tag == VALUE_OBJECT ? *slot : VALUE_NONE_V;
}

jit_status jit_module_function(jit_module *m, const char *name, jit_function **ret, jit_error *err)
{
    if (!m || !name || !ret)
        return error_fail(err, JIT_EINVAL, "jit_module_function: the module, the name or the place of the function is NULL");
    if (m->root.tag != VALUE_OBJECT) {
        ir_function *fn = ir_unit_find_function(m->unit, name);
        return fn ? make_function(m, fn, VALUE_NONE_V, false, ret, err) : no_function(&m->unit->functions, name, err);
    }
    const char *method;
    jit_value self = find_receiver(m, name, &method);
    if (self.tag != VALUE_OBJECT)
        return error_fail(err, JIT_ENOTFOUND, "no submodule '%.*s'", (int)(method - name - 1), name);
    bool with_hooks = !strcmp(method, "__call__") && self.object->type->cls->is_module;
    ir_function *fn = type_find_method(self.object->type, with_hooks ? "forward" : method);
    return fn ? make_function(m, fn, self, with_hooks, ret, err)
              : no_function(&self.object->type->cls->methods, with_hooks ? "forward" : method, err);
}

const char *jit_function_name(const jit_function *f) { return f->fn->name; }

size_t jit_function_n_params(const jit_function *f)
{
    return f->fn->schema->n_args - (f->self.tag == VALUE_OBJECT ? 1u : 0u);
}

char *jit_function_schema(const jit_function *f)
{
    text out;
    schema s = *f->fn->schema;
    text_init(&out, NULL);
    if (f->self.tag == VALUE_OBJECT) { // the receiver is given
        s.args++;
        s.n_args--;
    }
    schema_print(&s, &out);
    return text_take(&out);
}

/* ---- trees of modules ----------------------------------------------------------------------------- */

typedef struct module_at {
    object *o;
    const char *name;      /* dotted, "" for the root */
} module_at;

typedef VEC(module_at) module_stack;

typedef struct module_list {
    module_stack all;
    arena names;
} module_list;

enum { MODULES_MAX = 1 << 20 }; /* names: modules shared crosswise have more of them than a file has bytes */

static bool is_module(jit_value v) { return v.tag == VALUE_OBJECT && v.object->type->cls->is_module; }

static const char *join_path(arena *a, const char *path, const char *name)
{
    return *path ? arena_printf(a, "%s.%s", path, name) : arena_strdup(a, name);
}

/* Submodules go on the stack last first, so that the first is taken next. */
static void push_children(module_list *l, module_stack *stack, module_at m)
{
    const type_class *cls = m.o->type->cls;
    for (size_t i = m.o->n; i-- > 0;) {
        if (!is_module(m.o->at[i]))
            continue;
        module_at child = { m.o->at[i].object, join_path(&l->names, m.name, cls->attributes[i].name) };
        VEC_PUSH(stack, &l->names, child);
    }
}

/* Modules of a tree in PyTorch's order: depth first, parents before children. once: shared ones are met under their
 * first name only. false: no memory, or too many; the list must be released in any case. */
static bool list_modules(module_list *l, jit_value root, bool once)
{
    module_stack stack = { 0 };
    ptrmap seen;
    *l = (module_list){ 0 };
    arena_init(&l->names);
    ptrmap_init(&seen, &l->names);
    if (is_module(root))
        VEC_PUSH(&stack, &l->names, ((module_at){ root.object, "" }));
    while (stack.n && l->all.n < MODULES_MAX && !arena_failed(&l->names)) {
        module_at m = stack.at[--stack.n];
        if (once && ptrmap_has(&seen, m.o))
            continue;
        if (!VEC_PUSH(&l->all, &l->names, m) || !ptrmap_set(&seen, m.o, m.o))
            break;
        push_children(l, &stack, m);
    }
    return !stack.n && !arena_failed(&l->names);
}

static void free_modules(module_list *l) { arena_fini(&l->names); }

static bool is_part(const type_attribute *a, jit_value v, jit_part part)
{
    switch (part) {
    case JIT_PARAMETERS: return v.tag == VALUE_TENSOR && a->is_parameter;
    case JIT_BUFFERS: return v.tag == VALUE_TENSOR && a->is_buffer;
    case JIT_STATE: return v.tag == VALUE_TENSOR && (a->is_parameter || a->is_buffer);
    case JIT_MODULES: break;
    }
    return false;
}

static bool add_entry(dict *to, const char *name, jit_value v)
{
    str *key = str_new(name, strlen(name));
    return key && dict_set(to, VALUE_HEAP_V(VALUE_STR, key), value_ref(v));
}

/* Add the parts of one module; tensors met before are left out unless `seen` is NULL. */
static bool add_parts(dict *to, module_at m, jit_part part, ptrmap *seen, arena *names)
{
    if (part == JIT_MODULES)
        return add_entry(to, m.name, VALUE_HEAP_V(VALUE_OBJECT, m.o));
    for (size_t i = 0; i < m.o->n; i++) {
        const type_attribute *a = &m.o->type->cls->attributes[i];
        if (!is_part(a, m.o->at[i], part) || (seen && ptrmap_has(seen, m.o->at[i].p)))
            continue;
        if ((seen && !ptrmap_set(seen, m.o->at[i].p, m.o->at[i].p)) || !add_entry(to, join_path(names, m.name, a->name),
                                                                               m.o->at[i]))
            return false;
    }
    return true;
}

/* The parts of a module in a new dict; NULL: no memory. */
static dict *collect(const jit_module *m, jit_part part)
{
    module_list l;
    ptrmap seen;
    bool once = part != JIT_STATE;
    dict *d = dict_new(T_STR, part == JIT_MODULES ? T_ANY : T_TENSOR);
    bool ok = list_modules(&l, m->root, once) && d;
    ptrmap_init(&seen, &l.names);
    for (size_t i = 0; ok && i < l.all.n; i++)
        ok = add_parts(d, l.all.at[i], part, once ? &seen : NULL, &l.names) && !arena_failed(&l.names);
    free_modules(&l);
    if (ok)
        return d;
    value_unref(VALUE_HEAP_V(VALUE_DICT, d));
    return NULL;
}

static jit_status no_object(const char *verb, jit_error *err)
{
    return error_fail(err, JIT_EINVAL, "%s: an argument is NULL, or the module is that of a source, which holds no values",
                      verb);
}

jit_status jit_module_parts(const jit_module *m, jit_part part, jit_any **ret, jit_error *err)
{
    if (!m || !ret || !is_module(m->root))
        return no_object("jit_module_parts", err);
    dict *d = collect(m, part);
    jit_any *box = d ? api_box_keep(api_box(VALUE_HEAP_V(VALUE_DICT, d)), m->unit) : NULL;
    if (!box)
        return error_no_memory(err);
    *ret = box;
    return JIT_OK;
}

/* ---- single values -------------------------------------------------------------------------------- */

jit_status jit_module_get(const jit_module *m, const char *path, jit_any **ret, jit_error *err)
{
    if (!m || !path || !ret || m->root.tag != VALUE_OBJECT)
        return no_object("jit_module_get", err);
    const jit_value *slot = *path ? find_value(m, path, NULL) : &m->root;
    if (!slot)
        return error_fail(err, JIT_ENOTFOUND, "no attribute '%s'", path);
    jit_any *box = api_box_keep(api_box(value_ref(*slot)), m->unit);
    if (!box)
        return error_no_memory(err);
    *ret = box;
    return JIT_OK;
}

jit_status jit_module_set(jit_module *m, const char *path, const jit_any *v, jit_error *err)
{
    const type *t = NULL;
    jit_value converted;
    if (!m || !path || !v || m->root.tag != VALUE_OBJECT)
        return no_object("jit_module_set", err);
    jit_value *slot = find_value(m, path, &t);
    if (!slot)
        return error_fail(err, JIT_ENOTFOUND, "no attribute '%s'", path);
    if (!api_convert(v->v, t, &converted)) {
        arena a;
        arena_init(&a);
        jit_status status = error_fail(err, JIT_ETYPE, "attribute '%s' is %s and cannot be set to %s", path,
                                       type_str(&a, t), type_str(&a, type_of_value(v->v)));
        arena_fini(&a);
        return status;
    }
    value_set(slot, converted);
    return JIT_OK;
}

jit_status jit_module_submodule(jit_module *m, const char *path, jit_module **ret, jit_error *err)
{
    if (!m || !path || !ret || !is_module(m->root))
        return no_object("jit_module_submodule", err);
    const jit_value *slot = *path ? find_value(m, path, NULL) : &m->root;
    if (!slot || !is_module(*slot))
        return error_fail(err, JIT_ENOTFOUND, "no submodule '%s'", path);
    jit_module *made = api_module_new(ir_unit_ref(m->unit), value_ref(*slot), container_ref(m->file));
    if (!made)
        return error_no_memory(err);
    *ret = made;
    return JIT_OK;
}

/* ---- modes ---------------------------------------------------------------------------------------- */

jit_status jit_module_train(jit_module *m, bool on, jit_error *err)
{
    module_list l;
    if (!m || !is_module(m->root))
        return no_object("jit_module_train", err);
    bool ok = list_modules(&l, m->root, true);
    for (size_t i = 0; ok && i < l.all.n; i++) {
        object *o = l.all.at[i].o;
        int slot = type_class_slot(o->type, "training");
        if (slot >= 0 && (size_t)slot < o->n && o->type->cls->attributes[slot].type->kind == TYPE_BOOL)
            value_set(&o->at[slot], VALUE_BOOL_V(on));
    }
    free_modules(&l);
    return ok ? JIT_OK : error_no_memory(err);
}

jit_status jit_module_eval(jit_module *m, jit_error *err) { return jit_module_train(m, false, err); }

bool jit_module_is_training(const jit_module *m)
{
    const jit_value *slot = m ? find_value(m, "training", NULL) : NULL;
    return slot && slot->tag == VALUE_BOOL && slot->b;
}

/* ---- moving and loading values -------------------------------------------------------------------- */

/* A floating-point tensor as dtype `to`, keeping what it is to gradients. */
static bool cast_tensor(vm_run *run, tensor *t, dtype to, jit_value *ret)
{
    jit_value args[4] = { VALUE_HEAP_V(VALUE_TENSOR, t), VALUE_INT_V(to), VALUE_BOOL_V(false), VALUE_BOOL_V(false) };
    if (!api_call_op(run, "aten::to", args, 4, NULL, 0, ret))
        return false;
    if (ret->tag == VALUE_TENSOR && ret->t != t)
        ret->t->requires_grad = t->requires_grad;
    return true;
}

/* Tensors shared between modules stay shared: `made` maps old ones to new. */
static bool cast_slot(vm_run *run, jit_value *slot, dtype to, ptrmap *made)
{
    tensor *old = slot->t;
    if (!dtype_is_float(tensor_dtype(old)) || tensor_dtype(old) == to)
        return true;
    tensor *known = ptrmap_find(made, old);
    jit_value cast = known ? value_ref(VALUE_HEAP_V(VALUE_TENSOR, known)) : VALUE_NONE_V;
    if (!known && !cast_tensor(run, old, to, &cast))
        return false;
    if (!known && !ptrmap_set(made, old, cast.p)) {
        value_unref(cast);
        return api_run_fail(run, JIT_ENOMEM, "out of memory");
    }
    if (!known)
        tensor_ref(old); // its address is a key until all is done
    value_set(slot, cast);
    return true;
}

static bool cast_modules(vm_run *run, const module_list *l, dtype to, ptrmap *made)
{
    for (size_t k = 0; k < l->all.n; k++) {
        object *o = l->all.at[k].o;
        for (size_t i = 0; i < o->n; i++)
            if (is_part(&o->type->cls->attributes[i], o->at[i], JIT_STATE) && !cast_slot(run, &o->at[i], to, made))
                return false;
    }
    return true;
}

jit_status jit_module_to(jit_module *m, const char *device_name, int dtype_code, jit_error *err)
{
    module_list l;
    ptrmap made;
    device where = DEVICE_CPU0;
    if (!m || !is_module(m->root))
        return no_object("jit_module_to", err);
    if (device_name && (!device_parse(device_name, &where) || where.kind != DEVICE_CPU))
        return error_fail(err, JIT_EUNSUPPORTED, "device '%s' is not supported by this build; use cpu", device_name);
    if (dtype_code < 0)
        return JIT_OK;
    if (!dtype_is_valid(dtype_code) || !dtype_is_float((dtype)dtype_code))
        return error_fail(err, JIT_EINVAL, "modules can only be cast to floating-point types");
    bool ok = list_modules(&l, m->root, true);
    ptrmap_init(&made, &l.names);
    api_run run;
    api_run_init(&run, NULL);
    jit_status status = JIT_OK;
    if (!ok)
        status = error_no_memory(err);
    else if (!cast_modules(&run.vm, &l, (dtype)dtype_code, &made))
        status = api_fail_run(err, &run.vm);
    api_run_fini(&run);
    for (size_t i = 0; i < made.n; i++)
        value_unref(VALUE_HEAP_V(VALUE_TENSOR, (void *)(uintptr_t)made.entries[i].key));
    free_modules(&l);
    return status;
}

/* Does the state hold a tensor of the right shape for each of the module's, and nothing else? */
static bool check_state(vm_run *run, const dict *own, const dict *state)
{
    const dict_entry *e;
    for (size_t i = 0; (e = dict_next(own, &i));) {
        const jit_value *given = dict_find(state, e->key);
        if (!given || given->tag != VALUE_TENSOR)
            return api_run_fail(run, JIT_EINVAL, "the state has no tensor '%s'", e->key.s->s);
        if (!tensor_same_sizes(given->t, e->value.t))
            return api_run_fail(run, JIT_EINVAL, "'%s' has another shape in the state than in the module", e->key.s->s);
    }
    for (size_t i = 0; (e = dict_next(state, &i));)
        if (e->key.tag != VALUE_STR || !dict_find(own, e->key))
            return api_run_fail(run, JIT_EINVAL, "the module has no '%s'", e->key.tag == VALUE_STR ? e->key.s->s : "?");
    return true;
}

/* Copy each value into the tensor of its name. */
static bool copy_state(vm_run *run, const dict *own, const dict *state)
{
    const dict_entry *e;
    for (size_t i = 0; (e = dict_next(own, &i));) {
        jit_value args[3] = { e->value, *dict_find(state, e->key), VALUE_BOOL_V(false) }, result;
        if (!api_call_op(run, "aten::copy_", args, 3, NULL, 0, &result))
            return false;
        value_unref(result);
    }
    return true;
}

jit_status jit_module_load_state(jit_module *m, const jit_any *state, jit_error *err)
{
    if (!m || !is_module(m->root) || !state || state->v.tag != VALUE_DICT)
        return no_object("jit_module_load_state", err);
    dict *own = collect(m, JIT_STATE);
    if (!own)
        return error_no_memory(err);
    api_run run;
    api_run_init(&run, NULL);
    bool grad = grad_mode_enabled();
    grad_mode_set(false);
    bool ok = check_state(&run.vm, own, state->v.dict) && copy_state(&run.vm, own, state->v.dict);
    grad_mode_set(grad);
    jit_status status = ok ? JIT_OK : api_fail_run(err, &run.vm);
    api_run_fini(&run);
    value_unref(VALUE_HEAP_V(VALUE_DICT, own));
    return status;
}
