/* Loops over a line, built once per element type and instruction set with LINE_TYPE, LINE_INT (the integer of its
 * width) and LINE_NAME set; see line.h.
 *
 * The accumulators are a fixed number of 64-byte vectors, which the compiler splits where the machine's are narrower:
 * so the order of the operations is the same with every instruction set. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/line.h"

#include <math.h>
#include <string.h>

typedef LINE_TYPE T;
enum {
    BYTES = 64,
    WIDTH = BYTES / (int)sizeof(T),            /* elements of a vector */
    N = 4,                                     /* vectors at once */
    WIDE = BYTES / (int)sizeof(double),        /* float64 elements of a vector */
    N_WIDE = 8,
};
typedef T vec __attribute__((vector_size(BYTES), aligned(sizeof(T)), may_alias));
typedef LINE_INT mask __attribute__((vector_size(BYTES)));
typedef double wide __attribute__((vector_size(BYTES)));

/* x where that is greater (sign > 0) or less than y, else y. As a loop: gcc 12 makes one instruction of it. */
static inline vec further(vec x, vec y, int sign)
{
    T a[WIDTH], b[WIDTH];
    memcpy(a, &x, sizeof a);
    memcpy(b, &y, sizeof b);
    for (int l = 0; l < WIDTH; l++) b[l] = (sign > 0 ? a[l] > b[l] : a[l] < b[l]) ? a[l] : b[l];
    memcpy(&y, b, sizeof b);
    return y;
}

/* NaN if there is one. */
static inline T extreme(int64_t n, const T *x, int sign)
{
    vec best[N];
    mask nans = { 0 };
    const T start = sign > 0 ? -(T)INFINITY : (T)INFINITY;
    T result = start, nan = 0;
    int64_t i = 0;
    for (int k = 0; k < N; k++) best[k] = (vec){ 0 } + start;
    for (; i + N * WIDTH <= n; i += N * WIDTH)
#pragma GCC unroll 4
        for (int k = 0; k < N; k++) {
            const vec v = *(const vec *)(const void *)(x + i + k * WIDTH);
            best[k] = further(v, best[k], sign);
            nans |= v != v;
        }
    for (; i + WIDTH <= n; i += WIDTH) {
        const vec v = *(const vec *)(const void *)(x + i);
        best[0] = further(v, best[0], sign);
        nans |= v != v;
    }
    for (; i < n; i++) {
        result = (sign > 0 ? x[i] > result : x[i] < result) ? x[i] : result;
        nan = x[i] != x[i] ? x[i] : nan;
    }
    for (int k = 1; k < N; k++) best[0] = further(best[k], best[0], sign);
    T lanes[WIDTH];
    LINE_INT any = 0, is_nan[WIDTH];
    memcpy(lanes, &best[0], sizeof lanes);
    memcpy(is_nan, &nans, sizeof is_nan);
    for (int l = 0; l < WIDTH; l++) any |= is_nan[l];
    for (int l = 0; l < WIDTH; l++) result = (sign > 0 ? lanes[l] > result : lanes[l] < result) ? lanes[l] : result;
    return any || nan != nan ? (T)NAN : result;
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
    for (; i + N * WIDTH <= n; i += N * WIDTH) {
        mask found = { 0 };
        LINE_INT any = 0;
#pragma GCC unroll 4
        for (int k = 0; k < N; k++) {
            const vec v = *(const vec *)(const void *)(x + i + k * WIDTH);
            found |= is_nan ? (mask)(v != v) : (mask)(v == wanted);
        }
        LINE_INT lanes[WIDTH];
        memcpy(lanes, &found, sizeof lanes);
        for (int l = 0; l < WIDTH; l++) any |= lanes[l];
        if (any) break;
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

static inline double add_up(const wide *sums)
{
    const wide sum = ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
    double s[WIDE];
    memcpy(s, &sum, sizeof s);
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* As a loop, not __builtin_convertvector: gcc 12 makes one instruction of it. */
static inline wide widen(const T *x)
{
    double lanes[WIDE];
    wide r;
    for (int l = 0; l < WIDE; l++) lanes[l] = (double)x[l];
    memcpy(&r, lanes, sizeof r);
    return r;
}

/* Sum of x - center, or of its squares. */
static inline double sum_from(int64_t n, const T *x, double center, bool is_squared)
{
    wide sums[N_WIDE];
    double rest = 0;
    int64_t i = 0;
#pragma GCC unroll 8
    for (int k = 0; k < N_WIDE; k++) sums[k] = (wide){ 0 };
    for (; i + N_WIDE * WIDE <= n; i += N_WIDE * WIDE)
#pragma GCC unroll 8
        for (int k = 0; k < N_WIDE; k++) {
            const wide d = widen(x + i + k * WIDE) - center;
            sums[k] += is_squared ? d * d : d;
        }
    for (; i < n; i++) {
        const double d = (double)x[i] - center;
        rest += is_squared ? d * d : d;
    }
    return add_up(sums) + rest;
}

static double line_sum(int64_t n, const void *x)
{
    return sum_from(n, x, 0, false);
}

static double line_sum_squares(int64_t n, const void *x, double center)
{
    return sum_from(n, x, center, true);
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

static void line_pick(int64_t n, const void *x_, int64_t step, void *y_)
{
    const T *restrict x = x_;
    T *restrict y = y_;
    if (step == 1) memcpy(y, x, (size_t)n * sizeof *y);
    else if (step == 2)
        for (int64_t i = 0; i < n; i++) y[i] = x[2 * i];
    else
        for (int64_t i = 0; i < n; i++) y[i] = x[step * i];
}

static void line_taps(int64_t n, int n_taps, const void *const *x, const void *w_, double start, void *y_)
{
    const T *w = w_;
    T *y = y_;
    int64_t i = 0;
    for (; i + N * WIDTH <= n; i += N * WIDTH) {
        vec sums[N];
        for (int j = 0; j < N; j++) sums[j] = (vec){ 0 } + (T)start;
        for (int k = 0; k < n_taps; k++)
#pragma GCC unroll 4
            for (int j = 0; j < N; j++) sums[j] += w[k] * *(const vec *)(const void *)((const T *)x[k] + i + j * WIDTH);
        memcpy(y + i, sums, sizeof sums);
    }
    for (; i < n; i += WIDTH) {
        vec sum = (vec){ 0 } + (T)start;
        for (int k = 0; k < n_taps; k++) sum += w[k] * *(const vec *)(const void *)((const T *)x[k] + i);
        if (n - i >= WIDTH) memcpy(y + i, &sum, sizeof sum);
        else memcpy(y + i, &sum, (size_t)(n - i) * sizeof *y);
    }
}

const line_kernels LINE_NAME = { line_max, line_find_max, line_find_min, line_sum, line_sum_squares, line_map, line_affine,
                                 line_pick, line_taps };
