/* Fractional max pooling: windows of a fixed size at places drawn at random (at/native/FractionalMaxPool2d.cpp, 3d). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/formula.h"
#include "runtime/kernels/nn.h"

#include <math.h>
#include <string.h>

/* Dimensions are counted from the outermost of three; two-dimensional pools have a first one of length 1. */
typedef struct fractional {
    int64_t in[NN_DIMS], kernel[NN_DIMS], out[NN_DIMS];
    double sample[NN_DIMS];
    dtype d;
} fractional;

/* Where window i begins. The arithmetic is that of the elements' type. */
static int64_t window_begin(const fractional *p, int dim, int64_t i)
{
    const int64_t room = p->in[dim] - p->kernel[dim];
    if (i == p->out[dim] - 1)
        return room;
    if (p->d == DTYPE_float64) {
        const double alpha = (double)room / (double)(p->out[dim] - 1);
        return (int64_t)(((double)i + p->sample[dim]) * alpha) - (int64_t)(p->sample[dim] * alpha);
    }
    const float alpha = (float)room / (float)(p->out[dim] - 1), sample = (float)p->sample[dim];
    return (int64_t)(((float)i + sample) * alpha) - (int64_t)(sample * alpha);
}

/* The largest element of the window that begins at `at`; NaN wins. */
static int64_t window_max(const fractional *p, const char *plane, const int64_t *at, double *ret)
{
    int64_t best = (at[0] * p->in[1] + at[1]) * p->in[2] + at[2];
    *ret = -INFINITY;
    for (int64_t i = at[0]; i < at[0] + p->kernel[0]; i++)
        for (int64_t j = at[1]; j < at[1] + p->kernel[1]; j++)
            for (int64_t k = at[2]; k < at[2] + p->kernel[2]; k++) {
                const int64_t index = (i * p->in[1] + j) * p->in[2] + k;
                const double x = element_load_double(p->d, plane + (size_t)index * dtype_size(p->d));
                if (x > *ret || isnan(x)) {
                    *ret = x;
                    best = index;
                }
            }
    return best;
}

static void pool_plane(const fractional *p, const char *plane, char *values, int64_t *indices)
{
    int64_t n = 0;
    for (int64_t i = 0; i < p->out[0]; i++)
        for (int64_t j = 0; j < p->out[1]; j++)
            for (int64_t k = 0; k < p->out[2]; k++, n++) {
                const int64_t at[] = { window_begin(p, 0, i), window_begin(p, 1, j), window_begin(p, 2, k) };
                double x;
                indices[n] = window_max(p, plane, at, &x);
                element_store_double(p->d, values + (size_t)n * dtype_size(p->d), x);
            }
}

static bool check_fractional(op_ctx *cx, const tensor *x, const tensor *samples, const fractional *p, int n)
{
    static const char *const names[] = { "time", "height", "width" };
    const char *name = n == 2 ? "fractional_max_pool2d()" : "fractional_max_pool3d_out()";
    if (x->n_dims != n + 1 && x->n_dims != n + 2)
        return OP_FAIL(cx, "%s: Expected %dD or %dD tensor, but got: %s", name, n + 1, n + 2, sizes_print(x->sizes, x->n_dims).s);
    if (!dtype_is_float(p->d))
        return OP_FAIL(cx, "\"fractional_max_pool%dd_out_frame\" not implemented for '%s'", n, dtype_prefix(p->d));
    for (int i = NN_DIMS - n; i < NN_DIMS; i++) {
        if (p->kernel[i] < 1 || p->out[i] < 1)
            return OP_FAIL(cx, "%s: sizes of windows and of the result must be positive", name);
        // in three dimensions PyTorch wants one element more than the windows cover
        if (p->out[i] > p->in[i] - p->kernel[i] + (n == 2))
            return OP_FAIL(cx, "%s: pool %s %lld too large relative to input %s %lld", name, names[i], (long long)p->kernel[i],
                           names[i], (long long)p->in[i]);
    }
    const int64_t n_planes = nn_product(x->sizes, x->n_dims - n);
    if (samples->n_dims != 3 || samples->sizes[2] < n || samples->sizes[0] * samples->sizes[1] < n_planes)
        return OP_FAIL(cx, "%s: expected random samples of shape [batch, channel, %d]", name, n);
    if (samples->dtype != x->dtype)
        return OP_FAIL(cx, "expected scalar type %s but found %s", dtype_prefix(p->d), dtype_prefix(tensor_dtype(samples)));
    return true;
}

/* self kernel_size output_size random_samples */
static bool give_fractional(op_ctx *cx, const jit_value *args, int n, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *x = args[0].t, *samples = args[3].t, *results[2];
    fractional p = { .d = tensor_dtype(x), .in = { 1, 1, 1 } };
    int64_t sizes[TENSOR_MAX_DIMS];
    if (!nn_read(cx, args[1], n, 1, NULL, p.kernel) || !nn_read(cx, args[2], n, 1, NULL, p.out))
        return false;
    for (int i = 0; i < n && x->n_dims >= n; i++)
        p.in[NN_DIMS - n + i] = x->sizes[x->n_dims - n + i];
    if (!check_fractional(cx, x, samples, &p, n))
        return false;
    const int n_outer = x->n_dims - n;
    memcpy(sizes, x->sizes, (size_t)n_outer * sizeof *sizes);
    memcpy(sizes + n_outer, p.out + NN_DIMS - n, (size_t)n * sizeof *sizes);
    x = formula_own(&f, tensor_contiguous(cx, x));
    results[0] = formula_own(&f, make_tensor(cx, p.d, sizes, x ? x->n_dims : 0));
    results[1] = formula_own(&f, make_tensor(cx, DTYPE_int64, sizes, x ? x->n_dims : 0));
    if (f.failed)
        return formula_drop(&f);
    const int64_t n_planes = nn_product(sizes, n_outer), n_in = nn_product(p.in, NN_DIMS), n_out = nn_product(p.out, NN_DIMS);
    for (int64_t k = 0; k < n_planes; k++) {
        for (int i = 0; i < n; i++) // two-dimensional samples name the width first
            p.sample[NN_DIMS - n + i] = tensor_get_double(samples, k * samples->sizes[2] + (n == 2 ? 1 - i : i));
        pool_plane(&p, (const char *)tensor_data(x) + (size_t)(k * n_in) * dtype_size(p.d),
                   (char *)tensor_data(results[0]) + (size_t)(k * n_out) * dtype_size(p.d), (int64_t *)tensor_data(results[1]) + k * n_out);
    }
    return formula_give_n(&f, results, 2, rets);
}

bool op_fractional_max_pool2d(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_fractional(cx, args, 2, rets);
}

bool op_fractional_max_pool3d(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_fractional(cx, args, 3, rets);
}
