/* Pooling: maximum and average over windows, plain and adaptive, in one to three dimensions.
 *
 * Each output position of each dimension has a span of input positions, computed once; the loops
 * over spans do not know where those came from (at/native/Pool.h, AdaptivePooling.h,
 * AveragePool2d.cpp, DilatedMaxPool2d.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/nn.h"

#include "base/alloc.h"
#include "ir/type.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* extent: with the positions in the padding, for averages that count them. */
typedef struct pool_span {
    int64_t begin, end, extent;
} pool_span;

/* Element k of the windows of a row: the results begin .. begin + n have it inside the input, the first of them at
 * `first`, each next one a stride further. */
typedef struct pool_tap {
    int64_t begin, n, first;
} pool_tap;

typedef struct pool_job {
    const pool_span *spans[NN_DIMS];
    int64_t in[NN_DIMS], out[NN_DIMS], dilation[NN_DIMS];
    int64_t in_plane, out_plane;
    int64_t n_channels; /* of pixels */
    const pool_tap *taps;
    int64_t n_taps, stride; /* of the last dimension; n_taps 0: window by window */
    int64_t divisor; /* 0: the number of elements */
    bool counts_padding;
    const void *x;
    void *y;
    int64_t *indices; /* where the maximum stood in its plane, or NULL */
} pool_job;

/* What the sum over a window is divided by; 0 for a window without elements, whose average is 0. */
static int64_t pool_divisor(const pool_job *job, pool_span d, pool_span h, pool_span w)
{
    if (d.end <= d.begin || h.end <= h.begin || w.end <= w.begin)
        return 0;
    return job->divisor          ? job->divisor
           : job->counts_padding ? d.extent * h.extent * w.extent
                                 : (d.end - d.begin) * (h.end - h.begin) * (w.end - w.begin);
}

#define LOOPS "runtime/kernels/pool_loops.h"
#include "runtime/kernels/for_floats.h"

typedef enum pool_kind { POOL_MAX, POOL_AVERAGE } pool_kind;

typedef struct pool_call {
    const char *name; /* "max_pool2d" */
    int n;            /* spatial dimensions */
    pool_kind kind;
    bool is_adaptive, ceil_mode, counts_padding;
    int64_t divisor;
    int64_t kernel[NN_DIMS], stride[NN_DIMS], padding[NN_DIMS],
        dilation[NN_DIMS]; /* adaptive: unused */
    int64_t in[NN_DIMS], out[NN_DIMS];
} pool_call;

/* ---- geometry -------------------------------------------------------------------------------- */
static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static int64_t pooled_size(const pool_call *p, int i)
{
    const int64_t extent = p->dilation[i] * (p->kernel[i] - 1) + 1;
    int64_t out =
        floor_div(p->in[i] + 2 * p->padding[i] - extent + (p->ceil_mode ? p->stride[i] - 1 : 0),
                  p->stride[i])
        + 1;
    // the last window must begin inside the input or the padding before it
    if (p->ceil_mode && (out - 1) * p->stride[i] >= p->in[i] + p->padding[i])
        out--;
    return out;
}

static pool_span span_at(const pool_call *p, int i, int64_t o)
{
    if (p->is_adaptive) {
        const int64_t begin = o * p->in[i] / p->out[i],
                      end = ((o + 1) * p->in[i] + p->out[i] - 1) / p->out[i];
        return (pool_span){ begin, end, end - begin };
    }
    int64_t begin = o * p->stride[i] - p->padding[i];
    int64_t end = begin + (p->kernel[i] - 1) * p->dilation[i] + 1;
    int64_t extent = end;
    if (extent > p->in[i] + p->padding[i])
        extent = p->in[i] + p->padding[i];
    extent -= begin;
    if (end > p->in[i])
        end = p->in[i];
    if (begin < 0)
        begin += (-begin + p->dilation[i] - 1) / p->dilation[i] * p->dilation[i];
    return (pool_span){ begin, end, extent };
}

/* One block: the spans of all dimensions. NULL without memory. */
static pool_span *make_spans(op_ctx *cx, const pool_call *p, pool_job *job)
{
    pool_span *spans = mem_alloc((size_t)(p->out[0] + p->out[1] + p->out[2]) * sizeof *spans),
              *at = spans;
    if (!spans) {
        op_no_memory(cx);
        return NULL;
    }
    for (int i = 0; i < NN_DIMS; i++) {
        job->spans[i] = at;
        for (int64_t o = 0; o < p->out[i]; o++)
            *at++ = span_at(p, i, o);
    }
    return spans;
}

