/* Mixed-radix and Bluestein transforms. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/fft.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

enum { MAX_FACTORS = 64, MAX_RADIX = 31 };

struct fft_plan {
    int64_t n;
    int n_factors;
    int radix[MAX_FACTORS];
    double complex *roots;      /* exp(∓2πi k / n) */
    /* Bluestein */
    fft_plan *forward, *backward;  /* of a power of two; NULL: n has small factors only */
    double complex *chirp, *kernel;
};

/* exp(-2πi k / n), exact at multiples of an eighth of the circle: the angle is folded into [0, π/4]. */
static double complex unit_root(int64_t k, int64_t n)
{
    const bool is_lower = 2 * k <= n;
    int64_t half_turns = is_lower ? 2 * k : 2 * (n - k); // angle = π half_turns / n, in [0, π]
    const bool is_left = 2 * half_turns > n;
    if (is_left)
        half_turns = n - half_turns;
    double c, s;
    if (4 * half_turns <= n)
        c = cos(M_PI * (double)half_turns / (double)n), s = sin(M_PI * (double)half_turns / (double)n);
    else
        c = sin(M_PI * (double)(n - 2 * half_turns) / (2.0 * (double)n)),
        s = cos(M_PI * (double)(n - 2 * half_turns) / (2.0 * (double)n));
    return __builtin_complex(is_left ? -c : c, is_lower ? -s : s);
}

static double complex *all_roots(int64_t n, bool is_inverse)
{
    double complex *w = mem_alloc((size_t)n * sizeof *w);
    for (int64_t k = 0; w && k < n; k++)
        w[k] = is_inverse ? conj(unit_root(k, n)) : unit_root(k, n);
    return w;
}

/* Fours first, then the primes; what is left above MAX_RADIX is returned. */
static int64_t factorize(fft_plan *p)
{
    int64_t rest = p->n;
    for (int r = 4; r <= MAX_RADIX && rest > 1; r = r == 4 ? 2 : r == 2 ? 3 : r + 2)
        while (rest % r == 0) {
            p->radix[p->n_factors++] = r;
            rest /= r;
        }
    return rest;
}

/* The chirp exp(∓πi k² / n), and its transform as a convolution kernel. */
static bool plan_bluestein(fft_plan *p, bool is_inverse)
{
    int64_t m = 1;
    while (m < 2 * p->n - 1)
        m *= 2;
    p->forward = fft_plan_new(m, false);
    p->backward = fft_plan_new(m, true);
    p->chirp = mem_alloc((size_t)p->n * sizeof *p->chirp);
    p->kernel = mem_calloc((size_t)m, sizeof *p->kernel);
    double complex *scratch = p->forward ? mem_alloc(fft_scratch_size(p->forward) * sizeof *scratch) : NULL;
    if (!p->forward || !p->backward || !p->chirp || !p->kernel || !scratch) {
        mem_free(scratch);
        return false;
    }
    for (int64_t k = 0; k < p->n; k++) {
        const int64_t square = (int64_t)((__int128)k * k % (2 * p->n));
        const double complex w = unit_root(square, 2 * p->n);
        p->chirp[k] = is_inverse ? conj(w) : w;
        p->kernel[k] = p->kernel[(m - k) % m] = conj(p->chirp[k]);
    }
    fft_run(p->forward, p->kernel, scratch);
    mem_free(scratch);
    return true;
}

fft_plan *fft_plan_new(int64_t n, bool is_inverse)
{
    fft_plan *p = mem_calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->n = n;
    bool ok;
    if (n > INT64_C(1) << 40) {
        ok = false;
    } else if (factorize(p) > 1) {
        p->n_factors = 0;
        ok = plan_bluestein(p, is_inverse);
    } else {
        p->roots = all_roots(n, is_inverse);
        ok = p->roots != NULL;
    }
    if (ok)
        return p;
    fft_plan_free(p);
    return NULL;
}

void fft_plan_free(fft_plan *p)
{
    if (!p)
        return;
    fft_plan_free(p->forward);
    fft_plan_free(p->backward);
    mem_free(p->roots);
    mem_free(p->chirp);
    mem_free(p->kernel);
    mem_free(p);
}

size_t fft_scratch_size(const fft_plan *p)
{
    return p->forward ? (size_t)p->forward->n + fft_scratch_size(p->forward) : (size_t)p->n;
}

/* Products without the special cases of C's complex multiplication (Annex G), which cost more than the product. */
static inline double complex times(double complex a, double complex b)
{
    return __builtin_complex(creal(a) * creal(b) - cimag(a) * cimag(b), creal(a) * cimag(b) + cimag(a) * creal(b));
}

