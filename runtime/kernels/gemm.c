/* Matrix products of tensors: the loop over a batch, and the element types that gemm_tmpl.c does not do. Integers are
 * multiplied as int64, 16-bit floats as float32, complex numbers as complex128. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/gemm.h"

#include "base/alloc.h"
#include "runtime/device/device.h"
#include "runtime/kernels/index.h"
#include "runtime/kernels/onednn.h"

#include <complex.h>
#include <string.h>

/* Row times matrix, row by row: b is walked forwards. */
#define SIMPLE_GEMM(name, T)                                                                       \
    static bool name(int64_t m, int64_t n, int64_t k, matrix a, matrix b, void *c_)                \
    {                                                                                              \
        const T *pa = a.data, *pb = b.data;                                                        \
        T *c = c_;                                                                                 \
        for (int64_t i = 0; i < m; i++, c += n) {                                                  \
            for (int64_t j = 0; j < n; j++) c[j] = 0;                                              \
            for (int64_t p = 0; p < k; p++) {                                                      \
                const T f = pa[i * a.row + p * a.column];                                          \
                for (int64_t j = 0; j < n; j++) c[j] += f * pb[p * b.row + j * b.column];          \
            }                                                                                      \
        }                                                                                          \
        return true;                                                                               \
    }
SIMPLE_GEMM(gemm_i64, int64_t)
SIMPLE_GEMM(gemm_c128, double _Complex)

static dtype gemm_compute(dtype d)
{
    switch (dtype_category_of(d)) {
    case CATEGORY_F: return d == DTYPE_float64 ? d : DTYPE_float32;
    case CATEGORY_C: return DTYPE_complex128;
    case CATEGORY_B:
    case CATEGORY_I:
    case CATEGORY_Q: break;
    }
    return DTYPE_int64;
}

gemm_fn gemm_find(dtype compute)
{
    if (compute == DTYPE_int64) return gemm_i64;
    if (compute == DTYPE_complex128) return gemm_c128;
    const bool is_double = compute == DTYPE_float64;
#ifdef TJS_X86_LEVELS
    const cpu_level level = cpu_get_level();
    if (level >= CPU_V4) return is_double ? gemm_f64_v4 : gemm_f32_v4;
    if (level >= CPU_V3) return is_double ? gemm_f64_v3 : gemm_f32_v3;
#endif
    return is_double ? gemm_f64_base : gemm_f32_base;
}

typedef struct batch_task {
    gemm_fn gemm;
    int64_t m, n, k, bytes;
    matrix a, b;
    const int64_t *a_offsets, *b_offsets;  /* bytes, per matrix of the batch */
    char *c;
    _Atomic bool failed;
} batch_task;

static void multiply_batch(void *ctx, int64_t begin, int64_t end)
{
    batch_task *t = ctx;
    for (int64_t i = begin; i < end; i++) {
        matrix a = t->a, b = t->b;
        a.data = (const char *)a.data + t->a_offsets[i];
        b.data = (const char *)b.data + t->b_offsets[i];
        if (!t->gemm(t->m, t->n, t->k, a, b, t->c + i * t->m * t->n * t->bytes)) t->failed = true;
    }
}

/* ---- through oneDNN ---------------------------------------------------------------------------------- */
/* Below this many multiply-adds its overhead counts; of fewer rows our own loops are bound by memory. An operand b is
 * packed where a has so few rows that reading b is the larger part of the work. Once there is a packed copy every
 * product reads it, so that the bytes it was made from need not be in memory, too. */
enum {
    ONEDNN_MIN_WORK = 1000000,
    ONEDNN_PACKED_MIN_WORK = 32768,
    ONEDNN_SHARED_MIN_WORK = 500000, // for threads to share
    ONEDNN_MIN_ROWS = 5,
    ONEDNN_PACK_ROWS = 64,
};

static void add_dim(onednn_layout *l, int64_t size, int64_t stride)
{
    l->sizes[l->n_dims] = size;
    l->strides[l->n_dims++] = stride;
}

/* t's strides, an expanded dimension with size 1. Of a dimension of size 1 they may be any, and oneDNN judges by them:
 * one row is described as rows that follow each other. False: it has no use for these strides. */
static bool describe_matrices(const tensor *t, onednn_layout *ret)
{
    const int n = t->n_dims;
    for (int i = 0; i < n - 2; i++) {
        const bool is_one = t->strides[i] == 0 || t->sizes[i] == 1;
        add_dim(ret, is_one ? 1 : t->sizes[i], is_one ? 1 : t->strides[i]);
    }
    const int64_t column = t->sizes[n - 1] == 1 ? 1 : t->strides[n - 1];
    const int64_t row = t->sizes[n - 2] == 1 ? t->sizes[n - 1] * column : t->strides[n - 2];
    if (row == 0 || column == 0) return false;
    add_dim(ret, t->sizes[n - 2], row);
    add_dim(ret, t->sizes[n - 1], column);
    return t->strides[n - 1] == 1 || t->strides[n - 2] == 1 || t->sizes[n - 1] == 1 || t->sizes[n - 2] == 1;
}

