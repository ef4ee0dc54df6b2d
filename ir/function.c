/* ir/function.c: compilation units: what one compile defined, and how it goes away.
 *
 * The unit's arena holds almost everything; what does not lie there (values of class constants,
 * graphs, plans, interned structural types, references to sources and other units) is released here. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/function.h"

#include "ir/graph.h"

#include <pthread.h>
#include <string.h>

static _Atomic uint64_t next_serial = 1;

/* Guards the imports of all units: they change rarely, and reachability looks at several. */
static pthread_mutex_t imports_lock = PTHREAD_MUTEX_INITIALIZER;

ir_unit *ir_unit_new(void)
{
    ir_unit *u = mem_calloc(1, sizeof *u);
    _Atomic(type_entry *) *buckets = mem_calloc(TYPE_TABLE_UNIT_BUCKETS, sizeof *buckets);
    if (!u || !buckets) {
        mem_free(u);
        mem_free(buckets);
        return NULL;
    }
    u->n_refs = 1;
    u->serial = next_serial++;
    u->structural = (type_table){ buckets, TYPE_TABLE_UNIT_BUCKETS };
    u->prefix = "__torch__";
    arena_init(&u->arena);
    strmap_init(&u->functions, &u->arena);
    strmap_init(&u->types, &u->arena);
    type_text_install();
    return u;
}

ir_unit *ir_unit_ref(ir_unit *u)
{
    if (u)
        u->n_refs++;
    return u;
}

static void free_attributes(type_attribute *attributes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        value_unref(attributes[i].value);
}

/* Release the values a nominal type holds; its memory is the arena's. */
static void fini_nominal(type *t)
{
    if (t->kind == TYPE_CLASS && t->cls) {
        free_attributes(t->cls->attributes, t->cls->n_attributes);
        free_attributes(t->cls->constants, t->cls->n_constants);
    } else if (t->kind == TYPE_ENUM && t->enums) {
        for (size_t i = 0; i < t->enums->n; i++)
            value_unref(t->enums->members[i]->value);
    } else if (t->kind == TYPE_NAMED_TUPLE && t->fields && t->fields->has_default) {
        for (size_t i = 0; i < t->n_args; i++)
            value_unref(t->fields->defaults[i]);
    } else if (t->kind == TYPE_INTERFACE && t->iface) {
        for (size_t i = 0; i < t->iface->methods.n; i++)
            schema_release(t->iface->methods.entries[i].value);
    }
}

static void fini_functions(ir_unit *u)
{
    for (ir_function *f = u->all; f; f = f->next) {
        if (f->plan && u->free_plan)
            u->free_plan(f->plan);
        if (f->special && u->free_special)
            u->free_special(f->special);
        if (f->optimized != f->graph)
            ir_graph_free(f->optimized);
        ir_graph_free(f->graph);
        schema_release(f->schema);
    }
}

void ir_unit_unref(ir_unit *u)
{
    if (!u || --u->n_refs > 0)
        return;
    fini_functions(u);
    for (size_t i = 0; i < u->nominal.n; i++)
        fini_nominal(u->nominal.at[i]);
    for (size_t i = 0; i < u->asts.n && u->free_ast; i++)
        u->free_ast(u->asts.at[i]);
    VEC_FINI(&u->asts);
    for (size_t i = 0; i < u->sources.n; i++)
        source_unref(u->sources.at[i]);
    VEC_FINI(&u->sources);
    type_table_fini(&u->structural);
    mem_free(u->structural.buckets);
    for (size_t i = 0; i < u->imports.n; i++)
        ir_unit_unref(u->imports.at[i]);
    VEC_FINI(&u->imports);
    arena_fini(&u->arena);
    mem_free(u);
}

/* ---- imports and sources ---------------------------------------------------------------------- */

static bool reaches(const ir_unit *u, const ir_unit *other)
{
    if (u == other)
        return true;
    for (size_t i = 0; i < u->imports.n; i++)
        if (reaches(u->imports.at[i], other))
            return true;
    return false;
}

bool ir_unit_reaches(const ir_unit *u, const ir_unit *other)
{
    if (u == other)
        return true;
    pthread_mutex_lock(&imports_lock);
    bool found = reaches(u, other);
    pthread_mutex_unlock(&imports_lock);
    return found;
}

bool ir_unit_add_import(ir_unit *u, ir_unit *other)
{
    if (!other || u == other)
        return true;
    pthread_mutex_lock(&imports_lock);
    bool ok = false;
    for (size_t i = 0; i < u->imports.n && !ok; i++)
        ok = u->imports.at[i] == other;
    if (!ok && VEC_PUSH(&u->imports, NULL, other)) {
        ir_unit_ref(other);
        ok = true;
    }
    pthread_mutex_unlock(&imports_lock);
    return ok;
}

bool ir_unit_add_source(ir_unit *u, const source *s)
{
    for (size_t i = 0; i < u->sources.n; i++)
        if (u->sources.at[i] == s)
            return true;
    if (!s || !VEC_PUSH(&u->sources, NULL, s))
        return !s;
    source_ref(s);
    return true;
}

/* ---- names ------------------------------------------------------------------------------------ */

ir_function *ir_function_new(ir_unit *u, const char *name, const type *owner, range at)
{
    arena *a = &u->arena;
    ir_function *f = ARENA_NEW(a, ir_function);
    f->h.n_refs = 1; // the unit's
    f->unit = u;
    f->name = arena_strdup(a, name);
    f->qualified_name = arena_printf(a, "%s.%s", owner ? owner->name : u->prefix, name);
    f->owner = owner;
    f->at = at;
    if (arena_failed(a))
        return f;
    f->next = u->all;
    u->all = f;
    if (!owner)
        strmap_set(&u->functions, f->name, f);
    else if (owner->kind == TYPE_CLASS)
        strmap_set(&owner->cls->methods, f->name, f);
    return f;
}

ir_function *ir_unit_find_function(const ir_unit *u, const char *name)
{
    return strmap_find(&u->functions, name);
}

type *ir_unit_find_type(const ir_unit *u, const char *qualified_name)
{
    type *t = strmap_find(&u->types, qualified_name);
    for (size_t i = 0; i < u->imports.n && !t; i++)
        t = ir_unit_find_type(u->imports.at[i], qualified_name);
    return t;
}

ir_function *type_find_method(const type *cls, const char *name)
{
    return cls->kind == TYPE_CLASS ? strmap_find(&cls->cls->methods, name) : NULL;
}

static void unref_type(const type *cls) { ir_unit_unref(cls->unit); }

object *ir_object_new(const type *cls)
{
    object *o = object_new(cls, cls->cls->n_attributes);
    if (!o)
        return NULL;
    ir_unit_ref(cls->unit);
    o->unref_type = unref_type;
    return o;
}
