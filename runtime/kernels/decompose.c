/* Batches of column-major matrices, and the checks of linear algebra. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/decompose.h"

#include <stdio.h>
#include <string.h>

/* ---- checks ---------------------------------------------------------------------------------- */

bool check_floating(op_ctx *cx, const tensor *t, const char *what)
{
    const dtype d = tensor_dtype(t);
    if (!dtype_is_float(d) && !dtype_is_complex(d))
        return OP_FAIL(cx, "%s: Expected a floating point or complex tensor as input. Got %s", what, dtype_prefix(d));
    if (dtype_real(d) != DTYPE_float32 && dtype_real(d) != DTYPE_float64)
        return OP_FAIL(cx, "%s: Low precision dtypes not supported. Got %s", what, dtype_prefix(d));
    return true;
}

bool check_matrix(op_ctx *cx, const tensor *t, const char *what, const char *name)
{
    if (t->n_dims < 2)
        return OP_FAIL(cx, "%s: The input tensor %s must have at least 2 dimensions.", what, name);
    return check_floating(cx, t, what);
}

bool check_square(op_ctx *cx, const tensor *t, const char *what, const char *name)
{
    if (t->n_dims < 2)
        return OP_FAIL(cx, "%s: The input tensor %s must have at least 2 dimensions.", what, name);
    if (rows_of(t) != columns_of(t))
        return OP_FAIL(cx, "%s: %s must be batches of square matrices, but they are %lld by %lld matrices", what, name,
                       (long long)rows_of(t), (long long)columns_of(t));
    return check_floating(cx, t, what);
}

static bool fail_for_info(op_ctx *cx, const char *what, const char *where, int info)
{
    if (info < 0)
        return strstr(what, "svd") && info == -4
                   ? OP_FAIL(cx, "%s%s: The algorithm failed to converge because the input matrix contained non-finite "
                             "values.", what, where)
                   : OP_FAIL(cx, "%s%s: Argument %d has illegal value.", what, where, -info);
    if (strstr(what, "inv"))
        return OP_FAIL(cx, "%s%s: The diagonal element %d is zero, the inversion could not be completed because the "
                       "input matrix is singular.", what, where, info);
    if (strstr(what, "solve"))
        return OP_FAIL(cx, "%s%s: The solver failed because the input matrix is singular.", what, where);
    if (strstr(what, "cholesky"))
        return OP_FAIL(cx, "%s%s: The factorization could not be completed because the input is not positive-definite "
                       "(the leading minor of order %d is not positive-definite).", what, where, info);
    if (strstr(what, "lstsq"))
        return OP_FAIL(cx, "%s%s: The least squares solution could not be computed because the input matrix does not "
                       "have full rank (error code: %d).", what, where, info);
    if (strstr(what, "lu_factor"))
        return OP_FAIL(cx, "%s%s: U[%d,%d] is zero and using it on lu_solve would result in a division by zero. If you "
                       "still want to perform the factorization, consider calling linalg.lu(A, pivot) or "
                       "linalg.lu_factor_ex(A, pivot)", what, where, info, info);
    return OP_FAIL(cx, "%s%s: The algorithm failed to converge because the input matrix is ill-conditioned or has too "
                   "many repeated %s (error code: %d).", what, where,
                   strstr(what, "svd") ? "singular values" : "eigenvalues", info);
}

bool check_infos(op_ctx *cx, const tensor *infos, const char *what, bool is_matrix)
{
    const int32_t *info = tensor_data(infos);
    for (int64_t k = 0; k < infos->numel; k++) {
        char where[48] = "";
        if (info[k] == 0)
            continue;
        if (!is_matrix)
            snprintf(where, sizeof where, ": (Batch element %lld)", (long long)k);
        return fail_for_info(cx, what, where, info[k]);
    }
    return true;
}

/* ---- matrices -------------------------------------------------------------------------------- */

int64_t batch_of(const tensor *t)
{
    int64_t n = 1;
    for (int i = 0; i < t->n_dims - 2; i++)
        n *= t->sizes[i];
    return n;
}

