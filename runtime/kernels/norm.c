/* Batch, instance, group and layer normalisation (at/native/Normalization.cpp, layer_norm.cpp,
 * group_norm.cpp).
 *
 * Each takes moments of groups of contiguous lines, turns them into a scale and a shift, and maps
 * every line. Moments are taken in double in two passes; the map is done in the element type, as
 * PyTorch does. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/nn.h"
#include "runtime/kernels/rows.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

typedef struct norm_job {
    const void *x;
    void *y;
    int64_t line, repeats, step; /* elements of a line, lines of a group and their distance */
    double *means, *squares;     /* per group: mean, sum of squared distances from it */
    const double *scales, *shifts;
    int64_t n_pairs;           /* of scales and shifts, used in turn */
    const line_kernels *kernels; /* of the element type */
    int64_t bytes;               /* per element */
} norm_job;

static const void *line_at(const norm_job *job, int64_t first)
{
    return (const char *)job->x + first * job->bytes;
}

/* Moments of group k: `repeats` lines of `line` elements, `step` apart. */
static void moments(void *ctx, int64_t begin, int64_t end)
{
    const norm_job *job = ctx;
    for (int64_t k = begin; k < end; k++) {
        const int64_t first = k * job->line;
        double sum = 0, squares = 0;
        for (int64_t r = 0; r < job->repeats; r++)
            sum += job->kernels->sum(job->line, line_at(job, first + r * job->step));
        job->means[k] = sum / (double)(job->repeats * job->line);
        for (int64_t r = 0; r < job->repeats; r++)
            squares += job->kernels->sum_squares(job->line, line_at(job, first + r * job->step),
                                                 job->means[k]);
        job->squares[k] = squares;
    }
}

/* y = x * scale + shift, one pair for each line. */
static void map_lines(void *ctx, int64_t begin, int64_t end)
{
    const norm_job *job = ctx;
    for (int64_t k = begin; k < end; k++)
        job->kernels->map(job->line, line_at(job, k * job->line), job->scales[k % job->n_pairs],
                          job->shifts[k % job->n_pairs],
                          (char *)job->y + k * job->line * job->bytes);
}

/* Layer norm of a row: y = (x - mean) / deviation * weight + bias, the latter per position. *ret_inverse: 1 /
 * deviation. Scale and shift are rounded to the element type, as the products with them are. */
static double layer_row(const row_kernel *k, int64_t n, const void *x, void *y, const row_ahead *ahead, int64_t row, double *ret_inverse)
{
    const bool is_float = k->compute == DTYPE_float32;
    const double mean = k->line->sum(n, x) / (double)n;
    rows_ask(ahead, row * n, n);
    const double squares = k->line->sum_squares(n, x, mean);
    const double inverse = *ret_inverse = 1 / sqrt(squares / (double)n + k->eps);
    const double shift = is_float ? (double)(float)(-(double)(float)inverse * (double)(float)mean) : -inverse * mean;
    k->line->affine(n, x, inverse, shift, k->weight, k->bias, y);
    return mean;
}

static void layer_rows(const row_kernel *k, int64_t n_rows, int64_t n, const void *x, void *y, const row_ahead *unused)
{
    const int64_t bytes = n * (int64_t)dtype_size(k->compute);
    const row_ahead nothing = { 0 }; // steps around it ask
    (void)unused;
    double inverse;
    for (int64_t r = 0; r < n_rows; r++)
        layer_row(k, n, (const char *)x + r * bytes, (char *)y + r * bytes, &nothing, r, &inverse);
}

/* Rows of a layer norm; statistics are kept. */
typedef struct layer_job {
    row_kernel rows;
    const char *x;
    char *y;
    int64_t line;
    double *means, *inverses;
} layer_job;

static void layer_range(void *ctx, int64_t begin, int64_t end)
{
    const layer_job *job = ctx;
    const int64_t element = (int64_t)dtype_size(job->rows.compute), bytes = job->line * element;
    const row_ahead ahead = { 1, { { job->x + bytes, element } } };
    for (int64_t r = begin; r < end; r++)
        job->means[r] = layer_row(&job->rows, job->line, job->x + r * bytes, job->y + r * bytes, &ahead, r, &job->inverses[r]);
}

