/* The product operators: mm, bmm, matmul, linear, dot, outer, tensordot and the forms that add (at/native/LinearAlgebra.cpp,
 * Blas.cpp, Linear.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/compose.h"
#include "runtime/kernels/gemm.h"
#include "runtime/kernels/layer_then.h"

#include <string.h>

static bool check_types(op_ctx *cx, const tensor *a, const tensor *b)
{
    if (a->dtype == b->dtype) return true;
    return OP_FAIL(cx, "expected scalar type %s but found %s", dtype_prefix(tensor_dtype(a)), dtype_prefix(tensor_dtype(b)));
}

static bool check_matrices(op_ctx *cx, const char *first, const char *second, const tensor *a, const tensor *b)
{
    if (a->n_dims != 2) return OP_FAIL(cx, "%s must be a matrix", first);
    if (b->n_dims != 2) return OP_FAIL(cx, "%s must be a matrix", second);
    if (a->sizes[1] == b->sizes[0]) return true;
    return OP_FAIL(cx, "mat1 and mat2 shapes cannot be multiplied (%lldx%lld and %lldx%lld)", (long long)a->sizes[0],
                   (long long)a->sizes[1], (long long)b->sizes[0], (long long)b->sizes[1]);
}

bool op_mm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return check_matrices(cx, "self", "mat2", args[0].t, args[1].t) && check_types(cx, args[0].t, args[1].t) &&
           give_tensor(matrix_product(cx, args[0].t, args[1].t), rets);
}

static bool check_batches(op_ctx *cx, const tensor *a, const tensor *b)
{
    if (a->n_dims != 3) return OP_FAIL(cx, "batch1 must be a 3D tensor");
    if (b->n_dims != 3) return OP_FAIL(cx, "batch2 must be a 3D tensor");
    if (a->sizes[0] != b->sizes[0] || a->sizes[2] != b->sizes[1])
        return OP_FAIL(cx, "Expected size for first two dimensions of batch2 tensor to be: [%lld, %lld] but got: [%lld, %lld].",
                       (long long)a->sizes[0], (long long)a->sizes[2], (long long)b->sizes[0], (long long)b->sizes[1]);
    return check_types(cx, a, b);
}

bool op_bmm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return check_batches(cx, args[0].t, args[1].t) && give_tensor(matrix_product(cx, args[0].t, args[1].t), rets);
}

bool op_matmul(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_tensor(matmul(cx, args[0].t, args[1].t), rets);
}

static bool check_mv(op_ctx *cx, const tensor *mat, const tensor *vector, int64_t n)
{
    if (mat->n_dims != 2 || vector->n_dims != 1)
        return OP_FAIL(cx, "vector + matrix @ vector expected, got 1, %d, %d", mat->n_dims, vector->n_dims);
    if (mat->sizes[1] == vector->sizes[0] && (n == mat->sizes[0] || n == 1)) return check_types(cx, mat, vector);
    return OP_FAIL(cx, "size mismatch, got %lld, %lldx%lld,%lld", (long long)n, (long long)mat->sizes[0],
                   (long long)mat->sizes[1], (long long)vector->sizes[0]);
}

bool op_mv(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return check_mv(cx, args[0].t, args[1].t, args[0].t->n_dims ? args[0].t->sizes[0] : 1) &&
           give_tensor(matmul(cx, args[0].t, args[1].t), rets);
}

static bool check_vectors(op_ctx *cx, const char *name, const tensor *a, const tensor *b)
{
    if (a->n_dims != 1 || b->n_dims != 1)
        return OP_FAIL(cx, "1D tensors expected, but got %dD and %dD tensors", a->n_dims, b->n_dims);
    if (a->dtype != b->dtype)
        return OP_FAIL(cx, "%s : expected both vectors to have same dtype, but found %s and %s", name,
                       dtype_prefix(tensor_dtype(a)), dtype_prefix(tensor_dtype(b)));
    return true;
}

bool op_dot(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return check_vectors(cx, "dot", args[0].t, args[1].t) && give_tensor(matmul(cx, args[0].t, args[1].t), rets);
}

bool op_vdot(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!check_vectors(cx, "vdot", args[0].t, args[1].t)) return false;
    tensor *left = COMPOSE(cx, aten_conj, args[0]);
    tensor *result = left ? matmul(cx, left, args[1].t) : NULL;
    tensor_unref(left);
    return give_tensor(result, rets);
}

/* ---- outer ---------------------------------------------------------------------------------------------- */
static tensor *outer(op_ctx *cx, tensor *a, tensor *b)
{
    tensor *column = make_view(cx, a, (int64_t[]){ a->numel, 1 }, (int64_t[]){ a->strides[0], 1 }, 2, a->offset);
    tensor *result = column ? COMPOSE(cx, aten_mul_Tensor, RET_TENSOR(column), RET_TENSOR(b)) : NULL;
    tensor_unref(column);
    return result;
}

