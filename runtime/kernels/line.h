/* runtime/kernels/line.h: loops over one contiguous line of float32 or float64, compiled once per instruction set.
 *
 * What softmax, normalisations and maxima are made of. Sums are taken in lanes of float64, so their order depends on
 * n alone; results are the same with every instruction set. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_LINE_H
#define RUNTIME_KERNELS_LINE_H

#include "runtime/tensor/tensor.h"

/* taps() reads less than so many elements behind the ends of its lines. */
enum { LINE_SLACK = 64 / sizeof(float) };

typedef struct line_kernels {
    /** The greatest element, or NaN if there is one; -infinity of none. */
    double (*max)(int64_t n, const void *x);
    /** Where the greatest (least) element stands first, or the first NaN; n > 0. */
    int64_t (*find_max)(int64_t n, const void *x);
    int64_t (*find_min)(int64_t n, const void *x);
    double (*sum)(int64_t n, const void *x);
    /** Sum of (x - center)^2. */
    double (*sum_squares)(int64_t n, const void *x, double center);
    /** y = x * scale + shift; y may be x. */
    void (*map)(int64_t n, const void *x, double scale, double shift, void *y);
    /** y = (x * scale + shift) * w + b, w and b being lines too, or NULL. */
    void (*affine)(int64_t n, const void *x, double scale, double shift, const void *w, const void *b, void *y);
    /** y = every step-th element of x, n of them. */
    void (*pick)(int64_t n, const void *x, int64_t step, void *y);
    /** y = start + w[0] * x[0] + w[1] * x[1] + …, x being lines that go on for LINE_SLACK. */
    void (*taps)(int64_t n, int n_taps, const void *const *x, const void *w, double start, void *y);
} line_kernels;

extern const line_kernels line_kernels_f32_base, line_kernels_f32_v3, line_kernels_f32_v4;
extern const line_kernels line_kernels_f64_base, line_kernels_f64_v3, line_kernels_f64_v4;

/** Those of this machine for float32 or float64. */
const line_kernels *line_kernels_find(dtype d);

#endif