/* How a product of a [..., m, k] and b [..., k, n] is done. */
typedef enum product_way { BY_OUR_LOOPS, BY_ONEDNN, BY_ONEDNN_PACKED } product_way;

/* A large weight is expected to serve again; another b is packed once it did. */
static product_way choose_way(const tensor *a, const tensor *b, bool b_is_weight)
{
    const int n_dims = a->n_dims;
    const int64_t m = a->sizes[n_dims - 2], n = b->sizes[n_dims - 1];
    const double work = (double)a->numel * (double)n;
    if (tensor_dtype(a) != DTYPE_float32 || tensor_dtype(b) != DTYPE_float32 || n_dims > ONEDNN_MAX_DIMS ||
        n < ONEDNN_MIN_ROWS || work < ONEDNN_PACKED_MIN_WORK)
        return BY_OUR_LOOPS;
    const bool suits = m >= ONEDNN_MIN_ROWS && work >= ONEDNN_MIN_WORK;
    if (n_dims == 2 && onednn_is_packed(b)) return BY_ONEDNN_PACKED;
    if (n_dims != 2 || m < ONEDNN_MIN_ROWS || m > ONEDNN_PACK_ROWS) return suits ? BY_ONEDNN : BY_OUR_LOOPS;
    if ((b_is_weight && suits) || onednn_recurs(b, work)) return BY_ONEDNN_PACKED;
    return suits ? BY_ONEDNN : BY_OUR_LOOPS;
}

/* c[..., m, n] = a b (+ bias[n]), and what comes after that (NULL: nothing). False: not done. */
static bool multiply_onednn(tensor *a, tensor *b, const tensor *bias, product_way way, const onednn_after *after, tensor *c)
{
    onednn_call call = { .shape = { .kind = ONEDNN_PRODUCT, .n_bias = bias ? bias->numel : 0 }, .x = tensor_data(a),
                         .w = tensor_data(b), .bias = bias ? tensor_data(bias) : NULL, .y = tensor_data(c) };
    if (way == BY_OUR_LOOPS) return false;
    if (after) call.shape.after = *after;
    call.w_store = way == BY_ONEDNN_PACKED ? b->store : NULL;
    call.is_small = (double)a->numel * (double)b->sizes[b->n_dims - 1] < ONEDNN_SHARED_MIN_WORK;
    call.shape.packs_w = way == BY_ONEDNN_PACKED;
    return describe_matrices(a, &call.shape.x) && describe_matrices(b, &call.shape.w) &&
           describe_matrices(c, &call.shape.y) && onednn_run(&call);
}

/* a and b have the compute type. */
static bool multiply(op_ctx *cx, tensor *a, tensor *b, tensor *c)
{
    const int n_batch = c->n_dims - 2;
    int64_t n = 0;
    batch_task t = { .gemm = gemm_find(tensor_dtype(a)), .m = c->sizes[n_batch], .n = c->sizes[n_batch + 1],
                     .k = a->sizes[n_batch + 1], .bytes = (int64_t)dtype_size(tensor_dtype(a)), .c = tensor_data(c) };
    if (c->numel == 0) return true;
    if (t.k == 0) {
        memset(tensor_data(c), 0, (size_t)c->numel * dtype_size(tensor_dtype(c)));
        return true;
    }
    if (multiply_onednn(a, b, NULL, choose_way(a, b, false), NULL, c)) return true;
    t.a = (matrix){ tensor_data(a), a->strides[n_batch], a->strides[n_batch + 1] };
    t.b = (matrix){ tensor_data(b), b->strides[n_batch], b->strides[n_batch + 1] };
    int64_t *a_offsets = dims_offsets(cx, a, 0, n_batch, &n), *b_offsets = a_offsets ? dims_offsets(cx, b, 0, n_batch, &n) : NULL;
    const bool ok = b_offsets != NULL;
    if (ok) {
        t.a_offsets = a_offsets;
        t.b_offsets = b_offsets;
        if (n == 1) multiply_batch(&t, 0, 1); // parallel inside
        else par_for(n, 262144 / (t.m * t.n * t.k + 1) + 1, multiply_batch, &t);
    }
    mem_free(a_offsets);
    mem_free(b_offsets);
    return ok && (!t.failed || op_no_memory(cx));
}