bool op_outer(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (args[0].t->n_dims != 1) return OP_FAIL(cx, "outer: Expected 1-D argument self, but got %d-D", args[0].t->n_dims);
    if (args[1].t->n_dims != 1) return OP_FAIL(cx, "outer: Expected 1-D argument vec2, but got %d-D", args[1].t->n_dims);
    return give_tensor(outer(cx, args[0].t, args[1].t), rets);
}

/* ---- beta * self + alpha * product ------------------------------------------------------------------------ */
static bool is_one(jit_value v) { return value_is_number(v) && v.tag != VALUE_COMPLEX && arg_double(v) == 1; }
static bool is_zero(jit_value v) { return value_is_number(v) && v.tag != VALUE_COMPLEX && arg_double(v) == 0; }

/* A factor, which the type holds, as an element of an integer type would be. */
static jit_value factor_for(jit_value v, dtype d)
{
    if (v.tag != VALUE_FLOAT || dtype_is_float(d) || dtype_is_complex(d))
        return v;
    return VALUE_INT_V(d == DTYPE_bool ? v.f != 0 : v.f < 0x1p63 ? (int64_t)v.f : INT64_MAX);
}

static bool check_expands(op_ctx *cx, const tensor *t, const tensor *to)
{
    bool fits = t->n_dims <= to->n_dims;
    const int lead = to->n_dims - t->n_dims;
    if (!fits)
        return OP_FAIL(cx, "expand: the number of sizes provided (%d) must be greater or equal to the number of dimensions in "
                           "the tensor (%d)", to->n_dims, t->n_dims);
    for (int i = t->n_dims - 1; i >= 0; i--)
        if (t->sizes[i] != 1 && t->sizes[i] != to->sizes[lead + i])
            return OP_FAIL(cx, "The expanded size of the tensor (%lld) must match the existing size (%lld) at non-singleton "
                               "dimension %d.  Target sizes: %s.  Tensor sizes: %s", (long long)to->sizes[lead + i],
                           (long long)t->sizes[i], lead + i, sizes_print(to->sizes, to->n_dims).s,
                           sizes_print(t->sizes, t->n_dims).s);
    return true;
}

/* Takes the product. beta 0: what stands in self, NaN too, does not count. */
static tensor *combine_product(op_ctx *cx, tensor *self, tensor *take_product, jit_value beta, jit_value alpha)
{
    tensor *product = take_product;
    if (!product || !check_expands(cx, self, product)) goto failed;
    const dtype d = tensor_dtype(product);
    if (self->dtype != product->dtype) {
        OP_FAIL(cx, "self and mat2 must have the same dtype");
        goto failed;
    }
    if (!check_number_fits(cx, d, alpha) || !check_number_fits(cx, d, beta))
        goto failed;
    if (!is_one(alpha)) {
        tensor *scaled = COMPOSE(cx, aten_mul_Scalar, RET_TENSOR(product), factor_for(alpha, d));
        tensor_unref(product);
        product = scaled;
    }
    if (!product || is_zero(beta)) return product;
    tensor *sum = COMPOSE(cx, aten_add_Tensor, RET_TENSOR(product), RET_TENSOR(self), factor_for(beta, d));
    tensor_unref(product);
    return sum;
failed:
    tensor_unref(product);
    return NULL;
}

