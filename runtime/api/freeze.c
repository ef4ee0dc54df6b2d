/* runtime/api/freeze.c: a module without its parameters as attributes.
 *
 * The methods that stay are copied with everything they call inlined. What they may not change becomes constants
 * (opt/freeze.h), passes follow, and so on until no more does. Then classes are made anew with the attributes that
 * are left, in a unit of their own that keeps the old one alive: graphs still mention its types, and messages its
 * source. The old module is not touched. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/api.h"

#include "base/bitset.h"
#include "opt/freeze.h"
#include "runtime/archive/container.h"

#include <string.h>

enum { ROUNDS_MOST = 8 };

typedef struct freezer {
    jit_module *from;
    const jit_freeze_options *opts;
    ir_unit *unit;                 /* the new one */
    arena arena;
    VEC(ir_function *) methods;    /* of the old class */
    VEC(ir_graph *) graphs;        /* their copies; taken over by the new methods one by one */
    size_t n_taken;
    opt_freezing found;
    ptrmap classes;                /* object * → its new class */
    ptrmap objects;                /* object * → its new object */
} freezer;

/* ---- what stays ---------------------------------------------------------------------------------------- */

static jit_status check_root(const jit_module *m, jit_error *err)
{
    if (m->root.tag != VALUE_OBJECT || !m->root.object->type->cls->is_module)
        return error_fail(err, JIT_EINVAL, "jit_freeze: the module is that of a source, which has no attributes");
    const object *o = m->root.object;
    if (o->type->cls->n_pre_hooks || o->type->cls->n_hooks)
        return error_fail(err, JIT_EUNSUPPORTED, "jit_freeze: the module has hooks");
    if (jit_module_is_training(m))
        return error_fail(err, JIT_EINVAL, "Freezing is currently only implemented for modules in eval mode. Please call "
                                           ".eval() on your module before freezing.");
    if (!type_find_method(o->type, "forward") && !type_find_method(o->type, "__call__"))
        return error_fail(err, JIT_ENOTFOUND, "jit_freeze: the module has no method forward");
    return JIT_OK;
}

static bool is_preserved(const freezer *z, const char *name)
{
    for (size_t i = 0; z->opts && i < z->opts->n_preserved; i++)
        if (!strcmp(z->opts->preserved[i], name))
            return true;
    return false;
}

static jit_status check_preserved(const freezer *z, jit_error *err)
{
    const object *root = z->from->root.object;
    for (size_t i = 0; z->opts && i < z->opts->n_preserved; i++) {
        const char *name = z->opts->preserved[i];
        if (!name || (opt_frozen_slot(root, name) < 0 && !type_find_method(root->type, name)))
            return error_fail(err, JIT_ENOTFOUND, "Unknown name: %s", name ? name : "NULL");
    }
    return JIT_OK;
}

/* A copy of the method's graph in the new unit, calls inlined. */
static jit_status add_method(freezer *z, ir_function *fn, jit_error *err)
{
    ir_graph *emitted = NULL;
    jit_status status = api_emit(fn, &emitted, err);
    if (status)
        return status;
    ir_graph *g = ir_graph_clone(emitted);
    if (!g || !VEC_PUSH(&z->methods, &z->arena, fn) || !VEC_PUSH(&z->graphs, &z->arena, g)) {
        ir_graph_free(g);
        return error_no_memory(err);
    }
    g->unit = z->unit;
    return api_inline_all(g) ? JIT_OK : error_no_memory(err);
}

static jit_status add_methods(freezer *z, jit_error *err)
{
    const strmap *all = &z->from->root.object->type->cls->methods;
    jit_status status = JIT_OK;
    for (size_t i = 0; !status && i < all->n; i++)
        if (!strcmp(all->entries[i].key, "forward") || is_preserved(z, all->entries[i].key))
            status = add_method(z, all->entries[i].value, err);
    return status;
}

/* ---- constants ----------------------------------------------------------------------------------------- */

static bool run_all(freezer *z, const char *pipeline)
{
    bool ok = true;
    for (size_t i = 0; ok && i < z->graphs.n; i++)
        ok = api_run_pipeline(pipeline, z->graphs.at[i]);
    return ok;
}

