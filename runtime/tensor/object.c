/* runtime/tensor/object.c: tuples and class instances: fixed rows of values. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "runtime/tensor/value.h"

tuple *tuple_new(const struct type *type, size_t n)
{
    if (n > (SIZE_MAX - sizeof(tuple)) / sizeof(jit_value))
        return NULL;
    tuple *t = mem_alloc(sizeof *t + n * sizeof(jit_value));
    if (!t)
        return NULL;
    t->h.n_refs = 1;
    t->type = type;
    t->n = n;
    for (size_t i = 0; i < n; i++)
        t->at[i] = VALUE_NONE_V;
    return t;
}

/* The caller that counts references to the type's unit sets unref_type afterwards. */
object *object_new(const struct type *type, size_t n_attributes)
{
    if (n_attributes > (SIZE_MAX - sizeof(object)) / sizeof(jit_value))
        return NULL;
    object *o = mem_alloc(sizeof *o + n_attributes * sizeof(jit_value));
    if (!o)
        return NULL;
    o->h.n_refs = 1;
    o->type = type;
    o->unref_type = NULL;
    o->next_dead = NULL;
    o->n = n_attributes;
    for (size_t i = 0; i < n_attributes; i++)
        o->at[i] = (jit_value){ .tag = VALUE_UNINIT };
    return o;
}