/* self, mat1, mat2, beta, alpha */
bool op_addmm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *a = args[1].t, *b = args[2].t;
    if (a->n_dims != 2 || b->n_dims != 2)
        return OP_FAIL(cx, "%s must be a matrix, got %d-D tensor", a->n_dims != 2 ? "mat1" : "mat2",
                       a->n_dims != 2 ? a->n_dims : b->n_dims);
    if (!check_matrices(cx, "mat1", "mat2", a, b) || !check_types(cx, a, b)) return false;
    const tensor *self = args[0].t;
    if (is_one(args[3]) && is_one(args[4]) && self->n_dims == 1 && self->dtype == a->dtype) {
        tensor *at_once = affine_product(cx, a, b, args[0].t, NULL, NULL);
        if (at_once || cx->run->status) return give_tensor(at_once, rets);
    }
    return give_tensor(combine_product(cx, args[0].t, matrix_product(cx, a, b), args[3], args[4]), rets);
}

bool op_addmv(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const tensor *self = args[0].t;
    return check_mv(cx, args[1].t, args[2].t, self->n_dims ? self->sizes[0] : 1) &&
           give_tensor(combine_product(cx, args[0].t, matmul(cx, args[1].t, args[2].t), args[3], args[4]), rets);
}

bool op_baddbmm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return check_batches(cx, args[1].t, args[2].t) &&
           give_tensor(combine_product(cx, args[0].t, matrix_product(cx, args[1].t, args[2].t), args[3], args[4]), rets);
}

/* The products of the batch are added up. */
bool op_addbmm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!check_batches(cx, args[1].t, args[2].t)) return false;
    tensor *products = matrix_product(cx, args[1].t, args[2].t);
    list *dims = products ? list_new(T_INT, LIST_INTS, 1) : NULL;
    tensor *sum = NULL;
    if (products && (!dims || !list_push(dims, VALUE_INT_V(0)))) op_no_memory(cx);
    else if (products)
        sum = COMPOSE(cx, aten_sum_dim_IntList, RET_TENSOR(products), VALUE_HEAP_V(VALUE_LIST, dims), VALUE_BOOL_V(false),
                      VALUE_INT_V(products->dtype));
    if (dims) value_unref(VALUE_HEAP_V(VALUE_LIST, dims));
    tensor_unref(products);
    return give_tensor(combine_product(cx, args[0].t, sum, args[3], args[4]), rets);
}

bool op_addr(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (args[1].t->n_dims != 1 || args[2].t->n_dims != 1)
        return OP_FAIL(cx, "addr: Expected 1-D argument %s, but got %d-D", args[1].t->n_dims != 1 ? "vec1" : "vec2",
                       args[1].t->n_dims != 1 ? args[1].t->n_dims : args[2].t->n_dims);
    return give_tensor(combine_product(cx, args[0].t, outer(cx, args[1].t, args[2].t), args[3], args[4]), rets);
}

/* ---- linear ------------------------------------------------------------------------------------------------ */
/* All rows of a tensor whose last dimension has n_columns, as a matrix. */
static tensor *as_rows(op_ctx *cx, tensor *t, int64_t n_columns)
{
    return t->n_dims == 2 ? tensor_ref(t) : reshaped(cx, t, (int64_t[]){ t->numel / n_columns, n_columns }, 2);
}

