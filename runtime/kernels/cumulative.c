/* Running sums, products and extremes along a dimension (at/native/ReduceOps.cpp, cpu/ReduceOpsKernel.cpp); like
 * PyTorch's they accumulate in float64, int64 or complex128. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/compose.h"
#include "runtime/kernels/creation.h"
#include "runtime/kernels/keys.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

/* n rows of m elements, each row onto the one before. */
typedef void (*scan_fn)(int64_t n, int64_t m, void *x);

typedef struct scan {
    lines in, out;
    dtype compute;
    scan_fn fn;
    _Atomic bool failed;
} scan;

#define SCAN(name, T, expr)                                       \
    static void name(int64_t n, int64_t m, void *at)              \
    {                                                             \
        T *x = at;                                                \
        for (int64_t i = 1; m == 1 && i < n; i++) {               \
            const T a = x[i - 1], b = x[i];                       \
            x[i] = expr;                                          \
        }                                                         \
        for (int64_t i = 1; m > 1 && i < n; i++) {                \
            const T *restrict before = x + (i - 1) * m;           \
            T *restrict row = x + i * m;                          \
            for (int64_t j = 0; j < m; j++) {                     \
                const T a = before[j], b = row[j];                \
                row[j] = expr;                                    \
            }                                                     \
        }                                                         \
    }
SCAN(sum_i64, int64_t, a + b)
SCAN(sum_f64, double, a + b)
SCAN(sum_c128, double _Complex, a + b)
SCAN(product_i64, int64_t, a * b)
SCAN(product_f64, double, a * b)
SCAN(product_c128, double _Complex, a * b)

static double add_logs(double a, double b)
{
    const double low = isnan(b) || b < a ? b : a, high = isnan(a) || a > b ? a : b;
    if (low != high || isfinite(low)) return log1p(exp(low - high)) + high;
    return a;
}
SCAN(logsumexp_f64, double, add_logs(a, b))

/* m lines side by side: rows of them, some at a time below the last of those before. */
static void scan_neighbours(const scan *s, int64_t k, int64_t m)
{
    enum { ROWS = 32 };
    double _Complex buffer[(ROWS + 1) * LINES_BLOCK];
    const int64_t n = s->in.length, bytes = (int64_t)dtype_size(s->compute), row = m * bytes;
    const int64_t in_bytes = (int64_t)dtype_size(s->in.d), out_bytes = (int64_t)dtype_size(s->out.d);
    const cast_fn load = cast_find(s->in.d, s->compute), store = cast_find(s->compute, s->out.d);
    const char *from = lines_at(&s->in, k);
    char *to = lines_at(&s->out, k), *at = (char *)buffer;
    for (int64_t begin = 0; begin < n; begin += ROWS) {
        const int64_t rows = n - begin < ROWS ? n - begin : ROWS, known = begin > 0;
        for (int64_t i = 0; i < rows; i++, from += s->in.stride) load(m, from, in_bytes, at + (known + i) * row, bytes);
        s->fn(known + rows, m, at);
        for (int64_t i = 0; i < rows; i++, to += s->out.stride) store(m, at + (known + i) * row, bytes, to, out_bytes);
        memcpy(at, at + (known + rows - 1) * row, (size_t)row);
    }
}

static void scan_lines(void *ctx, int64_t begin, int64_t end)
{
    scan *s = ctx;
    const int64_t n = s->in.length, bytes = (int64_t)dtype_size(s->compute);
    char *buffer = NULL;
    const cast_fn load = cast_find(s->in.d, s->compute), store = cast_find(s->compute, s->out.d);
    for (int64_t k = begin, m; k < end && !s->failed; k += m) {
        m = end - k < LINES_BLOCK ? end - k : LINES_BLOCK;
        if (lines_are_neighbours(&s->in, k, m) && lines_are_neighbours(&s->out, k, m)) {
            scan_neighbours(s, k, m);
            continue;
        }
        m = 1;
        if (!buffer && !(buffer = mem_alloc((size_t)(n * bytes)))) {
            s->failed = true;
            break;
        }
        load(n, lines_at(&s->in, k), s->in.stride, buffer, bytes);
        s->fn(n, 1, buffer);
        store(n, buffer, bytes, lines_at(&s->out, k), s->out.stride);
    }
    mem_free(buffer);
}

