/* Distances and similarities between vectors (at/native/Distance.cpp). Differences are summed in
 * double. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/nn.h"
#include "runtime/kernels/views.h"

#include "ir/type.h"

#include <math.h>
#include <string.h>

bool op_pairwise_distance(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    chain c = CHAIN_INIT(cx);
    tensor *difference = chain_shift(&c, chain_sub(&c, args[0].t, args[1].t), arg_double(args[3]));
    list *last = list_new(T_INT, LIST_INTS, 1);
    if (!last || !list_push(last, VALUE_INT_V(-1))) {
        value_unref(VALUE_HEAP_V(VALUE_LIST, last));
        chain_release(&c, 0, NULL, 0);
        return op_no_memory(cx);
    }
    tensor *r = STEP(&c, aten_norm_ScalarOpt_dim, TENSOR(difference), args[2],
                     VALUE_HEAP_V(VALUE_LIST, last), args[4]);
    value_unref(VALUE_HEAP_V(VALUE_LIST, last));
    return chain_give(&c, r, rets);
}

/* x divided by its length along dim, which counts as at least eps. */
static tensor *normalise(chain *c, tensor *x, int64_t dim, double eps)
{
    tensor *length = STEP(c, aten_sqrt, TENSOR(chain_sum(c, chain_mul(c, x, x), dim, true)));
    length = STEP(c, aten_clamp_min, TENSOR(length), VALUE_FLOAT_V(eps));
    return STEP(c, aten_div_Tensor, TENSOR(x), TENSOR(length));
}

bool op_cosine_similarity(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    chain c = CHAIN_INIT(cx);
    const dtype d = result_type(args, 2);
    const double eps = arg_double(args[3]);
    if (!dtype_is_float(d) && !dtype_is_complex(d))
        return OP_FAIL(cx, "expected common dtype to be floating point, yet common dtype is %s",
                       dtype_prefix(d));
    int64_t sizes[TENSOR_MAX_DIMS];
    int n = args[0].t->n_dims;
    memcpy(sizes, args[0].t->sizes, (size_t)n * sizeof *sizes);
    if (!broadcast_sizes(cx, sizes, &n, args[1].t->sizes, args[1].t->n_dims))
        return false;
    tensor *a = chain_hold(&c, tensor_expand(cx, args[0].t, sizes, n));
    tensor *b = c.failed ? NULL : chain_hold(&c, tensor_expand(cx, args[1].t, sizes, n));
    tensor *product =
        chain_mul(&c, normalise(&c, a, args[2].i, eps), normalise(&c, b, args[2].i, eps));
    return chain_give(&c, chain_sum(&c, product, args[2].i, false), rets);
}

/* The p-norm of a - b. */
static double distance(const double *a, const double *b, int64_t n, double p)
{
    double sum = 0;
    if (p == 2) {
        for (int64_t i = 0; i < n; i++)
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        return sqrt(sum);
    }
    for (int64_t i = 0; i < n; i++) {
        const double z = fabs(a[i] - b[i]);
        if (p == 0)
            sum += z != 0;
        else if (p == 1)
            sum += z;
        else if (isinf(p))
            sum = z > sum || isnan(z) ? z : sum;
        else
            sum += pow(z, p);
    }
    return p == 0 || p == 1 || isinf(p) ? sum : pow(sum, 1 / p);
}

enum { MANY_ROWS = 25 };

typedef struct cdist_job {
    const double *a, *b;
    double *y, p;
    int64_t n_a, n_b, width; /* rows of each matrix */
    double *a_squares, *b_squares; /* p = 2, y the products of all rows: |row|^2; or NULL */
} cdist_job;

static void cdist_rows(void *ctx, int64_t begin, int64_t end)
{
    const cdist_job *job = ctx;
    for (int64_t i = begin; i < end; i++) {
        const double *b = job->b + i / job->n_a * job->n_b * job->width;
        for (int64_t k = 0; k < job->n_b; k++)
            job->y[i * job->n_b + k] =
                distance(job->a + i * job->width, b + k * job->width, job->width, job->p);
    }
}

/* From |a|^2, |b|^2 and the product ab, |a - b|^2 is their sum less twice ab, unless that is so little that it is mostly
 * rounding. */
static void cdist_rows_of_products(void *ctx, int64_t begin, int64_t end)
{
    const cdist_job *job = ctx;
    const double enough = 1e-6;
    for (int64_t i = begin; i < end; i++) {
        const int64_t first = i / job->n_a * job->n_b;
        double *y = job->y + i * job->n_b;
        for (int64_t k = 0; k < job->n_b; k++) {
            const double squares = job->a_squares[i] + job->b_squares[first + k], apart = squares - 2 * y[k];
            y[k] = apart > enough * squares ? sqrt(apart)
                                            : distance(job->a + i * job->width, job->b + (first + k) * job->width, job->width, 2);
        }
    }
}

/* The squared length of each of n rows, in a mem_ block; NULL: no memory. */
static double *row_squares(const double *rows, int64_t n, int64_t width)
{
    double *squares = mem_calloc((size_t)n + 1, sizeof *squares);
    for (int64_t i = 0; squares && i < n; i++)
        for (int64_t k = 0; k < width; k++) squares[i] += rows[i * width + k] * rows[i * width + k];
    return squares;
}

