/* Arguments copied in chosen layouts, values compared. The bytes between the elements of a spaced tensor hold a pattern,
 * so that a kernel that writes past its operand is seen. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/ops/copies.h"

#include <math.h>
#include <string.h>

enum { GAP = 0x5a };
static const double RELATIVE_TOLERANCE = 1e-4, ABSOLUTE_TOLERANCE = 1e-5;

/* ---- layouts ------------------------------------------------------------------------------------ */

static void strides_in_layout(const int64_t *sizes, int n_dims, copy_layout layout, int64_t *ret)
{
    tensor_contiguous_strides(sizes, n_dims, ret);
    if (layout == LAYOUT_SPACED)
        for (int k = 0; k < n_dims; k++) ret[k] *= 2;
    if (layout != LAYOUT_CHANNELS_LAST || (n_dims != 4 && n_dims != 5)) return;
    int64_t stride = sizes[1];
    ret[1] = 1;
    for (int k = n_dims - 1; k >= 2; k--) {
        ret[k] = stride;
        stride *= sizes[k] > 1 ? sizes[k] : 1;
    }
    ret[0] = stride;
}

static tensor *new_with_strides(dtype d, const int64_t *sizes, const int64_t *strides, int n_dims)
{
    tensor *t = tensor_new_strided(d, sizes, strides, n_dims, DEVICE_CPU0);
    if (t && t->store->n_bytes) memset(t->store->data, GAP, t->store->n_bytes);
    return t;
}

tensor *new_in_layout(dtype d, const int64_t *sizes, int n_dims, copy_layout layout)
{
    int64_t strides[TENSOR_MAX_DIMS];
    strides_in_layout(sizes, n_dims, layout, strides);
    return new_with_strides(d, sizes, strides, n_dims);
}

static jit_value copy_tensor(tensor *t, copy_layout layout)
{
    op_run run = { 0 };
    op_ctx cx = { .run = &run };
    const bool keeps = layout != LAYOUT_SPACED && tensor_is_dense(t) &&
                       (layout == LAYOUT_SAME || (t->n_dims != 4 && t->n_dims != 5));
    tensor *copy = keeps ? new_with_strides(tensor_dtype(t), t->sizes, t->strides, t->n_dims)
                         : new_in_layout(tensor_dtype(t), t->sizes, t->n_dims, layout);
    if (!copy || !tensor_copy_into(&cx, copy, t)) {
        tensor_unref(copy);
        return VALUE_NONE_V;
    }
    copy->is_wrapped_number = t->is_wrapped_number;
    copy->quant = quantizer_ref(t->quant);
    return RET_TENSOR(copy);
}

jit_value copy_in_layout(jit_value v, copy_layout layout)
{
    if (v.tag == VALUE_TENSOR) return copy_tensor(v.t, layout);
    if (v.tag != VALUE_LIST) return value_ref(v);
    list *copy = list_new(v.list->elem, v.list->storage, v.list->n);
    for (size_t i = 0; copy && i < v.list->n; i++)
        if (!list_push(copy, copy_in_layout(list_peek(v.list, i), layout))) return VALUE_NONE_V;
    return copy ? VALUE_HEAP_V(VALUE_LIST, copy) : VALUE_NONE_V;
}

/* The next index of t in row-major order; false: that was the last. */
static bool next_index(const tensor *t, int64_t *index)
{
    for (int k = t->n_dims - 1; k >= 0; k--) {
        if (++index[k] < t->sizes[k]) return true;
        index[k] = 0;
    }
    return false;
}

bool gaps_are_untouched(tensor *t)
{
    const size_t n_bytes = dtype_size(tensor_dtype(t));
    int64_t index[TENSOR_MAX_DIMS] = { 0 };
    bool is_left = t->numel > 0;
    while (is_left) {
        int64_t at = 0;
        for (int k = 0; k < t->n_dims; k++) at += index[k] * t->strides[k];
        memset((char *)tensor_data(t) + at * (int64_t)n_bytes, GAP, n_bytes);
        is_left = next_index(t, index);
    }
    const char *bytes = t->store->data;
    size_t i = 0;
    while (i < t->store->n_bytes && bytes[i] == GAP) i++;
    return i == t->store->n_bytes;
}

/* ---- comparing ---------------------------------------------------------------------------------- */

static bool are_close(double a, double b)
{
    return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * fabs(b);
}

static bool are_equal_tensors(const tensor *a, const tensor *b)
{
    if (a->dtype != b->dtype || !tensor_same_sizes(a, b)) return false;
    const bool is_exact = !dtype_is_float(tensor_dtype(a)) && !dtype_is_complex(tensor_dtype(a));
    for (int64_t k = 0; k < a->numel; k++) {
        double x[2], y[2];
        if (is_exact && tensor_get_int(a, k) != tensor_get_int(b, k)) return false;
        if (is_exact) continue;
        tensor_get_complex(a, k, &x[0], &x[1]);
        tensor_get_complex(b, k, &y[0], &y[1]);
        if (!are_close(x[0], y[0]) || !are_close(x[1], y[1])) return false;
    }
    return true;
}

bool are_equal(jit_value a, jit_value b)
{
    if (a.tag != b.tag) return false;
    if (a.tag == VALUE_TENSOR) return are_equal_tensors(a.t, b.t);
    if (a.tag == VALUE_FLOAT) return are_close(a.f, b.f);
    if (a.tag == VALUE_COMPLEX) return are_close(a.c->re, b.c->re) && are_close(a.c->im, b.c->im);
    if (a.tag != VALUE_LIST) return value_equal(a, b);
    bool same = a.list->n == b.list->n;
    for (size_t i = 0; same && i < a.list->n; i++) same = are_equal(list_peek(a.list, i), list_peek(b.list, i));
    return same;
}
