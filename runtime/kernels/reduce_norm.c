/* Reductions that look at magnitudes and deviations: norms, variance, logsumexp, distance, and comparisons of whole
 * tensors (at/native/ReduceOps.cpp, LinearAlgebra.cpp, TensorCompare.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/compose.h"
#include "runtime/kernels/creation.h"
#include "runtime/kernels/iter.h"
#include "runtime/kernels/reduce.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

/* ---- norms --------------------------------------------------------------------------------------- */
/* Folded over real elements; the root is taken at the end. */
static tensor *real_norm(op_ctx *cx, tensor *t, double p, dim_set dims, bool keepdim, dtype d)
{
    const fold_id id = p == 0 ? FOLD_count_f64 : p == 1 ? FOLD_abs_sum_f64 : p == 2 ? FOLD_square_sum_f64 :
                       p == INFINITY ? FOLD_abs_max_f64 : p == -INFINITY ? FOLD_abs_min_f64 : FOLD_power_sum_f64;
    tensor *result = make_reduced(cx, t, dims, keepdim, d);
    double *params = NULL, *acc = NULL;
    if (result && id == FOLD_power_sum_f64 && (params = mem_alloc((size_t)(result->numel + 1) * sizeof *params)))
        for (int64_t i = 0; i < result->numel; i++) params[i] = p;
    if (result && id == FOLD_power_sum_f64 && !params) op_no_memory(cx);
    else if (result) acc = reduce_run(cx, t, dims, id, params);
    mem_free(params);
    if (!acc) {
        tensor_unref(result);
        return NULL;
    }
    if (id == FOLD_square_sum_f64)
        for (int64_t i = 0; i < result->numel; i++) acc[i] = sqrt(acc[i]);
    if (id == FOLD_power_sum_f64)
        for (int64_t i = 0; i < result->numel; i++) acc[i] = pow(acc[i], 1 / p);
    store_accumulators(result, acc, DTYPE_float64);
    mem_free(acc);
    return result;
}

static bool is_continuous(dtype d) { return dtype_is_float(d) || dtype_is_complex(d); }

/* norm(): real numbers asked for as complex ones have a complex norm. */
static bool check_norm_types(op_ctx *cx, dtype own, dtype asked, dtype *ret_result)
{
    const dtype d = asked == DTYPE_NONE ? own : asked;
    *ret_result = dtype_is_complex(d) && !dtype_is_complex(own) ? d : dtype_real(d);
    return is_continuous(d) || OP_FAIL(cx, "norm(): %s dtype should be either floating point or complex. Got %s instead.",
                                       asked == DTYPE_NONE ? "input" : "the desired output", dtype_prefix(d));
}

/* linalg.vector_norm(): it tells apart what norm() lets pass. */
static bool check_vector_types(op_ctx *cx, dtype own, dtype asked, dtype *ret_result)
{
    if (!is_continuous(own))
        return OP_FAIL(cx, "linalg.vector_norm: Expected a floating point or complex tensor as input. Got %s", dtype_prefix(own));
    *ret_result = asked == DTYPE_NONE ? dtype_real(own) : dtype_real(asked);
    if (asked == DTYPE_NONE) return true;
    if (!is_continuous(asked))
        return OP_FAIL(cx, "linalg.vector_norm: dtype should be floating point or complex, but got %s", dtype_prefix(asked));
    const char *kind = dtype_is_complex(own) ? "complex" : "real";
    return dtype_is_complex(own) == dtype_is_complex(asked) ||
           OP_FAIL(cx, "linalg.vector_norm: dtype should be %s for %s inputs, but got %s", kind, kind, dtype_prefix(asked));
}

typedef bool (*norm_type_check)(op_ctx *cx, dtype own, dtype asked, dtype *ret_result);

static tensor *norm_of(op_ctx *cx, norm_type_check check, tensor *t, double p, dim_set dims, bool keepdim, jit_value dtype_value)
{
    const dtype asked = arg_dtype(dtype_value, DTYPE_NONE), own = tensor_dtype(t), d = asked == DTYPE_NONE ? own : asked;
    dtype result_type;
    if (!check_dtype(cx, d) || !check(cx, own, asked, &result_type)) return NULL;
    tensor *from = tensor_to(cx, t, d);
    if (from && dtype_is_complex(d)) {
        tensor *magnitude = COMPOSE(cx, aten_abs, RET_TENSOR(from));
        tensor_unref(from);
        from = magnitude;
    }
    tensor *norm = from ? real_norm(cx, from, p, dims, keepdim, dtype_real(d)) : NULL;
    tensor *result = norm ? tensor_to(cx, norm, result_type) : NULL;
    tensor_unref(from);
    tensor_unref(norm);
    return result;
}

