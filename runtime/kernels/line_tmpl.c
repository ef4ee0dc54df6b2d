/* Loops over a line, built once per element type and instruction set with LINE_TYPE and LINE_NAME set; see line.h.
 *
 * A fixed number of lanes, as an array that an inner loop of constant length walks: the compiler makes vectors of
 * any width of it, and the order of the operations is the same for all. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/line.h"

#include <math.h>

typedef LINE_TYPE T;
enum { LANES = 64 };

/* The greater one (sign 1) or the lesser one (sign -1) of a and b, or NaN. */
static inline T better(T a, T b, int sign)
{
    return (sign > 0 ? b > a : b < a) | (b != b) ? b : a;
}

static inline T extreme(int64_t n, const T *x, int sign)
{
    T lanes[LANES], best = sign > 0 ? -(T)INFINITY : (T)INFINITY;
    int64_t i = 0;
    for (int l = 0; l < LANES; l++) lanes[l] = best;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++) lanes[l] = better(lanes[l], x[i + l], sign);
    // a NaN stays: nothing is greater than it, and `better` takes what is not equal to itself
    for (; i < n; i++) lanes[i % LANES] = better(lanes[i % LANES], x[i], sign);
    for (int l = 0; l < LANES; l++) {
        if (lanes[l] != lanes[l]) return lanes[l];
        best = better(best, lanes[l], sign);
    }
    return best;
}

static double line_max(int64_t n, const void *x)
{
    return (double)extreme(n, x, 1);
}

/* The first element that equals `wanted`, NaN equal to NaN; there is one. */
static int64_t find(int64_t n, const T *x, T wanted)
{
    const bool is_nan = wanted != wanted;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        int n_found = 0;
        for (int l = 0; l < LANES; l++) n_found |= is_nan ? x[i + l] != x[i + l] : x[i + l] == wanted;
        if (n_found) break;
    }
    while (is_nan ? x[i] == x[i] : x[i] != wanted) i++;
    return i;
}

static int64_t line_find_max(int64_t n, const void *x)
{
    return find(n, x, extreme(n, x, 1));
}

static int64_t line_find_min(int64_t n, const void *x)
{
    return find(n, x, extreme(n, x, -1));
}

static inline double add_lanes(double *lanes)
{
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int l = 0; l < width; l++) lanes[l] += lanes[l + width];
    return lanes[0];
}

static double line_sum(int64_t n, const void *x_)
{
    const T *x = x_;
    double lanes[LANES] = { 0 };
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++) lanes[l] += (double)x[i + l];
    for (int l = 0; i < n; i++, l++) lanes[l] += (double)x[i];
    return add_lanes(lanes);
}

static double line_sum_squares(int64_t n, const void *x_, double center)
{
    const T *x = x_;
    double lanes[LANES] = { 0 };
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++) {
            const double d = (double)x[i + l] - center;
            lanes[l] += d * d;
        }
    for (int l = 0; i < n; i++, l++) {
        const double d = (double)x[i] - center;
        lanes[l] += d * d;
    }
    return add_lanes(lanes);
}

static void line_map(int64_t n, const void *x_, double scale_, double shift_, void *y_)
{
    const T *x = x_, scale = (T)scale_, shift = (T)shift_;
    T *y = y_;
    for (int64_t i = 0; i < n; i++) y[i] = x[i] * scale + shift;
}

static void line_affine(int64_t n, const void *x_, double scale_, double shift_, const void *w_, const void *b_, void *y_)
{
    const T *x = x_, *w = w_, *b = b_, scale = (T)scale_, shift = (T)shift_;
    T *restrict y = y_;
    if (w && b)
        for (int64_t i = 0; i < n; i++) y[i] = (x[i] * scale + shift) * w[i] + b[i];
    else if (w)
        for (int64_t i = 0; i < n; i++) y[i] = (x[i] * scale + shift) * w[i];
    else if (b)
        for (int64_t i = 0; i < n; i++) y[i] = x[i] * scale + shift + b[i];
    else
        for (int64_t i = 0; i < n; i++) y[i] = x[i] * scale + shift;
}

const line_kernels LINE_NAME = { line_max, line_find_max, line_find_min, line_sum, line_sum_squares, line_map, line_affine };
