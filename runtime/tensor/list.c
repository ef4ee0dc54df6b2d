/* runtime/tensor/list.c: lists. Elements of int, float and bool lists lie unboxed; everything
 * else is jit_values. Callers give indices that exist: the Python rules for indices are the
 * kernels'. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "runtime/tensor/value.h"

static size_t elem_bytes(const list *l)
{
    static const uint8_t bytes[] = {
        [LIST_INTS] = sizeof(int64_t),
        [LIST_FLOATS] = sizeof(double),
        [LIST_BOOLS] = sizeof(bool),
        [LIST_VALUES] = sizeof(jit_value),
    };
    return bytes[l->storage];
}

static char *elem_at(const list *l, size_t i) { return (char *)l->at + i * elem_bytes(l); }

/* Room for at least `want` elements; doubling keeps appends linear. */
static bool list_reserve(list *l, size_t want)
{
    if (want <= l->cap)
        return true;
    size_t cap = l->cap < 4 ? 4 : l->cap;
    while (cap < want)
        cap = cap > SIZE_MAX / 2 ? want : cap * 2;
    if (cap > SIZE_MAX / elem_bytes(l))
        return false;
    void *at = mem_realloc(l->at, cap * elem_bytes(l));
    if (!at)
        return false;
    l->at = at;
    l->cap = cap;
    return true;
}

list *list_new(const struct type *elem, list_storage how, size_t reserve)
{
    list *l = mem_alloc(sizeof *l);
    if (!l)
        return NULL;
    *l = (list){ .h = { 1 }, .storage = (uint8_t)how, .elem = elem };
    if (reserve > SIZE_MAX / elem_bytes(l) ||
        (reserve && !(l->at = mem_alloc(reserve * elem_bytes(l))))) {
        mem_free(l);
        return NULL;
    }
    l->cap = reserve;
    return l;
}

static void elem_init(list *l, size_t i, jit_value take)
{
    switch ((list_storage)l->storage) {
    case LIST_INTS: l->ints[i] = take.i; break;
    case LIST_FLOATS: l->floats[i] = take.f; break;
    case LIST_BOOLS: l->bools[i] = take.i != 0; break;
    case LIST_VALUES: l->values[i] = take; break;
    }
}

bool list_push(list *l, jit_value take) { return list_insert(l, l->n, take); }

bool list_insert(list *l, size_t i, jit_value take)
{
    if (!list_reserve(l, l->n + 1)) {
        value_unref(take);
        return false;
    }
    memmove(elem_at(l, i + 1), elem_at(l, i), (l->n - i) * elem_bytes(l));
    elem_init(l, i, take);
    l->n++;
    return true;
}

jit_value list_peek(const list *l, size_t i)
{
    switch ((list_storage)l->storage) {
    case LIST_INTS: return VALUE_INT_V(l->ints[i]);
    case LIST_FLOATS: return VALUE_FLOAT_V(l->floats[i]);
    case LIST_BOOLS: return VALUE_BOOL_V(l->bools[i]);
    case LIST_VALUES: break;
    }
    return l->values[i];
}

jit_value list_get(const list *l, size_t i) { return value_ref(list_peek(l, i)); }

void list_set(list *l, size_t i, jit_value take)
{
    jit_value old = list_peek(l, i);
    elem_init(l, i, take);
    value_unref(old);
}

jit_value list_take(list *l, size_t i)
{
    jit_value v = list_peek(l, i);
    memmove(elem_at(l, i), elem_at(l, i + 1), (l->n - i - 1) * elem_bytes(l));
    l->n--;
    return v;
}

bool list_resize(list *l, size_t n)
{
    if (n > l->n) {
        if (!list_reserve(l, n))
            return false;
        memset(elem_at(l, l->n), 0, (n - l->n) * elem_bytes(l)); /* VALUE_NONE is 0 */
        l->n = n;
    }
    while (l->n > n) { /* the length shrinks first: a released object may see the list */
        l->n--;
        value_unref(list_peek(l, l->n));
    }
    return true;
}

bool list_extend(list *l, const list *from)
{
    size_t n = from->n;
    if (n > SIZE_MAX / 2 - l->n || !list_reserve(l, l->n + n))
        return false;
    if (n)
        memcpy(elem_at(l, l->n), from->at, n * elem_bytes(l));
    if (l->storage == LIST_VALUES)
        for (size_t i = 0; i < n; i++)
            value_ref(l->values[l->n + i]);
    l->n += n;
    return true;
}

list *list_slice(const list *l, size_t begin, size_t n, int64_t step)
{
    list *r = list_new(l->elem, (list_storage)l->storage, n);
    if (!r)
        return NULL;
    if (step == 1 && n)
        memcpy(r->at, elem_at(l, begin), n * elem_bytes(l));
    for (size_t i = 0; i < n && step != 1; i++)
        elem_init(r, i, list_peek(l, (size_t)((int64_t)begin + (int64_t)i * step)));
    r->n = n;
    if (r->storage == LIST_VALUES)
        for (size_t i = 0; i < n; i++)
            value_ref(r->values[i]);
    return r;
}