tensor *matrix_product(op_ctx *cx, tensor *a, tensor *b)
{
    const dtype d = tensor_dtype(a), compute = gemm_compute(d);
    int64_t sizes[TENSOR_MAX_DIMS];
    const int n = a->n_dims;
    if (d == DTYPE_bool) {
        OP_FAIL(cx, "\"addmm_impl_cpu_\" not implemented for 'Bool'");
        return NULL;
    }
    memcpy(sizes, a->sizes, (size_t)n * sizeof *sizes);
    sizes[n - 1] = b->sizes[n - 1];
    tensor *wide_a = tensor_to(cx, a, compute), *wide_b = wide_a ? tensor_to(cx, b, compute) : NULL;
    tensor *c = wide_b ? make_tensor(cx, compute, sizes, n) : NULL;
    const bool ok = c && multiply(cx, wide_a, wide_b, c);
    tensor_unref(wide_a);
    tensor_unref(wide_b);
    tensor *result = ok ? tensor_to(cx, c, d) : NULL;
    tensor_unref(c);
    return result;
}

bool gemm_affine(dtype d, int64_t m, int64_t n, int64_t k, const void *x, const void *w, const void *bias, void *y)
{
    if (!gemm_find(d)(m, n, k, (matrix){ x, k, 1 }, (matrix){ w, 1, k }, y)) return false;
    for (int64_t i = 0; bias && i < m * n; i += n)
        for (int64_t j = 0; j < n; j++) {
            if (d == DTYPE_float32) ((float *)y)[i + j] += ((const float *)bias)[j];
            else ((double *)y)[i + j] += ((const double *)bias)[j];
        }
    return true;
}

tensor *affine_product(op_ctx *cx, tensor *a, tensor *b, tensor *bias, const onednn_after *after, tensor *into)
{
    const int64_t sizes[] = { a->sizes[0], b->sizes[1] };
    const product_way way = choose_way(a, b, true);
    if (way == BY_OUR_LOOPS) return NULL;
    if (bias && (tensor_dtype(bias) != DTYPE_float32 || bias->n_dims != 1 || bias->sizes[0] != sizes[1] ||
                 !tensor_is_contiguous(bias)))
        return NULL;
    tensor *c = into ? tensor_ref(into) : make_tensor(cx, DTYPE_float32, sizes, 2);
    if (!c || multiply_onednn(a, b, bias, way, after, c)) return c;
    tensor_unref(c);
    return NULL;
}

/* ---- views ------------------------------------------------------------------------------------------- */
tensor *permuted(op_ctx *cx, tensor *t, const int *order, int n_dims)
{
    int64_t sizes[TENSOR_MAX_DIMS], strides[TENSOR_MAX_DIMS];
    for (int i = 0; i < n_dims; i++) {
        sizes[i] = t->sizes[order[i]];
        strides[i] = t->strides[order[i]];
    }
    return make_view(cx, t, sizes, strides, n_dims, t->offset);
}

tensor *reshaped(op_ctx *cx, tensor *t, const int64_t *sizes, int n_dims)
{
    int64_t strides[TENSOR_MAX_DIMS];
    tensor *whole = tensor_contiguous(cx, t);
    tensor_contiguous_strides(sizes, n_dims, strides);
    tensor *view = whole ? make_view(cx, whole, sizes, strides, n_dims, whole->offset) : NULL;
    tensor_unref(whole);
    return view;
}

/* ---- matmul -------------------------------------------------------------------------------------------- */
static bool check_same_type(op_ctx *cx, const tensor *a, const tensor *b)
{
    if (a->dtype == b->dtype) return true;
    return OP_FAIL(cx, "expected scalar type %s but found %s", dtype_prefix(tensor_dtype(a)), dtype_prefix(tensor_dtype(b)));
}

/* The last two dimensions as a matrix with given batch sizes in front, broadcast, as a view. */
static tensor *batch_view(op_ctx *cx, tensor *t, const int64_t *batch, int n_batch)
{
    int64_t sizes[TENSOR_MAX_DIMS], strides[TENSOR_MAX_DIMS];
    const int own = t->n_dims - 2, lead = n_batch - own;
    for (int i = 0; i < n_batch; i++) {
        sizes[i] = batch[i];
        strides[i] = i < lead || t->sizes[i - lead] == 1 ? 0 : t->strides[i - lead];
    }
    for (int i = 0; i < 2; i++) {
        sizes[n_batch + i] = t->sizes[own + i];
        strides[n_batch + i] = t->strides[own + i];
    }
    return make_view(cx, t, sizes, strides, n_batch + 2, t->offset);
}

