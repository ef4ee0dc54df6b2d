/* Sampling an image at the positions of a grid, and affine grids (at/native/GridSampler.cpp,
 * AffineGridGenerator.cpp). Computed in double throughout.
 *
 * Which pixels a point sees, and with what weights, is the same for all channels: found once for a block of points. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/nn.h"

#include <math.h>
#include <string.h>

typedef enum grid_mode { GRID_LINEAR, GRID_NEAREST, GRID_CUBIC, GRID_MODE__COUNT } grid_mode;
typedef enum grid_padding {
    GRID_ZEROS,
    GRID_BORDER,
    GRID_REFLECTION,
    GRID_PADDING__COUNT
} grid_padding;

enum { GRID_TAPS = 16, GRID_BLOCK = 64 }; /* the most pixels of a result; points at a time */

/* Spatial dimensions are the last n of NN_DIMS, the others have size 1. */
typedef struct grid_job {
    grid_mode mode;
    grid_padding padding;
    bool align_corners;
    int n;
    int64_t channels, in[NN_DIMS], points; /* points: grid positions of one image */
    const double *grid;
    const void *x;
    void *y;
} grid_job;

static double unnormalise(const grid_job *job, double at, int64_t size)
{
    return job->align_corners ? (at + 1) / 2 * (double)(size - 1)
                              : ((at + 1) * (double)size - 1) / 2;
}

/* Folded back between low / 2 and high / 2. */
static double reflect(double at, int64_t low, int64_t high)
{
    if (low == high)
        return 0;
    const double least = (double)low / 2, span = (double)(high - low) / 2;
    at = fabs(at - least);
    const double extra = fmod(at, span), turns = floor(at / span);
    return fmod(turns, 2) == 0 ? extra + least : span - extra + least;
}

static double keep_inside(const grid_job *job, double at, int64_t size)
{
    if (job->padding == GRID_REFLECTION)
        at = job->align_corners ? reflect(at, 0, 2 * (size - 1)) : reflect(at, -1, 2 * size - 1);
    if (job->padding != GRID_ZEROS)
        at = !(at > 0) ? 0 : at > (double)(size - 1) ? (double)(size - 1) : at;
    // far outside and not-a-number alike: a position that no tap reaches
    return at > -1e9 && at < 1e9 ? at : -100;
}

/* What a result is a sum of: the pixels of a plane under its point and their weights. Pixels outside are zero and left out. */
typedef struct grid_taps {
    int n;
    int64_t at[GRID_TAPS];
    double weights[GRID_TAPS];
} grid_taps;

static void add_tap(const grid_job *job, const int64_t *at, double weight, grid_taps *taps)
{
    for (int i = 0; i < NN_DIMS; i++)
        if (at[i] < 0 || at[i] >= job->in[i])
            return;
    taps->at[taps->n] = (at[0] * job->in[1] + at[1]) * job->in[2] + at[2];
    taps->weights[taps->n++] = weight;
}

static void find_linear(const grid_job *job, const double *at, grid_taps *taps)
{
    for (int corner = 0; corner < 1 << job->n; corner++) {
        int64_t index[NN_DIMS] = { 0 };
        double weight = 1;
        for (int i = NN_DIMS - job->n; i < NN_DIMS; i++) {
            const double base = floor(at[i]), part = at[i] - base;
            const int is_far = corner >> (NN_DIMS - 1 - i) & 1;
            index[i] = (int64_t)base + is_far;
            weight *= is_far ? part : 1 - part;
        }
        add_tap(job, index, weight, taps);
    }
}

static void find_nearest(const grid_job *job, const double *at, grid_taps *taps)
{
    int64_t index[NN_DIMS] = { 0 };
    for (int i = NN_DIMS - job->n; i < NN_DIMS; i++)
        index[i] = (int64_t)(job->n == 3 ? round(at[i]) : nearbyint(at[i]));
    add_tap(job, index, 1, taps);
}

static void cubic_weights(double x, double *ret)
{
    const double a = -0.75, distances[] = { x + 1, x, 1 - x, 2 - x };
    for (int i = 0; i < 4; i++) {
        const double d = distances[i];
        ret[i] = i == 1 || i == 2 ? ((a + 2) * d - (a + 3)) * d * d + 1
                                  : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
    }
}

