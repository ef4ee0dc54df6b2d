/* runtime/kernels/gemm.h: matrix products of strided operands. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_GEMM_H
#define RUNTIME_KERNELS_GEMM_H

#include "runtime/kernels/kernel.h"
#include "runtime/kernels/onednn.h"

/** A matrix of some element type: address of [0, 0], strides in elements. */
typedef struct matrix {
    const void *data;
    int64_t row, column;
} matrix;

/** c[m, n] = a[m, k] b[k, n]; c is contiguous and shares no memory with a, b. False: no memory. */
typedef bool (*gemm_fn)(int64_t m, int64_t n, int64_t k, matrix a, matrix b, void *c);
bool gemm_f32_base(int64_t m, int64_t n, int64_t k, matrix a, matrix b, void *c);
bool gemm_f32_v3(int64_t m, int64_t n, int64_t k, matrix a, matrix b, void *c);
bool gemm_f32_v4(int64_t m, int64_t n, int64_t k, matrix a, matrix b, void *c);
bool gemm_f64_base(int64_t m, int64_t n, int64_t k, matrix a, matrix b, void *c);
bool gemm_f64_v3(int64_t m, int64_t n, int64_t k, matrix a, matrix b, void *c);
bool gemm_f64_v4(int64_t m, int64_t n, int64_t k, matrix a, matrix b, void *c);
/** The product of this machine for float32, float64, int64 or complex128. */
gemm_fn gemm_find(dtype compute);

/** y[m, n] = x[m, k] w[n, k] transposed + bias[n] (or NULL), all contiguous, float32 or float64. False: no memory. */
bool gemm_affine(dtype d, int64_t m, int64_t n, int64_t k, const void *x, const void *w, const void *bias, void *y);

/** [batch..., m, k] times [batch..., k, n] with equal batch sizes: a new contiguous [batch..., m, n]. The operands have
 * one element type and any strides. */
tensor *matrix_product(op_ctx *cx, tensor *a, tensor *b);
/** a[m, k] b[k, n] + bias[n] (or NULL) in one, b being a weight of which a packed copy may be kept; then `after` (or NULL).
 * into: the contiguous [m, n] that the result is added to, or NULL. NULL: there is no faster way than a product and a sum,
 * or (reported) no memory. */
tensor *affine_product(op_ctx *cx, tensor *a, tensor *b, tensor *bias, const onednn_after *after, tensor *into);
/** torch.matmul of any ranks. */
tensor *matmul(op_ctx *cx, tensor *a, tensor *b);
/** t with dimensions reordered, as a view. */
tensor *permuted(op_ctx *cx, tensor *t, const int *order, int n_dims);
/** t reshaped: a view of it if it is contiguous, else of a copy. */
tensor *reshaped(op_ctx *cx, tensor *t, const int64_t *sizes, int n_dims);
static inline tensor *transposed(op_ctx *cx, tensor *t) /* of a matrix */
{
    return permuted(cx, t, (const int[]){ 1, 0 }, 2);
}

#endif