/* All rows of the input, the bias, and what is done then (or NULL), in one product. NULL: not possible. */
static tensor *linear_at_once(op_ctx *cx, tensor *input, tensor *weight, tensor *bias, layer_then *then)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    const int n = input->n_dims;
    if (n < 2 || weight->n_dims != 2 || input->sizes[n - 1] != weight->sizes[1] || input->sizes[n - 1] == 0) return NULL;
    memcpy(sizes, input->sizes, (size_t)n * sizeof *sizes);
    sizes[n - 1] = weight->sizes[0];
    onednn_after after = { 0 };
    const bool takes = then && layer_then_fits(then, sizes, n, then->other && tensor_is_contiguous(then->other), &after);
    tensor *target = takes && after.adds ? layer_then_target(cx, then, input) : NULL;
    tensor *into = target ? as_rows(cx, target, sizes[n - 1]) : NULL;
    tensor *rows = target == NULL || into ? as_rows(cx, input, weight->sizes[1]) : NULL;
    tensor *turned = rows ? transposed(cx, weight) : NULL;
    tensor *product = turned ? affine_product(cx, rows, turned, bias, takes ? &after : NULL, into) : NULL;
    if (takes) then->is_done = product != NULL;
    tensor *result = product && n > 2 ? reshaped(cx, product, sizes, n) : tensor_ref(product);
    tensor_unref(target);
    tensor_unref(into);
    tensor_unref(rows);
    tensor_unref(turned);
    tensor_unref(product);
    return result;
}

static bool is_plain(const tensor *t, dtype d) { return tensor_dtype(t) == d && tensor_is_contiguous(t); }

/* Small layers without views on the way: there the product itself is the lesser part. NULL: not one, or reported. */
static tensor *linear_small(op_ctx *cx, const tensor *input, const tensor *weight, const tensor *bias)
{
    enum { MOST_WORK = 32768 };
    int64_t sizes[TENSOR_MAX_DIMS];
    const int n = input->n_dims;
    const dtype d = tensor_dtype(input);
    if ((d != DTYPE_float32 && d != DTYPE_float64) || n < 2 || weight->n_dims != 2 || !is_plain(input, d) || !is_plain(weight, d))
        return NULL;
    const int64_t depth = weight->sizes[1], n_out = weight->sizes[0];
    if (input->sizes[n - 1] != depth || input->numel == 0 || n_out == 0 || input->numel > MOST_WORK / n_out) return NULL;
    if (bias && (!is_plain(bias, d) || bias->n_dims != 1 || bias->sizes[0] != n_out)) return NULL;
    memcpy(sizes, input->sizes, (size_t)n * sizeof *sizes);
    sizes[n - 1] = n_out;
    tensor *y = make_tensor(cx, d, sizes, n);
    if (!y) return NULL;
    if (gemm_affine(d, input->numel / depth, n_out, depth, tensor_data(input), tensor_data(weight),
                    bias ? tensor_data(bias) : NULL, tensor_data(y)))
        return y;
    tensor_unref(y);
    op_no_memory(cx);
    return NULL;
}

/* input [*, in], weight [out, in] or [in], bias [out] or None */
bool op_linear(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *input = args[0].t, *weight = args[1].t, *bias = arg_tensor(args[2]);
    if (weight->n_dims != 1 && weight->n_dims != 2) return OP_FAIL(cx, "linear: weight must be 1-D or 2-D");
    tensor *at_once = linear_small(cx, input, weight, bias);
    if (!at_once && !cx->run->status) at_once = linear_at_once(cx, input, weight, bias, NULL);
    if (at_once || cx->run->status) return give_tensor(at_once, rets);
    tensor *turned = weight->n_dims == 2 ? transposed(cx, weight) : tensor_ref(weight);
    tensor *product = NULL;
    if (turned && input->n_dims == 1 && turned->n_dims == 2 && input->numel == turned->sizes[0] && weight->dtype == input->dtype)
        product = matmul(cx, weight, input); // the same, with rows of the weight as they lie
    else if (turned)
        product = matmul(cx, input, turned);
    tensor_unref(turned);
    if (!product || !bias) return give_tensor(product, rets);
    return give_tensor(combine_product(cx, bias, product, VALUE_INT_V(1), VALUE_INT_V(1)), rets);
}

