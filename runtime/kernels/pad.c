/* Padding: by a constant, by reflection, replication and wrapping around (at/native/PadNd.cpp,
 * ReflectionPad.cpp, ReplicationPadding.cpp).
 *
 * A constant pad is a filled tensor with the input copied into a window. The others are one gather:
 * each output position of a padded dimension knows its input position. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/nn.h"
#include "runtime/kernels/views.h"

#include "base/alloc.h"

#include <string.h>

typedef enum pad_mode {
    PAD_REFLECT,
    PAD_REPLICATE,
    PAD_CIRCULAR,
    PAD_CONSTANT,
    PAD__COUNT
} pad_mode;

/* ---- constant -------------------------------------------------------------------------------- */
static tensor *pad_constant(op_ctx *cx, tensor *x, const int64_t *pad, int n_pad, jit_value value)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    if (n_pad % 2) {
        OP_FAIL(cx, "Length of pad must be even but instead it equals %d", n_pad);
        return NULL;
    }
    if (n_pad / 2 > x->n_dims) {
        OP_FAIL(cx,
                "Length of pad should be no more than twice the number of dimensions of the input. "
                "Pad length is "
                "%dwhile the input has %ddimensions.",
                n_pad, x->n_dims);
        return NULL;
    }
    tensor *from = tensor_ref(x), *out = NULL, *to = NULL;
    memcpy(sizes, x->sizes, x->n_dims * sizeof *sizes);
    for (int i = 0; i < n_pad / 2; i++) {
        const int dim = x->n_dims - 1 - i;
        if (pad[2 * i] > INT32_MAX || pad[2 * i + 1] > INT32_MAX || pad[2 * i] < -INT32_MAX
            || pad[2 * i + 1] < -INT32_MAX) {
            OP_FAIL(cx, "integer out of range");
            goto out;
        }
        const int64_t start = pad[2 * i] < 0 ? -pad[2 * i] : 0,
                      stop = pad[2 * i + 1] < 0 ? -pad[2 * i + 1] : 0;
        sizes[dim] += pad[2 * i] + pad[2 * i + 1];
        if (sizes[dim] < 0 || start + stop > x->sizes[dim]) {
            OP_FAIL(cx,
                    "The input size %lld, plus negative padding %lld and %lld, resulted in a "
                    "negative output size, which "
                    "is invalid. Check dimension %d of your input.",
                    (long long)x->sizes[dim], (long long)pad[2 * i], (long long)pad[2 * i + 1],
                    dim);
            goto out;
        }
        tensor *narrowed = tensor_narrow(cx, from, dim, start, x->sizes[dim] - start - stop);
        tensor_unref(from);
        if (!(from = narrowed))
            goto out;
    }
    out = make_tensor_in_format(cx, tensor_dtype(x), sizes, x->n_dims, x);
    to = out ? tensor_ref(out) : NULL;
    for (int i = 0; to && i < n_pad / 2; i++) {
        const int dim = x->n_dims - 1 - i;
        tensor *narrowed =
            tensor_narrow(cx, to, dim, pad[2 * i] > 0 ? pad[2 * i] : 0, from->sizes[dim]);
        tensor_unref(to);
        to = narrowed;
    }
    if (!to || !tensor_fill(cx, out, value) || !tensor_copy_into(cx, to, from)) {
        tensor_unref(out);
        out = NULL;
    }
    tensor_unref(to);
out:
    tensor_unref(from);
    return out;
}

bool op_constant_pad_nd(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int n = 0;
    const int64_t *pad = arg_ints(args[1], &n);
    return give_tensor(pad_constant(cx, args[0].t, pad, n, args[2]), rets);
}

/* ---- by index -------------------------------------------------------------------------------- */
typedef struct pad_job {
    int64_t in[NN_DIMS], out[NN_DIMS];
    const int64_t *maps[NN_DIMS]; /* input position of each output position */
    size_t element;
    const char *x;
    char *y;
} pad_job;

static void pad_planes(void *ctx, int64_t begin, int64_t end)
{
    const pad_job *job = ctx;
    const size_t n = job->element;
    for (int64_t plane = begin; plane < end; plane++) {
        const char *x = job->x + (size_t)(plane * nn_product(job->in, NN_DIMS)) * n;
        char *y = job->y + (size_t)(plane * nn_product(job->out, NN_DIMS)) * n;
        for (int64_t d = 0; d < job->out[0]; d++)
            for (int64_t h = 0; h < job->out[1]; h++) {
                const char *row =
                    x + (size_t)((job->maps[0][d] * job->in[1] + job->maps[1][h]) * job->in[2]) * n;
                for (int64_t w = 0; w < job->out[2]; w++, y += n)
                    memcpy(y, row + (size_t)job->maps[2][w] * n, n);
            }
    }
}

