/* Copying elements between tensors of any type and layout. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/iter.h"
#include "runtime/kernels/prefetch.h"
#include "runtime/kernels/tiles.h"

#include <float.h>
#include <math.h>
#include <string.h>

typedef struct copy_task {
    cast_fn cast;
    int64_t bytes;  /* of an element, where both types are one; else 0 */
} copy_task;

static void copy_loop(void *ctx, int64_t n, char *const *data, const int64_t *strides)
{
    const copy_task *task = ctx;
    if (task->bytes && strides[0] == task->bytes && strides[1] == task->bytes) {
        memcpy(data[0], data[1], (size_t)(n * task->bytes));
    } else if (task->bytes && strides[0] == task->bytes && strides[1] == 0 && n) {
        memcpy(data[0], data[1], (size_t)task->bytes);
        tiles_repeat(data[0], (size_t)task->bytes, n);
    } else {
        task->cast(n, data[1], strides[1], data[0], strides[0]);
    }
}

/* ---- large plain copies ------------------------------------------------------------------------------ */
enum { COPY_GRAIN = 1 << 19 /* bytes */ };

typedef struct bytes_task {
    char *to;
    const char *from;
} bytes_task;

static void copy_range(void *ctx, int64_t begin, int64_t end)
{
    const bytes_task *t = ctx;
    memcpy(t->to + begin, t->from + begin, (size_t)(end - begin));
}

void copy_bytes(void *to, const void *from, int64_t n_bytes)
{
    bytes_task t = { to, from };
    if (n_bytes <= COPY_GRAIN) {
        if (n_bytes) memcpy(to, from, (size_t)n_bytes);
    } else {
        par_for(n_bytes, COPY_GRAIN, copy_range, &t);
    }
}

/* ---- transposed copies ----------------------------------------------------------------------------- */
/* What is contiguous on one side is strided on the other. In square blocks both sides are walked along their cache
 * lines; `across` is the dimension along which the source is contiguous. */
enum { BLOCK_EDGE = 64 };

typedef struct transpose {
    const iter *it;
    int across;
    int64_t n_blocks_in, n_blocks_across; /* blocks along dimension 0 and along `across` */
    void (*block)(int64_t n_in, int64_t n_across, char *to, int64_t to_stride, const char *from, int64_t from_stride);
} transpose;

/* to[j][i] = from[i][j] for j < n_across, i < n_in; both contiguous along their second index, strides in bytes. The
 * block is turned on the way through `turned`, since rows a power of two apart fall on the same cache lines. */
#define TRANSPOSE_BLOCK(T)                                                                         \
    static void transpose_##T(int64_t n_in, int64_t n_across, char *to, int64_t to_stride, const char *from, int64_t from_stride) \
    {                                                                                              \
        T turned[BLOCK_EDGE][BLOCK_EDGE];                                                          \
        for (int64_t i = 0; i < n_in; i++) {                                                       \
            const T *row = (const T *)(const void *)(from + i * from_stride);                      \
            prefetch_bytes(from + (i + BLOCK_EDGE) * from_stride, n_across * (int64_t)sizeof(T));     \
            for (int64_t j = 0; j < n_across; j++) turned[j][i] = row[j];                          \
        }                                                                                          \
        for (int64_t j = 0; j < n_across; j++) memcpy(to + j * to_stride, turned[j], (size_t)n_in * sizeof(T)); \
    }
TRANSPOSE_BLOCK(uint8_t)
TRANSPOSE_BLOCK(uint16_t)
TRANSPOSE_BLOCK(uint32_t)
TRANSPOSE_BLOCK(uint64_t)

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static void transpose_blocks(void *ctx, int64_t begin, int64_t end)
{
    const transpose *t = ctx;
    const iter *it = t->it;
    const iter_operand *out = &it->operands[0], *in = &it->operands[1];
    for (int64_t task = begin; task < end; task++) {
        const int64_t i = task % t->n_blocks_in * BLOCK_EDGE, j = task / t->n_blocks_in % t->n_blocks_across * BLOCK_EDGE;
        int64_t rest = task / (t->n_blocks_in * t->n_blocks_across);
        char *to = out->data + i * out->strides[0] + j * out->strides[t->across];
        const char *from = in->data + i * in->strides[0] + j * in->strides[t->across];
        for (int d = 1; d < it->n_dims; d++) {
            if (d == t->across) continue;
            to += rest % it->sizes[d] * out->strides[d];
            from += rest % it->sizes[d] * in->strides[d];
            rest /= it->sizes[d];
        }
        t->block(least(BLOCK_EDGE, it->sizes[0] - i), least(BLOCK_EDGE, it->sizes[t->across] - j), to,
                 out->strides[t->across], from, in->strides[0]);
    }
}