static int64_t line_grain(int64_t line) { return line < NN_GRAIN ? NN_GRAIN / (line + 1) + 1 : 1; }

/* Element i of a vector of any type and stride; `otherwise` where there is no vector. */
static double vector_at(const tensor *t, int64_t i, double otherwise)
{
    if (!t)
        return otherwise;
    const dtype d = tensor_dtype(t);
    return element_load_double(d, (const char *)tensor_data(t)
                                      + i * t->strides[0] * (int64_t)dtype_size(d));
}

static void vector_set(tensor *t, int64_t i, double x)
{
    const dtype d = tensor_dtype(t);
    element_store_double(d, (char *)tensor_data(t) + i * t->strides[0] * (int64_t)dtype_size(d), x);
}

/* ---- batch and instance norm ----------------------------------------------------------------- */
typedef struct batch_call {
    tensor *x, *weight, *bias, *running_mean, *running_var;
    bool is_training, per_image; /* per_image: instance norm, moments of each image by itself */
    double momentum, eps;
    int64_t images, channels, line; /* x is [images, channels, line] */
} batch_call;

static batch_call read_batch(const jit_value *args)
{
    const tensor *x = args[0].t;
    batch_call b = { .x = args[0].t,
                     .weight = arg_tensor(args[1]),
                     .bias = arg_tensor(args[2]),
                     .running_mean = arg_tensor(args[3]),
                     .running_var = arg_tensor(args[4]),
                     .is_training = arg_bool(args[5]),
                     .momentum = arg_double(args[6]),
                     .eps = arg_double(args[7]) };
    b.images = x->n_dims > 0 ? x->sizes[0] : 0;
    b.channels = x->n_dims > 1 ? x->sizes[1] : 0;
    b.line = x->n_dims > 2 ? nn_product(x->sizes + 2, x->n_dims - 2) : 1;
    return b;
}

static bool check_vector(op_ctx *cx, const tensor *t, const char *name, int64_t n)
{
    if (!t || (t->n_dims == 1 && t->sizes[0] == n))
        return true;
    return OP_FAIL(cx, "%s should contain %lld elements not %lld", name, (long long)n,
                   (long long)t->numel);
}

static bool check_batch(op_ctx *cx, const batch_call *b)
{
    if (!b->is_training && (!b->running_mean || !b->running_var)) {
        if (b->per_image)
            return OP_FAIL(cx, "Expected running_mean and running_var to be defined when "
                               "use_input_stats is false");
        return OP_FAIL(cx, "%s must be defined in evaluation mode",
                       b->running_mean ? "running_var" : "running_mean");
    }
    int dim;
    if (b->per_image && b->x->n_dims < 2 && !wrap_dim(cx, 1, b->x->n_dims, &dim))
        return false;
    if (!check_vector(cx, b->running_mean, "running_mean", b->channels)
        || !check_vector(cx, b->running_var, "running_var", b->channels)
        || !check_vector(cx, b->weight, "weight", b->channels)
        || !check_vector(cx, b->bias, "bias", b->channels))
        return false;
    if (b->x->n_dims < 2)
        return OP_FAIL(cx, "Expected an input of at least 2 dimensions");
    return nn_check_float(cx, b->x, "batch_norm");
}

