/* softmax, log_softmax (at/native/SoftMax.cpp) and logsumexp: line by line, shifted by the line's maximum. Exponentials come
 * from the pointwise tile kernel, so they are vectorised and equal to aten::exp bit for bit. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/compose.h"
#include "runtime/kernels/line.h"
#include "runtime/kernels/pointwise.h"
#include "runtime/kernels/reduce.h"
#include "runtime/kernels/rows.h"

#include "base/alloc.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum {
    TILE = 512,            /* elements of short rows that are worked on together */
    PART = 256,            /* elements of a long one */
};

typedef struct softmax_task {
    lines in, out;
    double *log_sums;      /* logsumexp: where they go, one per line */
    row_kernel rows;       /* of the compute type */
    bool is_dense;         /* the lines follow each other in memory */
    _Atomic bool failed;
} softmax_task;

/* The sum of exp(x - max), which goes to e if that is not NULL; e may be x. x is `row` of its rows. */
static double exponentials(const row_kernel *s, const char *x, int64_t n, double max, char *e, const row_ahead *ahead, int64_t row)
{
    const int64_t bytes = (int64_t)dtype_size(s->compute);
    _Alignas(64) double tile[PART];
    double sum = 0;
    for (int64_t begin = 0; begin < n; begin += PART) {
        const int64_t m = n - begin < PART ? n - begin : PART, padded = (m + PW_VECTOR - 1) / PW_VECTOR * PW_VECTOR;
        void *out = e && m == padded ? e + begin * bytes : (void *)tile;
        rows_ask(ahead, row * n + begin, m);
        s->line->map(m, x + begin * bytes, 1, -max, tile);
        memset((char *)tile + m * bytes, 0, (size_t)((padded - m) * bytes));
        s->exp_tile(padded, (const void *[]){ tile }, out);
        sum += s->line->sum(m, out);
        if (e && m != padded) memcpy(e + begin * bytes, tile, (size_t)(m * bytes));
    }
    return sum;
}

/* Rows so short that several of them fill a tile: their exponentials are taken together. Fills maxes and sums of m rows,
 * m * n <= TILE, and the exponentials. */
static void short_exponentials(const row_kernel *s, const char *x, int64_t m, int64_t n, double *maxes, double *sums, char *tile)
{
    const int64_t element = (int64_t)dtype_size(s->compute), bytes = n * element;
    const int64_t padded = (m * n + PW_VECTOR - 1) / PW_VECTOR * PW_VECTOR;
    for (int64_t r = 0; r < m; r++) {
        maxes[r] = s->line->max(n, x + r * bytes);
        s->line->map(n, x + r * bytes, 1, -maxes[r], tile + r * bytes);
    }
    memset(tile + m * bytes, 0, (size_t)(padded * element - m * bytes));
    s->exp_tile(padded, (const void *[]){ tile }, tile);
    for (int64_t r = 0; r < m; r++) sums[r] = s->line->sum(n, tile + r * bytes);
}

/* What becomes of a row x, its maximum and its exponentials e with their sum; e may be y. */
typedef void (*finish_row)(const row_kernel *s, int64_t n, const char *x, const char *e, double max, double sum, char *y);

static void divide_row(const row_kernel *s, int64_t n, const char *x, const char *e, double max, double sum, char *y)
{
    s->line->map(n, e, 1 / sum, 0, y);
}

static void shift_row(const row_kernel *s, int64_t n, const char *x, const char *e, double max, double sum, char *y)
{
    s->line->map(n, x, 1, -max, y);
    s->line->map(n, y, 1, -log(sum), y);
}

static inline void each_row(const row_kernel *s, int64_t n_rows, int64_t n, const char *x, char *y, const row_ahead *ahead, bool keeps,
                            finish_row finish)
{
    const int64_t bytes = n * (int64_t)dtype_size(s->compute);
    if (n > TILE / 2) {
        for (int64_t r = 0; r < n_rows; r++, x += bytes, y += bytes) {
            const double max = s->line->max(n, x), sum = exponentials(s, x, n, max, keeps ? y : NULL, ahead, r);
            finish(s, n, x, y, max, sum, y);
        }
        return;
    }
    _Alignas(64) double tile[TILE], maxes[TILE], sums[TILE];
    const int64_t block = n ? TILE / n : 1;
    for (int64_t r = 0; r < n_rows; r += block) {
        const int64_t m = n_rows - r < block ? n_rows - r : block;
        rows_ask(ahead, r * n, m * n);
        short_exponentials(s, x + r * bytes, m, n, maxes, sums, (char *)tile);
        for (int64_t j = 0; j < m; j++)
            finish(s, n, x + (r + j) * bytes, (char *)tile + j * bytes, maxes[j], sums[j], y + (r + j) * bytes);
    }
}

