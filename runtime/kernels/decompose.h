/* runtime/kernels/decompose.h: what the matrix decompositions share: batches of column-major matrices, checks.
 *
 * The last two dimensions of a tensor are a matrix, those before are a batch. A decomposition copies its operand
 * into a tensor whose matrices are column-major, which LAPACK can work on in place and which is then the result. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_DECOMPOSE_H
#define RUNTIME_KERNELS_DECOMPOSE_H

#include "runtime/kernels/formula.h"
#include "runtime/kernels/lapack.h"

/* ---- checks (message texts: at/native/LinearAlgebraUtils.h) ----------------------------------- */
/** At least two dimensions of a floating point or complex type. what: "linalg.inv", name: "A". */
bool check_matrix(op_ctx *cx, const tensor *t, const char *what, const char *name);
/** The same and square. */
bool check_square(op_ctx *cx, const tensor *t, const char *what, const char *name);
bool check_floating(op_ctx *cx, const tensor *t, const char *what);
/** Reports the first matrix whose info is not 0, in the words for `what`. */
bool check_infos(op_ctx *cx, const tensor *infos, const char *what, bool is_matrix);

/* ---- matrices -------------------------------------------------------------------------------- */
static inline int64_t rows_of(const tensor *t) { return t->sizes[t->n_dims - 2]; }
static inline int64_t columns_of(const tensor *t) { return t->sizes[t->n_dims - 1]; }
/** How many matrices there are in the batch of t. */
int64_t batch_of(const tensor *t);
/** Column-major matrices m by n, one for each of the batch of `like`. Also checks that LAPACK can count m and n. */
tensor *matrices_new(op_ctx *cx, dtype d, const tensor *like, int64_t m, int64_t n);
/** A column-major copy of t. */
tensor *matrices_copy(op_ctx *cx, tensor *t);
/** Contiguous: a vector of n elements for each matrix of `like`; n < 0: a single element (dimension dropped). */
tensor *vectors_new(op_ctx *cx, dtype d, const tensor *like, int64_t n);
/** Item k of a batch whose items have n elements each. */
static inline void *batch_at(const tensor *t, int64_t k, int64_t n)
{
    return (char *)tensor_data(t) + k * n * (int64_t)dtype_size(tensor_dtype(t));
}
static inline void *matrix_at(const tensor *t, int64_t k) { return batch_at(t, k, rows_of(t) * columns_of(t)); }

/** t with its last two dimensions swapped: a view; `conjugate` copies complex ones. */
tensor *matrices_transposed(formula *f, tensor *t, bool conjugate);
/** t (last two dimensions m, n) broadcast to a batch. */
tensor *matrices_expanded(formula *f, tensor *t, const int64_t *batch, int n_batch);
/** Zero out below (keep_upper) or above the diagonal, in place; diagonal: its offset. */
void matrices_keep_triangle(tensor *t, bool keep_upper, int64_t diagonal);
/** Identity matrices into t (column-major). */
void matrices_set_identity(tensor *t);

/** Fails with lack of memory where LAPACK had none. */
static inline bool lapack_had_memory(op_ctx *cx, int info) { return info != LAPACK_NO_MEMORY || op_no_memory(cx); }

/* ---- factorizations used by more than one family ---------------------------------------------- */
typedef struct lu_factors { tensor *lu, *pivots, *infos; } lu_factors;
/** LU of each matrix of t; NULLs: reported. */
bool lu_factor(formula *f, tensor *t, lu_factors *ret);
/** X of A X = B (or X A = B; of the adjoint of A), B of A's batch. Overwrites b, column-major. */
bool lu_solve(op_ctx *cx, const tensor *lu, const tensor *pivots, tensor *b, char trans);

#endif