bool op_linear_then(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    layer_then then = layer_then_read(cx, args);
    jit_value y = VALUE_NONE_V;
    tensor *at_once = linear_at_once(cx, args[0].t, args[1].t, arg_tensor(args[2]), &then);
    if (at_once) return layer_then_give(cx, &then, at_once, rets);
    return !cx->run->status && op_linear(cx, args, &y) && layer_then_give(cx, &then, y.t, rets);
}

/* ---- tensordot and friends ----------------------------------------------------------------------------------- */
/* Dimensions of t without `dims`, then `dims` (or the other way round), as [free, contracted]. */
static tensor *contraction_view(op_ctx *cx, tensor *t, const int *dims, int n, bool contracted_first, int64_t *free_sizes,
                                int *ret_n_free)
{
    int order[TENSOR_MAX_DIMS], n_free = 0, at = contracted_first ? n : 0;
    uint64_t is_contracted = 0;
    int64_t free_count = 1, count = 1;
    for (int i = 0; i < n; i++) {
        is_contracted |= (uint64_t)1 << dims[i];
        count *= t->sizes[dims[i]];
        order[contracted_first ? i : t->n_dims - n + i] = dims[i];
    }
    for (int i = 0; i < t->n_dims; i++) {
        if (is_contracted >> i & 1) continue;
        free_sizes[n_free++] = t->sizes[i];
        free_count *= t->sizes[i];
        order[at++] = i;
    }
    *ret_n_free = n_free;
    tensor *view = permuted(cx, t, order, t->n_dims);
    tensor *mat = view ? reshaped(cx, view, (int64_t[]){ contracted_first ? count : free_count,
                                                            contracted_first ? free_count : count }, 2) : NULL;
    tensor_unref(view);
    return mat;
}

static tensor *contract(op_ctx *cx, tensor *a, const int *a_dims, tensor *b, const int *b_dims, int n)
{
    int64_t sizes[2 * TENSOR_MAX_DIMS];
    int n_a = 0, n_b = 0;
    tensor *x = contraction_view(cx, a, a_dims, n, false, sizes, &n_a);
    tensor *y = x ? contraction_view(cx, b, b_dims, n, true, sizes + n_a, &n_b) : NULL;
    tensor *product = NULL, *result = NULL;
    if (n_a + n_b > TENSOR_MAX_DIMS) OP_FAIL(cx, "too many dimensions");
    else if (y) product = matrix_product(cx, x, y);
    if (product) result = reshaped(cx, product, sizes, n_a + n_b);
    tensor_unref(x);
    tensor_unref(y);
    tensor_unref(product);
    return result;
}

/* self, other, dims_self, dims_other */
bool op_tensordot(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *a = args[0].t, *b = args[1].t;
    int n_a, n_b, a_dims[TENSOR_MAX_DIMS], b_dims[TENSOR_MAX_DIMS];
    const int64_t *da = arg_ints(args[2], &n_a), *db = arg_ints(args[3], &n_b);
    uint64_t seen_a = 0, seen_b = 0;
    if (n_a != n_b || n_a > TENSOR_MAX_DIMS)
        return OP_FAIL(cx, "both dimension lists should have same length");
    for (int i = 0; i < n_a; i++) {
        if (!wrap_dim(cx, da[i], a->n_dims, &a_dims[i]) || !wrap_dim(cx, db[i], b->n_dims, &b_dims[i])) return false;
        const int64_t x = a->n_dims ? a->sizes[a_dims[i]] : 1, y = b->n_dims ? b->sizes[b_dims[i]] : 1;
        if (x != y)
            return OP_FAIL(cx, "contracted dimensions need to match, but first has size %lld in dim %lld and second has size "
                               "%lld in dim %lld", (long long)x, (long long)da[i], (long long)y, (long long)db[i]);
        if (seen_a >> a_dims[i] & 1 || seen_b >> b_dims[i] & 1)
            return OP_FAIL(cx, "dim %d appears multiple times in the list of dims", seen_a >> a_dims[i] & 1 ? a_dims[i] : b_dims[i]);
        seen_a |= (uint64_t)1 << a_dims[i];
        seen_b |= (uint64_t)1 << b_dims[i];
    }
    if (n_a && (a->n_dims == 0 || b->n_dims == 0)) return OP_FAIL(cx, "tensordot: dimensions of a 0-dim tensor");
    return check_types(cx, a, b) && give_tensor(contract(cx, a, a_dims, b, b_dims, n_a), rets);
}