static tensor *scan_tensor(op_ctx *cx, tensor *t, int64_t dim_arg, dtype d, scan_fn fn)
{
    int dim;
    if (!wrap_dim(cx, dim_arg, t->n_dims, &dim)) return NULL;
    tensor *result = make_tensor(cx, d, t->sizes, t->n_dims);
    if (!result || !t->numel) return result;
    scan s = { .in = lines_of(t, dim), .out = lines_of(result, dim), .compute = reduce_compute(d), .fn = fn };
    const int64_t grain = (lines_grain(&s.in) + LINES_BLOCK - 1) / LINES_BLOCK * LINES_BLOCK; // whole blocks of neighbours
    par_for(s.in.n, s.in.stride == (int64_t)dtype_size(s.in.d) ? lines_grain(&s.in) : grain, scan_lines, &s);
    if (!s.failed) return result;
    op_no_memory(cx);
    tensor_unref(result);
    return NULL;
}

/* self, dim, dtype? */
static bool cumulate(op_ctx *cx, const jit_value *args, const scan_fn fns[3], jit_value *rets)
{
    const dtype own = tensor_dtype(args[0].t);
    const bool is_whole = dtype_is_integral(own) || own == DTYPE_bool;
    const dtype d = arg_dtype(args[2], is_whole ? DTYPE_int64 : own);
    if (!check_dtype(cx, d)) return false;
    tensor *from = tensor_to(cx, args[0].t, d);
    if (!from) return false;
    const int kind = dtype_is_complex(d) ? 2 : dtype_is_float(d) ? 1 : 0;
    tensor *result = scan_tensor(cx, from, args[1].i, d, fns[kind]);
    tensor_unref(from);
    return give_tensor(result, rets);
}

bool op_cumsum(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    static const scan_fn fns[] = { sum_i64, sum_f64, sum_c128 };
    return cumulate(cx, args, fns, rets);
}

bool op_cumprod(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    static const scan_fn fns[] = { product_i64, product_f64, product_c128 };
    return cumulate(cx, args, fns, rets);
}

bool op_logcumsumexp(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    if (!dtype_is_float(tensor_dtype(t)))
        return OP_FAIL(cx, "\"logcumsumexp_out_cpu\" not implemented for '%s'", dtype_prefix(tensor_dtype(t)));
    return give_tensor(scan_tensor(cx, t, args[1].i, tensor_dtype(t), logsumexp_f64), rets);
}

/* Running extremes: the latest of equal ones; once NaN, always NaN. */
static void cummax_line(const select_task *s, int64_t k, const int64_t *x, key_index *work)
{
    int64_t best = 0;
    for (int64_t i = 0; i < s->in.length; i++) {
        if (x[i] >= x[best]) best = i;
        work[i].index = best;
    }
    select_store_sorted(s, k, work, s->in.length);
}

static void cummin_line(const select_task *s, int64_t k, const int64_t *x, key_index *work)
{
    int64_t best = 0;
    for (int64_t i = 0; i < s->in.length; i++) {
        if (x[i] <= x[best]) best = i;
        work[i].index = best;
    }
    select_store_sorted(s, k, work, s->in.length);
}

static bool running_extreme(op_ctx *cx, const jit_value *args, bool is_max, jit_value *rets)
{
    tensor *t = args[0].t;
    int dim;
    if (!wrap_dim(cx, args[1].i, t->n_dims, &dim)) return false;
    if (dtype_is_complex(tensor_dtype(t)))
        return OP_FAIL(cx, "\"%s\" not implemented for '%s'", is_max ? "cummax_cpu" : "cummin_cpu",
                       dtype_prefix(tensor_dtype(t)));
    tensor *values = make_tensor(cx, tensor_dtype(t), t->sizes, t->n_dims);
    tensor *indices = values ? make_tensor(cx, DTYPE_int64, t->sizes, t->n_dims) : NULL;
    if (indices && t->numel) {
        select_task s = { .in = lines_of(t, dim), .values = lines_of(values, dim), .indices = lines_of(indices, dim),
                          .nan_key = is_max ? KEY_NAN : KEY_NAN_LEAST, .line = is_max ? cummax_line : cummin_line };
        if (!select_run(cx, &s)) {
            tensor_unref(indices);
            indices = NULL;
        }
    }
    return give_pair(values, indices, rets);
}

bool op_cummax(op_ctx *cx, const jit_value *args, jit_value *rets) { return running_extreme(cx, args, true, rets); }
bool op_cummin(op_ctx *cx, const jit_value *args, jit_value *rets) { return running_extreme(cx, args, false, rets); }
