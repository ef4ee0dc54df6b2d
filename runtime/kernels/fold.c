/* im2col and col2im: windows of an image as columns, and columns added back into an image
 * (at/native/Im2Col.cpp, Col2Im.cpp). Both compute in the compute type. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/formula.h"
#include "runtime/kernels/nn.h"

#include <string.h>

typedef struct fold_call {
    int64_t kernel[2], dilation[2], padding[2], stride[2];
    int64_t image[2], blocks[2]; /* height and width of the image, number of windows each way */
} fold_call;

static bool read_pair(op_ctx *cx, jit_value v, const char *name, int64_t least, int64_t *ret)
{
    int64_t wide[NN_DIMS];
    if (!nn_read(cx, v, 2, 1, NULL, wide))
        return false;
    memcpy(ret, wide + 1, 2 * sizeof *ret);
    if (ret[0] >= least && ret[1] >= least)
        return true;
    return OP_FAIL(cx, "%s should be %s than zero, but got %s_height: %lld %s_width: %lld", name,
                   least ? "greater" : "not less", name, (long long)ret[0], name,
                   (long long)ret[1]);
}

/* kernel_size, dilation, padding, stride */
static bool read_fold(op_ctx *cx, const jit_value *args, fold_call *f)
{
    return read_pair(cx, args[0], "kernel_size", 1, f->kernel)
           && read_pair(cx, args[1], "dilation", 1, f->dilation)
           && read_pair(cx, args[2], "padding", 0, f->padding)
           && read_pair(cx, args[3], "stride", 1, f->stride);
}

static void count_blocks(fold_call *f)
{
    for (int i = 0; i < 2; i++) {
        const int64_t room =
            f->image[i] + 2 * f->padding[i] - f->dilation[i] * (f->kernel[i] - 1) - 1;
        f->blocks[i] =
            room < 0 ? (room - f->stride[i] + 1) / f->stride[i] + 1 : room / f->stride[i] + 1;
    }
}

/* Calls for each element of the columns that lies inside the image: to[column element] = from[image
 * element], or the sum the other way round. One channel plane. */
#define FOLD_PLANE(name, T, statement)                                                             \
    static void name(const fold_call *f, T *image, T *columns)                                     \
    {                                                                                              \
        for (int64_t k = 0; k < f->kernel[0] * f->kernel[1]; k++)                                  \
            for (int64_t b = 0; b < f->blocks[0]; b++) {                                           \
                const int64_t h =                                                                  \
                    b * f->stride[0] - f->padding[0] + k / f->kernel[1] * f->dilation[0];          \
                T *line = columns + (k * f->blocks[0] + b) * f->blocks[1];                         \
                if (h < 0 || h >= f->image[0])                                                     \
                    continue;                                                                      \
                for (int64_t c = 0; c < f->blocks[1]; c++) {                                       \
                    const int64_t w =                                                              \
                        c * f->stride[1] - f->padding[1] + k % f->kernel[1] * f->dilation[1];      \
                    if (w >= 0 && w < f->image[1])                                                 \
                        statement;                                                                 \
                }                                                                                  \
            }                                                                                      \
    }
FOLD_PLANE(gather_f32, float, line[c] = image[h * f->image[1] + w])
FOLD_PLANE(gather_f64, double, line[c] = image[h * f->image[1] + w])
FOLD_PLANE(scatter_f32, float, image[h * f->image[1] + w] += line[c])
FOLD_PLANE(scatter_f64, double, image[h * f->image[1] + w] += line[c])

typedef struct fold_job {
    const fold_call *call;
    bool is_double, is_gather;
    char *image, *columns;
} fold_job;

static void fold_planes(void *ctx, int64_t begin, int64_t end)
{
    const fold_job *job = ctx;
    const fold_call *f = job->call;
    const int64_t element = job->is_double ? 8 : 4, plane = f->image[0] * f->image[1] * element;
    const int64_t columns = f->kernel[0] * f->kernel[1] * f->blocks[0] * f->blocks[1] * element;
    for (int64_t i = begin; i < end; i++) {
        void *x = job->image + i * plane, *y = job->columns + i * columns;
        if (job->is_double)
            (job->is_gather ? gather_f64 : scatter_f64)(f, x, y);
        else
            (job->is_gather ? gather_f32 : scatter_f32)(f, x, y);
    }
}

/* Reads `input` and gives a tensor of the given sizes; n_planes channel planes. */
static bool run_fold(op_ctx *cx, const fold_call *f, bool is_gather, tensor *input,
                     const int64_t *sizes, int n_dims, int64_t n_planes, jit_value *rets)
{
    const dtype d = tensor_dtype(input), compute = nn_compute(d);
    bool ok = true;
    tensor *x = nn_operand(cx, input, compute, &ok),
           *y = ok ? make_tensor(cx, compute, sizes, n_dims) : NULL;
    if (y && y->numel) {
        fold_job job = { .call = f, .is_double = compute == DTYPE_float64, .is_gather = is_gather };
        job.image = tensor_data(is_gather ? x : y);
        job.columns = tensor_data(is_gather ? y : x);
        memset(tensor_data(y), 0, (size_t)y->numel * dtype_size(compute));
        par_for(n_planes, 1, fold_planes, &job);
    }
    tensor_unref(x);
    return nn_give(cx, y, d, rets);
}

