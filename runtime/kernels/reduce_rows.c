/* Reductions of the last dimension as row kernels; see rows.h. The folds are those of reduce.c in the same order, so
 * results have the same bits. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/reduce.h"
#include "runtime/kernels/rows.h"

#include <math.h>

/* Shorter rows add up in another order there. */
enum { FEWEST = 4 };

void fold_elements(const fold *f, dtype d, int64_t n, const void *x, double param, double *acc)
{
    for (int64_t i = 0; i < n; i += REDUCE_ROW) {
        const int64_t m = n - i < REDUCE_ROW ? n - i : REDUCE_ROW;
        const void *at = (const char *)x + i * (int64_t)dtype_size(d);
        if (d == DTYPE_float32) f->lines_f32(1, m, at, 0, acc, &param, 0);
        else f->line(m, at, acc, param);
    }
}

/* All n elements of x folded into one accumulator. */
static double fold_row(const row_kernel *k, const fold *f, int64_t n, const char *x, double param)
{
    double acc;
    f->init(1, &acc);
    fold_elements(f, k->compute, n, x, param, &acc);
    return acc;
}

static void store(const row_kernel *k, void *y, int64_t r, double result)
{
    if (k->compute == DTYPE_float32) ((float *)y)[r] = (float)result;
    else ((double *)y)[r] = result;
}

/* y may be x: the value of a row is written where rows before it stood. */
#define EACH_ROW(name, result)                                                                        \
    static void name(const row_kernel *k, int64_t n_rows, int64_t n, const void *x_, void *y, const row_ahead *unused) \
    {                                                                                                  \
        (void)unused;                                                                                  \
        const char *x = x_;                                                                            \
        for (int64_t r = 0; r < n_rows; r++, x += n * (int64_t)dtype_size(k->compute)) {               \
            const double folded = fold_row(k, k->fold, n, x, 0);                                       \
            store(k, y, r, result);                                                                    \
        }                                                                                              \
    }
EACH_ROW(fold_rows, folded)
EACH_ROW(mean_rows, folded / (double)n)
EACH_ROW(root_rows, sqrt(folded))

static double variance(const row_kernel *k, int64_t n, const char *x, double sum)
{
    const double deviation = fold_row(k, fold_get(FOLD_deviation_f64), n, x, sum / (double)n);
    const int64_t count = n - k->correction;
    const double quotient = deviation / (count > 0 ? (double)count : 0);
    return k->wants_root ? sqrt(quotient) : quotient;
}
EACH_ROW(variance_rows, variance(k, n, x, folded))

/* Is `dims` the last dimension of t alone? */
static bool is_last(jit_value dims, const tensor *t)
{
    int n;
    const int64_t *at = arg_ints(dims, &n);
    return n == 1 && t->n_dims > 0 && (at[0] == -1 || at[0] == t->n_dims - 1);
}

/* What each operator folds with, how, and where its arguments stand. */
typedef struct reduce_form {
    fold_id fold;
    void (*run)(const row_kernel *k, int64_t n_rows, int64_t cols, const void *x, void *y, const row_ahead *ahead);
    uint8_t dims, keepdim, dtype; /* arguments; dtype 0: none */
    bool has_correction, wants_root;
} reduce_form;

static bool find_form(op_id op, reduce_form *ret)
{
    switch (op) {
    case OP_aten_sum_dim_IntList: *ret = (reduce_form){ FOLD_sum_f64, fold_rows, 1, 2, 3, false, false }; return true;
    case OP_aten_mean_dim: *ret = (reduce_form){ FOLD_sum_f64, mean_rows, 1, 2, 3, false, false }; return true;
    case OP_aten_amax: *ret = (reduce_form){ FOLD_max_f64, fold_rows, 1, 2, 0, false, false }; return true;
    case OP_aten_amin: *ret = (reduce_form){ FOLD_min_f64, fold_rows, 1, 2, 0, false, false }; return true;
    case OP_aten_var_dim:
    case OP_aten_var_correction: *ret = (reduce_form){ FOLD_sum_f64, variance_rows, 1, 3, 0, true, false }; return true;
    case OP_aten_std_dim:
    case OP_aten_std_correction: *ret = (reduce_form){ FOLD_sum_f64, variance_rows, 1, 3, 0, true, true }; return true;
    case OP_aten_norm_ScalarOpt_dim: *ret = (reduce_form){ FOLD_square_sum_f64, root_rows, 2, 3, 0, false, false }; return true;
    default: return false;
    }
}

static bool is_two(jit_value p)
{
    return p.tag == VALUE_NONE || ((p.tag == VALUE_INT || p.tag == VALUE_FLOAT) && arg_double(p) == 2);
}

bool reduce_begin_rows(op_id op, const jit_value *args, row_kernel *ret)
{
    const tensor *t = args[0].t;
    const dtype d = tensor_dtype(t);
    reduce_form form;
    if (!find_form(op, &form) || (d != DTYPE_float32 && d != DTYPE_float64) || !is_last(args[form.dims], t) ||
        t->sizes[t->n_dims - 1] < FEWEST || (form.dtype && arg_dtype(args[form.dtype], d) != d) ||
        (op == OP_aten_norm_ScalarOpt_dim && !is_two(args[1])))
        return false;
    *ret = (row_kernel){ .run = form.run, .compute = d, .n_inner = 1, .is_reduction = true,
                         .keepdim = arg_bool(args[form.keepdim]), .fold = fold_get(form.fold), .wants_root = form.wants_root };
    if (form.has_correction) ret->correction = arg_int(args[2], 1);
    return true;
}

/* ---- every family --------------------------------------------------------------------------------- */
bool rows_take(op_id op)
{
    reduce_form form;
    return op == OP_aten_softmax_int || op == OP_aten_log_softmax_int || op == OP_aten_layer_norm || find_form(op, &form);
}

bool rows_begin(op_id op, const jit_value *args, row_kernel *ret)
{
    switch (op) {
    case OP_aten_softmax_int: return softmax_begin_rows(args, false, ret);
    case OP_aten_log_softmax_int: return softmax_begin_rows(args, true, ret);
    case OP_aten_layer_norm: return layer_norm_begin_rows(args, ret);
    default: return reduce_begin_rows(op, args, ret);
    }
}
