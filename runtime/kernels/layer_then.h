/* runtime/kernels/layer_then.h: the addition and the clamp that a layer takes along (opt/post_ops.c): in oneDNN's primitive
 * where the operands allow it, else by the operators' own kernels behind it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_LAYER_THEN_H
#define RUNTIME_KERNELS_LAYER_THEN_H

#include "runtime/kernels/kernel.h"
#include "runtime/kernels/onednn.h"

typedef struct layer_then {
    tensor *other;                  /* what is added; NULL: nothing */
    bool is_swapped, is_in_place;   /* other is the sum's first operand; it writes to that */
    bool other_dies;                /* the caller gives it up */
    jit_value low, high;            /* numbers, or None */
    bool is_done;                   /* the primitive did it */
} layer_then;

/** From the last five arguments of the operator: other, swapped, in_place, low, high. */
layer_then layer_then_read(const op_ctx *cx, const jit_value *args);
/** What a primitive has to do for a float32 result of these sizes. False: it cannot. `lies_alike`: has `other` the
 * order of dimensions that the result is to have? */
bool layer_then_fits(const layer_then *t, const int64_t *sizes, int n_dims, bool lies_alike, onednn_after *ret);
/** The tensor that holds `other` for the primitive to add to: other itself if nobody else sees it and it is not x, else a
 * copy. A new reference. */
tensor *layer_then_target(op_ctx *cx, const layer_then *t, const tensor *x);
/** Hands out the layer's result (a reference that is taken; NULL: someone has reported) with what is still to be done. */
bool layer_then_give(op_ctx *cx, const layer_then *t, tensor *result, jit_value *rets);

#endif