tensor *matrices_new(op_ctx *cx, dtype d, const tensor *like, int64_t m, int64_t n)
{
    int64_t sizes[TENSOR_MAX_DIMS], strides[TENSOR_MAX_DIMS];
    const int dims = like->n_dims;
    if (m > INT32_MAX || n > INT32_MAX) {
        OP_FAIL(cx, "matrices of %lld by %lld elements are too large for LAPACK", (long long)m, (long long)n);
        return NULL;
    }
    memcpy(sizes, like->sizes, (size_t)dims * sizeof *sizes);
    sizes[dims - 2] = n;
    sizes[dims - 1] = m;
    tensor_contiguous_strides(sizes, dims, strides);
    sizes[dims - 2] = m;
    sizes[dims - 1] = n;
    strides[dims - 1] = strides[dims - 2];
    strides[dims - 2] = 1;
    return make_tensor_strided(cx, d, sizes, strides, dims);
}

tensor *matrices_copy(op_ctx *cx, tensor *t)
{
    tensor *copy = matrices_new(cx, tensor_dtype(t), t, rows_of(t), columns_of(t));
    if (copy && !tensor_copy_into(cx, copy, t)) {
        tensor_unref(copy);
        return NULL;
    }
    return copy;
}

tensor *vectors_new(op_ctx *cx, dtype d, const tensor *like, int64_t n)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    const int batch = like->n_dims - 2;
    memcpy(sizes, like->sizes, (size_t)batch * sizeof *sizes);
    sizes[batch] = n;
    return make_tensor(cx, d, sizes, batch + (n >= 0));
}

tensor *matrices_transposed(formula *f, tensor *t, bool conjugate)
{
    tensor *swapped = F_(f, aten_transpose_int, T_V(t), INT_V(-2), INT_V(-1));
    if (!swapped || !conjugate || !dtype_is_complex(tensor_dtype(swapped)))
        return swapped;
    return F_(f, aten_conj_physical, T_V(swapped));
}

tensor *matrices_expanded(formula *f, tensor *t, const int64_t *batch, int n_batch)
{
    int64_t sizes[TENSOR_MAX_DIMS];
    if (!t || n_batch + 2 > TENSOR_MAX_DIMS)
        return NULL;
    memcpy(sizes, batch, (size_t)n_batch * sizeof *sizes);
    sizes[n_batch] = rows_of(t);
    sizes[n_batch + 1] = columns_of(t);
    return F_(f, aten_expand, T_V(t), formula_ints(f, sizes, (size_t)n_batch + 2), BOOL_V(false));
}

void matrices_keep_triangle(tensor *t, bool keep_upper, int64_t diagonal)
{
    const int64_t m = rows_of(t), n = columns_of(t), batch = m && n ? batch_of(t) : 0;
    const size_t size = dtype_size(tensor_dtype(t));
    for (int64_t k = 0; k < batch; k++)
        for (int64_t j = 0; j < n; j++) {
            char *column = (char *)matrix_at(t, k) + (size_t)(j * m) * size;
            int64_t cut = j - diagonal + (keep_upper ? 1 : 0); // rows before it are the upper part
            cut = cut < 0 ? 0 : cut > m ? m : cut;
            memset(keep_upper ? column + (size_t)cut * size : column, 0,
                   (size_t)(keep_upper ? m - cut : cut) * size);
        }
}

void matrices_set_identity(tensor *t)
{
    const int64_t m = rows_of(t), n = columns_of(t), batch = m && n ? batch_of(t) : 0;
    const size_t size = dtype_size(tensor_dtype(t));
    if (t->numel)
        memset(tensor_data(t), 0, (size_t)t->numel * size);
    for (int64_t k = 0; k < batch; k++)
        for (int64_t i = 0; i < m && i < n; i++)
            element_store_int(tensor_dtype(t), (char *)matrix_at(t, k) + (size_t)(i * m + i) * size, 1);
}
