/* Draws whose parameters are tensors: multinomial, Poisson, binomial, normal (at/native/Distributions.cpp,
 * cpu/MultinomialKernel.cpp). The order of draws from the generator is PyTorch's. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/formula.h"
#include "runtime/kernels/iter.h"
#include "runtime/kernels/nn.h"
#include "runtime/kernels/random.h"

#include <math.h>

/* ---- multinomial ------------------------------------------------------------------------------- */

static bool check_multinomial(op_ctx *cx, const tensor *p, int64_t n_samples, bool replaces)
{
    if (!dtype_is_float(tensor_dtype(p)))
        return OP_FAIL(cx, "multinomial only supports floating-point dtypes for input, got: %s", dtype_prefix(tensor_dtype(p)));
    if (p->n_dims < 1 || p->n_dims > 2) return OP_FAIL(cx, "prob_dist must be 1 or 2 dim");
    const int64_t n = p->sizes[p->n_dims - 1];
    if (n_samples <= 0) return OP_FAIL(cx, "cannot sample n_sample <= 0 samples");
    if (!replaces && n_samples > n) return OP_FAIL(cx, "cannot sample n_sample > prob_dist.size(-1) samples without replacement");
    return n <= 1 << 24 || OP_FAIL(cx, "number of categories cannot exceed 2^24");
}

/* Divided by exponential draws, the largest quotients are a sample without replacement. */
static tensor *draw_by_race(formula *f, tensor *p, int64_t n_samples, jit_value generator_value)
{
    tensor *most[2] = { NULL, NULL };
    const double low = formula_item(f, F_(f, aten_min, T_V(p))), high = formula_item(f, F_(f, aten_max, T_V(p)));
    if (!f->failed && !(high < INFINITY && low >= 0)) {
        OP_FAIL(f->cx, "probability tensor contains either `inf`, `nan` or element < 0");
        return NULL;
    }
    tensor *sums = F_(f, aten_sum_dim_IntList, T_V(p), F_INTS(f, -1), BOOL_V(false), NONE_V);
    const double least = formula_item(f, F_(f, aten_min, T_V(sums)));
    if (!f->failed && least == 0) {
        OP_FAIL(f->cx, "invalid multinomial distribution (sum of probabilities <= 0)");
        return NULL;
    }
    tensor *q = F_(f, aten_empty_like, T_V(p), NONE_V, NONE_V, NONE_V, NONE_V, NONE_V);
    F_(f, aten_exponential_, T_V(q), FLOAT_V(1), generator_value);
    q = F_(f, aten_div_Tensor, T_V(p), T_V(q));
    if (n_samples == 1) return F_(f, aten_argmax, T_V(q), INT_V(-1), BOOL_V(true));
    if (!q) return NULL;
    formula_op_n(f, OP_aten_topk, (jit_value[]){ T_V(q), INT_V(n_samples), INT_V(-1), BOOL_V(true), BOOL_V(true) }, 5, most, 2);
    return most[1];
}

/* The running sums of a row of n probabilities, divided by their total. */
static bool accumulate_row(op_ctx *cx, const double *p, int64_t n, bool is_single, double *sums)
{
    double sum = 0;
    for (int64_t j = 0; j < n; j++) {
        if (!(p[j] >= 0)) return OP_FAIL(cx, "invalid multinomial distribution (encountering probability entry < 0)");
        if (isinf(p[j])) return OP_FAIL(cx, "invalid multinomial distribution (encountering probability entry = infinity or NaN)");
        sum = is_single ? (double)((float)sum + (float)p[j]) : sum + p[j];
        sums[j] = sum;
    }
    if (!(sum > 0)) return OP_FAIL(cx, "invalid multinomial distribution (sum of probabilities <= 0)");
    for (int64_t j = 0; j < n; j++) sums[j] = is_single ? (double)((float)sums[j] / (float)sum) : sums[j] / sum;
    return true;
}

/* The first index whose running sum is not below u. */
static int64_t find_sum(const double *sums, int64_t n, double u)
{
    int64_t left = 0, right = n;
    while (right > left) {
        const int64_t middle = left + (right - left) / 2;
        if (sums[middle] < u) left = middle + 1;
        else right = middle;
    }
    return left < n ? left : n - 1;
}

