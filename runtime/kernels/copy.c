/* Copying elements between tensors of any type and layout. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/iter.h"

#include <float.h>
#include <math.h>
#include <string.h>

static void copy_loop(void *ctx, int64_t n, char *const *data, const int64_t *strides)
{
    const cast_fn cast = *(const cast_fn *)ctx;
    cast(n, data[1], strides[1], data[0], strides[0]);
}

static bool is_same_window(const tensor *a, const tensor *b)
{
    return tensor_data(a) == tensor_data(b) && a->dtype == b->dtype && tensor_same_sizes(a, b) &&
           memcmp(a->strides, b->strides, a->n_dims * sizeof *a->strides) == 0;
}

bool tensor_copy_into(op_ctx *cx, tensor *dst, tensor *src)
{
    if (dst->dtype == src->dtype && dst->store != src->store && tensor_same_sizes(dst, src) &&
        tensor_is_contiguous(dst) && tensor_is_contiguous(src)) {
        if (src->numel) memcpy(tensor_data(dst), tensor_data(src), (size_t)src->numel * dtype_size(tensor_dtype(src)));
        return true;
    }
    if (tensors_overlap(dst, src)) {
        if (is_same_window(dst, src)) return true;
        tensor *copy = tensor_clone(cx, src);
        const bool ok = copy && tensor_copy_into(cx, dst, copy);
        tensor_unref(copy);
        return ok;
    }
    cast_fn cast = cast_find(tensor_dtype(src), tensor_dtype(dst));
    iter it;
    iter_init(&it, cx);
    iter_add_output(&it, dst, DTYPE_NONE);
    iter_add_input(&it, src);
    if (!iter_build(&it)) return false;
    iter_run(&it, ITER_GRAIN, copy_loop, &cast);
    return true;
}

typedef struct number_range { const char *type; double low, high; bool is_whole; } number_range;

static bool range_of(dtype d, number_range *r)
{
    switch (d) {
    case DTYPE_uint8: *r = (number_range){ "uint8_t", 0, UINT8_MAX, true }; return true;
    case DTYPE_int8: *r = (number_range){ "int8_t", INT8_MIN, INT8_MAX, true }; return true;
    case DTYPE_int16: *r = (number_range){ "int16_t", INT16_MIN, INT16_MAX, true }; return true;
    case DTYPE_int32: *r = (number_range){ "int", INT32_MIN, INT32_MAX, true }; return true;
    case DTYPE_int64: *r = (number_range){ "int64_t", -0x1p63, 0x1p63, true }; return true;
    case DTYPE_float16: *r = (number_range){ "at::Half", -65504, 65504, false }; return true;
    case DTYPE_bfloat16: *r = (number_range){ "at::BFloat16", -0x1.fep127, 0x1.fep127, false }; return true;
    case DTYPE_float32: *r = (number_range){ "float", -(double)FLT_MAX, (double)FLT_MAX, false }; return true;
    default: return false; /* bool takes everything, float64 and complex types what a number can be */
    }
}

bool check_number_fits(op_ctx *cx, dtype d, jit_value number)
{
    number_range r;
    if (number.tag == VALUE_BOOL || !range_of(d, &r)) return true;
    if (number.tag == VALUE_COMPLEX && number.c->im != 0)
        return OP_FAIL(cx, "value cannot be converted to type %s without overflow", r.type);
    const double x = number.tag == VALUE_COMPLEX ? number.c->re : number.tag == VALUE_INT ? (double)number.i : number.f;
    const double low = d == DTYPE_uint8 && number.tag == VALUE_INT ? -r.high : r.low; /* wraps */
    if (r.is_whole ? x >= low && x <= r.high : isnan(x) || isinf(x) || (x >= low && x <= r.high)) return true;
    return OP_FAIL(cx, "value cannot be converted to type %s without overflow", r.type);
}

bool tensor_fill(op_ctx *cx, tensor *dst, jit_value number)
{
    char element[16];
    const dtype d = tensor_dtype(dst);
    if (!check_number_fits(cx, d, number)) return false;
    element_store_number(d, element, number);
    cast_fn cast = cast_find(d, d);
    if (dtype_size(d) == 2) cast = cast_find(DTYPE_int16, DTYPE_int16); // bits, not values
    iter it;
    iter_init(&it, cx);
    it.allow_overlap = true; // one value: writing an element twice is harmless
    iter_add_output(&it, dst, DTYPE_NONE);
    iter_add_number(&it, element, d);
    if (!iter_build(&it)) return false;
    iter_run(&it, ITER_GRAIN, copy_loop, &cast);
    return true;
}

tensor *tensor_clone(op_ctx *cx, tensor *t)
{
    tensor *r = make_tensor_like(cx, t, tensor_dtype(t));
    if (r && !tensor_copy_into(cx, r, t)) {
        tensor_unref(r);
        return NULL;
    }
    return r;
}

tensor *tensor_to(op_ctx *cx, tensor *t, dtype d)
{
    if (tensor_dtype(t) == d) return tensor_ref(t);
    tensor *r = make_tensor_like(cx, t, d);
    if (r && !tensor_copy_into(cx, r, t)) {
        tensor_unref(r);
        return NULL;
    }
    return r;
}

tensor *tensor_contiguous_as(op_ctx *cx, tensor *t, dtype d)
{
    if (tensor_dtype(t) == d && tensor_is_contiguous(t)) return tensor_ref(t);
    tensor *r = make_tensor(cx, d, t->sizes, t->n_dims);
    if (r && !tensor_copy_into(cx, r, t)) {
        tensor_unref(r);
        return NULL;
    }
    return r;
}

tensor *tensor_contiguous(op_ctx *cx, tensor *t)
{
    return tensor_contiguous_as(cx, t, tensor_dtype(t));
}
