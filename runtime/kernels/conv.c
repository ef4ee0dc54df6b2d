/* Convolutions in one, two and three dimensions, plain and transposed (at/native/Convolution.cpp).
 *
 * All are one geometry of three spatial dimensions, the missing ones of size 1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/conv.h"
#include "runtime/kernels/creation.h"
#include "runtime/kernels/depthwise.h"
#include "runtime/kernels/formula.h"
#include "runtime/kernels/gemm.h"
#include "runtime/kernels/layer_then.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

enum { CONV_TILE = 128 };

typedef struct conv_job {
    conv_geometry geometry;
    int64_t n_tiles, n_out;
    const void *x, *w, *bias;
    void *out;
    gemm_fn gemm;
    _Atomic bool out_of_memory;
} conv_job;

/* The input position that output position o sees through kernel position k, or -1. */
static inline int64_t conv_source(const conv_geometry *g, int dim, int64_t o, int64_t k)
{
    int64_t at;
    if (g->is_transposed) {
        at = o + g->padding[dim] - k * g->dilation[dim];
        if (at < 0 || at % g->stride[dim])
            return -1;
        at /= g->stride[dim];
    } else {
        at = o * g->stride[dim] - g->padding[dim] + k * g->dilation[dim];
    }
    return at >= 0 && at < g->in[dim] ? at : -1;
}

#define LOOPS "runtime/kernels/conv_loops.h"
#include "runtime/kernels/for_floats.h"

/* The operands as written, before the geometry is known. */
typedef struct conv_call {
    tensor *x, *w, *bias;
    jit_value stride, padding, dilation, output_padding; /* padding: a list, or "same" / "valid" */
    bool is_transposed, prefers_last; /* prefers_last: give channels-last images where that is faster */
    int64_t groups;
    layer_then *then;           /* what is to be done with the result, or NULL */
} conv_call;

/* "(2 x 3)" of the last n of three sizes. */
static sizes_text print_spatial(const int64_t *sizes, int n)
{
    sizes_text r = { "(" };
    size_t used = 1;
    for (int i = NN_DIMS - n; i < NN_DIMS; i++)
        used += (size_t)snprintf(r.s + used, sizeof r.s - used, "%s%lld",
                                 i > NN_DIMS - n ? " x " : "", (long long)sizes[i]);
    snprintf(r.s + used, sizeof r.s - used, ")");
    return r;
}

static bool read_parameter(op_ctx *cx, jit_value v, const char *name, int n, int64_t filler,
                           int64_t *ret)
{
    int n_given = 0;
    const int64_t *given = arg_ints(v, &n_given);
    if (n_given == n || n_given == 1)
        return nn_read(cx, v, n, filler, NULL, ret);
    return OP_FAIL(
        cx,
        "expected %s to be a single integer value or a list of %d values to match the convolution "
        "dimensions, but got %s=%s",
        name, n, name, sizes_print(given, n_given).s);
}

/* "same": the output of stride 1 is as long as the input, the odd position padded at the end. */
static bool read_padding(op_ctx *cx, const conv_call *call, int n, conv_geometry *g)
{
    if (call->padding.tag != VALUE_STR) {
        if (!read_parameter(cx, call->padding, "padding", n, 0, g->padding))
            return false;
        memcpy(g->padding_end, g->padding, sizeof g->padding);
        return true;
    }
    memset(g->padding, 0, sizeof g->padding);
    memset(g->padding_end, 0, sizeof g->padding_end);
    if (arg_str_is(call->padding, "valid"))
        return true;
    if (!arg_str_is(call->padding, "same"))
        return OP_FAIL(cx, "Invalid padding string: '%s'", call->padding.s->s);
    for (int i = NN_DIMS - n; i < NN_DIMS; i++) {
        if (g->stride[i] != 1)
            return OP_FAIL(cx, "padding='same' is not supported for strided convolutions");
        const int64_t total = g->dilation[i] * (g->kernel[i] - 1);
        g->padding[i] = total / 2;
        g->padding_end[i] = total - total / 2;
    }
    return true;
}