static tensor *draw_with_replacement(formula *f, tensor *p, int64_t n_samples, jit_value generator_value)
{
    const int64_t n = p->sizes[p->n_dims - 1], n_rows = p->n_dims == 2 ? p->sizes[0] : 1;
    int64_t sizes[2] = { n_rows, n_samples };
    tensor *rows = formula_own(f, tensor_contiguous_as(f->cx, p, DTYPE_float64));
    tensor *sums = formula_own(f, make_tensor(f->cx, DTYPE_float64, &n, 1));
    tensor *y = formula_own(f, make_tensor(f->cx, DTYPE_int64, sizes + 2 - p->n_dims, p->n_dims));
    if (f->failed) return NULL;
    generator *g = random_generator(generator_value);
    bool ok = true;
    generator_lock(g);
    for (int64_t row = 0; row < n_rows && ok; row++) {
        ok = accumulate_row(f->cx, (const double *)tensor_data(rows) + row * n, n, tensor_dtype(p) != DTYPE_float64, tensor_data(sums));
        for (int64_t j = 0; j < n_samples && ok; j++)
            ((int64_t *)tensor_data(y))[row * n_samples + j] = find_sum(tensor_data(sums), n, random_uniform(g));
    }
    generator_unlock(g);
    return ok ? y : NULL;
}

/* self num_samples replacement generator */
bool op_multinomial(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *p = args[0].t, *y;
    const int64_t n_samples = args[1].i;
    if (!check_multinomial(cx, p, n_samples, arg_bool(args[2]))) return false;
    if (p->numel == 0) {
        int64_t sizes[2] = { p->sizes[0], n_samples };
        return give_tensor(make_tensor(cx, DTYPE_int64, sizes + 2 - p->n_dims, p->n_dims), rets);
    }
    if (!arg_bool(args[2]) || n_samples == 1) y = draw_by_race(&f, p, n_samples, args[3]);
    else y = draw_with_replacement(&f, p, n_samples, args[3]);
    return y ? formula_give(&f, y, rets) : formula_drop(&f);
}

/* ---- Poisson ----------------------------------------------------------------------------------- */

/* Hoermann's transformed rejection (PTRS), for rates from 10. */
static double poisson_by_rejection(generator *g, double rate)
{
    const double root = sqrt(rate), log_rate = log(rate), b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b;
    const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), v_r = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
        const double u = random_uniform(g) - 0.5, v = random_uniform(g), us = 0.5 - fabs(u);
        const double k = floor((2 * a / us + b) * u + rate + 0.43);
        int sign;
        if (us >= 0.07 && v <= v_r) return k;
        if (k < 0 || (us < 0.013 && v > us)) continue;
        if (log(v) + log(inverse_alpha) - log(a / (us * us) + b) <= -rate + k * log_rate - lgamma_r(k + 1, &sign)) return k;
    }
}

static double draw_poisson(generator *g, double rate)
{
    if (rate >= 10) return rate < 1e300 ? poisson_by_rejection(g, rate) : rate;
    if (!(rate > 0)) return 0;
    const double least = exp(-rate);
    double product = 1, count = -1;
    do {
        product *= random_uniform(g);
        count++;
    } while (product > least);
    return count;
}

/* ---- binomial ---------------------------------------------------------------------------------- */

/* Successes by the gaps between them. */
static double binomial_by_gaps(generator *g, double count, double p)
{
    const double log_failure = log1p(-p);
    double position = 0, successes = 0;
    for (;;) {
        position += ceil(log(random_uniform(g)) / log_failure);
        if (!(position <= count)) return successes;
        successes++;
    }
}

static double stirling_tail(double k)
{
    static const double tails[] = { 0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509,
        0.0166446911898211, 0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.00925546218271273,
        0.00833056343336287 };
    if (k <= 9) return tails[(int)k];
    const double square = (k + 1) * (k + 1);
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1);
}

/* Hoermann's BTRS, where count p is at least 10. */
static double binomial_by_rejection(generator *g, double count, double p)
{
    const double deviation = sqrt(count * p * (1 - p)), b = 1.15 + 2.53 * deviation, a = -0.0873 + 0.0248 * b + 0.01 * p;
    const double c = count * p + 0.5, v_r = 0.92 - 4.2 / b, r = p / (1 - p), alpha = (2.83 + 5.1 / b) * deviation;
    const double m = floor((count + 1) * p);
    for (;;) {
        const double u = random_uniform(g) - 0.5;
        double v = random_uniform(g);
        const double us = 0.5 - fabs(u), k = floor((2 * a / us + b) * u + c);
        if (us >= 0.07 && v <= v_r) return k;
        if (k < 0 || k > count) continue;
        v = log(v * alpha / (a / (us * us) + b));
        const double bound = (m + 0.5) * log((m + 1) / (r * (count - m + 1))) +
            (count + 1) * log((count - m + 1) / (count - k + 1)) + (k + 0.5) * log(r * (count - k + 1) / (k + 1)) +
            stirling_tail(m) + stirling_tail(count - m) - stirling_tail(k) - stirling_tail(count - k);
        if (v <= bound) return k;
    }
}