/* Is it such a copy? Then it is done. */
static bool copy_transposed(const iter *it, int64_t bytes)
{
    transpose t = { .it = it };
    const iter_operand *out = &it->operands[0], *in = &it->operands[1];
    if (it->n_dims < 2 || out->strides[0] != bytes || in->strides[0] == bytes || it->sizes[0] < 4) return false;
    for (int d = 1; d < it->n_dims && !t.across; d++)
        if (in->strides[d] == bytes && it->sizes[d] >= 4) t.across = d;
    switch (bytes) {
    case 1: t.block = transpose_uint8_t; break;
    case 2: t.block = transpose_uint16_t; break;
    case 4: t.block = transpose_uint32_t; break;
    case 8: t.block = transpose_uint64_t; break;
    }
    if (!t.across || !t.block) return false;
    t.n_blocks_in = (it->sizes[0] + BLOCK_EDGE - 1) / BLOCK_EDGE;
    t.n_blocks_across = (it->sizes[t.across] + BLOCK_EDGE - 1) / BLOCK_EDGE;
    int64_t n = t.n_blocks_in * t.n_blocks_across;
    for (int d = 1; d < it->n_dims; d++) n *= d == t.across ? 1 : it->sizes[d];
    par_for(n, ITER_GRAIN / (BLOCK_EDGE * BLOCK_EDGE), transpose_blocks, &t);
    return true;
}

/* ---- any copy ------------------------------------------------------------------------------------------ */
static bool is_same_window(const tensor *a, const tensor *b)
{
    return tensor_data(a) == tensor_data(b) && a->dtype == b->dtype && tensor_same_sizes(a, b) &&
           memcmp(a->strides, b->strides, a->n_dims * sizeof *a->strides) == 0;
}

bool tensor_copy_into(op_ctx *cx, tensor *dst, tensor *src)
{
    if (dst->dtype == src->dtype && dst->store != src->store && tensor_same_sizes(dst, src) &&
        tensor_is_contiguous(dst) && tensor_is_contiguous(src)) {
        copy_bytes(tensor_data(dst), tensor_data(src), src->numel * (int64_t)dtype_size(tensor_dtype(src)));
        return true;
    }
    if (tensors_overlap(dst, src)) {
        if (is_same_window(dst, src)) return true;
        tensor *copy = tensor_clone(cx, src);
        const bool ok = copy && tensor_copy_into(cx, dst, copy);
        tensor_unref(copy);
        return ok;
    }
    copy_task task = { cast_find(tensor_dtype(src), tensor_dtype(dst)), dst->dtype == src->dtype ? (int64_t)dtype_size(tensor_dtype(src)) : 0 };
    iter it;
    iter_init(&it, cx);
    iter_add_output(&it, dst, DTYPE_NONE);
    iter_add_input(&it, src);
    if (!iter_build(&it)) return false;
    if (dst->dtype != src->dtype || !it.numel || !copy_transposed(&it, (int64_t)dtype_size(tensor_dtype(dst))))
        iter_run(&it, ITER_GRAIN, copy_loop, &task);
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
    copy_task task = { cast_find(d, d), (int64_t)dtype_size(d) };
    if (task.bytes == 2) task.cast = cast_find(DTYPE_int16, DTYPE_int16); // bits, not values
    iter it;
    iter_init(&it, cx);
    it.allow_overlap = true; // one value: writing an element twice is harmless
    iter_add_output(&it, dst, DTYPE_NONE);
    iter_add_number(&it, element, d);
    if (!iter_build(&it)) return false;
    iter_run(&it, ITER_GRAIN, copy_loop, &task);
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
