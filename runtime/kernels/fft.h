/* runtime/kernels/fft.h: the discrete Fourier transform of one line of complex numbers, in double precision.
 *
 * Lengths are split into small primes (mixed radix, decimation in time); a length with a large prime goes through
 * Bluestein's convolution. Everything is computed in double, and single precision is rounded at the end, which is
 * why this is ours: the packaged libraries with a permissive licence are built for one precision at a time, lose
 * digits in single precision, and take quadratic time for large primes. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_FFT_H
#define RUNTIME_KERNELS_FFT_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fft_plan fft_plan;

/** For lines of n >= 1; NULL: no memory. A plan is read-only, threads may share it. */
fft_plan *fft_plan_new(int64_t n, bool is_inverse);
void fft_plan_free(fft_plan *p);
/** Elements of scratch space that a run needs. */
size_t fft_scratch_size(const fft_plan *p);
/** x becomes its transform, without a factor. */
void fft_run(const fft_plan *p, double complex *x, double complex *scratch);

#endif