/* Maxima of rows longer than their windows are taken a row at a time, unless their places are wanted too. */
static bool pools_rows(const pool_call *p, bool has_indices)
{
    return p->kind == POOL_MAX && !p->is_adaptive && !has_indices && p->kernel[2] <= p->out[2] && p->out[2] >= 4;
}

/* NULL without memory. */
static pool_tap *make_taps(op_ctx *cx, const pool_call *p, pool_job *job)
{
    const int64_t stride = p->stride[2];
    pool_tap *taps = mem_alloc((size_t)p->kernel[2] * sizeof *taps);
    if (!taps) {
        op_no_memory(cx);
        return NULL;
    }
    for (int64_t k = 0; k < p->kernel[2]; k++) {
        const int64_t at = k * p->dilation[2] - p->padding[2]; // in the first window
        const int64_t begin = at < 0 ? (-at + stride - 1) / stride : 0;
        int64_t end = at < p->in[2] ? (p->in[2] - 1 - at) / stride + 1 : 0;
        if (end > p->out[2])
            end = p->out[2];
        taps[k] = begin < end ? (pool_tap){ begin, end - begin, begin * stride + at } : (pool_tap){ 0 };
    }
    job->taps = taps;
    job->n_taps = p->kernel[2];
    job->stride = stride;
    return taps;
}

/* "1x2x2" */
static sizes_text print_planes(int64_t channels, const int64_t *sizes, int n)
{
    sizes_text r;
    int used = snprintf(r.s, sizeof r.s, "%lld", (long long)channels);
    for (int i = n == 1 ? NN_DIMS - 2 : NN_DIMS - n; i < NN_DIMS; i++)
        used += snprintf(r.s + used, sizeof r.s - (size_t)used, "x%lld", (long long)sizes[i]);
    return r;
}

static bool check_window(op_ctx *cx, const pool_call *p)
{
    for (int i = NN_DIMS - p->n; i < NN_DIMS; i++) {
        if (p->stride[i] == 0)
            return OP_FAIL(cx, "stride should not be zero");
        if (p->kernel[i] <= 0 || p->stride[i] < 0)
            return OP_FAIL(cx,
                           "kernel size should be greater than zero, and stride too, but got "
                           "kernel size %lld and "
                           "stride %lld",
                           (long long)p->kernel[i], (long long)p->stride[i]);
        if (p->dilation[i] <= 0)
            return OP_FAIL(cx, "dilation should be greater than zero, but got dilation %lld",
                           (long long)p->dilation[i]);
        if (p->padding[i] < 0 || p->padding[i] > p->kernel[i] / 2)
            return OP_FAIL(
                cx,
                "pad should be at most half of kernel size, but got pad=%lld and kernel_size=%lld",
                (long long)p->padding[i], (long long)p->kernel[i]);
    }
    return true;
}

static bool size_windows(op_ctx *cx, pool_call *p, int64_t channels)
{
    bool is_empty = false;
    if (!check_window(cx, p))
        return false;
    for (int i = 0; i < NN_DIMS; i++) {
        p->out[i] = pooled_size(p, i);
        is_empty |= p->out[i] < 1;
    }
    if (!is_empty)
        return true;
    if (p->n == 1 && p->kind == POOL_MAX) {
        if (p->out[2] == 0)
            return true;
        return OP_FAIL(cx, "max_pool1d() Invalid computed output size: %lld", (long long)p->out[2]);
    }
    return OP_FAIL(cx,
                   "Given input size: (%s). Calculated output size: (%s). Output size is too small",
                   print_planes(channels, p->in, p->n).s, print_planes(channels, p->out, p->n).s);
}

/* ---- running --------------------------------------------------------------------------------- */
/* By kind, compute type (float32, float64) and order (planes, pixels). */
static void (*const loops[2][2][2])(void *ctx, int64_t begin, int64_t end) = {
    [POOL_MAX] = { { max_planes_f32, max_pixels_f32 }, { max_planes_f64, max_pixels_f64 } },
    [POOL_AVERAGE] = { { average_planes_f32, average_pixels_f32 }, { average_planes_f64, average_pixels_f64 } },
};

