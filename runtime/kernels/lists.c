/* runtime/kernels/lists.c: list operators: indexing, slices, growth, search, comparison,
 * reduction. The Python rules for indices live here; runtime/tensor/list.c stores elements
 * (source: register_prim_ops.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "runtime/kernels/result.h"
#include "runtime/kernels/table.h"

/* ---- indices ------------------------------------------------------------------------------- */
static int64_t clamp_bound(int64_t i, int64_t n, int64_t step)
{
    int64_t low = step < 0 ? -1 : 0, high = step < 0 ? n - 1 : n;
    if (i < 0)
        i += n;
    return i < low ? low : i > high ? high : i;
}

bool slice_range(op_ctx *cx, size_t n_elements, jit_value start, jit_value stop, int64_t step,
                 size_t *ret_begin, size_t *ret_n)
{
    int64_t n = (int64_t)n_elements;
    if (step == 0)
        return OP_FAIL(cx, "List slice should have non-zero step");
    int64_t from = start.tag != VALUE_NONE ? clamp_bound(start.i, n, step) : step < 0 ? n - 1 : 0;
    int64_t to = stop.tag != VALUE_NONE ? clamp_bound(stop.i, n, step) : step < 0 ? -1 : n;
    uint64_t width = step < 0 ? -(uint64_t)step : (uint64_t)step;
    int64_t span = step < 0 ? from - to : to - from;
    *ret_n = span > 0 ? ((uint64_t)span - 1) / width + 1 : 0;
    *ret_begin = *ret_n ? (size_t)from : 0;
    return true;
}

static bool element_index(op_ctx *cx, const list *l, int64_t i, size_t *ret)
{
    if (i < 0)
        i += (int64_t)l->n;
    if (i < 0 || i >= (int64_t)l->n)
        return OP_FAIL(cx, "list index out of range");
    *ret = (size_t)i;
    return true;
}

bool list_getitem(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    size_t i;
    if (!element_index(cx, args[0].list, args[1].i, &i))
        return false;
    rets[0] = list_get(args[0].list, i);
    return true;
}

bool list_setitem(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    size_t i;
    if (!element_index(cx, args[0].list, args[1].i, &i))
        return false;
    list_set(args[0].list, i, value_ref(args[2]));
    rets[0] = value_ref(args[0]);
    return true;
}

bool list_delitem(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)rets;
    size_t i;
    if (!element_index(cx, args[0].list, args[1].i, &i))
        return false;
    value_unref(list_take(args[0].list, i));
    return true;
}

bool list_slice_op(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    size_t begin, n;
    return slice_range(cx, args[0].list->n, args[1], args[2], args[3].i, &begin, &n) &&
           ret_list(cx, rets, list_slice(args[0].list, begin, n, args[3].i));
}

bool list_len(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    return ret_int(rets, (int64_t)args[0].list->n);
}

/* ---- growing and shrinking ----------------------------------------------------------------- */
bool list_append(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!list_push(args[0].list, value_ref(args[1])))
        return op_no_memory(cx);
    rets[0] = value_ref(args[0]);
    return true;
}

bool list_extend_op(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)rets;
    return list_extend(args[0].list, args[1].list) || op_no_memory(cx);
}

bool list_insert_op(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)rets;
    list *l = args[0].list;
    int64_t n = (int64_t)l->n, i = args[1].i < 0 ? args[1].i + n : args[1].i;
    i = i < 0 ? 0 : i > n ? n : i;
    return list_insert(l, (size_t)i, value_ref(args[2])) || op_no_memory(cx);
}

bool list_pop(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    size_t i;
    if (args[0].list->n == 0)
        return OP_FAIL(cx, "pop from empty list");
    if (!element_index(cx, args[0].list, args[1].i, &i))
        return false;
    rets[0] = list_take(args[0].list, i);
    return true;
}

bool list_clear(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    (void)rets;
    return list_resize(args[0].list, 0);
}

bool list_copy(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return ret_list(cx, rets, list_slice(args[0].list, 0, args[0].list->n, 1));
}

bool list_reverse(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    (void)rets;
    list *l = args[0].list;
    for (size_t i = 0, j = l->n; i + 1 < j; i++) {
        j--;
        jit_value a = list_get(l, i), b = list_get(l, j);
        list_set(l, i, b);
        list_set(l, j, a);
    }
    return true;
}