static double norm_order(jit_value p) { return p.tag == VALUE_NONE ? 2 : arg_double(p); }

/* self, p */
bool op_norm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_tensor(norm_of(cx, check_norm_types, args[0].t, norm_order(args[1]), dim_set_all(args[0].t), false, VALUE_NONE_V), rets);
}

/* self, p, dtype */
bool op_norm_dtype(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_tensor(norm_of(cx, check_norm_types, args[0].t, norm_order(args[1]), dim_set_all(args[0].t), false, args[2]), rets);
}

static bool norm_over(op_ctx *cx, norm_type_check check, const jit_value *args, jit_value dtype_value, jit_value *rets)
{
    dim_set dims;
    return dim_set_of_list(cx, args[0].t, args[2], &dims) &&
           give_tensor(norm_of(cx, check, args[0].t, norm_order(args[1]), dims, arg_bool(args[3]), dtype_value), rets);
}

/* self, p, dim, keepdim */
bool op_norm_dim(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return norm_over(cx, check_norm_types, args, VALUE_NONE_V, rets);
}

/* self, p, dim, keepdim, dtype */
bool op_norm_dim_dtype(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return norm_over(cx, check_norm_types, args, args[4], rets);
}

bool op_vector_norm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return norm_over(cx, check_vector_types, args, args[4], rets);
}

bool op_frobenius_norm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return op_norm(cx, (jit_value[]){ args[0], VALUE_INT_V(2) }, rets);
}

/* self, dim, keepdim */
bool op_frobenius_norm_dim(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return op_norm_dim(cx, (jit_value[]){ args[0], VALUE_INT_V(2), args[1], args[2] }, rets);
}

bool op_dist(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *difference = COMPOSE(cx, aten_sub_Tensor, args[0], args[1], VALUE_INT_V(1));
    if (!difference) return false;
    const bool ok = op_norm(cx, (jit_value[]){ RET_TENSOR(difference), args[2] }, rets);
    tensor_unref(difference);
    return ok;
}

/* Column norms of v seen as a matrix whose rows are slices along `dim`; dim -1: the norm of all. */
bool op_norm_except_dim(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    if (args[2].i == -1) return op_norm(cx, args, rets);
    if (args[2].i != 0 && args[2].i != t->n_dims - 1)
        return OP_FAIL(cx, "norm_except_dim: dim must be -1, 0 or the last dimension");
    const dim_set dims = dim_set_all(t) & ~((dim_set)1 << args[2].i);
    return give_tensor(norm_of(cx, check_norm_types, t, norm_order(args[1]), dims, true, VALUE_NONE_V), rets);
}

/* ---- variance -------------------------------------------------------------------------------------- */
/* Per result: the mean, and the sum of squared deviations from it (two passes). mem_free both. */
static bool moments(op_ctx *cx, tensor *t, dim_set dims, double **ret_means, double **ret_deviations)
{
    const double n = (double)reduced_count(t, dims);
    int64_t sizes[TENSOR_MAX_DIMS], n_results = 1;
    const int n_dims = reduced_sizes(t, dims, false, sizes);
    for (int i = 0; i < n_dims; i++) n_results *= sizes[i];
    double *means = reduce_run(cx, t, dims, FOLD_sum_f64, NULL);
    if (!means) return false;
    for (int64_t i = 0; i < n_results; i++) means[i] /= n;
    double *deviations = reduce_run(cx, t, dims, FOLD_deviation_f64, means);
    if (!deviations) {
        mem_free(means);
        return false;
    }
    *ret_means = means;
    *ret_deviations = deviations;
    return true;
}

typedef struct variance_call {
    const char *name;
    tensor *t;
    dim_set dims;
    bool keepdim, wants_root, wants_mean;
    int64_t correction;
} variance_call;

/* What the sums of squares are divided by. Of no elements there is no variance, whatever the correction. */
static double variance_divisor(const variance_call *c)
{
    const int64_t n = reduced_count(c->t, c->dims), corrected = n - c->correction;
    return n > 0 && corrected > 0 ? (double)corrected : 0;
}

static bool variance_real(op_ctx *cx, const variance_call *c, tensor *spread, tensor *mean)
{
    double *means, *deviations;
    if (!moments(cx, c->t, c->dims, &means, &deviations)) return false;
    const double n = variance_divisor(c);
    for (int64_t i = 0; i < spread->numel; i++)
        deviations[i] = c->wants_root ? sqrt(deviations[i] / n) : deviations[i] / n;
    store_accumulators(spread, deviations, DTYPE_float64);
    if (mean) store_accumulators(mean, means, DTYPE_float64);
    mem_free(means);
    mem_free(deviations);
    return true;
}

