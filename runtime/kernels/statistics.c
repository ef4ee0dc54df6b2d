/* Covariances, bilinear forms, norms made smaller, and other formulas over whole tensors (at/native/Correlation.cpp,
 * Bilinear.cpp, Normalization.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/formula.h"
#include "runtime/kernels/nn.h"
#include "runtime/kernels/result.h"
#include "runtime/kernels/views.h"

#include <math.h>

/* ---- covariance -------------------------------------------------------------------------------- */

static bool check_weights(op_ctx *cx, const tensor *w, const char *name, bool is_integral, int64_t n)
{
    if (!w)
        return true;
    if (w->n_dims > 1)
        return OP_FAIL(cx, "cov(): expected %s to have one or fewer dimensions but got %s with %d dimensions", name, name, w->n_dims);
    if (is_integral ? dtype_category_of(tensor_dtype(w)) != CATEGORY_I : !dtype_is_float(tensor_dtype(w)))
        return OP_FAIL(cx, "cov(): expected %s to have %s dtype but got %s with %s dtype", name,
                       is_integral ? "integral" : "floating point", name, dtype_prefix(tensor_dtype(w)));
    if (w->numel != n)
        return OP_FAIL(cx, "cov(): expected %s to have the same numel as there are observations in the input but got %lld != %lld",
                       name, (long long)w->numel, (long long)n);
    for (int64_t i = 0; i < n; i++)
        if (tensor_get_double(w, i) < 0)
            return OP_FAIL(cx, "cov(): %s cannot be negative", name);
    return true;
}

static bool check_observations(op_ctx *cx, const tensor *t)
{
    if (t->n_dims > 2)
        return OP_FAIL(cx, "cov(): expected input to have two or fewer dimensions but got an input with %d dimensions", t->n_dims);
    return t->dtype != DTYPE_bool || OP_FAIL(cx, "cov(): bool dtype is not supported for input");
}

/* The covariance of the rows of t under weights of its columns (NULL: all one). */
static tensor *covariance(formula *f, tensor *t, int64_t correction, tensor *counts, tensor *weights)
{
    tensor *x = t->n_dims == 2 ? t : F_(f, aten_reshape, T_V(t), F_INTS(f, 1, -1));
    const int64_t n = x ? x->sizes[1] : 0;
    if (!check_weights(f->cx, counts, "fweights", true, n) || !check_weights(f->cx, weights, "aweights", false, n))
        return NULL;
    tensor *w = counts && weights ? F_(f, aten_mul_Tensor, T_V(counts), T_V(weights)) : counts ? counts : weights;
    if (w && w->n_dims == 0)
        w = F_(f, aten_reshape, T_V(w), F_INTS(f, 1));
    double total = (double)n, norm;
    tensor *weighted = w ? F_(f, aten_mul_Tensor, T_V(x), T_V(w)) : x;
    if (w)
        total = formula_item(f, F_(f, aten_sum, T_V(w), NONE_V));
    if (w && total == 0) {
        OP_FAIL(f->cx, "cov(): weights sum to zero, can't be normalized");
        return NULL;
    }
    norm = total - (double)correction;
    if (weights && correction != 0) {
        tensor *squares = F_(f, aten_mul_Tensor, T_V(w), T_V(weights));
        norm = total - (double)correction * formula_item(f, F_(f, aten_sum, T_V(squares), NONE_V)) / total;
    }
    tensor *mean = F_(f, aten_sum_dim_IntList, T_V(weighted), F_INTS(f, 1), BOOL_V(true), NONE_V);
    mean = F_(f, aten_div_Scalar, T_V(mean), FLOAT_V(total));
    x = F_(f, aten_sub_Tensor, T_V(x), T_V(mean), INT_V(1));
    weighted = w ? F_(f, aten_mul_Tensor, T_V(x), T_V(w)) : x;
    tensor *product = F_(f, aten_mm, T_V(x), T_V(F_(f, aten_t, T_V(F_(f, aten_conj, T_V(weighted))))));
    product = F_(f, aten_div_Scalar, T_V(product), FLOAT_V(norm > 0 ? norm : 0));
    return product && product->numel == 1 ? F_(f, aten_reshape, T_V(product), formula_ints(f, NULL, 0)) : product;
}

