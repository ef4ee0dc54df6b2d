/* Combining elements, and kernels on copies; see index.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/index.h"

#include "base/alloc.h"
#include "runtime/tensor/half.h"

#include <complex.h>
#include <string.h>

#define IDENTITY(x) (x)
#define COMBINE(name, T, load, store, expr)                                                        \
    static void name(int64_t n, char *to, int64_t to_stride, const char *from, int64_t from_stride) \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++, to += to_stride, from += from_stride) {                    \
            T a_, b_;                                                                              \
            memcpy(&a_, to, sizeof a_);                                                            \
            memcpy(&b_, from, sizeof b_);                                                          \
            const __typeof__(load(a_)) a = load(a_), b = load(b_);                                 \
            (void)a;                                                                               \
            a_ = (T)store(expr);                                                                   \
            memcpy(to, &a_, sizeof a_);                                                            \
        }                                                                                          \
    }
#define COMBINE_EXACT(id, T)                                                                       \
    COMBINE(add_##id, T, IDENTITY, IDENTITY, a + b)                                                \
    COMBINE(multiply_##id, T, IDENTITY, IDENTITY, a * b)
#define COMBINE_ORDERED(id, T)                                                                     \
    COMBINE_EXACT(id, T)                                                                           \
    COMBINE(max_##id, T, IDENTITY, IDENTITY, ((b > a) | (b != b)) ? b : a)                         \
    COMBINE(min_##id, T, IDENTITY, IDENTITY, ((b < a) | (b != b)) ? b : a)
#define COMBINE_HALF(id, load, store)                                                              \
    COMBINE(add_##id, uint16_t, load, store, a + b)                                                \
    COMBINE(multiply_##id, uint16_t, load, store, a * b)                                           \
    COMBINE(max_##id, uint16_t, load, store, ((b > a) | (b != b)) ? b : a)                         \
    COMBINE(min_##id, uint16_t, load, store, ((b < a) | (b != b)) ? b : a)
#define COMBINE_SIZE(n_bytes, T) COMBINE(set_##n_bytes, T, IDENTITY, IDENTITY, b)
typedef struct bytes16 { uint64_t at[2]; } bytes16;

COMBINE_ORDERED(uint8, uint8_t)
COMBINE_ORDERED(int8, int8_t)
COMBINE_ORDERED(int16, int16_t)
COMBINE_ORDERED(int32, int32_t)
COMBINE_ORDERED(int64, int64_t)
COMBINE_ORDERED(float32, float)
COMBINE_ORDERED(float64, double)
COMBINE_HALF(float16, half_load, half_store)
COMBINE_HALF(bfloat16, bfloat_load, bfloat_store)
COMBINE_EXACT(complex64, float _Complex)
COMBINE_EXACT(complex128, double _Complex)
COMBINE(add_bool, bool, IDENTITY, IDENTITY, a || b)
COMBINE(multiply_bool, bool, IDENTITY, IDENTITY, a && b)
COMBINE_SIZE(1, uint8_t)
COMBINE_SIZE(2, uint16_t)
COMBINE_SIZE(4, uint32_t)
COMBINE_SIZE(8, uint64_t)

static void set_16(int64_t n, char *to, int64_t to_stride, const char *from, int64_t from_stride)
{
    for (int64_t i = 0; i < n; i++) memcpy(to + i * to_stride, from + i * from_stride, sizeof(bytes16));
}

#define ORDERED_ROW(id)                                                                            \
    [DTYPE_##id] = { [COMBINE_ADD] = add_##id, [COMBINE_MULTIPLY] = multiply_##id, [COMBINE_MAX] = max_##id, \
                     [COMBINE_MIN] = min_##id }
static const combine_fn combines[DTYPE__COUNT][COMBINE__COUNT] = {
    ORDERED_ROW(uint8), ORDERED_ROW(int8), ORDERED_ROW(int16), ORDERED_ROW(int32), ORDERED_ROW(int64),
    ORDERED_ROW(float16), ORDERED_ROW(bfloat16), ORDERED_ROW(float32), ORDERED_ROW(float64),
    [DTYPE_complex64] = { [COMBINE_ADD] = add_complex64, [COMBINE_MULTIPLY] = multiply_complex64 },
    [DTYPE_complex128] = { [COMBINE_ADD] = add_complex128, [COMBINE_MULTIPLY] = multiply_complex128 },
    [DTYPE_bool] = { [COMBINE_ADD] = add_bool, [COMBINE_MULTIPLY] = multiply_bool, [COMBINE_MAX] = add_bool,
                     [COMBINE_MIN] = multiply_bool },
};

combine_fn combine_find(combine how, dtype d)
{
    if (how != COMBINE_SET) return combines[d][how];
    switch (dtype_size(d)) {
    case 1: return set_1;
    case 2: return set_2;
    case 4: return set_4;
    case 8: return set_8;
    default: return set_16;
    }
}

int64_t *dims_offsets(op_ctx *cx, const tensor *t, int first, int last, int64_t *ret_n)
{
    const int64_t bytes = (int64_t)dtype_size(tensor_dtype(t));
    int64_t n = 1;
    for (int i = first; i < last; i++) n *= t->sizes[i];
    int64_t *at = mem_alloc((size_t)(n + 1) * sizeof *at);
    if (!at) {
        op_no_memory(cx);
        return NULL;
    }
    *ret_n = n;
    at[0] = 0;
    for (int64_t filled = n ? 1 : 0, i = first; i < last && filled; i++) { // grow by one dimension at a time, from behind
        const int64_t size = t->sizes[i], stride = t->strides[i] * bytes;
        for (int64_t k = filled - 1; k >= 0; k--)
            for (int64_t j = size - 1; j >= 0; j--) at[k * size + j] = at[k] + j * stride;
        filled *= size;
    }
    return at;
}

static bool run_on_copy(op_ctx *cx, op_kernel in_place, tensor *take_copy, const jit_value *args, int n_args,
                        jit_value *rets)
{
    jit_value own[8];
    tensor *copy = take_copy;
    if (!copy) return false;
    memcpy(own, args, (size_t)n_args * sizeof *own);
    own[0] = RET_TENSOR(copy);
    const bool ok = in_place(cx, own, rets);
    tensor_unref(copy);
    return ok;
}

bool on_copy(op_ctx *cx, op_kernel in_place, const jit_value *args, int n_args, jit_value *rets)
{
    return run_on_copy(cx, in_place, tensor_clone(cx, args[0].t), args, n_args, rets);
}

bool on_contiguous_copy(op_ctx *cx, op_kernel in_place, const jit_value *args, int n_args, jit_value *rets)
{
    tensor *t = args[0].t, *copy = make_tensor(cx, tensor_dtype(t), t->sizes, t->n_dims);
    if (copy && !tensor_copy_into(cx, copy, t)) {
        tensor_unref(copy);
        return false;
    }
    return run_on_copy(cx, in_place, copy, args, n_args, rets);
}