/* The variances of the parts add up. */
static bool variance_complex(op_ctx *cx, const variance_call *c, tensor *spread, tensor *mean)
{
    tensor *parts[2] = { COMPOSE(cx, aten_real, RET_TENSOR(c->t)), COMPOSE(cx, aten_imag, RET_TENSOR(c->t)) };
    double *means[2] = { NULL, NULL }, *deviations[2] = { NULL, NULL };
    const double n = variance_divisor(c);
    bool ok = parts[0] && parts[1] && moments(cx, parts[0], c->dims, &means[0], &deviations[0]) &&
              moments(cx, parts[1], c->dims, &means[1], &deviations[1]);
    for (int64_t i = 0; ok && i < spread->numel; i++) {
        const double variance = (deviations[0][i] + deviations[1][i]) / n;
        deviations[0][i] = c->wants_root ? sqrt(variance) : variance;
        if (mean)
            element_store_complex(tensor_dtype(mean), (char *)tensor_data(mean) + i * (int64_t)dtype_size(tensor_dtype(mean)),
                                  means[0][i], means[1][i]);
    }
    if (ok) store_accumulators(spread, deviations[0], DTYPE_float64);
    for (int k = 0; k < 2; k++) {
        tensor_unref(parts[k]);
        mem_free(means[k]);
        mem_free(deviations[k]);
    }
    return ok;
}

static bool variance(op_ctx *cx, const variance_call *c, jit_value *rets)
{
    const dtype d = tensor_dtype(c->t);
    if (!dtype_is_float(d) && !dtype_is_complex(d))
        return OP_FAIL(cx, "%s only support floating point and complex dtypes", c->name);
    tensor *spread = make_reduced(cx, c->t, c->dims, c->keepdim, dtype_real(d));
    tensor *mean = spread && c->wants_mean ? make_reduced(cx, c->t, c->dims, c->keepdim, d) : NULL;
    const bool ok = spread && (mean || !c->wants_mean) &&
                    (dtype_is_complex(d) ? variance_complex : variance_real)(cx, c, spread, mean);
    if (!ok) {
        tensor_unref(spread);
        tensor_unref(mean);
        return false;
    }
    rets[0] = RET_TENSOR(spread);
    if (mean) rets[1] = RET_TENSOR(mean);
    return true;
}

/* The three signatures: (unbiased), (dim, unbiased, keepdim), (dim, correction, keepdim). */
static bool variance_all(op_ctx *cx, const jit_value *args, variance_call c, jit_value *rets)
{
    c.t = args[0].t;
    c.dims = dim_set_all(c.t);
    c.correction = arg_bool(args[1]);
    return variance(cx, &c, rets);
}

static bool variance_dim(op_ctx *cx, const jit_value *args, variance_call c, jit_value *rets)
{
    c.t = args[0].t;
    c.keepdim = arg_bool(args[3]);
    c.correction = arg_int(args[2], 1);
    return dim_set_of_list(cx, c.t, args[1], &c.dims) && variance(cx, &c, rets);
}

#define VARIANCE(op, text, root, mean)                                                     \
    bool op(op_ctx *cx, const jit_value *args, jit_value *rets)                            \
    {                                                                                      \
        return variance_all(cx, args, (variance_call){ .name = text, .wants_root = root, .wants_mean = mean }, rets); \
    }                                                                                      \
    bool op##_dim(op_ctx *cx, const jit_value *args, jit_value *rets)                      \
    {                                                                                      \
        return variance_dim(cx, args, (variance_call){ .name = text, .wants_root = root, .wants_mean = mean }, rets); \
    }
VARIANCE(op_var, "std and var", false, false)
VARIANCE(op_std, "std and var", true, false)
VARIANCE(op_var_mean, "var_mean", false, true)
VARIANCE(op_std_mean, "std_mean", true, true)

/* ---- logsumexp --------------------------------------------------------------------------------------- */
/* One per result; mem_free. */
static double *log_sums(op_ctx *cx, tensor *t, dim_set dims, int64_t n_results)
{
    if (t->n_dims && dims == (dim_set)1 << (t->n_dims - 1) && t->numel) {
        double *sums = mem_alloc((size_t)n_results * sizeof *sums);
        if (!sums) {
            op_no_memory(cx);
            return NULL;
        }
        if (softmax_log_sums(t, sums)) return sums;
        mem_free(sums);
    }
    double *shift = reduce_run(cx, t, dims, FOLD_max_f64, NULL);
    for (int64_t i = 0; shift && i < n_results; i++)
        if (isinf(shift[i])) shift[i] = 0;
    double *sums = shift ? reduce_run(cx, t, dims, FOLD_exp_sum_f64, shift) : NULL;
    for (int64_t i = 0; sums && i < n_results; i++) sums[i] = shift[i] + log(sums[i]);
    mem_free(shift);
    return sums;
}

