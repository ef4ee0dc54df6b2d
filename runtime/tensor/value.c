/* runtime/tensor/value.c: the end of values, and what makes two of them equal.
 *
 * Freeing: a program can nest containers as deep as it has memory, so children must not be
 * released by recursion. The first container to die on a thread drains the chain that those
 * dying inside it join; the chain is threaded through the dead containers themselves, so freeing
 * allocates nothing. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/map.h"
#include "runtime/tensor/value.h"

#include <string.h>

/* ---- freeing ------------------------------------------------------------------------------- */
/* A dead container's reference count holds its tag: nobody else looks at it any more. */
static _Thread_local struct {
    void *first;
    bool is_draining;
} dead;

static void **next_dead_of(jit_value v)
{
    switch ((value_tag)v.tag) {
    case VALUE_LIST: return &v.list->next_dead;
    case VALUE_TUPLE: return &v.tuple->next_dead;
    case VALUE_DICT: return &v.dict->next_dead;
    case VALUE_FUTURE: return &v.future->next_dead;
    default: return &v.object->next_dead;
    }
}

static void release_row(const jit_value *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        value_unref(at[i]);
}

static void release_content(jit_value v)
{
    switch ((value_tag)v.tag) {
    case VALUE_LIST:
        if (v.list->storage == LIST_VALUES)
            release_row(v.list->values, v.list->n);
        mem_free(v.list->at);
        break;
    case VALUE_TUPLE: release_row(v.tuple->at, v.tuple->n); break;
    case VALUE_DICT: dict_clear(v.dict); break;
    case VALUE_FUTURE:
        value_unref(v.future->value);
        if (v.future->task)
            v.future->unref_task(v.future->task);
        break;
    default:
        release_row(v.object->at, v.object->n);
        if (v.object->unref_type)
            v.object->unref_type(v.object->type);
        break;
    }
}

static void free_container(jit_value v)
{
    v.heap->n_refs = (int32_t)v.tag;
    *next_dead_of(v) = dead.first;
    dead.first = v.p;
    if (dead.is_draining)
        return;
    dead.is_draining = true;
    while (dead.first) {
        jit_value next = { .p = dead.first };
        next.tag = (uint32_t)next.heap->n_refs;
        dead.first = *next_dead_of(next);
        release_content(next);
        mem_free(next.p);
    }
    dead.is_draining = false;
}

void value_free(jit_value v)
{
    switch ((value_tag)v.tag) {
    case VALUE_NONE: case VALUE_BOOL: case VALUE_INT: case VALUE_FLOAT: case VALUE_DEVICE:
    case VALUE_UNINIT: case VALUE__COUNT:
    case VALUE_ENUM: case VALUE_FUNCTION: /* their unit owns the memory */
        break;
    case VALUE_COMPLEX: case VALUE_STR: case VALUE_GENERATOR:
        mem_free(v.p);
        break;
    case VALUE_TENSOR: /* tensor_unref counts for itself: give it the last reference back */
        v.heap->n_refs = 1;
        tensor_unref(v.t);
        break;
    case VALUE_LIST: case VALUE_TUPLE: case VALUE_DICT: case VALUE_OBJECT: case VALUE_FUTURE:
        free_container(v);
        break;
    }
}

void value_set(jit_value *slot, jit_value take)
{
    jit_value old = *slot;
    *slot = take; /* first: releasing the old value may reach the slot */
    value_unref(old);
}

/* ---- comparing ----------------------------------------------------------------------------- */
static bool equal_to_depth(jit_value a, jit_value b, int depth);

static bool rows_equal(const jit_value *a, const jit_value *b, size_t n, int depth)
{
    for (size_t i = 0; i < n; i++)
        if (!equal_to_depth(a[i], b[i], depth))
            return false;
    return true;
}

