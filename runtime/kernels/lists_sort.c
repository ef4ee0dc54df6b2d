/* runtime/kernels/lists_sort.c: list.sort() and sorted(): a stable merge sort whose comparison
 * may fail and may run the program's own __lt__, so it works on a copy: the list is replaced
 * when all is in order. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "runtime/kernels/result.h"
#include "runtime/kernels/table.h"

/* ---- a < b --------------------------------------------------------------------------------- */
static bool tensor_less(op_ctx *cx, jit_value a, jit_value b, bool *ret)
{
    jit_value operands[2] = { a, b }, result;
    if (!op_call(cx->run, OP_aten_lt_Tensor, operands, 2, &result))
        return false;
    int64_t n = result.t->numel;
    if (n == 1)
        *ret = tensor_get_int(result.t, 0) != 0;
    value_unref(result);
    return n == 1 || OP_FAIL(cx, n ? "Boolean value of Tensor with more than one value is ambiguous"
                                   : "Boolean value of Tensor with no values is ambiguous");
}

static bool not_sortable(op_ctx *cx)
{
    return OP_FAIL(cx, "Only list of Tensors, ints, floats, bools, strs, a User Defined Class that "
                       "defines the __lt__ compare method or Tuples of aforementioned types can be sorted");
}

static bool element_less(op_ctx *cx, jit_value a, jit_value b, bool *ret);

/* Tuples nest as deep as their type is written, so the recursion is bounded. */
static bool tuple_less(op_ctx *cx, const tuple *a, const tuple *b, bool *ret)
{
    bool is_less = false, is_greater = false;
    for (size_t i = 0; i < a->n && i < b->n && !is_less && !is_greater; i++)
        if (!element_less(cx, a->at[i], b->at[i], &is_less) ||
            (!is_less && !element_less(cx, b->at[i], a->at[i], &is_greater)))
            return false;
    *ret = is_less;
    return true;
}

static bool element_less(op_ctx *cx, jit_value a, jit_value b, bool *ret)
{
    if (a.tag != b.tag)
        return not_sortable(cx);
    switch ((value_tag)a.tag) {
    case VALUE_BOOL: case VALUE_INT: *ret = a.i < b.i; return true;
    case VALUE_FLOAT: *ret = a.f < b.f; return true;
    case VALUE_STR: *ret = str_compare(a.s, b.s) < 0; return true;
    case VALUE_TENSOR: return tensor_less(cx, a, b, ret);
    case VALUE_TUPLE: return tuple_less(cx, a.tuple, b.tuple, ret);
    case VALUE_OBJECT:
        return cx->run->call_less ? cx->run->call_less(cx->run, a, b, ret) : not_sortable(cx);
    case VALUE_NONE: case VALUE_DEVICE: case VALUE_UNINIT: case VALUE_COMPLEX: case VALUE_LIST:
    case VALUE_DICT: case VALUE_ENUM: case VALUE_FUNCTION: case VALUE_FUTURE: case VALUE_GENERATOR:
    case VALUE__COUNT:
        break;
    }
    return not_sortable(cx);
}

/* ---- merge sort ---------------------------------------------------------------------------- */
/* Merge the runs from[0:middle], from[middle:n] into `to`. Equal elements keep their order. */
static bool merge(op_ctx *cx, const jit_value *from, size_t middle, size_t n, bool is_reverse,
                  jit_value *to)
{
    size_t i = 0, j = middle;
    for (size_t k = 0; k < n; k++) {
        bool takes_right = i == middle;
        if (i < middle && j < n &&
            !(is_reverse ? element_less(cx, from[i], from[j], &takes_right)
                         : element_less(cx, from[j], from[i], &takes_right)))
            return false;
        to[k] = takes_right ? from[j++] : from[i++];
    }
    return true;
}

/* Sorts a[0:n]; b is room for n. The references in `a` are permuted, never counted. On failure
 * the content of both is unspecified. */
static bool merge_sort(op_ctx *cx, jit_value *a, jit_value *b, size_t n, bool is_reverse)
{
    jit_value *from = a, *to = b;
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t begin = 0; begin < n; begin += 2 * width) {
            size_t rest = n - begin, run = rest < 2 * width ? rest : 2 * width;
            if (!merge(cx, from + begin, width < run ? width : run, run, is_reverse, to + begin))
                return false;
        }
        jit_value *swap = from;
        from = to;
        to = swap;
    }
    if (from != a && n)
        memcpy(a, from, n * sizeof *a);
    return true;
}

/* The elements of l in order, as a new list; NULL: reported. */
static list *sorted(op_ctx *cx, const list *l, bool is_reverse)
{
    size_t n = l->n;
    list *r = list_slice(l, 0, n, 1); /* holds the references while comparisons run */
    jit_value *room = r && n <= SIZE_MAX / 64 ? mem_alloc(2 * n * sizeof *room) : NULL;
    bool ok = room != NULL;
    if (!ok)
        op_no_memory(cx);
    for (size_t i = 0; ok && i < n; i++)
        room[i] = list_peek(r, i);
    ok = ok && merge_sort(cx, room, room + n, n, is_reverse);
    if (ok && r->storage == LIST_VALUES && n)
        memcpy(r->values, room, n * sizeof *room);
    for (size_t i = 0; ok && r->storage != LIST_VALUES && i < n; i++)
        list_set(r, i, room[i]);
    mem_free(room);
    if (!ok && r) {
        value_unref(VALUE_HEAP_V(VALUE_LIST, r));
        r = NULL;
    }
    return r;
}

bool list_sorted(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    list *r = sorted(cx, args[0].list, false);
    if (r)
        rets[0] = VALUE_HEAP_V(VALUE_LIST, r);
    return r != NULL;
}

bool list_sort(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)rets;
    list *l = args[0].list, *r = sorted(cx, l, args[1].i != 0);
    if (!r)
        return false;
    void *at = l->at;
    size_t n = l->n, cap = l->cap;
    l->at = r->at;
    l->n = r->n;
    l->cap = r->cap;
    r->at = at; /* the old elements go with r */
    r->n = n;
    r->cap = cap;
    value_unref(VALUE_HEAP_V(VALUE_LIST, r));
    return true;
}