bool op_inner(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *a = args[0].t, *b = args[1].t;
    if (a->n_dims == 0 || b->n_dims == 0) return give_tensor(COMPOSE(cx, aten_mul_Tensor, args[0], args[1]), rets);
    const int last_a = a->n_dims - 1, last_b = b->n_dims - 1;
    if (a->sizes[last_a] != b->sizes[last_b])
        return OP_FAIL(cx, "inner() the last dimension must match on both input tensors but got shapes %s and %s",
                       sizes_print(a->sizes, a->n_dims).s, sizes_print(b->sizes, b->n_dims).s);
    return check_types(cx, a, b) && give_tensor(contract(cx, a, &last_a, b, &last_b, 1), rets);
}

/* Operand k of a Kronecker product: its dimensions alternate with those of the other, in which it has size 1. Where
 * `is_wide`, the last pair is written out for both, so that the product goes over long rows. */
static tensor *kron_operand(op_ctx *cx, tensor *const *ts, int k, int n, bool is_wide)
{
    int64_t sizes[TENSOR_MAX_DIMS], strides[TENSOR_MAX_DIMS];
    const tensor *t = ts[k], *other = ts[1 - k];
    for (int i = 0; i < n; i++) {
        const int own = i - (n - t->n_dims);
        sizes[2 * i + k] = own >= 0 ? t->sizes[own] : 1;
        strides[2 * i + k] = own >= 0 ? t->strides[own] : 1;
        sizes[2 * i + 1 - k] = strides[2 * i + 1 - k] = 1;
    }
    if (is_wide) {
        sizes[2 * n - 1 - k] = other->sizes[other->n_dims - 1];
        strides[2 * n - 1 - k] = 0;
    }
    tensor *view = make_view(cx, ts[k], sizes, strides, 2 * n, t->offset);
    if (!view || !is_wide) return view;
    tensor *wide = tensor_contiguous(cx, view);
    tensor_unref(view);
    return wide;
}

/* Whether the rows of b are short, and those of a and b many enough for writing them out to cost little. */
static bool is_kron_wide(const tensor *a, const tensor *b)
{
    enum { SHORT = 256, MANY = 8 };
    if (a->n_dims < 2 || b->n_dims < 2 || a->numel == 0 || b->numel == 0) return false;
    const int64_t row_a = a->sizes[a->n_dims - 1], row_b = b->sizes[b->n_dims - 1];
    return row_b < SHORT && a->numel / row_a >= MANY && b->numel / row_b >= MANY;
}

/* Interleave the dimensions, multiply, merge pairs. */
bool op_kron(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int64_t merged[TENSOR_MAX_DIMS];
    tensor *const ts[2] = { args[0].t, args[1].t };
    const int n = ts[0]->n_dims > ts[1]->n_dims ? ts[0]->n_dims : ts[1]->n_dims;
    if (2 * n > TENSOR_MAX_DIMS) return OP_FAIL(cx, "too many dimensions");
    const bool is_wide = is_kron_wide(ts[0], ts[1]);
    for (int i = 0; i < n; i++) {
        merged[i] = 1;
        for (int k = 0; k < 2; k++) {
            const int own = i - (n - ts[k]->n_dims);
            merged[i] *= own >= 0 ? ts[k]->sizes[own] : 1;
        }
    }
    tensor *a = kron_operand(cx, ts, 0, n, is_wide), *b = a ? kron_operand(cx, ts, 1, n, is_wide) : NULL;
    tensor *product = b ? COMPOSE(cx, aten_mul_Tensor, RET_TENSOR(a), RET_TENSOR(b)) : NULL;
    tensor *result = product ? reshaped(cx, product, merged, n) : NULL;
    tensor_unref(a);
    tensor_unref(b);
    tensor_unref(product);
    return give_tensor(result, rets);
}