/* Running statistics move towards what was seen; instance norm averages over the images. */
static void update_running(const batch_call *b, const norm_job *job)
{
    const int64_t n_images = b->per_image ? b->images : 1, n = job->repeats * job->line;
    for (int64_t c = 0; c < b->channels; c++) {
        double mean = 0, var = 0;
        for (int64_t i = 0; i < n_images; i++) {
            mean += job->means[i * b->channels + c];
            var += job->squares[i * b->channels + c] / (double)(n - 1);
        }
        mean /= (double)n_images;
        var /= (double)n_images;
        if (b->running_mean)
            vector_set(b->running_mean, c,
                       b->momentum * mean + (1 - b->momentum) * vector_at(b->running_mean, c, 0));
        if (b->running_var)
            vector_set(b->running_var, c,
                       b->momentum * var + (1 - b->momentum) * vector_at(b->running_var, c, 1));
    }
    if (b->running_mean)
        tensor_bump_version(b->running_mean);
    if (b->running_var)
        tensor_bump_version(b->running_var);
}

/* Moments become the inverse deviation (kept in squares), scales and shifts. */
static void make_pairs(const batch_call *b, norm_job *job, double *scales, double *shifts)
{
    const double n = (double)(job->repeats * job->line);
    for (int64_t k = 0; k < job->n_pairs; k++) {
        const int64_t c = k % b->channels;
        const double mean = b->is_training ? job->means[k] : vector_at(b->running_mean, c, 0);
        const double var = b->is_training ? job->squares[k] / n : vector_at(b->running_var, c, 1);
        job->squares[k] = 1 / sqrt(var + b->eps);
        job->means[k] = mean;
        scales[k] = job->squares[k] * vector_at(b->weight, c, 1);
        shifts[k] = vector_at(b->bias, c, 0) - mean * scales[k];
    }
}

/* y, of x's sizes and compute type. *ret_numbers: means, then inverse deviations (n_pairs each), to
 * be released. */
static bool run_batch(op_ctx *cx, const batch_call *b, const tensor *x, tensor *y,
                      double **ret_numbers)
{
    norm_job job = { .kernels = line_kernels_find(tensor_dtype(x)),
                     .bytes = (int64_t)dtype_size(tensor_dtype(x)),
                     .x = tensor_data(x),
                     .y = tensor_data(y),
                     .line = b->line,
                     .step = b->channels * b->line,
                     .repeats = b->per_image ? 1 : b->images,
                     .n_pairs = b->per_image ? b->images * b->channels : b->channels };
    double *numbers = mem_calloc((size_t)(4 * job.n_pairs + 1), sizeof *numbers);
    if (!numbers)
        return op_no_memory(cx);
    job.means = numbers;
    job.squares = numbers + job.n_pairs;
    job.scales = numbers + 2 * job.n_pairs;
    job.shifts = numbers + 3 * job.n_pairs;
    *ret_numbers = numbers;
    if (b->is_training && x->numel) {
        par_for(job.n_pairs, line_grain(job.line * job.repeats), moments, &job);
        update_running(b, &job);
    }
    make_pairs(b, &job, numbers + 2 * job.n_pairs, numbers + 3 * job.n_pairs);
    if (x->numel)
        par_for(b->images * b->channels, line_grain(job.line), map_lines, &job);
    return true;
}

/* The moments are of the parameters' type, which may be wider than x's. */
static dtype moments_dtype(const batch_call *b)
{
    const tensor *parameter = b->weight ? b->weight : b->running_mean;
    return tensor_dtype(parameter ? parameter : b->x);
}

/* Normalised x, and where wanted the moments as tensors. */
static bool batch_norm(op_ctx *cx, const batch_call *b, bool wants_moments, jit_value *rets)
{
    const dtype d = tensor_dtype(b->x), compute = nn_compute(d);
    bool ok = check_batch(cx, b);
    double *numbers = NULL;
    tensor *x = nn_operand(cx, b->x, compute, &ok);
    tensor *y = ok ? make_tensor(cx, compute, x->sizes, x->n_dims) : NULL;
    ok = y && run_batch(cx, b, x, y, &numbers);
    tensor *moments[2] = { NULL, NULL };
    for (int k = 0; ok && wants_moments && k < 2; k++) {
        const int64_t n = b->is_training ? b->channels : 0;
        moments[k] = make_tensor(cx, moments_dtype(b), &n, 1);
        ok = moments[k] != NULL;
        for (int64_t c = 0; ok && c < n; c++)
            vector_set(moments[k], c, numbers[k * b->channels + c]);
    }
    tensor *formed = ok ? tensor_ref(y) : NULL;
    if (!b->per_image) // instance_norm gives contiguous results
        formed = tensor_in_format(cx, formed, b->x);
    ok = nn_give(cx, formed, d, rets);
    mem_free(numbers);
    tensor_unref(x);
    tensor_unref(y);
    if (ok && wants_moments)
        return give_pair(moments[0], moments[1], rets + 1);
    tensor_unref(moments[0]);
    tensor_unref(moments[1]);
    return ok;
}

