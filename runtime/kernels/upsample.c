/* Resampling: nearest, linear, cubic, and the antialiased forms (at/native/UpSample.h,
 * at/native/cpu/UpSampleKernel.cpp).
 *
 * Every mode is separable: for one dimension each output position is a weighted sum of a few input
 * positions (taps). The taps of a dimension are computed once; a pass applies them, and there is a
 * pass for each dimension whose size or position changes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/upsample.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

/* width taps are reserved for each output position, count of them used. */
typedef struct taps {
    int64_t width;
    int64_t *index, *count;
    double *weight;
} taps;

typedef struct resample_job {
    const taps *taps;
    int64_t in, out, inner;
    const void *x;
    void *y;
} resample_job;

#define LOOPS "runtime/kernels/resample_loops.h"
#include "runtime/kernels/for_floats.h"

/* ---- taps ------------------------------------------------------------------------------------ */
static double input_step(const upsample_call *call, int dim, int64_t in)
{
    const int64_t out = call->out[dim];
    if (call->align_corners)
        return out > 1 ? (double)(in - 1) / (double)(out - 1) : 0;
    return call->scales[dim] > 0 ? 1 / call->scales[dim] : (double)in / (double)out;
}

static int64_t nearest_source(const upsample_call *call, int dim, int64_t in, int64_t o)
{
    // single precision, as the reference does it: the choice between two neighbours depends on it
    const float step =
        call->scales[dim] > 0 ? (float)(1 / call->scales[dim]) : (float)in / (float)call->out[dim];
    if (call->mode == UPSAMPLE_NEAREST_EXACT) {
        const int64_t at = (int64_t)floorf(((float)o + 0.5f) * step);
        return at < in ? at : in - 1;
    }
    if (call->out[dim] == in)
        return o;
    if (call->out[dim] == 2 * in)
        return o >> 1;
    const int64_t at = (int64_t)floorf((float)o * step);
    return at < in ? at : in - 1;
}

static double cubic_near(double x, double a) { return ((a + 2) * x - (a + 3)) * x * x + 1; }
static double cubic_far(double x, double a) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; }

static void set_linear_taps(const upsample_call *call, int dim, int64_t in, int64_t o,
                            bool is_float, const taps *t)
{
    const double step = input_step(call, dim, in);
    double at = call->align_corners ? step * (double)o : step * ((double)o + 0.5) - 0.5;
    if (is_float)
        at = call->align_corners ? (float)step * (float)o : (float)step * ((float)o + 0.5f) - 0.5f;
    if (at < 0)
        at = 0;
    int64_t *index = t->index + 2 * o;
    index[0] = (int64_t)at < in - 1 ? (int64_t)at : in - 1;
    index[1] = index[0] + (index[0] < in - 1);
    t->weight[2 * o + 1] = at - (double)index[0] > 1 ? 1 : at - (double)index[0];
    t->weight[2 * o] = 1 - t->weight[2 * o + 1];
    t->count[o] = 2;
}

static void set_cubic_taps(const upsample_call *call, int dim, int64_t in, int64_t o, const taps *t)
{
    const double a = -0.75, step = input_step(call, dim, in);
    const double at = call->align_corners ? step * (double)o : step * ((double)o + 0.5) - 0.5;
    const double base = floor(at), x = at - base;
    const double weights[] = { cubic_far(x + 1, a), cubic_near(x, a), cubic_near(1 - x, a),
                               cubic_far(2 - x, a) };
    for (int k = 0; k < 4; k++) {
        const int64_t index = (int64_t)base - 1 + k;
        t->index[4 * o + k] = index < 0 ? 0 : index >= in ? in - 1 : index;
        t->weight[4 * o + k] = weights[k];
    }
    t->count[o] = 4;
}

static double filter(upsample_mode mode, double x)
{
    x = fabs(x);
    if (mode == UPSAMPLE_LINEAR_AA)
        return x < 1 ? 1 - x : 0;
    return x < 1 ? cubic_near(x, -0.5) : x < 2 ? cubic_far(x, -0.5) : 0;
}