static int64_t source_of(pad_mode mode, int64_t o, int64_t in, int64_t before, int64_t after)
{
    int64_t at = o - before;
    if (mode == PAD_REFLECT) {
        if (at < 0)
            at = -at;
        return at >= in ? 2 * (in - 1) - at : at;
    }
    if (mode == PAD_REPLICATE)
        return at < 0 ? 0 : at >= in ? in - 1 : at;
    // what negative padding cuts off does not come back at the other side
    const int64_t begin = before < 0 ? -before : 0, n = in - begin + (after < 0 ? after : 0);
    at = (o - (before > 0 ? before : 0)) % n;
    return begin + (at < 0 ? at + n : at);
}

static bool check_padding(op_ctx *cx, pad_mode mode, const tensor *x, int dim, int64_t before,
                          int64_t after)
{
    const int64_t in = x->sizes[dim], out = in + before + after;
    const int argument = 4 + 2 * (x->n_dims - 1 - dim);
    if (mode == PAD_REFLECT && (before >= in || after >= in)) {
        if (argument == 6 || x->n_dims == 4)
            return OP_FAIL(cx,
                           "Argument #%d: Padding size should be less than the corresponding input "
                           "dimension, but got: "
                           "padding (%lld, %lld) at dimension %d of input %d",
                           argument, (long long)before, (long long)after, dim, x->n_dims);
        return OP_FAIL(cx,
                       "Argument #%d: Padding size should be less than the corresponding input "
                       "dimension, but got: "
                       "padding (%lld, %lld) at dimension %d of input %s",
                       argument, (long long)before, (long long)after, dim,
                       sizes_print(x->sizes, x->n_dims).s);
    }
    if (mode == PAD_CIRCULAR && (before > in || after > in))
        return OP_FAIL(cx, "Padding value causes wrapping around more than once.");
    if (mode == PAD_CIRCULAR && in + (before < 0 ? before : 0) + (after < 0 ? after : 0) <= 0)
        return OP_FAIL(cx, "Negative padding value is resulting in an empty dimension");
    if (out < 1)
        return OP_FAIL(cx, "input (%c: %lld) is too small. Calculated output %c: %lld",
                       "WHD"[x->n_dims - 1 - dim], (long long)in, "WHD"[x->n_dims - 1 - dim],
                       (long long)out);
    return true;
}

/* pad: before and after of the last dimension first. */
static bool check_planes(op_ctx *cx, pad_mode mode, const tensor *x, const int64_t *pad, int n)
{
    const int n_outer = x->n_dims - n;
    for (int i = n_outer - 1; i < x->n_dims; i++)
        if (x->sizes[i] == 0)
            return OP_FAIL(cx,
                           "Expected %dD or %dD (batch mode) tensor with possibly 0 batch size and "
                           "other non-zero "
                           "dimensions for input, but got: %s",
                           n + 1, n + 2, sizes_print(x->sizes, x->n_dims).s);
    for (int i = 0; i < n; i++) {
        if (pad[2 * i] > INT32_MAX || pad[2 * i] < -INT32_MAX || pad[2 * i + 1] > INT32_MAX
            || pad[2 * i + 1] < -INT32_MAX)
            return OP_FAIL(cx, "integer out of range");
        if (!check_padding(cx, mode, x, x->n_dims - 1 - i, pad[2 * i], pad[2 * i + 1]))
            return false;
    }
    return true;
}

static bool run_padding(op_ctx *cx, pad_mode mode, const tensor *x, const int64_t *pad, int n,
                        tensor *y)
{
    pad_job job = { .element = dtype_size(tensor_dtype(x)),
                    .x = tensor_data(x),
                    .y = tensor_data(y) };
    int64_t total = 0;
    for (int i = 0; i < NN_DIMS; i++) {
        job.in[i] = i < NN_DIMS - n ? 1 : x->sizes[x->n_dims - NN_DIMS + i];
        job.out[i] = i < NN_DIMS - n ? 1 : y->sizes[x->n_dims - NN_DIMS + i];
        total += job.out[i];
    }
    int64_t *maps = mem_calloc((size_t)total, sizeof *maps), *at = maps;
    if (!maps)
        return op_no_memory(cx);
    for (int i = 0; i < NN_DIMS; i++) {
        const int64_t *own = pad + 2 * (NN_DIMS - 1 - i);
        job.maps[i] = at;
        for (int64_t o = 0; o < job.out[i]; o++, at++)
            *at = i < NN_DIMS - n ? 0 : source_of(mode, o, job.in[i], own[0], own[1]);
    }
    const int64_t plane = nn_product(job.out, NN_DIMS);
    par_for(y->numel / plane, plane < NN_GRAIN ? NN_GRAIN / plane + 1 : 1, pad_planes, &job);
    mem_free(maps);
    return true;
}