static bool check_signs(op_ctx *cx, const conv_geometry *g, int n)
{
    for (int i = NN_DIMS - n; i < NN_DIMS; i++) {
        if (g->padding[i] < 0)
            return OP_FAIL(cx, "negative padding is not supported");
        if (g->output_padding[i] < 0)
            return OP_FAIL(cx, "negative output_padding is not supported");
        if (g->stride[i] <= 0)
            return OP_FAIL(cx, "non-positive stride is not supported");
        if (g->dilation[i] <= 0)
            return OP_FAIL(cx, "dilation should be greater than zero, but got %s",
                           sizes_print(g->dilation + NN_DIMS - n, n).s);
    }
    if (g->groups <= 0)
        return OP_FAIL(cx, "non-positive groups is not supported");
    return true;
}

/* Weight, input and bias fit each other. x has its batch dimension. */
static bool check_operands(op_ctx *cx, const conv_call *call, const int64_t *x_sizes)
{
    const tensor *w = call->w;
    const sizes_text w_text = sizes_print(w->sizes, w->n_dims),
                     x_text = sizes_print(x_sizes, w->n_dims);
    const int64_t groups = call->groups;
    if (w->sizes[0] < groups)
        return OP_FAIL(cx,
                       "Given groups=%lld, expected weight to be at least %lld at dimension 0, but "
                       "got weight of "
                       "size %s instead",
                       (long long)groups, (long long)groups, w_text.s);
    if (w->sizes[0] % groups)
        return OP_FAIL(cx,
                       "Given groups=%lld, expected weight to be divisible by %lld at dimension 0, "
                       "but got weight "
                       "of size [%s] instead",
                       (long long)groups, (long long)groups, w_text.s);
    const int64_t wanted = call->is_transposed ? w->sizes[0] : w->sizes[1] * groups;
    if (x_sizes[1] != wanted)
        return OP_FAIL(cx,
                       "Given %s=%lld, weight of size %s, expected input%s to have %lld channels, "
                       "but got %lld "
                       "channels instead",
                       call->is_transposed ? "transposed" : "groups",
                       call->is_transposed ? 1LL : (long long)groups, w_text.s, x_text.s,
                       (long long)wanted, (long long)x_sizes[1]);
    const int64_t n_out = call->is_transposed ? w->sizes[1] * groups : w->sizes[0];
    if (call->bias && (call->bias->n_dims != 1 || call->bias->sizes[0] != n_out))
        return OP_FAIL(cx,
                       "Given %sweight of size %s, expected bias to be 1-dimensional with %lld "
                       "elements, but got "
                       "bias of size %s instead",
                       call->is_transposed ? "transposed=1, " : "", w_text.s, (long long)n_out,
                       sizes_print(call->bias->sizes, call->bias->n_dims).s);
    return true;
}

static bool check_types(op_ctx *cx, const conv_call *call)
{
    const dtype d = tensor_dtype(call->x);
    if (d == DTYPE_bool)
        return op_fail(cx, JIT_EUNSUPPORTED, "\"slow_conv2d_cpu\" not implemented for '%s'",
                       dtype_prefix(d));
    if (tensor_dtype(call->w) != d)
        return OP_FAIL(cx, "expected scalar type %s but found %s", dtype_prefix(d),
                       dtype_prefix(tensor_dtype(call->w)));
    if (call->bias && tensor_dtype(call->bias) != d) {
        const char *own = d == DTYPE_float32   ? "float"
                          : d == DTYPE_float64 ? "double"
                                               : dtype_prefix(d);
        const dtype b = tensor_dtype(call->bias);
        const char *other = b == DTYPE_float32   ? "float"
                            : b == DTYPE_float64 ? "double"
                                                 : dtype_prefix(b);
        return OP_FAIL(cx, "Input type (%s) and bias type (%s) should be the same", own, other);
    }
    return true;
}