/* Ends with a look at the graphs as they are in the end. */
static jit_status make_constants(freezer *z, jit_error *err)
{
    bool ok = true, more = true;
    for (int round = 0; ok && more && round < ROUNDS_MOST; round++) {
        more = opt_freeze_attributes(&z->found);
        ok = !opt_freezing_failed(&z->found) && run_all(z, "attributes");
    }
    bool optimizes = !z->opts || !z->opts->keep_numerics;
    ok = ok && (!optimizes || run_all(z, "frozen")) && (optimizes || run_all(z, "attributes"));
    if (ok)
        opt_freeze_attributes(&z->found);
    return ok && !opt_freezing_failed(&z->found) ? JIT_OK : error_no_memory(err);
}

/* ---- classes and objects of what is left ---------------------------------------------------------------- */

static bool is_module(jit_value v) { return v.tag == VALUE_OBJECT && v.object->type->cls->is_module; }

/* Has the module a class of its own in the frozen one? Others stay as they are. */
static opt_frozen_module *find_rebuilt(const freezer *z, const object *o)
{
    opt_frozen_module *m = opt_frozen_find(&z->found, o);
    return m && !m->is_whole ? m : NULL;
}

static bool keeps_slot(const opt_frozen_module *m, size_t slot)
{
    return m && bitset_has(&m->used, slot);
}

/* An empty class for each module that is rebuilt; attributes come when all classes exist. */
static bool make_classes(freezer *z)
{
    ptrmap_init(&z->classes, &z->arena);
    ptrmap_init(&z->objects, &z->arena);
    const object *root = z->from->root.object;
    type *cls = type_class_new(z->unit, root->type->name, true);
    if (!cls || !ptrmap_set(&z->classes, root, cls))
        return false;
    for (size_t i = 0; i < z->found.modules.n; i++) {
        const object *o = z->found.modules.entries[i].key;
        if (o == root || !find_rebuilt(z, o))
            continue;
        cls = type_class_new(z->unit, o->type->name, true);
        if (!cls || !ptrmap_set(&z->classes, o, cls))
            return false;
    }
    return true;
}

static const type *slot_type(const freezer *z, const object *o, size_t slot)
{
    const type *made = is_module(o->at[slot]) ? ptrmap_find(&z->classes, o->at[slot].object) : NULL;
    return made ? made : o->type->cls->attributes[slot].type;
}

static bool fill_class(freezer *z, const object *o, type *cls)
{
    const opt_frozen_module *m = opt_frozen_find(&z->found, o);
    for (size_t i = 0; i < o->n; i++) {
        const type_attribute *a = &o->type->cls->attributes[i];
        if (!keeps_slot(m, i))
            continue;
        if (!type_class_add_attribute(cls, a->name, slot_type(z, o, i), a->at))
            return false;
        type_attribute *made = &cls->cls->attributes[cls->cls->n_attributes - 1];
        made->is_parameter = a->is_parameter;
        made->is_buffer = a->is_buffer;
    }
    return true;
}

static bool make_objects(freezer *z)
{
    for (size_t i = 0; i < z->classes.n; i++) {
        const object *o = z->classes.entries[i].key;
        if (!fill_class(z, o, z->classes.entries[i].value))
            return false;
    }
    for (size_t i = 0; i < z->classes.n; i++) {
        object *made = ir_object_new(z->classes.entries[i].value);
        if (!made || !ptrmap_set(&z->objects, z->classes.entries[i].key, made))
            return false;
    }
    return true;
}

static void fill_objects(freezer *z)
{
    for (size_t i = 0; i < z->objects.n; i++) {
        const object *o = z->objects.entries[i].key;
        object *made = z->objects.entries[i].value;
        const opt_frozen_module *m = opt_frozen_find(&z->found, o);
        size_t at = 0;
        for (size_t slot = 0; slot < o->n; slot++) {
            if (!keeps_slot(m, slot))
                continue;
            object *child = is_module(o->at[slot]) ? ptrmap_find(&z->objects, o->at[slot].object) : NULL;
            jit_value v = child ? VALUE_HEAP_V(VALUE_OBJECT, child) : o->at[slot];
            made->at[at++] = value_ref(v);
        }
    }
}

/* ---- methods ------------------------------------------------------------------------------------------- */