/* ---- + and * ------------------------------------------------------------------------------- */
bool list_add(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    list *r = list_slice(args[0].list, 0, args[0].list->n, 1);
    if (r && !list_extend(r, args[1].list)) {
        value_unref(VALUE_HEAP_V(VALUE_LIST, r));
        r = NULL;
    }
    return ret_list(cx, rets, r);
}

bool list_add_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!list_extend(args[0].list, args[1].list))
        return op_no_memory(cx);
    rets[0] = value_ref(args[0]);
    return true;
}

/* l becomes `times` copies of itself; its first n elements are the pattern. */
static bool repeat(op_ctx *cx, list *l, int64_t times)
{
    size_t n = l->n;
    if (n && times > (int64_t)(SIZE_MAX / 32 / n))
        return op_no_memory(cx);
    if (times <= 0 || n == 0)
        return list_resize(l, times <= 0 ? 0 : n);
    if (!list_resize(l, n * (size_t)times)) /* one allocation; the new elements own nothing yet */
        return op_no_memory(cx);
    for (size_t i = n; i < l->n; i++)
        list_set(l, i, list_get(l, i - n));
    return true;
}

static bool repeated(op_ctx *cx, const list *l, int64_t times, jit_value *rets)
{
    if (times < 0)
        return OP_FAIL(cx, "cannot repeat a list %lld times", (long long)times);
    list *r = list_slice(l, 0, l->n, 1);
    if (r && !repeat(cx, r, times)) {
        value_unref(VALUE_HEAP_V(VALUE_LIST, r));
        return false;
    }
    return ret_list(cx, rets, r);
}

bool list_mul(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return repeated(cx, args[0].list, args[1].i, rets);
}

bool list_rmul(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return repeated(cx, args[1].list, args[0].i, rets);
}

bool list_mul_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!repeat(cx, args[0].list, args[1].i))
        return false;
    rets[0] = value_ref(args[0]);
    return true;
}

/* ---- searching and comparing --------------------------------------------------------------- */
static bool tensors_equal(op_ctx *cx, jit_value a, jit_value b, bool *ret)
{
    jit_value operands[2] = { a, b }, result;
    if (!op_call(cx->run, OP_aten_eq_Tensor, operands, 2, &result))
        return false;
    bool is_one = result.t->numel == 1;
    if (is_one)
        *ret = tensor_get_int(result.t, 0) != 0;
    int64_t n = result.t->numel;
    value_unref(result);
    return is_one || OP_FAIL(cx, n ? "Boolean value of Tensor with more than one value is ambiguous"
                                   : "Boolean value of Tensor with no values is ambiguous");
}

bool element_equal(op_ctx *cx, jit_value a, jit_value b, bool *ret)
{
    if (a.tag == VALUE_TENSOR && b.tag == VALUE_TENSOR)
        return tensors_equal(cx, a, b, ret);
    *ret = value_equal(a, b);
    return true;
}

/* The first index of `item` at or after `from`, or l->n. */
static bool find_element(op_ctx *cx, const list *l, size_t from, jit_value item, size_t *ret)
{
    bool is_equal = false;
    for (*ret = from; *ret < l->n; ++*ret) {
        if (!element_equal(cx, list_peek(l, *ret), item, &is_equal))
            return false;
        if (is_equal)
            break;
    }
    return true;
}

bool list_contains(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    size_t i;
    return find_element(cx, args[0].list, 0, args[1], &i) && ret_bool(rets, i < args[0].list->n);
}

static bool not_in_list(op_ctx *cx, jit_value item)
{
    text name;
    text_init(&name, NULL);
    value_print(item.tag == VALUE_BOOL ? VALUE_INT_V(item.i) : item, &name);
    OP_FAIL(cx, "'%s' is not in list", name.s);
    text_fini(&name);
    return false;
}

bool list_index(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    size_t i;
    if (!find_element(cx, args[0].list, 0, args[1], &i))
        return false;
    return i < args[0].list->n ? ret_int(rets, (int64_t)i) : not_in_list(cx, args[1]);
}