/* Both of rank >= 2. */
static tensor *batched(op_ctx *cx, tensor *a, tensor *b)
{
    int64_t batch[TENSOR_MAX_DIMS];
    int n = a->n_dims - 2;
    const int64_t k = a->sizes[a->n_dims - 1], rows = b->sizes[b->n_dims - 2];
    memcpy(batch, a->sizes, (size_t)n * sizeof *batch);
    if (!broadcast_sizes(cx, batch, &n, b->sizes, b->n_dims - 2)) return NULL;
    if (k != rows) {
        int64_t m = a->sizes[a->n_dims - 2];
        for (int i = 0; i < a->n_dims - 2 && b->n_dims == 2; i++) m *= a->sizes[i];
        if (n == 0 || b->n_dims == 2)
            OP_FAIL(cx, "mat1 and mat2 shapes cannot be multiplied (%lldx%lld and %lldx%lld)", (long long)m, (long long)k,
                    (long long)rows, (long long)b->sizes[b->n_dims - 1]);
        else
            OP_FAIL(cx, "Expected size for first two dimensions of batch2 tensor to be: [%lld, %lld] but got: [%lld, %lld].",
                    (long long)batch[0], (long long)k, (long long)batch[0], (long long)rows);
        return NULL;
    }
    tensor *wide_a = batch_view(cx, a, batch, n), *wide_b = wide_a ? batch_view(cx, b, batch, n) : NULL;
    tensor *c = wide_b ? matrix_product(cx, wide_a, wide_b) : NULL;
    tensor_unref(wide_a);
    tensor_unref(wide_b);
    return c;
}

/* [..., m, k] times one matrix: all rows at once. */
static tensor *folded(op_ctx *cx, tensor *a, tensor *b)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    const int64_t k = a->sizes[a->n_dims - 1];
    memcpy(sizes, a->sizes, a->n_dims * sizeof *sizes);
    sizes[a->n_dims - 1] = b->sizes[1];
    tensor *rows = reshaped(cx, a, (int64_t[]){ k ? a->numel / k : 0, k }, 2);
    tensor *c = rows ? batched(cx, rows, b) : NULL;
    tensor *result = c ? reshaped(cx, c, sizes, a->n_dims) : NULL;
    tensor_unref(rows);
    tensor_unref(c);
    return result;
}

static bool check_ranks(op_ctx *cx, const tensor *a, const tensor *b)
{
    if (a->n_dims == 0 || b->n_dims == 0)
        return OP_FAIL(cx, "both arguments to matmul need to be at least 1D, but they are %dD and %dD", a->n_dims, b->n_dims);
    if (a->n_dims == 1 && b->n_dims == 1 && a->numel != b->numel)
        return OP_FAIL(cx, "inconsistent tensor size, expected tensor [%lld] and src [%lld] to have the same number of "
                           "elements, but got %lld and %lld elements respectively", (long long)a->numel, (long long)b->numel,
                       (long long)a->numel, (long long)b->numel);
    if (a->n_dims == 2 && b->n_dims == 1 && a->sizes[1] != b->numel)
        return OP_FAIL(cx, "size mismatch, got %lld, %lldx%lld,%lld", (long long)a->sizes[0], (long long)a->sizes[0],
                       (long long)a->sizes[1], (long long)b->numel);
    return check_same_type(cx, a, b);
}

tensor *matmul(op_ctx *cx, tensor *a, tensor *b)
{
    if (!check_ranks(cx, a, b)) return NULL;
    const bool a_is_row = a->n_dims == 1, b_is_column = b->n_dims == 1;
    tensor *x = a_is_row ? make_view(cx, a, (int64_t[]){ 1, a->numel }, (int64_t[]){ a->strides[0], a->strides[0] }, 2, a->offset)
                         : tensor_ref(a);
    tensor *y = !x ? NULL : b_is_column
                    ? make_view(cx, b, (int64_t[]){ b->numel, 1 }, (int64_t[]){ b->strides[0], b->strides[0] }, 2, b->offset)
                    : tensor_ref(b);
    tensor *c = !y ? NULL : x->n_dims > 2 && y->n_dims == 2 && x->numel ? folded(cx, x, y) : batched(cx, x, y);
    tensor_unref(x);
    tensor_unref(y);
    if (!c || (!a_is_row && !b_is_column)) return c;
    int64_t sizes[TENSOR_MAX_DIMS];
    int n = 0;
    for (int i = 0; i < c->n_dims; i++)
        if (!(a_is_row && i == c->n_dims - 2) && !(b_is_column && i == c->n_dims - 1)) sizes[n++] = c->sizes[i];
    tensor *result = reshaped(cx, c, sizes, n);
    tensor_unref(c);
    return result;
}
