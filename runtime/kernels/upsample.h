/* runtime/kernels/upsample.h: resampling of spatial dimensions, by mode. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_UPSAMPLE_H
#define RUNTIME_KERNELS_UPSAMPLE_H

#include "runtime/kernels/nn.h"

typedef enum upsample_mode {
    UPSAMPLE_NEAREST,
    UPSAMPLE_NEAREST_EXACT,
    UPSAMPLE_LINEAR,
    UPSAMPLE_CUBIC,
    UPSAMPLE_LINEAR_AA,
    UPSAMPLE_CUBIC_AA
} upsample_mode;

/** How one call resamples n spatial dimensions (the last of NN_DIMS entries). */
typedef struct upsample_call {
    const char *name; /* for messages */
    upsample_mode mode;
    int n;
    bool align_corners;
    int64_t out[NN_DIMS];
    double scales[NN_DIMS]; /* 0: not given, the ratio of the sizes counts */
} upsample_call;

/** Resamples x [N, C, spatial…], which must have n + 2 dimensions. A new reference, or NULL
 * (reported). */
tensor *upsample(op_ctx *cx, const upsample_call *call, tensor *x);

#endif