/* x and y, and indices where there are some, lie in the same order. */
static bool run(op_ctx *cx, const pool_call *p, const tensor *x, tensor *y, tensor *indices)
{
    pool_job job = { .x = tensor_data(x),
                     .y = tensor_data(y),
                     .divisor = p->divisor,
                     .counts_padding = p->counts_padding,
                     .indices = indices ? tensor_data(indices) : NULL,
                     .in_plane = nn_product(p->in, NN_DIMS),
                     .out_plane = nn_product(p->out, NN_DIMS) };
    if (y->numel == 0)
        return true;
    memcpy(job.in, p->in, sizeof job.in);
    memcpy(job.out, p->out, sizeof job.out);
    memcpy(job.dilation, p->dilation, sizeof job.dilation);
    pool_span *spans = make_spans(cx, p, &job);
    if (!spans)
        return false;
    const bool is_double = tensor_dtype(x) == DTYPE_float64, is_last = p->n == 2 && tensor_is_channels_last(x);
    const bool by_rows = !is_last && pools_rows(p, indices != NULL);
    pool_tap *taps = by_rows ? make_taps(cx, p, &job) : NULL;
    if (by_rows && !taps) {
        mem_free(spans);
        return false;
    }
    job.n_channels = is_last ? x->sizes[1] : 0;
    const int64_t n = is_last ? y->numel / job.n_channels : y->numel / job.out_plane;
    const int64_t work = is_last ? x->numel / n + job.n_channels : job.in_plane + job.out_plane;
    par_for(n, work < NN_GRAIN ? NN_GRAIN / work + 1 : 1, loops[p->kind][is_double][is_last], &job);
    mem_free(taps);
    mem_free(spans);
    return true;
}

/* The output, and the indices where wanted, of x, whose spatial sizes are in p. */
static bool pool(op_ctx *cx, const pool_call *p, tensor *input, tensor **ret, tensor **ret_indices)
{
    const dtype d = tensor_dtype(input);
    bool ok = true;
    int64_t sizes[TENSOR_MAX_DIMS];
    const int n_outer = input->n_dims - p->n;
    memcpy(sizes, input->sizes, (size_t)n_outer * sizeof *sizes);
    memcpy(sizes + n_outer, p->out + NN_DIMS - p->n, (size_t)p->n * sizeof *sizes);
    const bool is_last = p->n == 2 && d == nn_compute(d) && tensor_is_channels_last(input) && tensor_is_dense(input);
    tensor *x = is_last ? tensor_ref(input) : nn_operand(cx, input, nn_compute(d), &ok);
    tensor *y = ok ? make_tensor_in_format(cx, nn_compute(d), sizes, input->n_dims, x) : NULL;
    tensor *indices = y && ret_indices ? make_tensor_in_format(cx, DTYPE_int64, sizes, input->n_dims, x) : NULL;
    ok = y && (indices || !ret_indices) && run(cx, p, x, y, indices);
    *ret = ok ? tensor_to(cx, y, d) : NULL;
    if (p->n == 2) { // PyTorch pools lines and volumes into contiguous results
        *ret = tensor_in_format(cx, *ret, input);
        indices = tensor_in_format(cx, indices, input);
    }
    ok = *ret && (indices || !ret_indices);
    if (ret_indices)
        *ret_indices = ok ? tensor_ref(indices) : NULL;
    tensor_unref(x);
    tensor_unref(y);
    tensor_unref(indices);
    if (!ok)
        tensor_unref(*ret);
    return ok;
}

static bool give_pooled(op_ctx *cx, const pool_call *p, tensor *x, bool wants_indices,
                        jit_value *rets)
{
    tensor *y, *indices = NULL;
    if (!pool(cx, p, x, &y, wants_indices ? &indices : NULL))
        return false;
    rets[0] = RET_TENSOR(y);
    if (wants_indices)
        rets[1] = RET_TENSOR(indices);
    return true;
}

/* ---- operands -------------------------------------------------------------------------------- */
static void take_sizes(pool_call *p, const tensor *x)
{
    for (int i = 0; i < NN_DIMS; i++)
        p->in[i] = i < NN_DIMS - p->n ? 1 : x->sizes[x->n_dims - NN_DIMS + i];
}

