/* ir/type_relations.c: subtyping, unification and the binding of type variables (spec/language.md §3).
 *
 * Types are interned, so "equal" is pointer equality and most questions end in the first line. The
 * rules follow PyTorch's aten/src/ATen/core/type.cpp, because overload resolution depends on their
 * exact shape (lists and dicts invariant, tuples and futures covariant, int and float never unify).
 * Types that contain an error pass everywhere: their mistake has been reported.
 * Recursion goes by the nesting of types, which their makers bound. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"
#include "ir/function.h"
#include "ir/type_internal.h"

#include <string.h>

/* ---- subtyping -------------------------------------------------------------------------------- */

static bool union_holds(const type *u, type_kind k)
{
    for (size_t i = 0; i < u->n_args; i++)
        if (u->args[i]->kind == k)
            return true;
    return false;
}

/* Everything known of b is known of a, and the same. */
static bool tensor_is_subtype(const type_tensor *a, const type_tensor *b)
{
    if (!b)
        return true;
    if (!a)
        return false;
    if ((b->dtype >= 0 && a->dtype != b->dtype) || (b->rank >= 0 && a->rank != b->rank) ||
        (b->requires_grad >= 0 && a->requires_grad != b->requires_grad) ||
        (b->has_device && !(a->has_device && device_equal(a->dev, b->dev))) ||
        (b->has_strides && !a->has_strides) || a->is_undefined != b->is_undefined)
        return false;
    for (int i = 0; i < b->rank; i++)
        if ((b->sizes[i] != -1 && a->sizes[i] != b->sizes[i]) ||
            (b->has_strides && b->strides[i] != -1 && a->strides[i] != b->strides[i]))
            return false;
    return true;
}

static bool tuple_is_subtype(const type *a, const type *b)
{
    if (b->kind == TYPE_ANY_TUPLE)
        return true;
    if ((b->kind != TYPE_TUPLE && b->kind != TYPE_NAMED_TUPLE) || a->n_args != b->n_args)
        return false;
    if (b->kind == TYPE_NAMED_TUPLE) {
        if (a->kind != TYPE_NAMED_TUPLE)
            return false; // a plain tuple has no names to offer
        for (size_t i = 0; i < a->n_args; i++)
            if (strcmp(a->fields->names[i], b->fields->names[i]) != 0)
                return false;
    }
    for (size_t i = 0; i < a->n_args; i++)
        if (!type_is_subtype(a->args[i], b->args[i]))
            return false;
    return true;
}

/* Contravariant in parameters (same names), covariant in results; the receiver is not compared. */
static bool method_fits(const schema *have, const schema *want)
{
    if (!have || !want || have->n_args != want->n_args || have->n_rets != want->n_rets)
        return false;
    for (size_t i = 1; i < have->n_args; i++)
        if (strcmp(have->args[i].name, want->args[i].name) != 0 ||
            !type_is_subtype(want->args[i].type, have->args[i].type))
            return false;
    for (size_t i = 0; i < have->n_rets; i++)
        if (!type_is_subtype(have->rets[i].type, want->rets[i].type))
            return false;
    return true;
}

static const schema *method_schema(const type *t, const char *name)
{
    if (t->kind == TYPE_INTERFACE)
        return strmap_find(&t->iface->methods, name);
    const ir_function *f = strmap_find(&t->cls->methods, name);
    return f ? f->schema : NULL;
}

static bool fits_interface(const type *a, const type *iface)
{
    bool is_module = a->kind == TYPE_CLASS ? a->cls->is_module : a->iface->is_module;
    if (iface->iface->is_module && !is_module)
        return false;
    const strmap *methods = &iface->iface->methods;
    for (size_t i = 0; i < methods->n; i++) {
        const char *name = methods->entries[i].key;
        if (name && !method_fits(method_schema(a, name), methods->entries[i].value))
            return false;
    }
    return true;
}

static bool optional_is_subtype(const type *a, const type *b)
{
    if (b->kind == TYPE_OPTIONAL)
        return type_is_subtype(type_elem(a), type_elem(b));
    return b->kind == TYPE_UNION && union_holds(b, TYPE_NONE) && type_is_subtype(type_elem(a), b);
}