/* at: not kept inside; each tap is by itself. */
static void find_cubic(const grid_job *job, const double *at, grid_taps *taps)
{
    double wh[4], ww[4];
    const double h = floor(at[1]), w = floor(at[2]);
    cubic_weights(at[1] - h, wh);
    cubic_weights(at[2] - w, ww);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 4; k++) {
            const double y = keep_inside(job, h - 1 + i, job->in[1]),
                         x = keep_inside(job, w - 1 + k, job->in[2]);
            add_tap(job, (int64_t[]){ 0, (int64_t)y, (int64_t)x }, wh[i] * ww[k], taps);
        }
}

/* The taps of point p of the grids. */
static void find_taps(const grid_job *job, int64_t p, grid_taps *ret)
{
    double at[NN_DIMS] = { 0 };
    for (int i = 0; i < job->n; i++) { // the grid names x before y before z
        const int dim = NN_DIMS - 1 - i;
        at[dim] = unnormalise(job, job->grid[p * job->n + i], job->in[dim]);
        if (job->mode != GRID_CUBIC)
            at[dim] = keep_inside(job, at[dim], job->in[dim]);
        else if (!(at[dim] > -1e9 && at[dim] < 1e9))
            at[dim] = -100;
    }
    ret->n = 0;
    if (job->mode == GRID_LINEAR)
        find_linear(job, at, ret);
    else if (job->mode == GRID_NEAREST)
        find_nearest(job, at, ret);
    else
        find_cubic(job, at, ret);
}

#define LOOPS "runtime/kernels/grid_loops.h"
#include "runtime/kernels/for_floats.h"

static bool check_grid(op_ctx *cx, const tensor *x, const tensor *grid, int64_t mode,
                       int64_t padding)
{
    const sizes_text x_text = sizes_print(x->sizes, x->n_dims),
                     grid_text = sizes_print(grid->sizes, grid->n_dims);
    if (x->dtype != grid->dtype)
        return OP_FAIL(cx,
                       "grid_sampler(): expected input and grid to have same dtype, but input has "
                       "%s and grid has %s",
                       dtype_name(tensor_dtype(x)), dtype_name(tensor_dtype(grid)));
    if (x->n_dims < 2 || grid->n_dims < 1 || x->sizes[0] != grid->sizes[0])
        return OP_FAIL(cx,
                       "grid_sampler(): expected grid and input to have same batch size, but got "
                       "input with sizes %s and "
                       "grid with sizes %s",
                       x_text.s, grid_text.s);
    if (grid->sizes[grid->n_dims - 1] != x->n_dims - 2)
        return OP_FAIL(cx,
                       "grid_sampler(): expected grid to have size %d in last dimension, but got "
                       "grid with sizes %s",
                       x->n_dims - 2, grid_text.s);
    if ((x->n_dims != 4 && x->n_dims != 5) || x->n_dims != grid->n_dims)
        return OP_FAIL(cx,
                       "grid_sampler(): expected 4D or 5D input and grid with same number of "
                       "dimensions, but got input "
                       "with sizes %s and grid with sizes %s",
                       x_text.s, grid_text.s);
    for (int i = 2; i < x->n_dims; i++)
        if (x->sizes[i] == 0)
            return OP_FAIL(cx,
                           "grid_sampler(): expected input to have non-empty spatial dimensions, "
                           "but input has sizes %s "
                           "with dimension %d being empty",
                           x_text.s, i);
    if (mode < 0 || mode >= GRID_MODE__COUNT || padding < 0 || padding >= GRID_PADDING__COUNT)
        return OP_FAIL(cx, "grid_sampler(): unknown interpolation or padding mode");
    if (x->n_dims == 5 && mode == GRID_CUBIC)
        return OP_FAIL(cx, "grid_sampler(): bicubic interpolation only supports 4D input");
    return nn_check_float(cx, x, x->n_dims == 4 ? "grid_sampler_2d_cpu" : "grid_sampler3d_cpu");
}