/* Left to right; PyTorch picks the cheapest order, which changes rounding only. */
static tensor *chain_product(op_ctx *cx, const list *l)
{
    tensor *product = l->n == 1 ? tensor_clone(cx, l->values[0].t) : tensor_ref(l->values[0].t);
    for (size_t i = 1; i < l->n && product; i++) {
        tensor *next = matmul(cx, product, l->values[i].t);
        tensor_unref(product);
        product = next;
    }
    return product;
}

bool op_chain_matmul(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const list *l = args[0].list;
    if (l->n == 0) return OP_FAIL(cx, "chain_matmul(): Expected one or more matrices");
    for (size_t i = 0; i < l->n; i++)
        if (l->values[i].t->n_dims != 2)
            return OP_FAIL(cx, "Tensor dimension is %d, expected 2 instead.", l->values[i].t->n_dims);
    return give_tensor(chain_product(cx, l), rets);
}

/* The first and the last factor may be vectors. */
static bool check_factors(op_ctx *cx, const list *l)
{
    if (l->n < 2) return OP_FAIL(cx, "multi_dot(): expected at least 2 tensors but got %zu", l->n);
    for (size_t i = 0; i < l->n; i++) {
        const tensor *t = l->values[i].t, *before = i ? l->values[i - 1].t : NULL;
        const bool is_end = i == 0 || i == l->n - 1;
        if (is_end && t->n_dims != 1 && t->n_dims != 2)
            return OP_FAIL(cx, "multi_dot(): the %s tensor must be 1D or 2D but got %dD", i ? "last" : "first", t->n_dims);
        if (!is_end && t->n_dims != 2)
            return OP_FAIL(cx, "multi_dot(): tensor %zu must be 2D but got %dD", i, t->n_dims);
        if (before && t->dtype != before->dtype)
            return OP_FAIL(cx, "multi_dot(): all tensors must have be the same dtype but tensor 0 is %s and tensor %zu %s",
                           dtype_name(tensor_dtype(before)), i, dtype_name(tensor_dtype(t)));
        if (before && before->sizes[before->n_dims - 1] != t->sizes[0])
            return OP_FAIL(cx, "multi_dot(): tensors %zu and %zu with shapes %s and %s cannot be multiplied", i - 1, i,
                           sizes_print(before->sizes, before->n_dims).s, sizes_print(t->sizes, t->n_dims).s);
    }
    return true;
}

bool op_multi_dot(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return check_factors(cx, args[0].list) && give_tensor(chain_product(cx, args[0].list), rets);
}

/* ---- cross ------------------------------------------------------------------------------------------------------ */
/* t rolled by `by` along dim of size 3. */
static tensor *rolled(op_ctx *cx, tensor *t, int dim, int64_t by)
{
    tensor *index = make_tensor(cx, DTYPE_int64, (int64_t[]){ 3 }, 1);
    for (int64_t i = 0; index && i < 3; i++) ((int64_t *)tensor_data(index))[i] = (i + by) % 3;
    tensor *result = index ? COMPOSE(cx, aten_index_select, RET_TENSOR(t), VALUE_INT_V(dim), RET_TENSOR(index)) : NULL;
    tensor_unref(index);
    return result;
}

static tensor *cross_term(op_ctx *cx, tensor *a, tensor *b, int dim, int64_t shift)
{
    tensor *x = rolled(cx, a, dim, shift), *y = x ? rolled(cx, b, dim, 3 - shift) : NULL;
    tensor *product = y ? COMPOSE(cx, aten_mul_Tensor, RET_TENSOR(x), RET_TENSOR(y)) : NULL;
    tensor_unref(x);
    tensor_unref(y);
    return product;
}

/* Vectors of three components, `inner` apart. */
typedef struct cross_job {
    const void *a, *b;
    void *out;
    int64_t inner;
} cross_job;