static bool is_subtype_of_some(const type *a, const type *b)
{
    if (b->kind == TYPE_OPTIONAL)
        return a->kind == TYPE_NONE || type_is_subtype(a, type_elem(b));
    if (b->kind != TYPE_UNION)
        return false;
    for (size_t i = 0; i < b->n_args; i++)
        if (type_is_subtype(a, b->args[i]))
            return true;
    return false;
}

bool type_is_subtype(const type *a, const type *b)
{
    if (a == b || b->kind == TYPE_ANY || a->has_error || b->has_error)
        return true;
    switch ((type_kind)a->kind) {
    case TYPE_UNION:
        for (size_t i = 0; i < a->n_args; i++)
            if (!type_is_subtype(a->args[i], b))
                return false;
        return true;
    case TYPE_OPTIONAL:
        return optional_is_subtype(a, b);
    case TYPE_INT: case TYPE_FLOAT: case TYPE_COMPLEX:
        if (b->kind == TYPE_NUMBER)
            return true;
        break;
    case TYPE_NUMBER:
        if (b->kind == TYPE_UNION && union_holds(b, TYPE_INT) && union_holds(b, TYPE_FLOAT) &&
            union_holds(b, TYPE_COMPLEX))
            return true;
        break;
    case TYPE_LIST:
        if (b->kind == TYPE_ANY_LIST)
            return true;
        break;
    case TYPE_TUPLE: case TYPE_NAMED_TUPLE:
        if (tuple_is_subtype(a, b))
            return true;
        break;
    case TYPE_FUTURE: case TYPE_RREF:
        if (a->kind == b->kind && type_is_subtype(type_elem(a), type_elem(b)))
            return true;
        break;
    case TYPE_TENSOR:
        if (b->kind == TYPE_TENSOR)
            return tensor_is_subtype(a->info, b->info);
        break;
    case TYPE_CLASS: case TYPE_INTERFACE:
        if ((a->kind == TYPE_CLASS && b->kind == TYPE_ANY_CLASS) ||
            (b->kind == TYPE_INTERFACE && fits_interface(a, b)))
            return true;
        break;
    case TYPE_ENUM:
        if (b->kind == TYPE_ANY_ENUM)
            return true;
        break;
    default:
        break;
    }
    return is_subtype_of_some(a, b);
}

/* ---- replacing parts -------------------------------------------------------------------------- */

enum { PARTS_INLINE = 8 };

/* The type t with each part replaced by map(part); NULL if that fails for one, or without memory. */
static const type *map_parts(const type *t, const type *(*map)(const type *, void *), void *ctx)
{
    const type *few[PARTS_INLINE];
    const type **parts = few;
    if (t->n_args > PARTS_INLINE && !(parts = mem_calloc(t->n_args, sizeof *parts)))
        return NULL;
    const type *result = t;
    bool differs = false;
    for (size_t i = 0; i < t->n_args && result; i++) {
        parts[i] = map(t->args[i], ctx);
        differs |= parts[i] != t->args[i];
        if (!parts[i])
            result = NULL;
    }
    if (result && differs)
        result = type_rebuild(t, parts);
    if (parts != few)
        mem_free(parts);
    return result;
}

static const type *unrefined_part(const type *t, void *ctx) { return type_unrefined(t); }

const type *type_unrefined(const type *t)
{
    if (t->kind == TYPE_TENSOR)
        return T_TENSOR;
    return t->n_args == 0 || t->kind == TYPE_NAMED_TUPLE ? t : map_parts(t, unrefined_part, NULL);
}

static const type *substituted_part(const type *t, void *bindings)
{
    return type_substitute(t, bindings);
}

const type *type_substitute(const type *t, const strmap *bindings)
{
    if (!t->has_vars)
        return t;
    if (t->kind == TYPE_VAR) {
        const type *bound = strmap_find(bindings, t->name);
        return bound ? bound : t;
    }
    return map_parts(t, substituted_part, (void *)bindings);
}

/* ---- unification ------------------------------------------------------------------------------ */