static double filter_support(const upsample_call *call, double step)
{
    const double half = call->mode == UPSAMPLE_LINEAR_AA ? 1 : 2;
    return step > 1 ? half * step : half;
}

static void set_smooth_taps(const upsample_call *call, int dim, int64_t in, int64_t o,
                            const taps *t)
{
    const double step = input_step(call, dim, in), support = filter_support(call, step);
    const double centre = step * ((double)o + 0.5), inverse = step >= 1 ? 1 / step : 1;
    int64_t begin = (int64_t)(centre - support + 0.5), end = (int64_t)(centre + support + 0.5);
    if (begin < 0)
        begin = 0;
    if (end > in)
        end = in;
    if (begin >= in)
        begin = in - 1;
    if (end <= begin)
        end = begin + 1;
    if (end - begin > t->width)
        end = begin + t->width;
    double sum = 0;
    for (int64_t k = begin; k < end; k++) {
        const double w = filter(call->mode, ((double)k - centre + 0.5) * inverse);
        t->index[o * t->width + k - begin] = k;
        t->weight[o * t->width + k - begin] = w;
        sum += w;
    }
    for (int64_t k = 0; k < end - begin && sum != 0; k++)
        t->weight[o * t->width + k] /= sum;
    t->count[o] = end - begin;
}

static void set_taps(const upsample_call *call, int dim, int64_t in, bool is_float, const taps *t)
{
    for (int64_t o = 0; o < call->out[dim]; o++)
        switch (call->mode) {
        case UPSAMPLE_NEAREST:
        case UPSAMPLE_NEAREST_EXACT:
            t->index[o] = nearest_source(call, dim, in, o);
            t->weight[o] = 1;
            t->count[o] = 1;
            break;
        case UPSAMPLE_LINEAR: set_linear_taps(call, dim, in, o, is_float, t); break;
        case UPSAMPLE_CUBIC: set_cubic_taps(call, dim, in, o, t); break;
        case UPSAMPLE_LINEAR_AA:
        case UPSAMPLE_CUBIC_AA: set_smooth_taps(call, dim, in, o, t); break;
        }
}

static int64_t taps_width(const upsample_call *call, int dim, int64_t in)
{
    switch (call->mode) {
    case UPSAMPLE_NEAREST:
    case UPSAMPLE_NEAREST_EXACT: return 1;
    case UPSAMPLE_LINEAR: return 2;
    case UPSAMPLE_CUBIC: return 4;
    case UPSAMPLE_LINEAR_AA:
    case UPSAMPLE_CUBIC_AA: break;
    }
    const double width = 2 * ceil(filter_support(call, input_step(call, dim, in))) + 2;
    return width < (double)in ? (int64_t)width : in;
}

/* ---- passes ---------------------------------------------------------------------------------- */
/* x with its dimension `dim` (counted in NN_DIMS) resampled; x is released. */
static tensor *pass(op_ctx *cx, const upsample_call *call, int dim, tensor *take_x)
{
    tensor *x = take_x;
    const int at = x->n_dims - NN_DIMS + dim;
    const int64_t in = x->sizes[at], out = call->out[dim];
    const bool is_double = tensor_dtype(x) == DTYPE_float64;
    taps t = { .width = taps_width(call, dim, in) };
    int64_t sizes[TENSOR_MAX_DIMS];
    memcpy(sizes, x->sizes, x->n_dims * sizeof *sizes);
    sizes[at] = out;
    tensor *y = make_tensor(cx, tensor_dtype(x), sizes, x->n_dims);
    t.index = y ? mem_calloc((size_t)(out * t.width + 1), sizeof *t.index) : NULL;
    t.count = y ? mem_calloc((size_t)(out + 1), sizeof *t.count) : NULL;
    t.weight = y ? mem_calloc((size_t)(out * t.width + 1), sizeof *t.weight) : NULL;
    const bool ok = t.index && t.count && t.weight;
    if (ok && y->numel) {
        resample_job job = { .taps = &t,
                             .in = in,
                             .out = out,
                             .inner = nn_product(x->sizes + at + 1, x->n_dims - at - 1),
                             .x = tensor_data(x),
                             .y = tensor_data(y) };
        const int64_t work = out * job.inner * t.width;
        set_taps(call, dim, in, !is_double, &t);
        par_for(nn_product(x->sizes, at), work < NN_GRAIN ? NN_GRAIN / work + 1 : 1,
                is_double ? resample_lines_f64 : resample_lines_f32, &job);
    } else if (y && !ok) {
        op_no_memory(cx);
        tensor_unref(y);
        y = NULL;
    }
    mem_free(t.index);
    mem_free(t.count);
    mem_free(t.weight);
    tensor_unref(x);
    return y;
}