static bool size_output(op_ctx *cx, conv_geometry *g, int n)
{
    int64_t padded[NN_DIMS], extent[NN_DIMS];
    bool fits = true;
    for (int i = 0; i < NN_DIMS; i++)
        if (g->kernel[i] < 1)
            return OP_FAIL(cx, "kernel size should be greater than zero, but got kernel_height: %lld kernel_width: %lld",
                           (long long)g->kernel[NN_DIMS - 2], (long long)g->kernel[NN_DIMS - 1]);
    for (int i = 0; i < NN_DIMS; i++) {
        padded[i] = g->in[i] + g->padding[i] + g->padding_end[i];
        extent[i] = g->dilation[i] * (g->kernel[i] - 1) + 1;
        if (g->is_transposed) {
            g->out[i] = (g->in[i] - 1) * g->stride[i] - 2 * g->padding[i] + extent[i]
                        + g->output_padding[i];
            if (g->output_padding[i] >= g->stride[i] && g->output_padding[i] >= g->dilation[i])
                return OP_FAIL(cx, "output padding must be smaller than either stride or dilation, but got output_padding_height: %lld "
                                   "output_padding_width: %lld stride_height: %lld stride_width: %lld dilation_height: %lld "
                                   "dilation_width: %lld", (long long)g->output_padding[1], (long long)g->output_padding[2],
                               (long long)g->stride[1], (long long)g->stride[2], (long long)g->dilation[1], (long long)g->dilation[2]);
        } else {
            fits &= padded[i] >= extent[i];
            g->out[i] = (padded[i] - extent[i]) / g->stride[i] + 1;
        }
    }
    if (!fits)
        return OP_FAIL(cx,
                       "Calculated padded input size per channel: %s. Kernel size: %s. Kernel size "
                       "can't be greater "
                       "than actual input size",
                       print_spatial(padded, n).s, print_spatial(extent, n).s);
    for (int i = 0; i < NN_DIMS; i++)
        if (g->out[i] < 0 || (g->is_transposed && g->out[i] < 1))
            return OP_FAIL(cx,
                           "Given input size per channel: %s. Calculated output size per channel: "
                           "%s. Output size is "
                           "too small",
                           print_spatial(g->in, n).s, print_spatial(g->out, n).s);
    return true;
}

static bool plan(op_ctx *cx, const conv_call *call, const int64_t *x_sizes, int n, conv_geometry *g)
{
    *g = (conv_geometry){ .is_transposed = call->is_transposed,
                          .groups = call->groups,
                          .images = x_sizes[0] };
    for (int i = 0; i < NN_DIMS; i++) {
        const int k = i - (NN_DIMS - n);
        g->in[i] = k < 0 ? 1 : x_sizes[2 + k];
        g->kernel[i] = k < 0 ? 1 : call->w->sizes[2 + k];
    }
    if (!read_parameter(cx, call->stride, "stride", n, 1, g->stride)
        || !read_parameter(cx, call->dilation, "dilation", n, 1, g->dilation)
        || !read_padding(cx, call, n, g))
        return false;
    if (call->output_padding.tag == VALUE_LIST
        && !read_parameter(cx, call->output_padding, "output_padding", n, 0, g->output_padding))
        return false;
    if (!check_signs(cx, g, n) || !check_operands(cx, call, x_sizes) || !check_types(cx, call))
        return false;
    g->in_channels = x_sizes[1] / g->groups;
    g->out_channels = call->is_transposed ? call->w->sizes[1] : call->w->sizes[0] / g->groups;
    return size_output(cx, g, n);
}

/* As run(), n spatial dimensions. False: not done. */
static bool run_depthwise(const conv_geometry *g, int n, const tensor *x, const tensor *w,
                          const tensor *bias, tensor *out)
{
    if (n != 2 || g->is_transposed || g->in_channels != 1 || g->out_channels != 1 || out->numel == 0)
        return false;
    depthwise c = { .d = tensor_dtype(x),
                    .images = g->images,
                    .channels = g->groups,
                    .x = tensor_data(x),
                    .w = tensor_data(w),
                    .bias = bias ? tensor_data(bias) : NULL,
                    .out_data = tensor_data(out) };
    for (int i = 0; i < 2; i++) {
        const int k = NN_DIMS - 2 + i;
        c.in[i] = g->in[k];
        c.out[i] = g->out[k];
        c.kernel[i] = g->kernel[k];
        c.stride[i] = g->stride[k];
        c.padding[i] = g->padding[k];
        c.dilation[i] = g->dilation[k];
    }
    return depthwise_run(&c);
}

/* Does the kernel cover the whole image, in one position? */
static bool is_covered(const conv_geometry *g)
{
    bool r = !g->is_transposed && g->groups == 1 && g->in_channels > 0;
    for (int i = 0; i < NN_DIMS; i++)
        r &= g->in[i] == g->kernel[i] && g->in[i] > 0 && g->dilation[i] == 1 && g->padding[i] == 0 && g->padding_end[i] == 0;
    return r;
}

/* As run(), where it does: a product of images and weights. False: not done. */
static bool run_covered(op_ctx *cx, const conv_geometry *g, const tensor *x, const tensor *w, const tensor *bias, tensor *out)
{
    if (!is_covered(g) || out->numel == 0)
        return false;
    return gemm_affine(tensor_dtype(x), g->images, g->out_channels, g->in_channels * nn_product(g->kernel, NN_DIMS),
                       tensor_data(x), tensor_data(w), bias ? tensor_data(bias) : NULL, tensor_data(out))
           || op_no_memory(cx);
}

