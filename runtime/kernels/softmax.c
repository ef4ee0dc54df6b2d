/* softmax, log_softmax (at/native/SoftMax.cpp) and logsumexp: line by line, shifted by the line's maximum. Exponentials come
 * from the pointwise tile kernel, so they are vectorised and equal to aten::exp bit for bit. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/compose.h"
#include "runtime/kernels/line.h"
#include "runtime/kernels/pointwise.h"
#include "runtime/kernels/reduce.h"

#include "base/alloc.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum { TILE = 512 /* elements per call of the exponential */ };

typedef struct softmax_task {
    lines in, out;
    bool is_log;
    double *log_sums;      /* logsumexp: where they go, one per line */
    dtype compute;
    pw_tile exp_tile;
    const line_kernels *line;
    _Atomic bool failed;
} softmax_task;

/* The sum of exp(x - max), which goes to e if that is not NULL; e may be x. */
static double exponentials(const softmax_task *s, const char *x, int64_t n, double max, char *e)
{
    const int64_t bytes = (int64_t)dtype_size(s->compute);
    _Alignas(64) double tile[TILE];
    double sum = 0;
    for (int64_t begin = 0; begin < n; begin += TILE) {
        const int64_t m = n - begin < TILE ? n - begin : TILE, padded = (m + PW_VECTOR - 1) / PW_VECTOR * PW_VECTOR;
        void *out = e && m == padded ? e + begin * bytes : (void *)tile;
        s->line->map(m, x + begin * bytes, 1, -max, tile);
        memset((char *)tile + m * bytes, 0, (size_t)((padded - m) * bytes));
        s->exp_tile(padded, (const void *[]){ tile }, out);
        sum += s->line->sum(m, out);
        if (e && m != padded) memcpy(e + begin * bytes, tile, (size_t)(m * bytes));
    }
    return sum;
}

/* One line of the compute type; y may be x. */
static void softmax_line(const softmax_task *s, const char *x, int64_t n, char *y)
{
    const double max = s->line->max(n, x), sum = exponentials(s, x, n, max, s->is_log ? NULL : y);
    if (s->is_log) {
        s->line->map(n, x, 1, -max, y);
        s->line->map(n, y, 1, -log(sum), y);
    } else {
        s->line->map(n, y, 1 / sum, 0, y);
    }
}

static void softmax_lines(void *ctx, int64_t begin, int64_t end)
{
    softmax_task *s = ctx;
    const int64_t n = s->in.length, bytes = (int64_t)dtype_size(s->compute);
    if (s->in.d == s->compute && s->out.d == s->compute && s->in.stride == bytes && s->out.stride == bytes) {
        for (int64_t k = begin; k < end; k++) softmax_line(s, lines_at(&s->in, k), n, lines_at(&s->out, k));
        return;
    }
    char *buffer = mem_alloc((size_t)(n * bytes * LINES_BLOCK));
    if (!buffer) {
        s->failed = true;
        return;
    }
    for (int64_t k = begin; k < end; k += LINES_BLOCK) {
        const int64_t m = end - k < LINES_BLOCK ? end - k : LINES_BLOCK;
        lines_load(&s->in, k, m, s->compute, buffer);
        for (int64_t j = 0; j < m; j++) softmax_line(s, buffer + j * n * bytes, n, buffer + j * n * bytes);
        lines_store(&s->out, k, m, s->compute, buffer);
    }
    mem_free(buffer);
}

/* What exponentials need. */
static void softmax_tools(softmax_task *s, dtype d)
{
    const bool is_double = d == DTYPE_float64;
    s->compute = is_double ? DTYPE_float64 : DTYPE_float32;
    s->exp_tile = pw_tile_find(PW_ROW_aten_exp, is_double ? PW_f64 : PW_f32);
    s->line = line_kernels_find(s->compute);
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
        softmax_task s = { .in = lines_of(t, dim), .out = lines_of(result, dim), .is_log = is_log };
        softmax_tools(&s, d);
        const int64_t grain = lines_grain(&s.in);
        par_for(s.in.n, grain < LINES_BLOCK && s.in.stride != (int64_t)dtype_size(s.in.d) ? LINES_BLOCK : grain, softmax_lines, &s);
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

/* ---- logsumexp --------------------------------------------------------------------------------------- */
static void log_sum_lines(void *ctx, int64_t begin, int64_t end)
{
    const softmax_task *s = ctx;
    for (int64_t k = begin; k < end; k++) {
        const char *x = lines_at(&s->in, k);
        const double max = s->line->max(s->in.length, x), shift = isinf(max) ? 0 : max;
        s->log_sums[k] = shift + log(exponentials(s, x, s->in.length, shift, NULL));
    }
}

bool softmax_log_sums(tensor *t, double *ret)
{
    const dtype d = tensor_dtype(t);
    if ((d != DTYPE_float32 && d != DTYPE_float64) || t->n_dims == 0 || !tensor_is_contiguous(t)) return false;
    softmax_task s = { .in = lines_of(t, t->n_dims - 1), .log_sums = ret };
    softmax_tools(&s, d);
    par_for(s.in.n, lines_grain(&s.in), log_sum_lines, &s);
    return true;
}