/* self correction fweights aweights */
bool op_cov(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    return check_observations(cx, args[0].t) &&
           formula_give(&f, covariance(&f, args[0].t, args[1].i, arg_tensor(args[2]), arg_tensor(args[3])), rets);
}

bool op_corrcoef(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    if (args[0].t->n_dims > 2)
        return OP_FAIL(cx, "corrcoef(): expected input to have two or fewer dimensions but got an input with %d dimensions",
                       args[0].t->n_dims);
    tensor *c = check_observations(cx, args[0].t) ? covariance(&f, args[0].t, 1, NULL, NULL) : NULL;
    if (!c)
        return formula_drop(&f);
    if (c->n_dims == 0)
        return formula_give(&f, F_(&f, aten_div_Tensor, T_V(c), T_V(c)), rets);
    tensor *d = F_(&f, aten_sqrt, T_V(F_(&f, aten_diagonal, T_V(c), INT_V(0), INT_V(0), INT_V(1))));
    c = F_(&f, aten_div_Tensor, T_V(c), T_V(F_(&f, aten_unsqueeze, T_V(d), INT_V(1))));
    c = F_(&f, aten_div_Tensor, T_V(c), T_V(F_(&f, aten_unsqueeze, T_V(d), INT_V(0))));
    if (c && !dtype_is_complex(tensor_dtype(c)))
        c = F_(&f, aten_clamp, T_V(c), INT_V(-1), INT_V(1));
    return formula_give(&f, c, rets);
}

/* ---- bilinear ---------------------------------------------------------------------------------- */

static bool check_bilinear(op_ctx *cx, const tensor *a, const tensor *b, const tensor *w, const tensor *bias)
{
    if (a->n_dims != b->n_dims)
        return OP_FAIL(cx, "bilinear(): input dimensions do not match: got %d and %d", a->n_dims, b->n_dims);
    if (a->n_dims == 0 || w->n_dims != 3)
        return OP_FAIL(cx, "bilinear(): expected a three-dimensional weight and inputs with dimensions");
    for (int i = 0; i < a->n_dims - 1; i++)
        if (a->sizes[i] != b->sizes[i])
            return OP_FAIL(cx, "bilinear(): input batch dimensions do not match at dim %d: got %lld and %lld", i,
                           (long long)a->sizes[i], (long long)b->sizes[i]);
    for (int k = 0; k < 2; k++) {
        const tensor *x = k ? b : a;
        if (x->sizes[x->n_dims - 1] != w->sizes[k + 1])
            return OP_FAIL(cx, "bilinear(): input%d size does not match weight size: got %lld but expected %lld", k + 1,
                           (long long)x->sizes[x->n_dims - 1], (long long)w->sizes[k + 1]);
    }
    return !bias || (bias->n_dims == 1 && bias->sizes[0] == w->sizes[0]) ||
           OP_FAIL(cx, "bilinear(): bias size does not match weight size: got %lld but expected %lld",
                   bias->n_dims ? (long long)bias->sizes[0] : 1LL, (long long)w->sizes[0]);
}