/* Of the blocks [3, inner] of contiguous operands. */
#define CROSS_BLOCKS(T, name)                                                            \
    static void name(void *ctx, int64_t begin, int64_t end)                              \
    {                                                                                    \
        const cross_job *job = ctx;                                                      \
        const int64_t n = job->inner;                                                    \
        for (int64_t block = begin; block < end; block++) {                              \
            const T *a = (const T *)job->a + 3 * n * block;                              \
            const T *b = (const T *)job->b + 3 * n * block;                              \
            T *restrict out = (T *)job->out + 3 * n * block;                             \
            for (int64_t i = 0; i < n; i++) {                                            \
                out[i] = a[n + i] * b[2 * n + i] - a[2 * n + i] * b[n + i];              \
                out[n + i] = a[2 * n + i] * b[i] - a[i] * b[2 * n + i];                  \
                out[2 * n + i] = a[i] * b[n + i] - a[n + i] * b[i];                      \
            }                                                                            \
        }                                                                                \
    }
CROSS_BLOCKS(float, cross_blocks_f32)
CROSS_BLOCKS(double, cross_blocks_f64)

/* Of operands of the same sizes and type, float32 or float64. */
static tensor *cross_floats(op_ctx *cx, tensor *a, tensor *b, int dim)
{
    tensor *x = tensor_contiguous(cx, a), *y = x ? tensor_contiguous(cx, b) : NULL;
    tensor *out = y ? make_tensor(cx, tensor_dtype(a), a->sizes, a->n_dims) : NULL;
    if (out && out->numel) {
        const int64_t inner = out->strides[dim], block = 3 * inner;
        cross_job job = { .a = tensor_data(x), .b = tensor_data(y), .out = tensor_data(out), .inner = inner };
        par_for(out->numel / block, 32768 / block + 1, tensor_dtype(a) == DTYPE_float32 ? cross_blocks_f32 : cross_blocks_f64, &job);
    }
    tensor_unref(x);
    tensor_unref(y);
    return out;
}

static bool cross(op_ctx *cx, tensor *a, tensor *b, int64_t dim_arg, jit_value *rets)
{
    int dim;
    if (a->n_dims != b->n_dims) return OP_FAIL(cx, "linalg.cross: inputs must have the same number of dimensions.");
    if (!wrap_dim(cx, dim_arg, a->n_dims, &dim)) return false;
    if (a->n_dims == 0 || a->sizes[dim] != 3 || b->sizes[dim] != 3)
        return OP_FAIL(cx, "linalg.cross: inputs dimension %lld must have length 3. Got %lld and %lld", (long long)dim_arg,
                       (long long)(a->n_dims ? a->sizes[dim] : 1), (long long)(b->n_dims ? b->sizes[dim] : 1));
    if (tensor_same_sizes(a, b) && a->dtype == b->dtype
        && (tensor_dtype(a) == DTYPE_float32 || tensor_dtype(a) == DTYPE_float64))
        return give_tensor(cross_floats(cx, a, b, dim), rets);
    tensor *plus = cross_term(cx, a, b, dim, 1), *minus = plus ? cross_term(cx, a, b, dim, 2) : NULL;
    tensor *result = minus ? COMPOSE(cx, aten_sub_Tensor, RET_TENSOR(plus), RET_TENSOR(minus), VALUE_INT_V(1)) : NULL;
    tensor_unref(plus);
    tensor_unref(minus);
    return give_tensor(result, rets);
}

/* self, other, dim?: by default the first dimension of size 3 */
bool op_cross(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const tensor *t = args[0].t;
    int64_t dim = arg_int(args[2], 0);
    if (args[2].tag == VALUE_NONE) {
        while (dim < t->n_dims && t->sizes[dim] != 3) dim++;
        if (dim == t->n_dims) return OP_FAIL(cx, "no dimension of size 3 in input");
    }
    return cross(cx, args[0].t, args[1].t, dim, rets);
}

bool op_linalg_cross(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return cross(cx, args[0].t, args[1].t, args[2].i, rets);
}