static void softmax_rows(const row_kernel *s, int64_t n_rows, int64_t n, const void *x, void *y, const row_ahead *ahead)
{
    each_row(s, n_rows, n, x, y, ahead, true, divide_row);
}

static void log_softmax_rows(const row_kernel *s, int64_t n_rows, int64_t n, const void *x, void *y, const row_ahead *ahead)
{
    each_row(s, n_rows, n, x, y, ahead, false, shift_row);
}

/* Rows of elements of type d. */
static void begin_rows(row_kernel *k, dtype d, bool is_log)
{
    const bool is_double = d == DTYPE_float64;
    *k = (row_kernel){ .run = is_log ? log_softmax_rows : softmax_rows, .n_inner = 1, .asks = true };
    k->compute = is_double ? DTYPE_float64 : DTYPE_float32;
    k->exp_tile = pw_tile_find(PW_ROW_aten_exp, is_double ? PW_f64 : PW_f32);
    k->line = line_kernels_find(k->compute);
}

bool softmax_begin_rows(const jit_value *args, bool is_log, row_kernel *ret)
{
    const tensor *t = args[0].t;
    const dtype d = tensor_dtype(t);
    if (!dtype_is_float(d) || (args[1].i != -1 && args[1].i != t->n_dims - 1) || arg_dtype(args[2], d) != d) return false;
    begin_rows(ret, d, is_log);
    return true;
}

static void softmax_lines(void *ctx, int64_t begin, int64_t end)
{
    softmax_task *s = ctx;
    const row_kernel *rows = &s->rows;
    const int64_t n = s->in.length, bytes = (int64_t)dtype_size(rows->compute);
    const row_ahead nothing = { 0 };
    if (s->in.d == rows->compute && s->out.d == rows->compute && s->in.stride == bytes && s->out.stride == bytes) {
        if (s->is_dense) {
            const row_ahead ahead = { 2, { { lines_at(&s->in, begin + 1), bytes }, { lines_at(&s->out, begin + 1), bytes } } };
            rows->run(rows, end - begin, n, lines_at(&s->in, begin), lines_at(&s->out, begin), &ahead);
            return;
        }
        for (int64_t k = begin; k < end; k++) rows->run(rows, 1, n, lines_at(&s->in, k), lines_at(&s->out, k), &nothing);
        return;
    }
    char *buffer = mem_alloc((size_t)(n * bytes * LINES_BLOCK));
    if (!buffer) {
        s->failed = true;
        return;
    }
    for (int64_t k = begin; k < end; k += LINES_BLOCK) {
        const int64_t m = end - k < LINES_BLOCK ? end - k : LINES_BLOCK;
        lines_load(&s->in, k, m, rows->compute, buffer);
        rows->run(rows, m, n, buffer, buffer, &nothing);
        lines_store(&s->out, k, m, rows->compute, buffer);
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
        softmax_task s = { .in = lines_of(t, dim), .out = lines_of(result, dim),
                           .is_dense = tensor_is_contiguous(t) && dim >= t->n_dims - 1 };
        begin_rows(&s.rows, d, is_log);
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
        const row_ahead ahead = { 1, { { x, (int64_t)dtype_size(s->rows.compute) } } };
        const double max = s->rows.line->max(s->in.length, x), shift = isinf(max) ? 0 : max;
        s->log_sums[k] = shift + log(exponentials(&s->rows, x, s->in.length, shift, NULL, &ahead, 1));
    }
}

bool softmax_log_sums(tensor *t, double *ret)
{
    const dtype d = tensor_dtype(t);
    if ((d != DTYPE_float32 && d != DTYPE_float64) || t->n_dims == 0 || !tensor_is_contiguous(t)) return false;
    softmax_task s = { .in = lines_of(t, t->n_dims - 1), .log_sums = ret };
    begin_rows(&s.rows, d, true);
    par_for(s.in.n, lines_grain(&s.in), log_sum_lines, &s);
    return true;
}