/* One output group of an odd radix r: x[0], x[m], …; roots of the whole length n stand `step` apart. Elements q and
 * r - q meet conjugate roots: their sum takes the common real part, their difference the imaginary one. */
static inline __attribute__((always_inline)) void butterflies_odd(const fft_plan *p, int r, int64_t m, int64_t step,
                                                                  double complex *x)
{
    double complex unit[MAX_RADIX], sums[MAX_RADIX / 2 + 1], differences[MAX_RADIX / 2 + 1];
    const int half = r / 2;
    for (int j = 0; j < r; j++)
        unit[j] = p->roots[j * m * step];
    for (int64_t k = 0; k < m; k++) {
        const double complex first = x[k];
        double complex total = first;
        for (int q = 1; q <= half; q++) {
            const double complex a = times(x[k + q * m], p->roots[q * k * step]);
            const double complex b = times(x[k + (r - q) * m], p->roots[(r - q) * k * step]);
            sums[q] = a + b;
            differences[q] = a - b;
            total += sums[q];
        }
        x[k] = total;
        for (int s = 1; s <= half; s++) {
            double complex even = first, odd = 0;
            for (int q = 1; q <= half; q++) {
                even += creal(unit[q * s % r]) * sums[q];
                odd += cimag(unit[q * s % r]) * differences[q];
            }
            const double complex turned = __builtin_complex(-cimag(odd), creal(odd));
            x[k + s * m] = even + turned;
            x[k + (r - s) * m] = even - turned;
        }
    }
}

static void butterflies_2(const fft_plan *p, int64_t m, int64_t step, double complex *x)
{
    for (int64_t k = 0; k < m; k++) {
        const double complex a = x[k], b = times(x[k + m], p->roots[k * step]);
        x[k] = a + b;
        x[k + m] = a - b;
    }
}

static void butterflies_4(const fft_plan *p, int64_t m, int64_t step, double complex *x)
{
    const double complex quarter = p->roots[m * step]; // exact
    for (int64_t k = 0; k < m; k++) {
        const double complex x1 = times(x[k + m], p->roots[k * step]), x2 = times(x[k + 2 * m], p->roots[2 * k * step]);
        const double complex x3 = times(x[k + 3 * m], p->roots[3 * k * step]);
        const double complex a = x[k] + x2, b = x[k] - x2, c = x1 + x3, turned = times(x1 - x3, quarter);
        x[k] = a + c;
        x[k + m] = b + turned;
        x[k + 2 * m] = a - c;
        x[k + 3 * m] = b - turned;
    }
}

/* The common radices have loops of their own, whose lengths the compiler knows. */
static void butterflies(const fft_plan *p, int r, int64_t m, int64_t step, double complex *x)
{
    if (r == 4)
        butterflies_4(p, m, step, x);
    else if (r == 2)
        butterflies_2(p, m, step, x);
    else if (r == 3)
        butterflies_odd(p, 3, m, step, x);
    else if (r == 5)
        butterflies_odd(p, 5, m, step, x);
    else
        butterflies_odd(p, r, m, step, x);
}

/* Decimation in time; as deep as there are factors. */
static void transform(const fft_plan *p, int level, int64_t n, int64_t step, const double complex *in, double complex *out)
{
    if (n == 1) {
        *out = *in;
        return;
    }
    const int r = p->radix[level];
    const int64_t m = n / r;
    for (int q = 0; q < r; q++) {
        if (m == 1)
            out[q] = in[q * step];
        else
            transform(p, level + 1, m, step * r, in + q * step, out + q * m);
    }
    butterflies(p, r, m, step, out);
}

static void run_bluestein(const fft_plan *p, double complex *x, double complex *scratch)
{
    const int64_t m = p->forward->n;
    double complex *padded = scratch, *inner = scratch + m;
    for (int64_t k = 0; k < p->n; k++)
        padded[k] = times(x[k], p->chirp[k]);
    memset(padded + p->n, 0, (size_t)(m - p->n) * sizeof *padded);
    fft_run(p->forward, padded, inner);
    for (int64_t k = 0; k < m; k++)
        padded[k] = times(padded[k], p->kernel[k]);
    fft_run(p->backward, padded, inner);
    for (int64_t k = 0; k < p->n; k++)
        x[k] = times(padded[k], p->chirp[k]) / (double)m;
}

void fft_run(const fft_plan *p, double complex *x, double complex *scratch)
{
    if (p->forward) {
        run_bluestein(p, x, scratch);
        return;
    }
    memcpy(scratch, x, (size_t)p->n * sizeof *x);
    transform(p, 0, p->n, 1, scratch, x);
}
