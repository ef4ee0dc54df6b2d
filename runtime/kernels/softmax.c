/* softmax and log_softmax (at/native/SoftMax.cpp): line by line, shifted by the line's maximum. Exponentials come
 * from the pointwise tile kernel, so they are vectorised and equal to aten::exp bit for bit. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/compose.h"
#include "runtime/kernels/pointwise.h"
#include "runtime/kernels/reduce.h"

#include "base/alloc.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum { TILE = 512 /* elements per call of the exponential */ };

typedef struct softmax_task {
    lines in, out;
    bool is_log, is_double;
    dtype compute;
    pw_tile exp_tile;
    _Atomic bool failed;
} softmax_task;

/* Both compute types, from one text. */
#define SOFTMAX_LINE(name, T)                                                                      \
    static void name(const softmax_task *s, T *x, int64_t n)                                       \
    {                                                                                              \
        T max = -(T)INFINITY;                                                                      \
        double sum = 0;                                                                            \
        T e[TILE];                                                                                 \
        for (int64_t i = 0; i < n; i++) max = ((x[i] > max) | (x[i] != x[i])) ? x[i] : max;        \
        for (int64_t begin = 0; begin < n; begin += TILE) {                                        \
            const int64_t m = n - begin < TILE ? n - begin : TILE;                                 \
            const int64_t padded = (m + PW_VECTOR - 1) / PW_VECTOR * PW_VECTOR;                    \
            for (int64_t i = 0; i < m; i++) e[i] = x[begin + i] - max;                             \
            for (int64_t i = m; i < padded; i++) e[i] = 0;                                         \
            if (s->is_log) memcpy(x + begin, e, (size_t)m * sizeof(T));                            \
            s->exp_tile(padded, (const void *[]){ e }, e);                                         \
            for (int64_t i = 0; i < m; i++) sum += (double)e[i];                                   \
            if (!s->is_log) memcpy(x + begin, e, (size_t)m * sizeof(T));                           \
        }                                                                                          \
        const T scale = (T)(1 / sum), shift = (T)log(sum);                                         \
        if (s->is_log)                                                                             \
            for (int64_t i = 0; i < n; i++) x[i] -= shift;                                         \
        else                                                                                       \
            for (int64_t i = 0; i < n; i++) x[i] *= scale;                                         \
    }
SOFTMAX_LINE(softmax_f32, float)
SOFTMAX_LINE(softmax_f64, double)

static void softmax_lines(void *ctx, int64_t begin, int64_t end)
{
    softmax_task *s = ctx;
    const int64_t n = s->in.length, bytes = (int64_t)dtype_size(s->compute);
    char *buffer = mem_alloc((size_t)(n * bytes));
    if (!buffer) {
        s->failed = true;
        return;
    }
    const cast_fn load = cast_find(s->in.d, s->compute), store = cast_find(s->compute, s->out.d);
    for (int64_t k = begin; k < end; k++) {
        load(n, lines_at(&s->in, k), s->in.stride, buffer, bytes);
        if (s->is_double) softmax_f64(s, (double *)(void *)buffer, n);
        else softmax_f32(s, (float *)(void *)buffer, n);
        store(n, buffer, bytes, lines_at(&s->out, k), s->out.stride);
    }
    mem_free(buffer);
}

static bool softmax(op_ctx *cx, tensor *t, int64_t dim_arg, dtype d, bool is_log, jit_value *rets)
{
    int dim;
    if (!wrap_dim(cx, dim_arg, t->n_dims, &dim)) return false;
    if (!dtype_is_valid(d) || !dtype_is_float(d))
        return OP_FAIL(cx, "\"%ssoftmax%s_kernel_impl\" not implemented for '%s'", is_log ? "log_" : "",
                       dim == t->n_dims - 1 || t->n_dims == 0 ? "_lastdim" : "", dtype_is_valid(d) ? dtype_prefix(d) : "?");
    tensor *result = make_tensor(cx, d, t->sizes, t->n_dims);
    if (!result) return false;
    if (t->numel) {
        softmax_task s = { .in = lines_of(t, dim), .out = lines_of(result, dim), .is_log = is_log,
                           .is_double = d == DTYPE_float64 };
        s.compute = s.is_double ? DTYPE_float64 : DTYPE_float32;
        s.exp_tile = pw_tile_find(PW_ROW_aten_exp, s.is_double ? PW_f64 : PW_f32);
        par_for(s.in.n, lines_grain(&s.in), softmax_lines, &s);
        if (s.failed) {
            tensor_unref(result);
            return op_no_memory(cx);
        }
    }
    return give_tensor(result, rets);
}

/* self, dim, dtype */
bool op_softmax(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return softmax(cx, args[0].t, args[1].i, arg_dtype(args[2], tensor_dtype(args[0].t)), false, rets);
}

bool op_log_softmax(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return softmax(cx, args[0].t, args[1].i, arg_dtype(args[2], tensor_dtype(args[0].t)), true, rets);
}

/* self, dim, half_to_float: only an accelerator converts */
static bool check_half_to_float(op_ctx *cx, const jit_value *args)
{
    return !arg_bool(args[2]) || OP_FAIL(cx, "softmax with half to float conversion is not supported on CPU");
}

bool op_softmax_direct(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return check_half_to_float(cx, args) && softmax(cx, args[0].t, args[1].i, tensor_dtype(args[0].t), false, rets);
}

bool op_log_softmax_direct(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return check_half_to_float(cx, args) && softmax(cx, args[0].t, args[1].i, tensor_dtype(args[0].t), true, rets);
}