static bool check_rank(op_ctx *cx, const pool_call *p, const tensor *x)
{
    const bool fits = x->n_dims == p->n + 1 || x->n_dims == p->n + 2;
    bool has_signals = fits; // only the batch may be empty
    for (int i = x->n_dims - p->n - 1; has_signals && i < x->n_dims; i++)
        has_signals = x->sizes[i] > 0;
    if (p->n == 1 && p->kind == POOL_MAX && !has_signals)
        return OP_FAIL(cx,
                       "max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim "
                       "batch size for input, "
                       "but got:%s",
                       sizes_print(x->sizes, x->n_dims).s);
    if (p->n == 1 && !fits)
        return OP_FAIL(cx,
                       "Expected 2 to 3 dimensions, but got %d-dimensional tensor for argument #1 "
                       "'self' (while "
                       "checking arguments for %s)",
                       x->n_dims, p->name);
    if (!fits)
        return OP_FAIL(cx, "non-empty %dD or %dD (batch mode) tensor expected for input", p->n + 1,
                       p->n + 2);
    for (int i = x->n_dims - p->n - 1; i < x->n_dims; i++)
        if (x->sizes[i] == 0 && !(p->n == 1 && p->kind == POOL_MAX))
            return OP_FAIL(cx,
                           "Expected %dD or %dD (batch mode) tensor with optional 0 dim batch size "
                           "for input, but "
                           "got:%s",
                           p->n + 1, p->n + 2, sizes_print(x->sizes, x->n_dims).s);
    return true;
}

static bool read_window(op_ctx *cx, pool_call *p, jit_value v, const char *what, int64_t filler,
                        const int64_t *otherwise, int64_t *ret)
{
    static const char *const counts[] = { "", "one int", "two ints", "three ints" };
    int n = 0;
    (void)arg_ints(v, &n);
    if (n != 1 && n != p->n && !(n == 0 && otherwise))
        return OP_FAIL(cx, "%s: %s must either be %sa single int, or a tuple of %s", p->name, what,
                       otherwise ? "omitted, " : "", counts[p->n]);
    return nn_read(cx, v, p->n, filler, otherwise, ret);
}

/* kernel_size, stride, padding: the arguments that both kinds have at 1, 2, 3 */
static bool read_windows(op_ctx *cx, pool_call *p, const jit_value *args)
{
    static const int64_t ones[NN_DIMS] = { 1, 1, 1 };
    const tensor *x = args[0].t;
    memcpy(p->dilation, ones, sizeof ones);
    if (!read_window(cx, p, args[1], "kernel_size", 1, NULL, p->kernel)
        || !read_window(cx, p, args[2], "stride", 1, p->kernel, p->stride)
        || !read_window(cx, p, args[3], "padding", 0, NULL, p->padding))
        return false;
    if (p->kind == POOL_MAX && !read_window(cx, p, args[4], "dilation", 1, NULL, p->dilation))
        return false;
    if (!check_rank(cx, p, x))
        return false;
    take_sizes(p, x);
    return size_windows(cx, p, x->sizes[x->n_dims - p->n - 1]);
}

static const char *const max_names[] = { "", "max_pool1d", "max_pool2d", "max_pool3d" };
static const char *const average_names[] = { "", "avg_pool1d", "avg_pool2d", "avg_pool3d" };

static bool check_line(op_ctx *cx, const jit_value *args)
{
    static const char *const what[] = { "kernel_size", "stride", "padding", "dilation" };
    for (int i = 1; i <= 4; i++) {
        int n = 0;
        const int64_t *x = arg_ints(args[i], &n);
        if (n > 0 && i != 3 && x[0] <= 0)
            return OP_FAIL(cx, "max_pool1d() %s must be greater than zero, but got %lld",
                           what[i - 1], (long long)x[0]);
        if (n > 0 && i == 3 && x[0] < 0)
            return OP_FAIL(cx, "max_pool1d() padding must be non-negative, but got %lld",
                           (long long)x[0]);
    }
    int n_kernel = 0, n_padding = 0;
    const int64_t *kernel = arg_ints(args[1], &n_kernel), *padding = arg_ints(args[3], &n_padding);
    if (n_kernel > 0 && n_padding > 0 && padding[0] > kernel[0] / 2)
        return OP_FAIL(
            cx,
            "max_pool1d() padding should be at most half of kernel size, but got padding=%lld and "
            "kernel_size=%lld",
            (long long)padding[0], (long long)kernel[0]);
    return true;
}

static bool max_pool(op_ctx *cx, int n, const jit_value *args, bool wants_indices, jit_value *rets)
{
    pool_call p = {
        .name = max_names[n], .n = n, .kind = POOL_MAX, .ceil_mode = arg_bool(args[5])
    };
    if (n == 1 && !check_line(cx, args))
        return false;
    if (!read_windows(cx, &p, args))
        return false;
    return nn_check_float(cx, args[0].t,
                          n == 1   ? "max_pool1d_impl"
                          : n == 2 ? "max_pool2d"
                                   : "max_pool3d_frame")
           && give_pooled(cx, &p, args[0].t, wants_indices, rets);
}