bool op_logsumexp(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    const dtype own = tensor_dtype(t), d = dtype_is_float(own) ? own : DTYPE_float32;
    dim_set dims;
    if (dtype_is_complex(own))
        return OP_FAIL(cx, "logsumexp(): Expected floating point type for result tensor, but got: %s", dtype_prefix(own));
    if (!dim_set_of_list(cx, t, args[1], &dims)) return false;
    tensor *result = make_reduced(cx, t, dims, arg_bool(args[2]), d);
    double *sums = result ? log_sums(cx, t, dims, result->numel) : NULL;
    if (!sums) {
        tensor_unref(result);
        return false;
    }
    store_accumulators(result, sums, DTYPE_float64);
    mem_free(sums);
    return give_tensor(result, rets);
}

/* ---- comparing whole tensors ----------------------------------------------------------------------- */
bool op_equal(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    bool is_equal = tensor_same_sizes(args[0].t, args[1].t);
    if (is_equal && args[0].t->numel) {
        tensor *same = COMPOSE(cx, aten_eq_Tensor, args[0], args[1]);
        if (!same) return false;
        int64_t *all = reduce_run(cx, same, dim_set_all(same), FOLD_all_i64, NULL);
        tensor_unref(same);
        if (!all) return false;
        is_equal = *all != 0;
        mem_free(all);
    }
    rets[0] = VALUE_BOOL_V(is_equal);
    return true;
}

static bool is_close(double a, double b, double rtol, double atol, bool equal_nan)
{
    if (a == b || (equal_nan && isnan(a) && isnan(b))) return true;
    const double allowed = atol + fabs(rtol * b), difference = fabs(a - b);
    return isfinite(difference) && difference <= allowed;
}

static void close_loop(void *ctx, int64_t n, char *const *data, const int64_t *strides)
{
    const jit_value *args = ctx;
    const double rtol = arg_double(args[2]), atol = arg_double(args[3]);
    for (int64_t i = 0; i < n; i++) {
        double _Complex a, b;
        memcpy(&a, data[1] + i * strides[1], sizeof a);
        memcpy(&b, data[2] + i * strides[2], sizeof b);
        const bool is_real = cimag(a) == 0 && cimag(b) == 0;
        const bool has_nan = (isnan(creal(a)) || isnan(cimag(a))) && (isnan(creal(b)) || isnan(cimag(b)));
        const double difference = cabs(a - b);
        *(bool *)(data[0] + i * strides[0]) =
            is_real ? is_close(creal(a), creal(b), rtol, atol, arg_bool(args[4]))
                    : a == b || (arg_bool(args[4]) && has_nan) ||
                          (isfinite(difference) && difference <= atol + rtol * cabs(b));
    }
}

bool op_isclose(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *a = args[0].t, *b = args[1].t;
    if (a->dtype != b->dtype)
        return OP_FAIL(cx, "%s did not match %s", dtype_prefix(tensor_dtype(a)), dtype_prefix(tensor_dtype(b)));
    for (int k = 2; k < 4; k++)
        if (!(arg_double(args[k]) >= 0))
            return OP_FAIL(cx, "%s must be greater than or equal to zero, but got %g", k == 2 ? "rtol" : "atol",
                           arg_double(args[k]));
    tensor *wide_a = tensor_to(cx, a, DTYPE_complex128);
    tensor *wide_b = wide_a ? tensor_to(cx, b, DTYPE_complex128) : NULL;
    iter it;
    iter_init(&it, cx);
    bool ok = wide_b != NULL;
    if (ok) {
        iter_add_output(&it, NULL, DTYPE_bool);
        iter_add_input(&it, wide_a);
        iter_add_input(&it, wide_b);
        ok = iter_build(&it);
    }
    if (ok) {
        iter_run(&it, ITER_GRAIN, close_loop, (void *)(uintptr_t)args);
        rets[0] = RET_TENSOR(iter_take_output(&it, 0));
    }
    tensor_unref(wide_a);
    tensor_unref(wide_b);
    return ok;
}

bool op_allclose(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    jit_value close;
    if (!op_isclose(cx, args, &close)) return false;
    int64_t *all = reduce_run(cx, close.t, dim_set_all(close.t), FOLD_all_i64, NULL);
    value_unref(close);
    if (!all) return false;
    rets[0] = VALUE_BOOL_V(*all != 0);
    mem_free(all);
    return true;
}