/* n numbers as [n, 1, …], to stand beside a tensor of n_dims dimensions. */
static tensor *make_channels(op_ctx *cx, dtype d, int64_t n, int n_dims, const double *numbers)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    sizes[0] = n;
    for (int i = 1; i < n_dims - 1; i++)
        sizes[i] = 1;
    tensor *t = make_tensor(cx, d, sizes, n_dims - 1);
    for (int64_t i = 0; t && i < n; i++)
        element_store_double(d, (char *)tensor_data(t) + i * (int64_t)dtype_size(d), numbers[i]);
    return t;
}

static bool is_plain_vector(const tensor *t)
{
    return !t || (t->store->dev.kind == DEVICE_CPU && !t->requires_grad);
}

bool batch_norm_constants(op_ctx *cx, const jit_value *args, tensor **ret_scale, tensor **ret_shift)
{
    const batch_call b = read_batch(args);
    if (b.is_training || !is_plain_vector(b.weight)
        || !is_plain_vector(b.bias) || !is_plain_vector(b.running_mean)
        || !is_plain_vector(b.running_var) || !check_batch(cx, &b))
        return false;
    const int64_t n = b.channels;
    double *numbers = mem_calloc((size_t)(4 * n + 1), sizeof *numbers);
    if (!numbers)
        return op_no_memory(cx);
    norm_job job = { .means = numbers, .squares = numbers + n, .n_pairs = n, .repeats = 1, .line = 1 };
    make_pairs(&b, &job, numbers + 2 * n, numbers + 3 * n);
    const dtype compute = nn_compute(tensor_dtype(b.x));
    *ret_scale = make_channels(cx, compute, n, b.x->n_dims, numbers + 2 * n);
    *ret_shift = make_channels(cx, compute, n, b.x->n_dims, numbers + 3 * n);
    mem_free(numbers);
    return *ret_scale && *ret_shift;
}

bool op_batch_norm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const batch_call b = read_batch(args);
    return batch_norm(cx, &b, false, rets);
}

bool op_native_batch_norm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const batch_call b = read_batch(args);
    return batch_norm(cx, &b, true, rets);
}

bool op_instance_norm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    batch_call b = read_batch(args);
    b.per_image = true;
    return batch_norm(cx, &b, false, rets);
}

/* ---- layer norm ------------------------------------------------------------------------------ */
static bool check_layer(op_ctx *cx, const tensor *x, const int64_t *shape, int n, const tensor *w,
                        const tensor *b)
{
    const sizes_text spelled = sizes_print(shape, n);
    const size_t n_bytes = (size_t)n * sizeof *shape;
    if (n < 1)
        return OP_FAIL(
            cx,
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one "
            "element, but got normalized_shape = %s",
            spelled.s);
    if (w && (w->n_dims != n || memcmp(w->sizes, shape, n_bytes) != 0))
        return OP_FAIL(cx,
                       "Expected weight to be of same shape as normalized_shape, but got weight of "
                       "shape %s and "
                       "normalized_shape = %s",
                       sizes_print(w->sizes, w->n_dims).s, spelled.s);
    if (b && (b->n_dims != n || memcmp(b->sizes, shape, n_bytes) != 0))
        return OP_FAIL(
            cx,
            "Expected bias to be of same shape as normalized_shape, but got bias of shape %s and "
            "normalized_shape = %s",
            sizes_print(b->sizes, b->n_dims).s, spelled.s);
    if (x->n_dims < n || memcmp(x->sizes + x->n_dims - n, shape, n_bytes) != 0)
        return OP_FAIL(
            cx,
            "Given normalized_shape=%s, expected input with shape [*, %s, but got input of size%s",
            spelled.s, spelled.s + 1, sizes_print(x->sizes, x->n_dims).s);
    return nn_check_float(cx, x, "LayerNormKernelImpl");
}