static bool check(op_ctx *cx, const upsample_call *call, const tensor *x)
{
    const int n = call->n;
    if (x->n_dims != n + 2)
        return OP_FAIL(cx, "It is expected input_size equals to %d, but got size %d", n + 2,
                       x->n_dims);
    for (int i = 0; i < n; i++) {
        const int64_t in = x->sizes[2 + i], out = call->out[NN_DIMS - n + i];
        if (in > 0 && out > 0)
            continue;
        if (n == 2)
            return OP_FAIL(cx,
                           "Input and output sizes should be greater than 0, but got input (H: "
                           "%lld, W: %lld) output "
                           "(H: %lld, W: %lld)",
                           (long long)x->sizes[2], (long long)x->sizes[3], (long long)call->out[1],
                           (long long)call->out[2]);
        return OP_FAIL(cx,
                       "Input and output sizes should be greater than 0, but got input (%c: %lld) "
                       "and output (%c: %lld)",
                       "DHW"[NN_DIMS - n + i], (long long)in, "DHW"[NN_DIMS - n + i],
                       (long long)out);
    }
    if (nn_product(x->sizes + 1, n + 1) == 0)
        return OP_FAIL(cx, "Non-empty %dD data tensor expected but got a tensor with sizes %s",
                       n + 2, sizes_print(x->sizes, x->n_dims).s);
    const dtype d = tensor_dtype(x);
    const bool is_nearest = call->mode == UPSAMPLE_NEAREST || call->mode == UPSAMPLE_NEAREST_EXACT;
    return dtype_is_float(d) || (is_nearest && d == DTYPE_uint8)
           || OP_FAIL(cx, "\"%s\" not implemented for '%s'", call->name, dtype_prefix(d));
}

tensor *upsample(op_ctx *cx, const upsample_call *call, tensor *x)
{
    if (!check(cx, call, x))
        return NULL;
    tensor *t = tensor_contiguous_as(cx, x, nn_compute(tensor_dtype(x)));
    for (int dim = NN_DIMS - 1; t && dim >= NN_DIMS - call->n; dim--) {
        const int64_t in = t->sizes[t->n_dims - NN_DIMS + dim];
        const bool is_same =
            in == call->out[dim] && (call->scales[dim] == 0 || call->scales[dim] == 1);
        if (!is_same)
            t = pass(cx, call, dim, t);
    }
    tensor *r = !t ? NULL : t == x ? tensor_clone(cx, x) : tensor_to(cx, t, tensor_dtype(x));
    tensor_unref(t);
    const bool keeps_format = call->n > 1 && call->mode != UPSAMPLE_CUBIC && call->mode != UPSAMPLE_CUBIC_AA;
    return keeps_format ? tensor_in_format(cx, r, x) : r;
}

/* ---- operators ------------------------------------------------------------------------------- */
static bool read_size(op_ctx *cx, upsample_call *call, jit_value size)
{
    int n = 0;
    (void)arg_ints(size, &n);
    if (n != call->n)
        return OP_FAIL(cx, "It is expected output_size equals to %d, but got size %d", call->n, n);
    return nn_read(cx, size, call->n, 1, NULL, call->out);
}