static bool lists_equal(const list *a, const list *b, int depth)
{
    if (a == b)
        return true;
    if (a->n != b->n || a->storage != b->storage)
        return false;
    switch ((list_storage)a->storage) {
    case LIST_INTS: return !a->n || memcmp(a->ints, b->ints, a->n * sizeof *a->ints) == 0;
    case LIST_BOOLS: return !a->n || memcmp(a->bools, b->bools, a->n * sizeof *a->bools) == 0;
    case LIST_FLOATS:
        for (size_t i = 0; i < a->n; i++)
            if (!(a->floats[i] == b->floats[i]))
                return false;
        return true;
    case LIST_VALUES: break;
    }
    return rows_equal(a->values, b->values, a->n, depth);
}

static bool dicts_equal(const dict *a, const dict *b, int depth)
{
    if (a == b)
        return true;
    if (a->n != b->n)
        return false;
    size_t i = 0;
    for (const dict_entry *e; (e = dict_next(a, &i));) {
        const jit_value *other = dict_find(b, e->key);
        if (!other || !equal_to_depth(e->value, *other, depth))
            return false;
    }
    return true;
}

static bool equal_to_depth(jit_value a, jit_value b, int depth)
{
    if (a.tag != b.tag || depth > VALUE_MAX_DEPTH)
        return false;
    switch ((value_tag)a.tag) {
    case VALUE_NONE: case VALUE_UNINIT: return true;
    case VALUE_BOOL: case VALUE_INT: return a.i == b.i;
    case VALUE_FLOAT: return a.f == b.f;
    case VALUE_DEVICE: return device_equal(a.dev, b.dev);
    case VALUE_COMPLEX: return a.c->re == b.c->re && a.c->im == b.c->im;
    case VALUE_STR: return str_equal(a.s, b.s);
    case VALUE_LIST: return lists_equal(a.list, b.list, depth + 1);
    case VALUE_TUPLE:
        if (a.p == b.p || a.tuple->n != b.tuple->n)
            return a.p == b.p;
        return rows_equal(a.tuple->at, b.tuple->at, a.tuple->n, depth + 1);
    case VALUE_DICT: return dicts_equal(a.dict, b.dict, depth + 1);
    case VALUE_TENSOR: case VALUE_OBJECT: case VALUE_ENUM: case VALUE_FUNCTION: case VALUE_FUTURE:
    case VALUE_GENERATOR: case VALUE__COUNT:
        break;
    }
    return a.p == b.p;
}

bool value_equal(jit_value a, jit_value b) { return equal_to_depth(a, b, 0); }

bool value_is_same(jit_value a, jit_value b)
{
    return a.tag == b.tag && (a.tag < VALUE_COMPLEX ? value_equal(a, b) : a.p == b.p);
}

static uint64_t hash_double(double f)
{
    uint64_t bits;
    f = f == 0 ? 0 : f; /* -0.0 equals 0.0 */
    memcpy(&bits, &f, sizeof bits);
    return hash_u64(bits);
}

uint64_t value_hash(jit_value v)
{
    switch ((value_tag)v.tag) {
    case VALUE_NONE: case VALUE_UNINIT: return 0;
    case VALUE_BOOL: case VALUE_INT: return hash_u64((uint64_t)v.i);
    case VALUE_FLOAT: return hash_double(v.f);
    case VALUE_DEVICE: return hash_u64((uint64_t)v.dev.kind << 8 | (uint8_t)v.dev.index);
    case VALUE_COMPLEX: return hash_double(v.c->re) * 31 + hash_double(v.c->im);
    case VALUE_STR: return str_hash(v.s);
    case VALUE_LIST: return hash_u64(v.list->n); // unhashable in programs
    case VALUE_DICT: return hash_u64(v.dict->n);
    case VALUE_TUPLE: {
        uint64_t h = hash_u64(v.tuple->n);
        for (size_t i = 0; i < v.tuple->n && i < 8; i++)
            if (v.tuple->at[i].tag != VALUE_TUPLE) /* no recursion; equal tuples still agree */
                h = hash_u64(h ^ value_hash(v.tuple->at[i]));
        return h;
    }
    case VALUE_TENSOR: case VALUE_OBJECT: case VALUE_ENUM: case VALUE_FUNCTION: case VALUE_FUTURE:
    case VALUE_GENERATOR: case VALUE__COUNT:
        break;
    }
    return hash_u64((uint64_t)(uintptr_t)v.p);
}