/* A tensor of n numbers, in the sizes of x with its last n_shape dimensions 1. */
static tensor *make_statistics(op_ctx *cx, dtype d, const tensor *x, int n_shape, const double *numbers)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    for (int i = 0; i < x->n_dims; i++)
        sizes[i] = i < x->n_dims - n_shape ? x->sizes[i] : 1;
    tensor *t = make_tensor(cx, d, sizes, x->n_dims);
    for (int64_t i = 0; t && i < t->numel; i++)
        element_store_double(d, (char *)tensor_data(t) + i * (int64_t)dtype_size(d), numbers[i]);
    return t;
}

typedef struct layer_call {
    tensor *x, *weight, *bias;
    const int64_t *shape;
    int n_shape;
    double eps;
    bool wants_moments;
} layer_call;

/* Vectors, where there are any, are contiguous and of the compute type. */
static void begin_layer_rows(row_kernel *k, dtype compute, const tensor *w, const tensor *b, double eps)
{
    *k = (row_kernel){ .run = layer_rows, .compute = compute, .line = line_kernels_find(compute), .eps = eps };
    k->weight = w ? tensor_data(w) : NULL;
    k->bias = b ? tensor_data(b) : NULL;
}

static bool fits_rows(const tensor *t, dtype compute)
{
    return !t || (tensor_dtype(t) == compute && tensor_is_contiguous(t) && t->store->dev.kind == DEVICE_CPU && !t->requires_grad);
}

bool layer_norm_begin_rows(const jit_value *args, row_kernel *ret)
{
    const tensor *x = args[0].t, *w = arg_tensor(args[2]), *b = arg_tensor(args[3]);
    const dtype d = tensor_dtype(x);
    int n;
    const int64_t *shape = arg_ints(args[1], &n);
    const size_t n_bytes = (size_t)n * sizeof *shape;
    if (!dtype_is_float(d) || n < 1 || n > x->n_dims || memcmp(x->sizes + x->n_dims - n, shape, n_bytes) != 0 ||
        !fits_rows(w, nn_compute(d)) || !fits_rows(b, nn_compute(d)))
        return false;
    if ((w && (w->n_dims != n || memcmp(w->sizes, shape, n_bytes) != 0)) ||
        (b && (b->n_dims != n || memcmp(b->sizes, shape, n_bytes) != 0)))
        return false;
    begin_layer_rows(ret, nn_compute(d), w, b, arg_double(args[4]));
    ret->n_inner = n;
    return true;
}

static bool run_layer(op_ctx *cx, const layer_call *l, const tensor *x, const tensor *w,
                      const tensor *b, jit_value *rets)
{
    const int64_t line = nn_product(l->shape, l->n_shape);
    const int64_t rows = nn_product(x->sizes, x->n_dims - l->n_shape);
    tensor *y = make_tensor(cx, tensor_dtype(x), x->sizes, x->n_dims);
    double *numbers = mem_calloc((size_t)(2 * rows + 1), sizeof *numbers);
    bool ok = y && (numbers || op_no_memory(cx));
    if (ok && rows) {
        layer_job job = { .x = tensor_data(x), .y = tensor_data(y), .line = line, .means = numbers,
                          .inverses = numbers + rows };
        begin_layer_rows(&job.rows, tensor_dtype(x), w, b, l->eps);
        par_for(rows, line_grain(line), layer_range, &job);
    }
    ok = ok && nn_give(cx, tensor_ref(y), tensor_dtype(l->x), rets);
    tensor_unref(y);
    if (ok && l->wants_moments) {
        const dtype d = tensor_dtype(l->x);
        ok = give_pair(make_statistics(cx, d, x, l->n_shape, numbers),
                       make_statistics(cx, d, x, l->n_shape, numbers + rows), rets + 1);
        if (!ok)
            value_unref(rets[0]);
    }
    mem_free(numbers);
    return ok;
}