/* The old signature with the new class for the receiver. */
static const schema *new_schema(freezer *z, const schema *old, const type *cls)
{
    schema *s = ARENA_NEW(&z->unit->arena, schema);
    schema_arg *args = ARENA_ARRAY(&z->unit->arena, schema_arg, old->n_args);
    schema_arg *rets = ARENA_ARRAY(&z->unit->arena, schema_arg, old->n_rets + 1u);
    if (!args || !rets || arena_failed(&z->unit->arena))
        return NULL;
    *s = *old;
    memcpy(args, old->args, old->n_args * sizeof *args);
    memcpy(rets, old->rets, old->n_rets * sizeof *rets);
    for (size_t i = 0; i < old->n_args; i++)
        if (args[i].has_default)
            value_ref(args[i].default_value);
    args[0].type = cls;
    s->args = args;
    s->rets = rets;
    return s;
}

static void retype_values(freezer *z)
{
    for (size_t i = 0; i < z->found.values.n; i++) {
        ir_value *v = (ir_value *)(uintptr_t)z->found.values.entries[i].key;
        const type *made = ptrmap_find(&z->classes, z->found.values.entries[i].value);
        if (made)
            v->type = made;
    }
}

static bool make_methods(freezer *z, const type *cls)
{
    for (size_t i = 0; i < z->methods.n; i++) {
        const ir_function *old = z->methods.at[i];
        const schema *s = new_schema(z, old->schema, cls);
        ir_function *fn = s ? ir_function_new(z->unit, old->name, cls, old->at) : NULL;
        if (!fn || arena_failed(&z->unit->arena) || !ir_unit_add_source(z->unit, old->at.src))
            return false;
        fn->schema = s;
        fn->state = FUNCTION_CHECKED;
        fn->is_body_checked = fn->is_emitted = true;
        fn->graph = z->graphs.at[z->n_taken++];
    }
    return true;
}

static jit_status rebuild(freezer *z, jit_module **ret, jit_error *err)
{
    const object *root = z->from->root.object;
    const opt_frozen_module *m = opt_frozen_find(&z->found, root);
    if (m && m->is_whole)
        return error_fail(err, JIT_EUNSUPPORTED, "jit_freeze: the module itself is passed to what cannot be inlined");
    bool ok = make_classes(z) && make_objects(z);
    if (ok)
        fill_objects(z);
    jit_value made = VALUE_NONE_V;
    for (size_t i = 0; i < z->objects.n; i++) { // from now on they are held by their parents
        jit_value v = VALUE_HEAP_V(VALUE_OBJECT, z->objects.entries[i].value);
        if (z->objects.entries[i].key == root && ok)
            made = v;
        else
            value_unref(v);
    }
    if (!ok)
        return error_no_memory(err);
    retype_values(z);
    if (!make_methods(z, made.object->type)) {
        value_unref(made);
        return error_no_memory(err);
    }
    jit_module *result = api_module_new(ir_unit_ref(z->unit), made, container_ref(z->from->file));
    if (!result)
        return error_no_memory(err);
    *ret = result;
    return JIT_OK;
}

/* ---- the public verb ----------------------------------------------------------------------------------- */

static jit_status freeze(freezer *z, jit_module **ret, jit_error *err)
{
    jit_status status = check_preserved(z, err);
    if (!status && (!z->unit || !ir_unit_add_import(z->unit, z->from->unit)))
        status = error_no_memory(err);
    status = status ? status : add_methods(z, err);
    if (status)
        return status;
    opt_freezing_init(&z->found, z->graphs.at, z->graphs.n, z->from->root.object, z->opts ? z->opts->preserved : NULL,
                      z->opts ? z->opts->n_preserved : 0);
    status = make_constants(z, err);
    status = status ? status : rebuild(z, ret, err);
    opt_freezing_fini(&z->found);
    return status;
}

jit_status jit_freeze(jit_module *m, const jit_freeze_options *opts, jit_module **ret, jit_error *err)
{
    if (!m || !ret || (opts && opts->n_preserved && !opts->preserved))
        return error_fail(err, JIT_EINVAL, "jit_freeze: the module, the place of the result or the names are NULL");
    jit_status status = check_root(m, err);
    if (status)
        return status;
    freezer z = { .from = m, .opts = opts, .unit = ir_unit_new() };
    if (z.unit)
        z.unit->is_for_inference = opts && opts->optimize_for_inference;
    arena_init(&z.arena);
    status = freeze(&z, ret, err);
    for (size_t i = z.n_taken; i < z.graphs.n; i++)
        ir_graph_free(z.graphs.at[i]);
    arena_fini(&z.arena);
    ir_unit_unref(z.unit);
    return status;
}