bool op_max_pool1d(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return max_pool(cx, 1, args, false, rets);
}
bool op_max_pool2d(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return max_pool(cx, 2, args, false, rets);
}
bool op_max_pool3d(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return max_pool(cx, 3, args, false, rets);
}
bool op_max_pool1d_indices(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return max_pool(cx, 1, args, true, rets);
}
bool op_max_pool2d_indices(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return max_pool(cx, 2, args, true, rets);
}
bool op_max_pool3d_indices(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return max_pool(cx, 3, args, true, rets);
}

static bool average_pool(op_ctx *cx, int n, const jit_value *args, jit_value divisor,
                         jit_value *rets)
{
    pool_call p = { .name = average_names[n],
                    .n = n,
                    .kind = POOL_AVERAGE,
                    .ceil_mode = arg_bool(args[4]),
                    .counts_padding = arg_bool(args[5]),
                    .divisor = arg_int(divisor, 0) };
    if (divisor.tag != VALUE_NONE && p.divisor == 0)
        return OP_FAIL(cx, "divisor must be not zero");
    if (!read_windows(cx, &p, args))
        return false;
    return nn_check_real(cx, args[0].t, "avg_pool2d_out_frame")
           && give_pooled(cx, &p, args[0].t, false, rets);
}

bool op_avg_pool1d(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return average_pool(cx, 1, args, VALUE_NONE_V, rets);
}

bool op_avg_pool2d(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return average_pool(cx, 2, args, args[6], rets);
}

bool op_avg_pool3d(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return average_pool(cx, 3, args, args[6], rets);
}

/* ---- adaptive -------------------------------------------------------------------------------- */
static bool read_adaptive(op_ctx *cx, pool_call *p, const tensor *x, jit_value size)
{
    const char *colon = p->kind == POOL_MAX ? ":" : "";
    if (x->n_dims != p->n + 1 && x->n_dims != p->n + 2) {
        if (p->n == 1)
            return check_rank(cx, &(pool_call){ .n = 1, .kind = POOL_AVERAGE, .name = p->name }, x);
        return OP_FAIL(cx, "%s(): Expected %dD or %dD tensor, but got%s %s", p->name, p->n + 1,
                       p->n + 2, colon, sizes_print(x->sizes, x->n_dims).s);
    }
    for (int i = 1; i < x->n_dims; i++)
        if (x->sizes[i] == 0)
            return OP_FAIL(cx,
                           "%s(): Expected input to have non-zero size for non-batch dimensions, "
                           "but input has sizes "
                           "%s with dimension %d being empty",
                           p->name, sizes_print(x->sizes, x->n_dims).s, i);
    if (!nn_read(cx, size, p->n, 1, NULL, p->out))
        return false;
    for (int i = 0; i < NN_DIMS; i++) {
        if (p->out[i] < 0)
            return OP_FAIL(
                cx,
                "%s: elements of output_size must be greater than or equal to 0 but received %s",
                p->name, sizes_print(p->out + NN_DIMS - p->n, p->n).s);
        p->dilation[i] = 1;
    }
    take_sizes(p, x);
    return nn_check_float(cx, x, p->name);
}

/* A single average is a mean over the last n dimensions, of tensors of any rank. */
static bool average_all(op_ctx *cx, int n, tensor *x, jit_value *rets)
{
    list *dims = list_new(T_INT, LIST_INTS, (size_t)n);
    bool ok = dims != NULL;
    for (int i = 1; ok && i <= n; i++)
        ok = list_push(dims, VALUE_INT_V(-i));
    tensor *y = ok ? COMPOSE(cx, aten_mean_dim, TENSOR(x), VALUE_HEAP_V(VALUE_LIST, dims),
                             VALUE_BOOL_V(true), VALUE_NONE_V)
                   : NULL;
    value_unref(VALUE_HEAP_V(VALUE_LIST, dims));
    if (n == 2)
        y = tensor_in_format(cx, y, x);
    return ok ? give_tensor(y, rets) : op_no_memory(cx);
}

static bool is_single(jit_value size)
{
    int n = 0;
    const int64_t *x = arg_ints(size, &n);
    for (int i = 0; i < n; i++)
        if (x[i] != 1)
            return false;
    return n > 0;
}