static bool layer_norm(op_ctx *cx, const jit_value *args, bool wants_moments, jit_value *rets)
{
    layer_call l = { .x = args[0].t,
                     .weight = arg_tensor(args[2]),
                     .bias = arg_tensor(args[3]),
                     .eps = arg_double(args[4]),
                     .wants_moments = wants_moments };
    l.shape = arg_ints(args[1], &l.n_shape);
    bool ok = check_layer(cx, l.x, l.shape, l.n_shape, l.weight, l.bias);
    const dtype compute = nn_compute(tensor_dtype(l.x));
    tensor *x = ok ? nn_operand(cx, l.x, compute, &ok) : NULL;
    tensor *w = nn_operand(cx, l.weight, compute, &ok), *b = nn_operand(cx, l.bias, compute, &ok);
    ok = ok && run_layer(cx, &l, x, w, b, rets);
    tensor_unref(x);
    tensor_unref(w);
    tensor_unref(b);
    return ok;
}

bool op_layer_norm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return layer_norm(cx, args, false, rets);
}

bool op_native_layer_norm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return layer_norm(cx, args, true, rets);
}

/* ---- group norm ------------------------------------------------------------------------------ */
static bool check_group(op_ctx *cx, const tensor *x, int64_t groups, const tensor *w,
                        const tensor *b)
{
    int dim;
    if (groups <= 0)
        return OP_FAIL(cx, "Expected num groups to be greater than 0, got %lld", (long long)groups);
    if (x->n_dims < 2) {
        if (!wrap_dim(cx, 1, x->n_dims, &dim))
            return false;
        return OP_FAIL(cx, "Expected at least 2 dimensions for input tensor but received %d",
                       x->n_dims);
    }
    const sizes_text spelled = sizes_print(x->sizes, x->n_dims);
    if (x->sizes[1] % groups)
        return OP_FAIL(cx,
                       "Expected number of channels in input to be divisible by num_groups, but "
                       "got input of shape %s "
                       "and num_groups=%lld",
                       spelled.s, (long long)groups);
    for (int k = 0; k < 2; k++) {
        const tensor *t = k ? b : w;
        if (t && (t->n_dims != 1 || t->numel != x->sizes[1]))
            return OP_FAIL(cx,
                           "Expected %s to be a vector of size equal to the number of channels in "
                           "input, but got %s of "
                           "shape %s and input of shape %s",
                           k ? "bias" : "weight", k ? "bias" : "weight",
                           sizes_print(t->sizes, t->n_dims).s, spelled.s);
    }
    return nn_check_float(cx, x, "GroupNormKernelImpl");
}

typedef struct group_call {
    tensor *x, *weight, *bias;
    int64_t images, channels, line, groups;
    double eps;
} group_call;