static double draw_binomial(generator *g, double count, double p)
{
    if (count <= 0 || p <= 0) return 0;
    if (p >= 1) return count;
    if (isnan(p) || isnan(count) || isinf(count)) return NAN;
    const double rarer = p <= 0.5 ? p : 1 - p;
    const double k = count * rarer >= 10 ? binomial_by_rejection(g, count, rarer) : binomial_by_gaps(g, count, rarer);
    return p <= 0.5 ? k : count - k;
}

/* ---- elementwise draws ------------------------------------------------------------------------- */

typedef struct draw_task {
    generator *g;
    dtype d;
    bool is_binomial;
} draw_task;

static void draw_loop(void *ctx, int64_t n, char *const *data, const int64_t *strides)
{
    const draw_task *task = ctx;
    for (int64_t i = 0; i < n; i++) {
        const double a = element_load_double(task->d, data[1] + i * strides[1]);
        const double y = task->is_binomial ? draw_binomial(task->g, a, element_load_double(task->d, data[2] + i * strides[2]))
                                           : draw_poisson(task->g, a);
        element_store_double(task->d, data[0] + i * strides[0], y);
    }
}

static bool draw_each(op_ctx *cx, tensor *a, tensor *b, jit_value generator_value, jit_value *rets)
{
    draw_task task = { random_generator(generator_value), tensor_dtype(a), b != NULL };
    iter it;
    iter_init(&it, cx);
    iter_add_output(&it, NULL, task.d);
    iter_add_input(&it, a);
    if (b) iter_add_input(&it, b);
    if (!iter_build(&it)) return false;
    generator_lock(task.g);
    iter_run_range(&it, 0, it.numel, draw_loop, &task);
    generator_unlock(task.g);
    rets[0] = RET_TENSOR(iter_take_output(&it, 0));
    return true;
}

/* self generator */
bool op_poisson(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!nn_check_float(cx, args[0].t, "poisson_cpu")) return false;
    for (int64_t i = 0; i < args[0].t->numel; i++)
        if (!(tensor_get_double(args[0].t, i) >= 0)) return OP_FAIL(cx, "invalid Poisson rate, expected rate to be non-negative");
    return draw_each(cx, args[0].t, NULL, args[1], rets);
}

/* count prob generator */
bool op_binomial(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *count = args[0].t, *p = args[1].t;
    if (!nn_check_float(cx, count, "binomial_cpu")) return false;
    if (count->dtype != p->dtype)
        return OP_FAIL(cx, "Found dtype %s but expected %s", dtype_prefix(tensor_dtype(p)), dtype_prefix(tensor_dtype(count)));
    return draw_each(cx, count, p, args[2], rets);
}

/* mean std generator, of which one at least is a tensor */
bool op_normal_of_tensors(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *mean = arg_tensor(args[0]), *std = arg_tensor(args[1]);
    if (std && dtype_is_complex(tensor_dtype(std))) return OP_FAIL(cx, "normal expects standard deviation to be non-complex");
    if (std && std->numel) {
        const double least = formula_item(&f, F_(&f, aten_min, T_V(std)));
        if (!f.failed && least < 0) {
            OP_FAIL(cx, "normal expects all elements of std >= 0.0");
            return formula_drop(&f);
        }
    } else if (!std && !(arg_double(args[1]) >= 0)) {
        return OP_FAIL(cx, "normal expects std >= 0.0, but found std %g", arg_double(args[1]));
    }
    tensor *like = mean ? mean : std;
    if (mean && std) like = F_(&f, aten_add_Tensor, T_V(mean), T_V(std), INT_V(1));
    tensor *y = F_(&f, aten_empty_like, T_V(like), NONE_V, NONE_V, NONE_V, NONE_V, NONE_V);
    F_(&f, aten_normal_, T_V(y), FLOAT_V(0), std ? FLOAT_V(1) : args[1], args[2]);
    if (std) y = F_(&f, aten_mul_Tensor, T_V(y), T_V(std));
    y = mean ? F_(&f, aten_add_Tensor, T_V(y), T_V(mean), INT_V(1)) : F_(&f, aten_add_Scalar, T_V(y), args[0], INT_V(1));
    return formula_give(&f, y, rets);
}