/* input1 input2 weight bias: sum over i, j of a[i] w[k, i, j] b[j] */
bool op_bilinear(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *a = args[0].t, *b = args[1].t, *w = args[2].t, *bias = arg_tensor(args[3]);
    if (!check_bilinear(cx, a, b, w, bias))
        return false;
    const int64_t n = nn_product(a->sizes, a->n_dims - 1);
    int64_t sizes[TENSOR_MAX_DIMS];
    for (int i = 0; i < a->n_dims; i++)
        sizes[i] = i < a->n_dims - 1 ? a->sizes[i] : w->sizes[0];
    tensor *x = F_(&f, aten_reshape, args[0], F_INTS(&f, n, 1, 1, w->sizes[1]));
    tensor *y = F_(&f, aten_reshape, args[1], F_INTS(&f, n, 1, w->sizes[2], 1));
    x = F_(&f, aten_matmul, T_V(F_(&f, aten_matmul, T_V(x), args[2])), T_V(y));
    x = F_(&f, aten_reshape, T_V(x), formula_ints(&f, sizes, (size_t)a->n_dims));
    return formula_give(&f, bias ? F_(&f, aten_add_Tensor, T_V(x), args[3], INT_V(1)) : x, rets);
}

/* ---- renorm ------------------------------------------------------------------------------------ */

/* self p dim maxnorm: slices along `dim` with a larger norm are scaled down to it. */
bool op_renorm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *t = args[0].t;
    const double most = number_double(args[3]);
    int64_t others[TENSOR_MAX_DIMS];
    int dim, n = 0;
    if (!(number_double(args[1]) > 0))
        return OP_FAIL(cx, "renorm: non-positive-norm not supported");
    if (!(most >= 0))
        return OP_FAIL(cx, "renorm: expected maxnorm to be >= 0 but got %g", most);
    if (t->n_dims < 2)
        return OP_FAIL(cx, "renorm: input needs at least 2 dimensions, got %d dimensions", t->n_dims);
    if (!wrap_dim(cx, args[2].i, t->n_dims, &dim))
        return false;
    for (int i = 0; i < t->n_dims; i++)
        if (i != dim)
            others[n++] = i;
    const dtype d = dtype_real(tensor_dtype(t)), wide = d == DTYPE_float16 || d == DTYPE_bfloat16 ? DTYPE_float32 : d;
    tensor *norm = F_(&f, aten_linalg_vector_norm, T_V(formula_own(&f, tensor_to(cx, t, dtype_is_complex(tensor_dtype(t)) ? tensor_dtype(t) : wide))),
                      args[1], formula_ints(&f, others, (size_t)n), BOOL_V(true), NONE_V);
    tensor *factor = F_(&f, aten_reciprocal, T_V(F_(&f, aten_add_Scalar, T_V(norm), FLOAT_V(1e-7), INT_V(1))));
    factor = F_(&f, aten_mul_Scalar, T_V(factor), FLOAT_V(most));
    tensor *is_large = F_(&f, aten_gt_Scalar, T_V(norm), FLOAT_V(most));
    factor = F_(&f, aten_where_self, T_V(is_large), T_V(factor), T_V(F_(&f, aten_ones_like, T_V(norm), NONE_V, NONE_V, NONE_V, NONE_V, NONE_V)));
    tensor *result = F_(&f, aten_mul_Tensor, args[0], T_V(factor));
    return formula_give(&f, result ? formula_own(&f, tensor_to(cx, result, tensor_dtype(t))) : NULL, rets);
}

/* ---- parts of numbers, copies of parts --------------------------------------------------------- */

/* self: the mantissa in [0.5, 1) and the exponent of each element */
bool op_frexp(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    const dtype d = tensor_dtype(args[0].t);
    if (!dtype_is_float(d))
        return OP_FAIL(cx, "torch.frexp() only supports floating-point dtypes");
    tensor *results[] = { formula_own(&f, tensor_clone(cx, args[0].t)), formula_own(&f, make_tensor_like(cx, args[0].t, DTYPE_int32)) };
    for (int64_t i = 0; !f.failed && i < args[0].t->numel; i++) {
        int exponent = 0;
        const double x = tensor_get_double(args[0].t, i), mantissa = frexp(x, &exponent);
        int64_t at[2] = { 0, 0 }, rest = i;
        for (int k = args[0].t->n_dims - 1; k >= 0; k--) {
            const int64_t index = rest % args[0].t->sizes[k];
            rest /= args[0].t->sizes[k];
            at[0] += index * results[0]->strides[k];
            at[1] += index * results[1]->strides[k];
        }
        element_store_double(d, (char *)tensor_data(results[0]) + at[0] * (int64_t)dtype_size(d), mantissa);
        ((int32_t *)tensor_data(results[1]))[at[1]] = isfinite(x) ? exponent : 0;
    }
    return formula_give_n(&f, results, 2, rets);
}