static void merge_tensor_dims(type_tensor *m, const type_tensor *b)
{
    if (m->rank != b->rank) {
        m->rank = -1;
        m->has_strides = false;
        return;
    }
    m->has_strides &= b->has_strides;
    for (int i = 0; i < m->rank; i++) {
        if (m->sizes[i] != b->sizes[i])
            m->sizes[i] = -1;
        m->has_strides = m->has_strides && m->strides[i] == b->strides[i];
    }
}

/* What both tensor types know. */
static const type *merge_tensors(const type *a, const type *b)
{
    if (!a->info || !b->info)
        return T_TENSOR;
    int64_t sizes[TENSOR_MAX_DIMS], strides[TENSOR_MAX_DIMS];
    type_tensor m = *a->info;
    if (m.rank > 0) {
        memcpy(sizes, m.sizes, (size_t)m.rank * sizeof *sizes);
        memcpy(strides, m.strides, (size_t)m.rank * sizeof *strides);
    }
    m.sizes = sizes;
    m.strides = strides;
    if (m.dtype != b->info->dtype)
        m.dtype = -1;
    if (m.requires_grad != b->info->requires_grad)
        m.requires_grad = -1;
    m.has_device = m.has_device && b->info->has_device && device_equal(m.dev, b->info->dev);
    m.is_undefined = m.is_undefined && b->info->is_undefined;
    merge_tensor_dims(&m, b->info);
    return type_tensor_refined(&m);
}

typedef const type *(*unifier)(const type *, const type *);

static const type *unify_tuples(const type *a, const type *b, unifier unify)
{
    if (a->n_args != b->n_args)
        return NULL;
    const type *few[PARTS_INLINE];
    const type **parts = few;
    if (a->n_args > PARTS_INLINE && !(parts = mem_calloc(a->n_args, sizeof *parts)))
        return NULL;
    size_t n = 0;
    while (n < a->n_args && (parts[n] = unify(a->args[n], b->args[n])))
        n++;
    const type *result = n == a->n_args ? type_tuple(parts, n) : NULL;
    if (parts != few)
        mem_free(parts);
    return result;
}

static bool is_tuple(const type *t) { return t->kind == TYPE_TUPLE || t->kind == TYPE_NAMED_TUPLE; }

/* Lists of differently refined tensors meet where the refinement is forgotten. */
static const type *unify_unrefined(const type *a, const type *b)
{
    const type *plain_a = type_unrefined(a), *plain_b = type_unrefined(b);
    if (!plain_a || !plain_b)
        return NULL;
    if (type_is_subtype(plain_a, plain_b))
        return plain_b;
    return type_is_subtype(plain_b, plain_a) ? plain_a : NULL;
}

static const type *unify_with(const type *a, const type *b, unifier unify_elems)
{
    if (a->has_error != b->has_error)
        return a->has_error ? b : a; // the one that still says something
    if (type_is_subtype(a, b))
        return b;
    if (type_is_subtype(b, a))
        return a;
    if (a->kind == TYPE_TENSOR && b->kind == TYPE_TENSOR)
        return merge_tensors(a, b);
    if (a->kind == TYPE_NONE)
        return type_optional(b);
    if (b->kind == TYPE_NONE)
        return type_optional(a);
    if (a->kind == TYPE_OPTIONAL) {
        const type *t = type_unify(type_elem(a), b);
        if (t)
            return type_optional(t);
    } else if (b->kind == TYPE_OPTIONAL) {
        const type *t = type_unify(type_elem(b), a);
        if (t)
            return type_optional(t);
    }
    if (is_tuple(a) && is_tuple(b))
        return unify_tuples(a, b, unify_elems);
    if (a->kind == TYPE_FUTURE && b->kind == TYPE_FUTURE) {
        const type *t = type_unify(type_elem(a), type_elem(b));
        if (t)
            return type_future(t);
    }
    return unify_unrefined(a, b);
}

const type *type_unify(const type *a, const type *b)
{
    return a == b ? a : unify_with(a, b, type_unify);
}

const type *type_unify_or_union(const type *a, const type *b)
{
    const type *t = a == b ? a : unify_with(a, b, type_unify_or_union);
    return t ? t : type_union((const type *[]){ a, b }, 2);
}
