/* runtime/kernels/conv_onednn.c: convolutions as oneDNN's primitives; see conv.h.
 *
 * Its kernels for float32 want the channels last. An image that lies so is taken as it is, and a result wanted so is
 * written there at once; others are brought into that order and back on the way. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/conv.h"

/* Below this many multiply-adds its overhead counts. A 1x1 kernel over at least so many positions is
 * a plain product, faster than bringing the image into another layout. */
enum { ONEDNN_MIN_WORK = 200000, PRODUCT_MIN_POSITIONS = 256 };

static void add_dim(onednn_layout *l, int64_t size, int64_t stride)
{
    l->sizes[l->n_dims] = size;
    l->strides[l->n_dims++] = stride;
}

/* Dimensions of given sizes behind those the layout has; positions lie `step` elements apart. */
static void add_spatial(onednn_layout *l, const int64_t *sizes, int n, int64_t step)
{
    int64_t stride = nn_product(sizes, n) * step;
    for (int i = 0; i < n; i++) {
        stride /= sizes[i];
        add_dim(l, sizes[i], stride);
    }
}

static bool has_channels_last(const tensor *t) { return t->n_dims == 4 && tensor_is_channels_last(t); }

static onednn_layout describe_image(const tensor *t, int64_t images, int64_t channels, const int64_t *sizes, int n)
{
    onednn_layout l = { 0 };
    const int64_t plane = nn_product(sizes, n);
    const bool is_last = has_channels_last(t);
    add_dim(&l, images, channels * plane);
    add_dim(&l, channels, is_last ? 1 : plane);
    add_spatial(&l, sizes, n, is_last ? channels : 1);
    return l;
}

/* [groups, out, in, kernel...] of weights as they lie: [groups * out, in, ...], transposed
 * [groups * in, out, ...]. */
static onednn_layout describe_weights(const conv_geometry *g, int n)
{
    onednn_layout l = { 0 };
    const int64_t kernel = nn_product(g->kernel, NN_DIMS);
    add_dim(&l, g->groups, g->out_channels * g->in_channels * kernel);
    add_dim(&l, g->out_channels, g->is_transposed ? kernel : g->in_channels * kernel);
    add_dim(&l, g->in_channels, g->is_transposed ? g->out_channels * kernel : kernel);
    add_spatial(&l, g->kernel + NN_DIMS - n, n, 1);
    return l;
}

static bool is_product(const conv_geometry *g)
{
    bool is_pointwise = !g->is_transposed && g->groups == 1;
    for (int i = 0; i < NN_DIMS; i++)
        is_pointwise &= g->kernel[i] == 1 && g->stride[i] == 1 && g->padding[i] == 0
                        && g->padding_end[i] == 0;
    return is_pointwise && nn_product(g->out, NN_DIMS) >= PRODUCT_MIN_POSITIONS;
}

/* Output = weights [1, out, in] times image [images, in, positions]. */
static void describe_product(const conv_geometry *g, onednn_shape *s)
{
    const int64_t positions = nn_product(g->out, NN_DIMS);
    s->kind = ONEDNN_PRODUCT;
    add_dim(&s->x, 1, g->out_channels * g->in_channels);
    add_dim(&s->x, g->out_channels, g->in_channels);
    add_dim(&s->x, g->in_channels, 1);
    add_dim(&s->w, g->images, g->in_channels * positions);
    add_dim(&s->w, g->in_channels, positions);
    add_dim(&s->w, positions, 1);
    add_dim(&s->y, g->images, g->out_channels * positions);
    add_dim(&s->y, g->out_channels, positions);
    add_dim(&s->y, positions, 1);
}

static void describe_convolution(const conv_geometry *g, int n, const tensor *x, const tensor *y, onednn_shape *s)
{
    const int lead = NN_DIMS - n;
    s->kind = g->is_transposed ? ONEDNN_TRANSPOSED : ONEDNN_CONVOLUTION;
    s->packs_x = s->packs_w = true;
    s->packs_y = !s->after.adds; // whose operand is in y
    s->x = describe_image(x, g->images, g->groups * g->in_channels, g->in + lead, n);
    s->w = describe_weights(g, n);
    s->y = describe_image(y, g->images, g->groups * g->out_channels, g->out + lead, n);
    s->n_spatial = n;
    for (int i = 0; i < n; i++) {
        s->stride[i] = g->stride[lead + i];
        s->dilation[i] = g->dilation[lead + i];
        s->padding[i] = g->padding[lead + i];
        s->padding_end[i] = g->is_transposed ? g->padding[lead + i] - g->output_padding[lead + i]
                                             : g->padding_end[lead + i];
    }
}

typedef struct bias_task {
    const float *bias;
    float *out;
    int64_t n_channels, plane;
} bias_task;

static void add_bias_planes(void *ctx, int64_t begin, int64_t end)
{
    const bias_task *task = ctx;
    for (int64_t k = begin; k < end; k++) {
        float *out = task->out + k * task->plane;
        const float b = task->bias[k % task->n_channels];
        for (int64_t i = 0; i < task->plane; i++)
            out[i] += b;
    }
}

static void add_bias(const conv_geometry *g, const tensor *bias, tensor *out)
{
    bias_task task = { tensor_data(bias), tensor_data(out), g->out_channels,
                       nn_product(g->out, NN_DIMS) };
    par_for(g->images * g->out_channels, NN_GRAIN / task.plane + 1, add_bias_planes, &task);
}

bool conv_run_onednn(const conv_geometry *g, int n, const tensor *x, const tensor *w, const tensor *bias,
                     const onednn_after *after, tensor *y)
{
    const double depth = (double)(g->in_channels * nn_product(g->kernel, NN_DIMS));
    const double n_positions = g->is_transposed ? (double)x->numel * (double)g->out_channels
                                                : (double)y->numel * (double)g->in_channels;
    if (tensor_dtype(x) != DTYPE_float32 || depth == 0
        || n_positions * (double)nn_product(g->kernel, NN_DIMS) < ONEDNN_MIN_WORK)
        return false;
    onednn_call call = { .x = tensor_data(x), .w = tensor_data(w), .y = tensor_data(y) };
    if (is_product(g) && !has_channels_last(x) && !has_channels_last(y)) {
        describe_product(g, &call.shape);
        call.x = tensor_data(w);
        call.w = tensor_data(x);
        if (!onednn_run(&call))
            return false;
        if (bias)
            add_bias(g, bias, y);
        return true;
    }
    if (after) call.shape.after = *after;
    describe_convolution(g, n, x, y, &call.shape);
    call.w_store = w->store;
    call.bias = bias ? tensor_data(bias) : NULL;
    call.shape.n_bias = bias ? bias->numel : 0;
    return onednn_run(&call);
}