static bool pad_by_index(op_ctx *cx, pad_mode mode, tensor *input, const int64_t *pad, int n,
                         jit_value *rets)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    if (!check_planes(cx, mode, input, pad, n))
        return false;
    memcpy(sizes, input->sizes, input->n_dims * sizeof *sizes);
    for (int i = 0; i < n; i++)
        sizes[input->n_dims - 1 - i] += pad[2 * i] + pad[2 * i + 1];
    tensor *x = tensor_contiguous(cx, input);
    tensor *y = x ? make_tensor(cx, tensor_dtype(x), sizes, x->n_dims) : NULL;
    const bool ok = y && (y->numel == 0 || run_padding(cx, mode, x, pad, n, y));
    tensor_unref(x);
    if (ok)
        return give_tensor(y, rets);
    tensor_unref(y);
    return false;
}

static bool pad_sized(op_ctx *cx, pad_mode mode, const jit_value *args, int n, jit_value *rets)
{
    int n_pad = 0;
    const int64_t *pad = arg_ints(args[1], &n_pad);
    const tensor *x = args[0].t;
    if (n_pad != 2 * n)
        return OP_FAIL(cx, "padding size is expected to be %d, but got: %d", 2 * n, n_pad);
    if (x->n_dims != n + 1 && x->n_dims != n + 2)
        return OP_FAIL(cx, "%dD or %dD (batch mode) tensor expected for input, but got: %s", n + 1,
                       n + 2, sizes_print(x->sizes, x->n_dims).s);
    return pad_by_index(cx, mode, args[0].t, pad, n, rets);
}

#define PAD(name, mode, n)                                                                         \
    bool name(op_ctx *cx, const jit_value *args, jit_value *rets)                                  \
    {                                                                                              \
        return pad_sized(cx, mode, args, n, rets);                                                 \
    }
PAD(op_reflection_pad1d, PAD_REFLECT, 1)
PAD(op_reflection_pad2d, PAD_REFLECT, 2)
PAD(op_reflection_pad3d, PAD_REFLECT, 3)
PAD(op_replication_pad1d, PAD_REPLICATE, 1)
PAD(op_replication_pad2d, PAD_REPLICATE, 2)
PAD(op_replication_pad3d, PAD_REPLICATE, 3)

/* ---- any mode -------------------------------------------------------------------------------- */
static bool pad_any(op_ctx *cx, pad_mode mode, const char *mode_name, const jit_value *args,
                    jit_value value, jit_value *rets)
{
    int n_pad = 0;
    const int64_t *pad = arg_ints(args[1], &n_pad);
    tensor *x = args[0].t;
    if (n_pad % 2)
        return OP_FAIL(cx, "Padding length must be divisible by 2");
    if (n_pad / 2 > x->n_dims)
        return OP_FAIL(cx, "Padding length too large");
    if (mode == PAD_CONSTANT)
        return give_tensor(
            pad_constant(cx, x, pad, n_pad, value.tag == VALUE_NONE ? VALUE_INT_V(0) : value),
            rets);
    if (value.tag != VALUE_NONE && arg_double(value) != 0)
        return OP_FAIL(cx, "Padding mode \"%s\" doesn't take in value argument", mode_name);
    const int n = n_pad / 2, n_around = x->n_dims > 2 ? x->n_dims - 2 : 0; // circular padding wants batches
    if (mode == PAD_CIRCULAR && n != n_around)
        return OP_FAIL(cx, "Invalid padding size, expected %d but got %d", 2 * n_around, n_pad);
    if (n < 1 || n > NN_DIMS || (x->n_dims != n + 1 && x->n_dims != n + 2))
        return OP_FAIL(
            cx, "Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now");
    return pad_by_index(cx, mode, x, pad, n, rets);
}

static const char *const mode_names[PAD__COUNT] = { "reflect", "replicate", "circular",
                                                    "constant" };

bool op_pad(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    for (int mode = 0; mode < PAD__COUNT; mode++)
        if (arg_str_is(args[2], mode_names[mode]))
            return pad_any(cx, (pad_mode)mode, mode_names[mode], args, args[3], rets);
    return OP_FAIL(cx, "Unrecognised padding mode %s", args[2].s->s);
}

bool op_pad_enum(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const int64_t mode = args[2].i;
    if (mode < 0 || mode >= PAD__COUNT)
        return OP_FAIL(cx, "Unrecognised padding mode %lld", (long long)mode);
    return pad_any(cx, (pad_mode)mode, mode_names[mode], args, args[3], rets);
}

bool op_pad_circular(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return pad_any(cx, PAD_CIRCULAR, "circular", args, VALUE_NONE_V, rets);
}
