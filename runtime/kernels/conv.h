/* runtime/kernels/conv.h: the geometry of a convolution, and its way through oneDNN. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_CONV_H
#define RUNTIME_KERNELS_CONV_H

#include "runtime/kernels/nn.h"
#include "runtime/kernels/onednn.h"

/* Three spatial dimensions, the leading ones of size 1 where there are fewer. */
typedef struct conv_geometry {
    bool is_transposed;
    int64_t images, groups, in_channels, out_channels; /* channels per group */
    int64_t in[NN_DIMS], out[NN_DIMS], kernel[NN_DIMS];
    int64_t stride[NN_DIMS], padding[NN_DIMS], padding_end[NN_DIMS], dilation[NN_DIMS],
        output_padding[NN_DIMS];
} conv_geometry;

/** y = x * w + bias for float32, n spatial dimensions; bias may be NULL. x and y are dense, each contiguous or (n == 2)
 * channels last; w and bias are contiguous. after: NULL, or with y channels last. False: not done, y is undefined then. */
bool conv_run_onednn(const conv_geometry *g, int n, const tensor *x, const tensor *w, const tensor *bias,
                     const onednn_after *after, tensor *y);

#endif