bool op_grid_sampler(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const tensor *in = args[0].t, *where = args[1].t;
    if (!check_grid(cx, in, where, args[2].i, args[3].i))
        return false;
    grid_job job = { .mode = (grid_mode)args[2].i,
                     .padding = (grid_padding)args[3].i,
                     .align_corners = arg_bool(args[4]),
                     .n = in->n_dims - 2,
                     .channels = in->sizes[1] };
    int64_t sizes[2 + NN_DIMS] = { in->sizes[0], in->sizes[1] };
    memcpy(sizes + 2, where->sizes + 1, (size_t)job.n * sizeof *sizes);
    for (int i = 0; i < NN_DIMS; i++)
        job.in[i] = i < NN_DIMS - job.n ? 1 : in->sizes[in->n_dims - NN_DIMS + i];
    job.points = nn_product(where->sizes + 1, job.n);
    bool ok = true;
    const bool is_single = tensor_dtype(in) == DTYPE_float32;
    const dtype d = is_single ? DTYPE_float32 : DTYPE_float64;
    tensor *x = nn_operand(cx, args[0].t, d, &ok), *grid = nn_operand(cx, args[1].t, DTYPE_float64, &ok);
    tensor *y = ok ? make_tensor(cx, d, sizes, in->n_dims) : NULL;
    if (y && y->numel) {
        job.x = tensor_data(x);
        job.grid = tensor_data(grid);
        job.y = tensor_data(y);
        par_for(in->sizes[0] * job.points, 256, is_single ? sample_points_f32 : sample_points_f64, &job);
    }
    tensor_unref(x);
    tensor_unref(grid);
    return nn_give(cx, y, tensor_dtype(in), rets);
}

/* Base coordinate i of n, between -1 and 1. */
static double base_at(int64_t i, int64_t n, bool align_corners)
{
    if (n <= 1)
        return 0;
    const double at = -1 + 2 * (double)i / (double)(n - 1);
    return align_corners ? at : at * (double)(n - 1) / (double)n;
}

bool op_affine_grid_generator(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int n_size = 0;
    const int64_t *size = arg_ints(args[1], &n_size);
    const tensor *in = args[0].t;
    const bool align_corners = arg_bool(args[2]);
    const int n = n_size - 2;
    if (n_size != 4 && n_size != 5)
        return OP_FAIL(cx, "AffineGridGenerator needs 4d (spatial) or 5d (volumetric) inputs.");
    if (!nn_check_float(cx, in, "affine_grid_generator"))
        return false;
    if (in->n_dims != 3 || in->sizes[0] != size[0] || in->sizes[1] != n || in->sizes[2] != n + 1)
        return OP_FAIL(
            cx, "Expected a batch of %dx%d affine matrices of size %lldx%dx%d for size %s. Got %s.",
            n, n + 1, (long long)size[0], n, n + 1, sizes_print(size, n_size).s,
            sizes_print(in->sizes, in->n_dims).s);
    int64_t sizes[TENSOR_MAX_DIMS] = { size[0] };
    memcpy(sizes + 1, size + 2, (size_t)n * sizeof *sizes);
    sizes[n + 1] = n;
    bool ok = true;
    tensor *theta = nn_operand(cx, args[0].t, DTYPE_float64, &ok);
    tensor *y = ok ? make_tensor(cx, DTYPE_float64, sizes, n + 2) : NULL;
    const int64_t points = y ? nn_product(size + 2, n) : 0;
    double *out = y ? tensor_data(y) : NULL;
    for (int64_t p = 0; y && p < size[0] * points; p++) {
        const double *matrix = (const double *)tensor_data(theta) + p / points * n * (n + 1);
        double base[NN_DIMS + 1];
        int64_t rest = p % points;
        for (int i = 0; i < n; i++) { // x first
            base[i] = base_at(rest % size[n_size - 1 - i], size[n_size - 1 - i], align_corners);
            rest /= size[n_size - 1 - i];
        }
        base[n] = 1;
        for (int row = 0; row < n; row++, out++) {
            *out = 0;
            for (int k = 0; k <= n; k++)
                *out += matrix[row * (n + 1) + k] * base[k];
        }
    }
    tensor_unref(theta);
    return nn_give(cx, y, tensor_dtype(in), rets);
}