/* Everything contiguous and of the compute type. */
static bool run(op_ctx *cx, const conv_geometry *g, const tensor *x, const tensor *w,
                const tensor *bias, tensor *out)
{
    const bool is_double = tensor_dtype(x) == DTYPE_float64;
    conv_job job = { .geometry = *g,
                     .n_out = nn_product(g->out, NN_DIMS),
                     .x = tensor_data(x),
                     .w = tensor_data(w),
                     .bias = bias ? tensor_data(bias) : NULL,
                     .out = tensor_data(out),
                     .gemm = gemm_find(tensor_dtype(x)) };
    void *turned = NULL;
    if (out->numel == 0)
        return true;
    if (g->is_transposed && w->numel) {
        turned = mem_alloc((size_t)w->numel * dtype_size(tensor_dtype(w)));
        if (!turned)
            return op_no_memory(cx);
        if (is_double)
            turn_weights_f64(g, job.w, turned);
        else
            turn_weights_f32(g, job.w, turned);
        job.w = turned;
    }
    job.n_tiles = (job.n_out + CONV_TILE - 1) / CONV_TILE;
    const int64_t work =
        CONV_TILE * g->out_channels * g->in_channels * nn_product(g->kernel, NN_DIMS);
    const int64_t grain = work > 0 && work < (1 << 20) ? (1 << 20) / work + 1 : 1;
    par_for(job.n_tiles * g->groups * g->images, grain, is_double ? run_tiles_f64 : run_tiles_f32,
            &job);
    mem_free(turned);
    return !job.out_of_memory || op_no_memory(cx);
}

static tensor *convolve_complex(op_ctx *cx, const conv_call *call, const int64_t *x_sizes, int n,
                                bool is_batched);

/* Can the primitive that makes an image of these sizes, channels last, do what is wanted after it? */
static bool takes_along(const layer_then *then, const int64_t *sizes, onednn_after *ret)
{
    const tensor *other = then ? then->other : NULL;
    return then && layer_then_fits(then, sizes, 4, other && tensor_is_channels_last(other) && tensor_is_dense(other), ret);
}

/* Images with their channels last from the start, where oneDNN takes them: a result of these sizes. NULL: not done. */
static tensor *convolve_channels_last(op_ctx *cx, const conv_call *call, const conv_geometry *g, const int64_t *sizes)
{
    if (tensor_dtype(call->x) != DTYPE_float32)
        return NULL;
    bool ok = true;
    const bool fits = tensor_is_channels_last(call->x) && tensor_is_dense(call->x);
    tensor *x = fits ? tensor_ref(call->x) : nn_operand(cx, call->x, DTYPE_float32, &ok);
    tensor *w = nn_operand(cx, call->w, DTYPE_float32, &ok), *bias = nn_operand(cx, call->bias, DTYPE_float32, &ok);
    onednn_after after = { 0 };
    const bool takes = takes_along(call->then, sizes, &after);
    tensor *y = !ok ? NULL : takes && after.adds ? layer_then_target(cx, call->then, call->x)
                                                 : make_tensor_format(cx, DTYPE_float32, sizes, 4, FORMAT_CHANNELS_LAST);
    if (y && !conv_run_onednn(g, 2, x, w, bias, takes ? &after : NULL, y)) {
        tensor_unref(y);
        y = NULL;
    }
    if (takes) call->then->is_done = y != NULL;
    tensor_unref(x);
    tensor_unref(w);
    tensor_unref(bias);
    return y;
}