/* x and z, float64, with all distances as a product of matrices: a new tensor, or NULL (reported). */
static tensor *cdist_by_products(op_ctx *cx, tensor *x, tensor *z, cdist_job *job)
{
    chain c = CHAIN_INIT(cx);
    jit_value result = VALUE_NONE_V;
    tensor *turned = STEP(&c, aten_transpose_int, TENSOR(z), VALUE_INT_V(-2), VALUE_INT_V(-1));
    if (!chain_give(&c, STEP(&c, aten_matmul, TENSOR(x), TENSOR(turned)), &result)) return NULL;
    job->y = tensor_data(result.t);
    job->a_squares = row_squares(job->a, x->numel / job->width, job->width);
    job->b_squares = row_squares(job->b, z->numel / job->width, job->width);
    if (!job->a_squares || !job->b_squares) {
        op_no_memory(cx);
        tensor_unref(result.t);
        result.t = NULL;
    } else {
        par_for(x->numel / job->width, NN_GRAIN / job->n_b + 1, cdist_rows_of_products, job);
    }
    mem_free(job->a_squares);
    mem_free(job->b_squares);
    return result.t;
}

/* One distance after the other. */
static tensor *cdist_one_by_one(op_ctx *cx, const int64_t *sizes, int n_dims, cdist_job *job)
{
    tensor *y = make_tensor(cx, DTYPE_float64, sizes, n_dims);
    if (y && y->numel) {
        job->y = tensor_data(y);
        const int64_t work = job->n_b * (job->width + 1);
        par_for(y->numel / job->n_b, work < NN_GRAIN ? NN_GRAIN / work + 1 : 1, cdist_rows, job);
    }
    return y;
}

static bool check_cdist(op_ctx *cx, const tensor *a, const tensor *b, double p)
{
    const tensor *operands[] = { a, b };
    for (int k = 0; k < 2; k++)
        if (operands[k]->n_dims < 2)
            return OP_FAIL(cx, "cdist only supports at least 2D tensors, X%d got: %dD", k + 1,
                           operands[k]->n_dims);
    if (a->sizes[a->n_dims - 1] != b->sizes[b->n_dims - 1])
        return OP_FAIL(cx, "X1 and X2 must have the same number of columns. X1: %lld X2: %lld",
                       (long long)a->sizes[a->n_dims - 1], (long long)b->sizes[b->n_dims - 1]);
    for (int k = 0; k < 2; k++)
        if (!dtype_is_float(tensor_dtype(operands[k])))
            return OP_FAIL(cx, "cdist only supports floating-point dtypes, X%d got: %s", k + 1,
                           dtype_prefix(tensor_dtype(operands[k])));
    if (p < 0)
        return OP_FAIL(cx, "cdist only supports non-negative p values");
    return true;
}

/* Operand with its batch dimensions expanded to `batch`, contiguous, float64. */
static tensor *expand_matrices(op_ctx *cx, tensor *t, const int64_t *batch, int n_batch)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    memcpy(sizes, batch, (size_t)n_batch * sizeof *sizes);
    memcpy(sizes + n_batch, t->sizes + t->n_dims - 2, 2 * sizeof *sizes);
    tensor *wide = tensor_expand(cx, t, sizes, n_batch + 2);
    tensor *r = wide ? tensor_contiguous_as(cx, wide, DTYPE_float64) : NULL;
    tensor_unref(wide);
    return r;
}

static bool cdist(op_ctx *cx, tensor *a, tensor *b, double p, jit_value *rets)
{
    if (!check_cdist(cx, a, b, p))
        return false;
    int64_t sizes[TENSOR_MAX_DIMS];
    int n = a->n_dims - 2;
    memcpy(sizes, a->sizes, (size_t)n * sizeof *sizes);
    if (!broadcast_sizes(cx, sizes, &n, b->sizes, b->n_dims - 2))
        return false;
    tensor *x = expand_matrices(cx, a, sizes, n), *z = x ? expand_matrices(cx, b, sizes, n) : NULL;
    cdist_job job = { .p = p,
                      .n_a = a->sizes[a->n_dims - 2],
                      .n_b = b->sizes[b->n_dims - 2],
                      .width = a->sizes[a->n_dims - 1] };
    sizes[n] = job.n_a;
    sizes[n + 1] = job.n_b;
    const dtype d = dtype_promote(tensor_dtype(a), tensor_dtype(b));
    // as PyTorch does from so many rows on; its float32 products lose more than these
    const bool by_products = p == 2 && d != DTYPE_float64 && (job.n_a > MANY_ROWS || job.n_b > MANY_ROWS) && z && x->numel && z->numel;
    if (z) job.a = tensor_data(x), job.b = tensor_data(z);
    tensor *y = !z ? NULL : by_products ? cdist_by_products(cx, x, z, &job) : cdist_one_by_one(cx, sizes, n + 2, &job);
    tensor_unref(x);
    tensor_unref(z);
    return nn_give(cx, y, d, rets);
}

bool op_cdist(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return cdist(cx, args[0].t, args[1].t, arg_double(args[2]), rets);
}

bool op_pdist(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const tensor *t = args[0].t;
    const double p = arg_double(args[1]);
    if (t->n_dims != 2)
        return OP_FAIL(cx, "pdist only supports 2D tensors, got: %dD", t->n_dims);
    if (!dtype_is_float(tensor_dtype(t)))
        return OP_FAIL(cx, "pdist only supports floating-point dtypes");
    if (p < 0)
        return OP_FAIL(cx, "pdist only supports non-negative p values");
    const int64_t rows = t->sizes[0], width = t->sizes[1], n = rows * (rows - 1) / 2;
    bool ok = true;
    tensor *x = nn_operand(cx, args[0].t, DTYPE_float64, &ok);
    tensor *y = ok ? make_tensor(cx, DTYPE_float64, &n, 1) : NULL;
    double *out = y ? tensor_data(y) : NULL;
    for (int64_t i = 0; y && i < rows; i++)
        for (int64_t k = i + 1; k < rows; k++)
            *out++ = distance((const double *)tensor_data(x) + i * width,
                              (const double *)tensor_data(x) + k * width, width, p);
    tensor_unref(x);
    return nn_give(cx, y, tensor_dtype(t), rets);
}
