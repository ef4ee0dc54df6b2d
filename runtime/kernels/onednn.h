/* runtime/kernels/onednn.h: float32 products and convolutions through oneDNN.
 *
 * A call is a shape, by which its primitives are found again, and addresses. Where `packs_w` is set, the weight is
 * first brought into the layout that suits the primitive; the copy stays with the weight's storage until the bytes
 * change, so constant weights are packed once. The layout of a packed matrix does not depend on the rows of the other
 * operand (oneDNN asks only how wide the matrix is), so products of one row and of many share a copy. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_ONEDNN_H
#define RUNTIME_KERNELS_ONEDNN_H

#include "runtime/tensor/tensor.h"

enum { ONEDNN_MAX_DIMS = 6, ONEDNN_MAX_SPATIAL = 3 };

typedef struct onednn_layout {
    int64_t n_dims, sizes[ONEDNN_MAX_DIMS], strides[ONEDNN_MAX_DIMS]; /* strides in elements */
} onednn_layout;

typedef enum onednn_kind { ONEDNN_PRODUCT, ONEDNN_CONVOLUTION, ONEDNN_TRANSPOSED } onednn_kind;

/* What happens to each element of the result before it is stored. NaN becomes `low` in a clamp. */
typedef struct onednn_after {
    int64_t adds, clamps;            /* the sum with what y holds; then low and high */
    float low, high;
} onednn_after;

/* Compared as bytes: start from zero, and no member leaves a gap. */
typedef struct onednn_shape {
    int64_t kind, n_threads;         /* n_threads: onednn_run() fills it in */
    int64_t n_bias;                  /* 0: none */
    int64_t packs_x, packs_w, packs_y; /* may the primitive choose the layout? */
    onednn_layout x, w, y;           /* product: [batch..., m, k] [batch..., k, n] [batch..., m, n], batch 1: broadcast;
                                      * convolution: [N, C, ...], [groups, out, in, ...], [N, C, ...] */
    int64_t n_spatial, stride[ONEDNN_MAX_SPATIAL], dilation[ONEDNN_MAX_SPATIAL]; /* dilation 1: dense */
    int64_t padding[ONEDNN_MAX_SPATIAL], padding_end[ONEDNN_MAX_SPATIAL];
    onednn_after after;
} onednn_shape;

typedef struct onednn_call {
    onednn_shape shape;
    const void *x, *w, *bias;
    void *y;
    bool is_small;                   /* not worth a second thread */
    storage *w_store;                /* keeps the packed weight; NULL: packed for this call only */
} onednn_call;

#ifdef TJS_ONEDNN
/** Is a packed copy of this matrix kept, made since its bytes last changed? */
bool onednn_is_packed(const tensor *w);
/** Note that a product of so many multiply-adds reads this matrix as its right operand. True where products did before
 * and its bytes did not change since, so often that a copy pays, and all such copies together stay within a bound. */
bool onednn_recurs(const tensor *w, double work);
/** False: not done (no library, no memory, or it has nothing for this shape); y is undefined then. */
bool onednn_run(onednn_call *call);
#else
static inline bool onednn_is_packed(const tensor *w) { return false; }
static inline bool onednn_recurs(const tensor *w, double work) { return false; }
static inline bool onednn_run(onednn_call *call) { return false; }
#endif

#endif
