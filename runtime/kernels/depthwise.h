/* runtime/kernels/depthwise.h: convolutions of each channel by itself, in two dimensions. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_DEPTHWISE_H
#define RUNTIME_KERNELS_DEPTHWISE_H

#include "runtime/tensor/tensor.h"

typedef struct depthwise {
    dtype d;                         /* float32 or float64 */
    int64_t images, channels;
    int64_t in[2], out[2], kernel[2], stride[2], padding[2], dilation[2]; /* height, width */
    const void *x, *w, *bias;        /* contiguous; bias may be NULL */
    void *out_data;
} depthwise;

/** Computes it. false: not of a shape that gains by it, or no memory; nothing is done then. */
bool depthwise_run(const depthwise *c);

#endif
