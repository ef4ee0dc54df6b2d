/* runtime/kernels/rows.h: what operators do along contiguous rows: reductions of the last dimension, softmax, layer
 * norm, in one form for the operator alone and as a step of a tile program.
 *
 *     row_kernel k;
 *     if (rows_begin(op, args, &k)) k.run(&k, n_rows, cols, x, y, &ahead);
 *
 * args[0], the operand, is looked at for its sizes and type only: it may be a header without memory. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_ROWS_H
#define RUNTIME_KERNELS_ROWS_H

#include "runtime/kernels/kernel.h"
#include "runtime/kernels/line.h"
#include "runtime/kernels/prefetch.h"

/* Memory that is read or written next, an area for each operand and result that lies like x: rows take so long that the
 * processor forgets what it was reading and writing in turn, and would wait for each of them. It is asked for while there is
 * much to do, little at a time, since not much can be under way at once. */
enum { ROWS_MAX_AHEAD = 8 };
typedef struct row_ahead {
    int n;
    struct {
        const char *at;
        int64_t bytes;        /* of an element */
    } areas[ROWS_MAX_AHEAD];
} row_ahead;

/** Ask for n elements of each area from `begin` on. */
static inline void rows_ask(const row_ahead *a, int64_t begin, int64_t n)
{
    for (int i = 0; i < a->n; i++) prefetch_bytes(a->areas[i].at + begin * a->areas[i].bytes, n * a->areas[i].bytes);
}

typedef struct row_kernel row_kernel;
struct row_kernel {
    /** n_rows rows of `cols` elements of x, one after the other. y: as many rows; where is_reduction one value for
     * each row. y may be x. */
    void (*run)(const row_kernel *k, int64_t n_rows, int64_t cols, const void *x, void *y, const row_ahead *ahead);
    bool asks;                /* for what is ahead; else its callers may */
    dtype compute;            /* of x and y */
    int n_inner;              /* a row is so many trailing dimensions */
    bool is_reduction, keepdim;
    const line_kernels *line; /* softmax and layer norm: of the compute type */
    void (*exp_tile)(int64_t n, const void *const *in, void *out); /* softmax */
    const void *weight, *bias; /* layer norm: a row each, or NULL */
    double eps;
    const struct fold *fold;  /* reductions */
    int64_t correction;       /* variance */
    bool wants_root;          /* standard deviation */
};

/** n elements of x, of type float32 or float64, folded into *acc; whoever calls starts it. */
void fold_elements(const struct fold *f, dtype d, int64_t n, const void *x, double param, double *acc);
/** Is op one that rows_begin may accept? */
bool rows_take(op_id op);
/** Set up what operator op does with these arguments. false: not along the last dimensions, not of such types, or wrong;
 * nothing is reported. */
bool rows_begin(op_id op, const jit_value *args, row_kernel *ret);

/* The families (softmax.c, norm.c, reduce_rows.c). */
bool softmax_begin_rows(const jit_value *args, bool is_log, row_kernel *ret);
bool layer_norm_begin_rows(const jit_value *args, row_kernel *ret);
bool reduce_begin_rows(op_id op, const jit_value *args, row_kernel *ret);

#endif