static tensor *convolve(op_ctx *cx, const conv_call *call, const int64_t *x_sizes, int n,
                        bool is_batched)
{
    conv_geometry g;
    if (dtype_is_complex(tensor_dtype(call->x)))
        return convolve_complex(cx, call, x_sizes, n, is_batched);
    bool ok = true;
    if (!plan(cx, call, x_sizes, n, &g))
        return NULL;
    const dtype d = nn_compute(tensor_dtype(call->x));
    int64_t sizes[2 + NN_DIMS] = { g.images, g.groups * g.out_channels };
    memcpy(sizes + 2, g.out + NN_DIMS - n, (size_t)n * sizeof *sizes);
    // as PyTorch, whose other convolutions give contiguous results
    const tensor *like = n != 2 || call->is_transposed || !is_batched ? NULL
                         : tensor_is_channels_last(call->x)           ? call->x
                                                                      : call->w;
    const bool is_last = like && !is_covered(&g) && (call->prefers_last || tensor_is_channels_last(like));
    tensor *at_once = is_last ? convolve_channels_last(cx, call, &g, sizes) : NULL;
    if (at_once || cx->run->status)
        return at_once;
    tensor *x = nn_operand(cx, call->x, d, &ok), *w = nn_operand(cx, call->w, d, &ok);
    tensor *bias = nn_operand(cx, call->bias, d, &ok);
    tensor *out =
        ok ? make_tensor(cx, d, is_batched ? sizes : sizes + 1, n + 1 + is_batched) : NULL;
    const bool is_done =
        out
        && (run_covered(cx, &g, x, w, bias, out) || run_depthwise(&g, n, x, w, bias, out)
            || conv_run_onednn(&g, n, x, w, bias, NULL, out) || (!cx->run->status && run(cx, &g, x, w, bias, out)));
    tensor *result = is_done ? tensor_to(cx, out, tensor_dtype(call->x)) : NULL;
    if (like)
        result = tensor_in_format(cx, result, like);
    tensor_unref(x);
    tensor_unref(w);
    tensor_unref(bias);
    tensor_unref(out);
    return result;
}

/* The real part, the imaginary part or the sum of both. */
typedef enum complex_part { PART_REAL, PART_IMAG, PART_SUM } complex_part;

static tensor *take_part(formula *f, tensor *t, complex_part part)
{
    if (!t || part == PART_REAL)
        return t ? F_(f, aten_real, T_V(t)) : NULL;
    tensor *imag = F_(f, aten_imag, T_V(t));
    return part == PART_IMAG
               ? imag
               : F_(f, aten_add_Tensor, T_V(F_(f, aten_real, T_V(t))), T_V(imag), INT_V(1));
}

/* (a + bi)(c + di) by three real products: ac, bd and (a+b)(c+d). */
static tensor *convolve_complex(op_ctx *cx, const conv_call *call, const int64_t *x_sizes, int n,
                                bool is_batched)
{
    formula f = { .cx = cx };
    tensor *products[3], *result = NULL;
    if (!check_types(cx, call))
        return NULL;
    for (complex_part part = PART_REAL; part <= PART_SUM; part++) {
        conv_call real = *call;
        real.x = take_part(&f, call->x, part);
        real.w = take_part(&f, call->w, part);
        real.bias = part == PART_IMAG ? NULL : take_part(&f, call->bias, part);
        products[part] =
            f.failed ? NULL : formula_own(&f, convolve(cx, &real, x_sizes, n, is_batched));
    }
    tensor *re = F_(&f, aten_sub_Tensor, T_V(products[0]), T_V(products[1]), INT_V(1));
    tensor *im = F_(&f, aten_sub_Tensor, T_V(products[2]), T_V(products[0]), INT_V(1));
    im = F_(&f, aten_sub_Tensor, T_V(im), T_V(products[1]), INT_V(1));
    jit_value ret;
    if (formula_give(&f, F_(&f, aten_complex, T_V(re), T_V(im)), &ret))
        result = ret.t;
    return result;
}

/* conv1d and its relatives: the number of dimensions is known, and the batch dimension may be
 * absent. */
static bool call_sized(op_ctx *cx, const char *name, int n, const conv_call *call, jit_value *rets)
{
    const tensor *x = call->x;
    const bool is_batched = x->n_dims == n + 2;
    if (!is_batched && x->n_dims != n + 1)
        return OP_FAIL(
            cx, "Expected %dD (unbatched) or %dD (batched) input to %s, but got input of size: %s",
            n + 1, n + 2, name, sizes_print(x->sizes, x->n_dims).s);
    const int n_weight = call->w->n_dims - 2;
    if (n_weight < 1)
        return OP_FAIL(cx, "weight should have at least three dimensions");
    if (n_weight != n) {
        int64_t ignored[NN_DIMS];
        if (n_weight <= NN_DIMS
            && !read_parameter(cx, call->stride, "stride", n_weight, 1, ignored))
            return false;
        return OP_FAIL(cx,
                       "Expected %d-dimensional input for %d-dimensional weight %s, but got "
                       "%d-dimensional input of "
                       "size %s instead",
                       n_weight + 2, n_weight + 2, sizes_print(call->w->sizes, call->w->n_dims).s,
                       n + 2, sizes_print(x->sizes, x->n_dims).s);
    }
    int64_t sizes[2 + NN_DIMS] = { 1 };
    memcpy(sizes + !is_batched, x->sizes, x->n_dims * sizeof *sizes);
    return give_tensor(convolve(cx, call, sizes, n, is_batched), rets);
}