bool op_isreal(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    if (!dtype_is_complex(tensor_dtype(args[0].t)))
        return formula_give(&f, F_(&f, aten_ones_like, args[0], INT_V(DTYPE_bool), NONE_V, NONE_V, NONE_V, NONE_V), rets);
    return formula_give(&f, F_(&f, aten_eq_Scalar, T_V(F_(&f, aten_imag, args[0])), INT_V(0)), rets);
}

bool op_narrow_copy(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *t = F_(&f, aten_narrow, args[0], args[1], args[2], args[3]);
    return formula_give(&f, F_(&f, aten_clone, T_V(t), INT_V(0)), rets);
}

/* self src size stride storage_offset: a copy of self with src in its strided window */
bool op_as_strided_scatter(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *copy = F_(&f, aten_clone, args[0], NONE_V);
    tensor *place = F_(&f, aten_as_strided, T_V(copy), args[2], args[3], args[4]);
    if (place && !tensor_same_sizes(place, args[1].t)) {
        OP_FAIL(cx, "expected src to have a size equal to the slice of self. src size = %s, slice size = %s",
                sizes_print(args[1].t->sizes, args[1].t->n_dims).s, sizes_print(place->sizes, place->n_dims).s);
        return formula_drop(&f);
    }
    if (place && !tensor_copy_into(cx, place, args[1].t))
        return formula_drop(&f);
    return formula_give(&f, copy, rets);
}

/* ---- lists ------------------------------------------------------------------------------------- */

/* int[] a, int[] b: the sizes that they broadcast to */
bool op_infer_size(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const int64_t *a, *b;
    int n_a, n_b;
    int64_t sizes[TENSOR_MAX_DIMS];
    if (!arg_sizes(cx, args[0], &a, &n_a) || !arg_sizes(cx, args[1], &b, &n_b))
        return false;
    for (int i = 0; i < n_a; i++)
        sizes[i] = a[i];
    if (!broadcast_sizes(cx, sizes, &n_a, b, n_b))
        return false;
    formula f = { .cx = cx };
    const jit_value made = formula_ints(&f, sizes, (size_t)n_a);
    rets[0] = f.failed ? NONE_V : value_ref(made);
    return f.failed ? formula_drop(&f) : (formula_drop(&f), true);
}

static bool at_least_each(op_ctx *cx, const jit_value *args, op_id id, jit_value *rets)
{
    formula f = { .cx = cx };
    const list *given = args[0].list;
    list *made = list_new(T_TENSOR, LIST_VALUES, given->n);
    bool ok = made != NULL;
    for (size_t i = 0; ok && i < given->n; i++) {
        tensor *t = formula_op(&f, id, &given->values[i], 1);
        ok = t && list_push(made, T_V(tensor_ref(t)));
    }
    if (!ok && made)
        value_unref(VALUE_HEAP_V(VALUE_LIST, made));
    if (!ok)
        made = NULL;
    formula_drop(&f);
    return ret_list(cx, rets, made);
}

bool op_atleast_1d_each(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return at_least_each(cx, args, OP_aten_atleast_1d, rets);
}

bool op_atleast_2d_each(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return at_least_each(cx, args, OP_aten_atleast_2d, rets);
}

bool op_atleast_3d_each(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return at_least_each(cx, args, OP_aten_atleast_3d, rets);
}