/* Complex elements: real and imaginary parts alone. n_args with the tensor first. */
static bool fold_complex(op_ctx *cx, op_kernel fold, const jit_value *args, int n_args, jit_value *rets)
{
    formula f = { .cx = cx };
    jit_value of_part[8], part;
    tensor *parts[2] = { NULL, NULL };
    memcpy(of_part, args, (size_t)n_args * sizeof *args);
    for (int k = 0; k < 2 && !f.failed; k++) {
        tensor *t = k ? F_(&f, aten_imag, args[0]) : F_(&f, aten_real, args[0]);
        if (!t) break;
        of_part[0] = T_V(t);
        if (!fold(cx, of_part, &part)) return formula_drop(&f);
        parts[k] = formula_own(&f, part.t);
    }
    return formula_give(&f, F_(&f, aten_complex, T_V(parts[0]), T_V(parts[1])), rets);
}

bool op_im2col(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    fold_call f;
    const tensor *x = args[0].t;
    if (dtype_is_complex(tensor_dtype(x))) return fold_complex(cx, op_im2col, args, 5, rets);
    if (!read_fold(cx, args + 1, &f))
        return false;
    if ((x->n_dims != 3 && x->n_dims != 4) || nn_product(x->sizes + x->n_dims - 3, 3) == 0)
        return OP_FAIL(cx,
                       "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other "
                       "non-zero dimensions "
                       "for input, but got: %s",
                       sizes_print(x->sizes, x->n_dims).s);
    memcpy(f.image, x->sizes + x->n_dims - 2, sizeof f.image);
    count_blocks(&f);
    if (f.blocks[0] < 1 || f.blocks[1] < 1)
        return OP_FAIL(cx,
                       "Given input with spatial size (%lld, %lld), kernel_size=(%lld, %lld), "
                       "dilation=(%lld, %lld), "
                       "padding=(%lld, %lld), calculated shape of the array of sliding blocks as "
                       "(%lld, %lld), but its "
                       "components must be at least one.",
                       (long long)f.image[0], (long long)f.image[1], (long long)f.kernel[0],
                       (long long)f.kernel[1], (long long)f.dilation[0], (long long)f.dilation[1],
                       (long long)f.padding[0], (long long)f.padding[1], (long long)f.blocks[0],
                       (long long)f.blocks[1]);
    const int64_t channels = x->sizes[x->n_dims - 3], images = x->n_dims == 4 ? x->sizes[0] : 1;
    const int64_t sizes[] = { images, channels * f.kernel[0] * f.kernel[1],
                              f.blocks[0] * f.blocks[1] };
    const int skipped = x->n_dims == 3;
    return run_fold(cx, &f, true, args[0].t, sizes + skipped, 3 - skipped, images * channels, rets);
}

bool op_col2im(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    fold_call f;
    const tensor *x = args[0].t;
    if (dtype_is_complex(tensor_dtype(x))) return fold_complex(cx, op_col2im, args, 6, rets);
    if (!read_fold(cx, args + 2, &f) || !read_pair(cx, args[1], "output_size", 1, f.image))
        return false;
    if ((x->n_dims != 2 && x->n_dims != 3) || nn_product(x->sizes + x->n_dims - 2, 2) == 0)
        return OP_FAIL(cx,
                       "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size "
                       "and non-zero "
                       "dimensions for input, but got: %s",
                       sizes_print(x->sizes, x->n_dims).s);
    const int row_dim = x->n_dims - 2;
    const int64_t rows = x->sizes[row_dim], columns = x->sizes[row_dim + 1],
                  kernel = f.kernel[0] * f.kernel[1];
    if (rows % kernel)
        return OP_FAIL(cx,
                       "Expected size of input's dimension 1 to be divisible by the product of "
                       "kernel_size, but got "
                       "input.size(1)=%lld and kernel_size=(%lld, %lld).",
                       (long long)rows, (long long)f.kernel[0], (long long)f.kernel[1]);
    count_blocks(&f);
    if (f.blocks[0] < 1 || f.blocks[1] < 1 || f.blocks[0] * f.blocks[1] != columns)
        return OP_FAIL(
            cx,
            "Given output_size=(%lld, %lld), kernel_size=(%lld, %lld), dilation=(%lld, %lld), "
            "padding=(%lld, %lld), stride=(%lld, %lld), expected size of input's dimension 2 to "
            "match the "
            "calculated number of sliding blocks %lld * %lld = %lld, but got input.size(2)=%lld.",
            (long long)f.image[0], (long long)f.image[1], (long long)f.kernel[0],
            (long long)f.kernel[1], (long long)f.dilation[0], (long long)f.dilation[1],
            (long long)f.padding[0], (long long)f.padding[1], (long long)f.stride[0],
            (long long)f.stride[1], (long long)f.blocks[0], (long long)f.blocks[1],
            (long long)(f.blocks[0] * f.blocks[1]), (long long)columns);
    const int64_t channels = rows / kernel, images = x->n_dims == 3 ? x->sizes[0] : 1;
    const int64_t sizes[] = { images, channels, f.image[0], f.image[1] };
    const int skipped = x->n_dims == 2;
    return run_fold(cx, &f, false, args[0].t, sizes + skipped, 4 - skipped, images * channels,
                    rets);
}