static conv_call plain_call(const jit_value *args)
{
    return (conv_call){ .x = args[0].t,
                        .w = args[1].t,
                        .bias = arg_tensor(args[2]),
                        .stride = args[3],
                        .padding = args[4],
                        .dilation = args[5],
                        .groups = args[6].i };
}

static conv_call transposed_call(const jit_value *args)
{
    return (conv_call){ .x = args[0].t,
                        .w = args[1].t,
                        .bias = arg_tensor(args[2]),
                        .stride = args[3],
                        .padding = args[4],
                        .output_padding = args[5],
                        .groups = args[6].i,
                        .dilation = args[7],
                        .is_transposed = true };
}

bool op_conv1d(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const conv_call call = plain_call(args);
    return call_sized(cx, "conv1d", 1, &call, rets);
}

bool op_conv2d(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const conv_call call = plain_call(args);
    return call_sized(cx, "conv2d", 2, &call, rets);
}

bool op_conv2d_channels_last(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    conv_call call = plain_call(args);
    call.prefers_last = true;
    return call_sized(cx, "conv2d", 2, &call, rets);
}

bool op_conv2d_then(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    layer_then then = layer_then_read(cx, args);
    conv_call call = plain_call(args);
    jit_value y = VALUE_NONE_V;
    call.prefers_last = true;
    call.then = &then;
    return call_sized(cx, "conv2d", 2, &call, &y) && layer_then_give(cx, &then, y.t, rets);
}

bool op_conv3d(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const conv_call call = plain_call(args);
    return call_sized(cx, "conv3d", 3, &call, rets);
}

bool op_conv_transpose1d(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const conv_call call = transposed_call(args);
    return call_sized(cx, "conv_transpose1d", 1, &call, rets);
}

bool op_conv_transpose2d(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const conv_call call = transposed_call(args);
    return call_sized(cx, "conv_transpose2d", 2, &call, rets);
}

bool op_conv_transpose3d(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const conv_call call = transposed_call(args);
    return call_sized(cx, "conv_transpose3d", 3, &call, rets);
}

/* The general forms: the weight tells the number of dimensions. */
static bool call_general(op_ctx *cx, const conv_call *call, jit_value *rets)
{
    const int n = call->w->n_dims - 2;
    if (n < 1)
        return OP_FAIL(cx, "weight should have at least three dimensions");
    if (n > NN_DIMS)
        return OP_FAIL(cx, "convolutions of more than three dimensions are not supported");
    if (call->x->n_dims != n + 2 && call->x->n_dims != n + 1)
        return OP_FAIL(cx,
                       "Expected %d-dimensional input for %d-dimensional weight %s, but got "
                       "%d-dimensional input of "
                       "size %s instead",
                       n + 2, n + 2, sizes_print(call->w->sizes, n + 2).s, call->x->n_dims,
                       sizes_print(call->x->sizes, call->x->n_dims).s);
    return call_sized(cx, "convolution", n, call, rets);
}

static conv_call general_call(const jit_value *args)
{
    return (conv_call){ .x = args[0].t,
                        .w = args[1].t,
                        .bias = arg_tensor(args[2]),
                        .stride = args[3],
                        .padding = args[4],
                        .dilation = args[5],
                        .is_transposed = arg_bool(args[6]),
                        .output_padding = args[7],
                        .groups = args[8].i };
}

bool op_convolution(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const conv_call call = general_call(args);
    return call_general(cx, &call, rets);
}

bool op_convolution_channels_last(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    conv_call call = general_call(args);
    call.prefers_last = true;
    return call_general(cx, &call, rets);
}

bool op_convolution_mode(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const conv_call call = plain_call(args);
    return call_general(cx, &call, rets);
}

bool op_restore_format(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *x = args[0].t;
    bool is_last = false;
    for (uint32_t i = 1; i < cx->n_args; i++)
        is_last |= args[i].tag == VALUE_TENSOR && tensor_is_channels_last(args[i].t);
    return give_tensor(is_last ? tensor_ref(x) : tensor_contiguous(cx, x), rets);
}