bool list_remove(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)rets;
    size_t i;
    if (!find_element(cx, args[0].list, 0, args[1], &i))
        return false;
    if (i == args[0].list->n)
        return OP_FAIL(cx, "list.remove(x): x not in list");
    value_unref(list_take(args[0].list, i));
    return true;
}

bool list_count(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int64_t count = 0;
    for (size_t i = 0;; i++, count++) {
        if (!find_element(cx, args[0].list, i, args[1], &i))
            return false;
        if (i == args[0].list->n)
            return ret_int(rets, count);
    }
}

static bool lists_equal(op_ctx *cx, const list *a, const list *b, bool *ret)
{
    *ret = a->n == b->n;
    for (size_t i = 0; i < a->n && *ret; i++)
        if (!element_equal(cx, list_peek(a, i), list_peek(b, i), ret))
            return false;
    return true;
}

bool list_eq(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    bool is_equal;
    return lists_equal(cx, args[0].list, args[1].list, &is_equal) && ret_bool(rets, is_equal);
}

bool list_ne(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    bool is_equal;
    return lists_equal(cx, args[0].list, args[1].list, &is_equal) && ret_bool(rets, !is_equal);
}

/* ---- reductions ---------------------------------------------------------------------------- */
static bool number_less(jit_value a, jit_value b)
{
    return a.tag == VALUE_FLOAT ? a.f < b.f : a.i < b.i;
}

static bool extreme(op_ctx *cx, const list *l, bool is_max, jit_value *rets)
{
    if (l->n == 0)
        return OP_FAIL(cx, "%s() arg is an empty sequence", is_max ? "max" : "min");
    jit_value best = list_peek(l, 0);
    for (size_t i = 1; i < l->n; i++) {
        jit_value v = list_peek(l, i);
        if (is_max ? number_less(best, v) : number_less(v, best))
            best = v;
    }
    rets[0] = best;
    return true;
}

bool list_max(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return extreme(cx, args[0].list, true, rets);
}

bool list_min(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return extreme(cx, args[0].list, false, rets);
}

static bool lexicographically_less(const list *a, const list *b)
{
    for (size_t i = 0; i < a->n && i < b->n; i++) {
        jit_value x = list_peek(a, i), y = list_peek(b, i);
        if (number_less(x, y) || number_less(y, x))
            return number_less(x, y);
    }
    return a->n < b->n;
}

bool list_max_of_two(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    rets[0] = value_ref(args[lexicographically_less(args[0].list, args[1].list)]);
    return true;
}

bool list_min_of_two(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    rets[0] = value_ref(args[!lexicographically_less(args[0].list, args[1].list)]);
    return true;
}

bool list_sum_int(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    int64_t sum = 0;
    for (size_t i = 0; i < args[0].list->n; i++)
        sum += list_peek(args[0].list, i).i;
    return ret_int(rets, sum);
}

bool list_sum_float(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    double sum = 0;
    for (size_t i = 0; i < args[0].list->n; i++)
        sum += args[0].list->floats[i];
    return ret_float(rets, sum);
}

bool list_sum_complex(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    double re = 0, im = 0;
    for (size_t i = 0; i < args[0].list->n; i++) {
        re += args[0].list->values[i].c->re;
        im += args[0].list->values[i].c->im;
    }
    return ret_heap(cx, rets, VALUE_COMPLEX, complex_new(re, im));
}

static bool is_true(jit_value v)
{
    return v.tag == VALUE_FLOAT ? v.f != 0 : v.tag == VALUE_STR ? v.s->n > 0 : v.i != 0;
}

/* Does some element have this truth value? */
static bool some_element_is(const list *l, bool truth)
{
    for (size_t i = 0; i < l->n; i++)
        if (is_true(list_peek(l, i)) == truth)
            return true;
    return false;
}

bool list_any(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    return ret_bool(rets, some_element_is(args[0].list, true));
}

bool list_all(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    return ret_bool(rets, !some_element_is(args[0].list, false));
}

bool list_of_range(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    size_t n = args[0].i > 0 ? (size_t)args[0].i : 0;
    list *l = n <= SIZE_MAX / 16 ? list_new(T_INT, LIST_INTS, n) : NULL;
    for (size_t i = 0; l && i < n; i++)
        l->ints[l->n++] = (int64_t)i;
    return ret_list(cx, rets, l);
}
