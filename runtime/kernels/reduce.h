/* runtime/kernels/reduce.h: reductions: many elements of a tensor into one, along some of its dimensions.
 *
 * Elements are widened to one of three compute types (float64, int64, complex128), so half and single
 * precision accumulate wider than they are stored. The order of additions depends on sizes alone: a result's
 * elements are cut into chunks of fixed length, folded into 64 lanes each, lanes and chunks merged in order;
 * threads never change a bit. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_REDUCE_H
#define RUNTIME_KERNELS_REDUCE_H

#include <complex.h>

#include "runtime/kernels/kernel.h"

/* ---- folds (reduce_folds.def), compiled once per instruction set ------------------------------ */
typedef float reduce_f32;
typedef double reduce_f64;
typedef int64_t reduce_i64;
typedef double _Complex reduce_c128;
enum { REDUCE_ROW = 512, REDUCE_CHUNK = 1 << 16 /* elements of one result folded before merging */ };

typedef enum fold_id {
#define FOLD(name, compute, ...) FOLD_##name##_##compute,
#include "runtime/kernels/reduce_folds.def"
    FOLD__COUNT
} fold_id;

typedef struct fold {
    dtype compute;
    void (*init)(int64_t n, void *acc);                          /* n accumulators */
    /** Element j into accumulator j, for n of each. p: one parameter for all (p_step 0) or one each (1). */
    void (*rows)(int64_t n, const void *x, void *acc, const double *p, int64_t p_step);
    /** So for each of n_rows rows of floats, `stride` elements apart, in order. f64 folds only. */
    void (*rows_f32)(int64_t n, int64_t n_rows, const float *x, int64_t stride, void *acc, const double *p, int64_t p_step);
    /** n elements into one accumulator, n <= REDUCE_ROW. */
    void (*line)(int64_t n, const void *x, void *acc, double p);
    /** n elements of each of n_lines lines, `stride` elements apart, into an accumulator each; n <= REDUCE_ROW. f64 folds only. */
    void (*lines_f32)(int64_t n_lines, int64_t n, const float *x, int64_t stride, void *acc, const double *p, int64_t p_step);
    void (*merge)(int64_t n, const void *from, void *acc);
} fold;
const fold *fold_get(fold_id id);
extern const fold reduce_folds_base[FOLD__COUNT], reduce_folds_v3[FOLD__COUNT], reduce_folds_v4[FOLD__COUNT];

/* ---- dimensions ------------------------------------------------------------------------------ */
typedef uint64_t dim_set; /* bit i: dimension i is reduced */

/** From an int[]; None and the empty list mean all. Fails on dimensions out of range or named twice. */
bool dim_set_of_list(op_ctx *cx, const tensor *t, jit_value dims, dim_set *ret);
bool dim_set_of_int(op_ctx *cx, const tensor *t, int64_t dim, dim_set *ret);
static inline dim_set dim_set_all(const tensor *t) { return t->n_dims ? ~(dim_set)0 >> (64 - t->n_dims) : 1; }
/** The result's sizes. */
int reduced_sizes(const tensor *t, dim_set dims, bool keepdim, int64_t *ret);
tensor *make_reduced(op_ctx *cx, const tensor *t, dim_set dims, bool keepdim, dtype d);
/** How many elements go into each result. */
int64_t reduced_count(const tensor *t, dim_set dims);

/* ---- running --------------------------------------------------------------------------------- */
/** Accumulators (of the fold's compute type, row-major over the kept dimensions) of `t` reduced over `dims`; to be
 * released with mem_free. params: one per result, or NULL. Reports lack of memory. */
void *reduce_run(op_ctx *cx, tensor *t, dim_set dims, fold_id id, const double *params);
/** reduce_run(), its results stored as a new tensor of type d. */
tensor *reduce_to(op_ctx *cx, tensor *t, dim_set dims, bool keepdim, fold_id id, dtype d);
/** n accumulators of type `compute` into t, which is contiguous. */
void store_accumulators(tensor *t, const void *acc, dtype compute);
/** log(sum(exp(x))) of each line along the last dimension; false: not for this type or layout. */
bool softmax_log_sums(tensor *t, double *ret);
/** Compute type of elements: int64 for integers and bool, complex128 or float64. */
dtype reduce_compute(dtype d);

/* ---- lines: the elements along one dimension -------------------------------------------------- */
typedef struct lines {
    char *data;
    dtype d;
    int64_t n, length, stride;      /* stride in bytes along the line */
    int n_dims;                     /* the other dimensions, outermost first */
    int64_t sizes[TENSOR_MAX_DIMS], strides[TENSOR_MAX_DIMS];
} lines;
/** A 0-dim tensor is one line of one element. */
lines lines_of(const tensor *t, int dim);
/** First element of line k; k counts row-major over the other dimensions. */
char *lines_at(const lines *l, int64_t k);
/** Lines that lie side by side are read and written together, so that memory is walked along its cache lines. */
enum { LINES_BLOCK = 16 };
/** Do lines [k, k + m) lie side by side, element beside element? */
bool lines_are_neighbours(const lines *l, int64_t k, int64_t m);
/** Lines [k, k + m), m <= LINES_BLOCK, to or from type d, one contiguous line after the other. */
void lines_load(const lines *l, int64_t k, int64_t m, dtype d, void *to);
void lines_store(const lines *l, int64_t k, int64_t m, dtype d, const void *from);
/** Lines per parallel chunk, so that a chunk is worth a thread. */
static inline int64_t lines_grain(const lines *l)
{
    const int64_t n = 16384 / (l->length > 0 ? l->length : 1);
    return n > 0 ? n : 1;
}

#endif
