/* ir/type_nominal.c: types with names: classes, interfaces, enums, named tuples.
 *
 * They live in their unit's arena and are known under their qualified names in unit->types. Classes and
 * enums grow while their definition is read; afterwards nothing changes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/function.h"
#include "ir/type.h"

#include <string.h>

static _Atomic uint32_t next_nominal_id = 1u << 30; // above those of structural types

static type *new_nominal(ir_unit *u, type_kind kind, const char *qualified_name)
{
    type *t = ARENA_NEW(&u->arena, type);
    t->kind = (uint8_t)kind;
    t->has_nominal = true;
    t->id = next_nominal_id++;
    t->name = arena_strdup(&u->arena, qualified_name);
    t->unit = u;
    strmap_set(&u->types, t->name, t);
    VEC_PUSH(&u->nominal, &u->arena, t);
    return arena_failed(&u->arena) ? NULL : t;
}

type *type_class_new(ir_unit *u, const char *qualified_name, bool is_module)
{
    type *t = new_nominal(u, TYPE_CLASS, qualified_name);
    if (!t)
        return NULL;
    t->cls = ARENA_NEW(&u->arena, type_class);
    t->cls->is_module = is_module;
    strmap_init(&t->cls->methods, &u->arena);
    strmap_init(&t->cls->properties, &u->arena);
    return arena_failed(&u->arena) ? NULL : t;
}

/* Room for one more in an attribute list; the new element is zeroed. NULL: no memory. */
static type_attribute *grow_attributes(arena *a, type_attribute **all, size_t *n, size_t *cap)
{
    if (*n == *cap) {
        size_t want = *cap ? 2 * *cap : 8;
        type_attribute *grown = arena_grow(a, *all, *cap * sizeof **all, want * sizeof **all);
        if (!grown || arena_failed(a))
            return NULL;
        *all = grown;
        *cap = want;
    }
    type_attribute *slot = &(*all)[(*n)++];
    *slot = (type_attribute){ 0 };
    return slot;
}

bool type_class_add_attribute(type *cls, const char *name, const type *t, range at)
{
    arena *a = &cls->unit->arena;
    type_class *c = cls->cls;
    const char *own_name = arena_strdup(a, name);
    type_attribute *slot = grow_attributes(a, &c->attributes, &c->n_attributes, &c->cap_attributes);
    if (!slot)
        return false;
    slot->name = own_name;
    slot->type = t;
    slot->at = at;
    return true;
}

type_attribute *type_class_add_constant(type *cls, const char *name, const type *t, jit_value take,
                                        range at)
{
    arena *a = &cls->unit->arena;
    type_class *c = cls->cls;
    const char *own_name = arena_strdup(a, name);
    type_attribute *slot = grow_attributes(a, &c->constants, &c->n_constants, &c->cap_constants);
    if (!slot) {
        value_unref(take);
        return NULL;
    }
    *slot = (type_attribute){
        .name = own_name, .type = t, .is_constant = true, .value = take, .at = at
    };
    return slot;
}

int type_class_slot(const type *cls, const char *name)
{
    for (size_t i = 0; i < cls->cls->n_attributes; i++)
        if (strcmp(cls->cls->attributes[i].name, name) == 0)
            return (int)i;
    return -1;
}

const type_attribute *type_class_constant(const type *cls, const char *name)
{
    for (size_t i = 0; i < cls->cls->n_constants; i++)
        if (strcmp(cls->cls->constants[i].name, name) == 0)
            return &cls->cls->constants[i];
    return NULL;
}

type *type_enum_new(ir_unit *u, const char *qualified_name, const type *value_type)
{
    type *t = new_nominal(u, TYPE_ENUM, qualified_name);
    if (!t)
        return NULL;
    t->enums = ARENA_NEW(&u->arena, type_enum);
    t->enums->value_type = value_type;
    return arena_failed(&u->arena) ? NULL : t;
}

bool type_enum_add(type *e, const char *name, jit_value take)
{
    arena *a = &e->unit->arena;
    type_enum *x = e->enums;
    enum_member **grown = arena_grow(a, x->members, x->n * sizeof *grown, (x->n + 1) * sizeof *grown);
    enum_member *m = ARENA_NEW(a, enum_member);
    m->h.n_refs = 1; // the class's own
    m->type = e;
    m->name = arena_strdup(a, name);
    m->value = take;
    if (!grown || arena_failed(a)) {
        value_unref(take);
        return false;
    }
    x->members = grown;
    x->members[x->n++] = m;
    return true;
}

enum_member *type_enum_find(const type *e, const char *name)
{
    for (size_t i = 0; i < e->enums->n; i++)
        if (strcmp(e->enums->members[i]->name, name) == 0)
            return e->enums->members[i];
    return NULL;
}

type *type_interface_new(ir_unit *u, const char *qualified_name, bool is_module)
{
    type *t = new_nominal(u, TYPE_INTERFACE, qualified_name);
    if (!t)
        return NULL;
    t->iface = ARENA_NEW(&u->arena, type_interface);
    t->iface->is_module = is_module;
    strmap_init(&t->iface->methods, &u->arena);
    return arena_failed(&u->arena) ? NULL : t;
}

static void copy_defaults(arena *a, type_named_tuple *f, const jit_value *defaults,
                          const bool *has_default, size_t n)
{
    f->defaults = ARENA_ARRAY(a, jit_value, n);
    f->has_default = ARENA_ARRAY(a, bool, n);
    if (arena_failed(a))
        return;
    for (size_t i = 0; i < n; i++)
        if (has_default[i]) {
            f->defaults[i] = value_ref(defaults[i]);
            f->has_default[i] = true;
        }
}

const type *type_named_tuple_new(ir_unit *u, const char *qualified_name, const char *const *names,
                                 const type *const *types, const jit_value *defaults,
                                 const bool *has_default, size_t n)
{
    arena *a = &u->arena;
    type *t = new_nominal(u, TYPE_NAMED_TUPLE, qualified_name);
    const type **args = ARENA_ARRAY(a, const type *, n);
    type_named_tuple *fields = ARENA_NEW(a, type_named_tuple);
    fields->names = ARENA_ARRAY(a, const char *, n);
    if (!t || arena_failed(a))
        return NULL;
    for (size_t i = 0; i < n; i++) {
        args[i] = types[i];
        fields->names[i] = arena_strdup(a, names[i]);
        t->has_vars |= types[i]->has_vars;
        t->has_error |= types[i]->has_error;
    }
    t->args = args;
    t->n_args = (uint32_t)n;
    t->fields = fields;
    if (defaults && has_default)
        copy_defaults(a, fields, defaults, has_default, n);
    return arena_failed(a) ? NULL : t;
}

int type_named_tuple_index(const type *t, const char *field)
{
    for (size_t i = 0; i < t->n_args; i++)
        if (strcmp(t->fields->names[i], field) == 0)
            return (int)i;
    return -1;
}