static bool adaptive_pool(op_ctx *cx, int n, pool_kind kind, const jit_value *args, jit_value *rets)
{
    static const char *const names[2][4] = {
        { "", "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d" },
        { "", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d" },
    };
    pool_call p = { .name = names[kind][n], .n = n, .kind = kind, .is_adaptive = true };
    if (kind == POOL_AVERAGE && n > 1 && is_single(args[1]))
        return average_all(cx, n, args[0].t, rets);
    return read_adaptive(cx, &p, args[0].t, args[1])
           && give_pooled(cx, &p, args[0].t, kind == POOL_MAX, rets);
}

#define ADAPTIVE(name, n, kind)                                                                    \
    bool name(op_ctx *cx, const jit_value *args, jit_value *rets)                                  \
    {                                                                                              \
        return adaptive_pool(cx, n, kind, args, rets);                                             \
    }
ADAPTIVE(op_adaptive_max_pool1d, 1, POOL_MAX)
ADAPTIVE(op_adaptive_max_pool2d, 2, POOL_MAX)
ADAPTIVE(op_adaptive_max_pool3d, 3, POOL_MAX)
ADAPTIVE(op_adaptive_avg_pool1d, 1, POOL_AVERAGE)
ADAPTIVE(op_adaptive_avg_pool2d, 2, POOL_AVERAGE)
ADAPTIVE(op_adaptive_avg_pool3d, 3, POOL_AVERAGE)

/* ---- unpooling ------------------------------------------------------------------------------- */
static bool unpool(op_ctx *cx, int n, tensor *x, tensor *index, jit_value size, jit_value *rets)
{
    int64_t out_size[NN_DIMS], sizes[TENSOR_MAX_DIMS];
    char depth[24];
    const size_t bytes = dtype_size(tensor_dtype(x));
    if (tensor_dtype(index) != DTYPE_int64)
        return OP_FAIL(cx, "elements in indices should be type int64 but got: %s",
                       dtype_prefix(tensor_dtype(index)));
    if (x->n_dims != n + 1 && x->n_dims != n + 2)
        return OP_FAIL(
            cx,
            "Input to max_unpooling%dd should be a %dd or %dd Tensor, but got a tensor with dim %d",
            n, n + 1, n + 2, x->n_dims);
    if (!tensor_same_sizes(x, index))
        return OP_FAIL(cx,
                       "Expected shape of indices to be same as that of the input tensor (%s) but "
                       "got indices tensor "
                       "with shape: %s",
                       sizes_print(x->sizes, x->n_dims).s,
                       sizes_print(index->sizes, index->n_dims).s);
    if (!nn_read(cx, size, n, 1, NULL, out_size))
        return false;
    snprintf(depth, sizeof depth, "%lldx", (long long)out_size[0]);
    memcpy(sizes, x->sizes, (size_t)(x->n_dims - n) * sizeof *sizes);
    memcpy(sizes + x->n_dims - n, out_size + NN_DIMS - n, (size_t)n * sizeof *sizes);
    tensor *y = make_tensor(cx, tensor_dtype(x), sizes, x->n_dims);
    tensor *from = y ? tensor_contiguous(cx, x) : NULL,
           *at = from ? tensor_contiguous(cx, index) : NULL;
    bool ok = at != NULL;
    if (ok && y->numel)
        memset(tensor_data(y), 0, (size_t)y->numel * bytes);
    const int64_t plane = nn_product(x->sizes + x->n_dims - n, n),
                  out_plane = nn_product(out_size, NN_DIMS);
    for (int64_t i = 0; ok && i < x->numel; i++) {
        const int64_t k = ((const int64_t *)tensor_data(at))[i];
        if (k < 0 || k >= out_plane)
            ok = OP_FAIL(cx,
                         "Found an invalid max index: %lld (output volumes are of size %s%lldx%lld", (long long)k,
                         n == 3 ? depth : "", (long long)out_size[1], (long long)out_size[2]);
        else
            memcpy((char *)tensor_data(y) + (size_t)(i / plane * out_plane + k) * bytes,
                   (const char *)tensor_data(from) + (size_t)i * bytes, bytes);
    }
    tensor_unref(from);
    tensor_unref(at);
    if (ok)
        return give_tensor(n == 2 ? tensor_in_format(cx, y, x) : y, rets);
    tensor_unref(y);
    return false;
}

bool op_max_unpool2d(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return unpool(cx, 2, args[0].t, args[1].t, args[2], rets);
}

bool op_max_unpool3d(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return unpool(cx, 3, args[0].t, args[1].t, args[2], rets);
}
