/* runtime/kernels/views.h: windows on tensors, for the kernels that are made of views and copies. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_VIEWS_H
#define RUNTIME_KERNELS_VIEWS_H

#include "runtime/kernels/kernel.h"

/** Sizes, strides and offset (in elements) of a view under construction. Room for one dimension too many. */
typedef struct window {
    int n_dims;
    int64_t offset;
    int64_t sizes[TENSOR_MAX_DIMS + 1], strides[TENSOR_MAX_DIMS + 1];
} window;

window window_of(const tensor *t);
void window_remove_dim(window *w, int dim);
void window_insert_dim(window *w, int dim, int64_t size, int64_t stride);

/* Views; each reports its failure and returns NULL. Results are yours. */
tensor *view_window(op_ctx *cx, tensor *base, const window *w);
tensor *tensor_narrow(op_ctx *cx, tensor *t, int dim, int64_t start, int64_t length); /* unchecked bounds */
tensor *tensor_expand(op_ctx *cx, tensor *t, const int64_t *sizes, int n);            /* -1 keeps a size */
/** A view with dimensions of size 1 added where t has fewer than n (1 to 3), as atleast_1d/2d/3d. */
tensor *tensor_at_least(op_ctx *cx, tensor *t, int n);
/** As torch.reshape: a view where strides allow it, else a copy. One size may be -1. */
tensor *tensor_reshape(op_ctx *cx, tensor *t, const int64_t *wanted, int n);
/** As torch.cat over an array (join.c). */
tensor *tensor_cat(op_ctx *cx, tensor *const *parts, size_t n, int64_t raw_dim);
/** Replace a -1 in `wanted` and check that the product is numel. */
bool infer_sizes(op_ctx *cx, const int64_t *wanted, int n, int64_t numel, int64_t *ret);

#endif