/* (input, output_size, [align_corners,] scale for each dimension) */
static bool plain_form(op_ctx *cx, const char *name, upsample_mode mode, int n,
                       const jit_value *args, jit_value *rets)
{
    const bool has_corners = mode != UPSAMPLE_NEAREST && mode != UPSAMPLE_NEAREST_EXACT;
    upsample_call call = {
        .name = name, .mode = mode, .n = n, .align_corners = has_corners && arg_bool(args[2])
    };
    const jit_value *scales = args + 2 + has_corners;
    if (!read_size(cx, &call, args[1]))
        return false;
    for (int i = 0; i < n; i++)
        call.scales[NN_DIMS - n + i] = scales[i].tag == VALUE_NONE ? 0 : arg_double(scales[i]);
    return give_tensor(upsample(cx, &call, args[0].t), rets);
}

/* (input, output_size?, [align_corners,] scale_factors?) */
static bool vector_form(op_ctx *cx, const char *name, upsample_mode mode, int n,
                        const jit_value *args, jit_value *rets)
{
    const bool has_corners = mode != UPSAMPLE_NEAREST && mode != UPSAMPLE_NEAREST_EXACT;
    upsample_call call = {
        .name = name, .mode = mode, .n = n, .align_corners = has_corners && arg_bool(args[2])
    };
    const jit_value factors = args[2 + has_corners];
    const tensor *x = args[0].t;
    if ((args[1].tag == VALUE_NONE) == (factors.tag == VALUE_NONE))
        return OP_FAIL(cx, "Must specify exactly one of output_size and scale_factors");
    if (x->n_dims != n + 2)
        return OP_FAIL(cx, "It is expected input_size equals to %d, but got size %d", n + 2,
                       x->n_dims);
    if (factors.tag == VALUE_NONE) {
        if (!read_size(cx, &call, args[1]))
            return false;
    } else if ((int)factors.list->n != n) {
        return OP_FAIL(cx, "It is expected scale_factors equals to %d, but got size %zu", n,
                       factors.list->n);
    } else {
        for (int i = 0; i < n; i++) {
            const double factor = factors.list->floats[i], size = (double)x->sizes[2 + i] * factor;
            if (!(size >= 0 && size <= INT32_MAX))
                return OP_FAIL(cx, "scale factor %g is out of range", factor);
            call.out[NN_DIMS - n + i] = (int64_t)size;
            call.scales[NN_DIMS - n + i] = factor;
        }
    }
    for (int i = 0; i < NN_DIMS - n; i++)
        call.out[i] = 1;
    return give_tensor(upsample(cx, &call, args[0].t), rets);
}

#define UPSAMPLE(id, mode, n)                                                                      \
    bool op_##id(op_ctx *cx, const jit_value *args, jit_value *rets)                               \
    {                                                                                              \
        return plain_form(cx, #id, mode, n, args, rets);                                           \
    }                                                                                              \
    bool op_##id##_vec(op_ctx *cx, const jit_value *args, jit_value *rets)                         \
    {                                                                                              \
        return vector_form(cx, #id, mode, n, args, rets);                                          \
    }
UPSAMPLE(upsample_nearest1d, UPSAMPLE_NEAREST, 1)
UPSAMPLE(upsample_nearest2d, UPSAMPLE_NEAREST, 2)
UPSAMPLE(upsample_nearest3d, UPSAMPLE_NEAREST, 3)
UPSAMPLE(upsample_nearest_exact1d, UPSAMPLE_NEAREST_EXACT, 1)
UPSAMPLE(upsample_nearest_exact2d, UPSAMPLE_NEAREST_EXACT, 2)
UPSAMPLE(upsample_nearest_exact3d, UPSAMPLE_NEAREST_EXACT, 3)
UPSAMPLE(upsample_linear1d, UPSAMPLE_LINEAR, 1)
UPSAMPLE(upsample_bilinear2d, UPSAMPLE_LINEAR, 2)
UPSAMPLE(upsample_trilinear3d, UPSAMPLE_LINEAR, 3)
UPSAMPLE(upsample_bicubic2d, UPSAMPLE_CUBIC, 2)
UPSAMPLE(upsample_bilinear2d_aa, UPSAMPLE_LINEAR_AA, 2)
UPSAMPLE(upsample_bicubic2d_aa, UPSAMPLE_CUBIC_AA, 2)