/* numbers: room for 2 numbers per group of an image, then 2 per channel of an image. */
static void run_group(const group_call *g, const tensor *x, tensor *y, double *numbers)
{
    const int64_t n_groups = g->images * g->groups, n_lines = g->images * g->channels;
    const int64_t per_group = g->channels / g->groups;
    double *scales = numbers + 2 * n_groups, *shifts = scales + n_lines;
    norm_job job = { .kernels = line_kernels_find(tensor_dtype(x)),
                     .bytes = (int64_t)dtype_size(tensor_dtype(x)),
                     .x = tensor_data(x),
                     .y = tensor_data(y),
                     .line = per_group * g->line,
                     .repeats = 1,
                     .means = numbers,
                     .squares = numbers + n_groups,
                     .scales = scales,
                     .shifts = shifts,
                     .n_pairs = n_lines };
    par_for(n_groups, line_grain(job.line), moments, &job);
    // in the type of the elements: an element that is the mean becomes the bias exactly
    const bool is_single = tensor_dtype(x) == DTYPE_float32;
    for (int64_t k = 0; k < n_groups; k++) {
        const double variance = job.squares[k] / (double)job.line;
        if (is_single) job.means[k] = (float)job.means[k];
        job.squares[k] = is_single ? 1 / sqrtf((float)variance + (float)g->eps) : 1 / sqrt(variance + g->eps);
    }
    for (int64_t k = 0; k < n_lines; k++) {
        const int64_t c = k % g->channels;
        scales[k] = job.squares[k / per_group] * vector_at(g->weight, c, 1);
        if (is_single) scales[k] = (float)scales[k];
        shifts[k] = vector_at(g->bias, c, 0) - scales[k] * job.means[k / per_group];
    }
    job.line = g->line;
    par_for(n_lines, line_grain(job.line), map_lines, &job);
}

static tensor *make_group_statistics(op_ctx *cx, const group_call *g, dtype d,
                                     const double *numbers)
{
    tensor *t = make_tensor(cx, d, (int64_t[]){ g->images, g->groups }, 2);
    for (int64_t i = 0; t && i < t->numel; i++)
        element_store_double(d, (char *)tensor_data(t) + i * (int64_t)dtype_size(d), numbers[i]);
    return t;
}

static bool group_norm(op_ctx *cx, const group_call *g, bool wants_moments, jit_value *rets)
{
    const dtype compute = nn_compute(tensor_dtype(g->x));
    bool ok = true;
    tensor *x = nn_operand(cx, g->x, compute, &ok);
    tensor *y = ok ? make_tensor(cx, compute, x->sizes, x->n_dims) : NULL;
    const int64_t n_groups = g->images * g->groups;
    double *numbers =
        mem_calloc((size_t)(2 * n_groups + 2 * g->images * g->channels + 1), sizeof *numbers);
    ok = y && (numbers || op_no_memory(cx));
    if (ok && x->numel)
        run_group(g, x, y, numbers);
    ok = ok && nn_give(cx, tensor_in_format(cx, tensor_ref(y), g->x), tensor_dtype(g->x), rets);
    if (ok && wants_moments) {
        const dtype d = tensor_dtype(g->x);
        ok = give_pair(make_group_statistics(cx, g, d, numbers),
                       make_group_statistics(cx, g, d, numbers + n_groups), rets + 1);
        if (!ok)
            value_unref(rets[0]);
    }
    mem_free(numbers);
    tensor_unref(x);
    tensor_unref(y);
    return ok;
}

bool op_group_norm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    group_call g = { .x = args[0].t,
                     .groups = args[1].i,
                     .weight = arg_tensor(args[2]),
                     .bias = arg_tensor(args[3]),
                     .eps = arg_double(args[4]) };
    if (!check_group(cx, g.x, g.groups, g.weight, g.bias))
        return false;
    g.images = g.x->sizes[0];
    g.channels = g.x->sizes[1];
    g.line = nn_product(g.x->sizes + 2, g.x->n_dims - 2);
    return group_norm(cx, &g, false, rets);
}

bool op_native_group_norm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    group_call g = { .x = args[0].t,
                     .weight = arg_tensor(args[1]),
                     .bias = arg_tensor(args[2]),
                     .images = args[3].i,
                     .channels = args[4].i,
                     .line = args[5].i,
                     .groups = args[6].i,
                     .eps = arg_double(args[7]) };
    if (!check_group(cx, g.x, g.groups, g.weight, g.bias))
        return false;
    if (g.images != g.x->sizes[0] || g.channels != g.x->sizes[1]
        || g.line != nn_product(g.x->sizes + 2, g.x->n_dims - 2))
        return OP_FAIL(cx, "Expected N, C and HxW to be the sizes of the input %s",
                       sizes_print(g.x->sizes, g.x->n_dims).s);
    return group_norm(cx, &g, true, rets);
}
