/* The folds of reduce_folds.def as loops, built once per instruction set with REDUCE_LEVEL set. Each is a plain
 * loop over independent accumulators, which vectorises; a line is folded into 64 lanes that are then merged
 * in a fixed tree. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/reduce.h"

#include <math.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

#define ROWS(fn, C, IN, step)                                                                      \
    static void fn(int64_t n, const IN *restrict x_, void *restrict acc_, const double *p_, int64_t p_step) \
    {                                                                                              \
        C *restrict acc = acc_;                                                                    \
        static const double none;                                                                  \
        if (!p_) p_ = &none;                                                                       \
        if (p_step) {                                                                              \
            for (int64_t i = 0; i < n; i++) {                                                      \
                const C a = acc[i], x = (C)x_[i];                                                  \
                const double p = p_[i];                                                            \
                (void)p;                                                                           \
                acc[i] = step;                                                                     \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        const double p = *p_;                                                                      \
        (void)p;                                                                                   \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const C a = acc[i], x = (C)x_[i];                                                      \
            acc[i] = step;                                                                         \
        }                                                                                          \
    }

/* Whole rounds of lanes first: their number is constant, so the inner loop becomes vectors; so do the merges of all
 * lanes, for the same reason. */
#define MERGE_LANE(C, merge, distance)                                                             \
    {                                                                                              \
        const C a = lanes[l], b = lanes[l + (distance)];                                           \
        lanes[l] = merge;                                                                          \
    }
#define MERGE_LANE_INTO(C, merge)                                                                  \
    {                                                                                              \
        const C a = *(C *)acc, b = lanes[0];                                                       \
        *(C *)acc = merge;                                                                         \
    }
#define LINE(fn, rows, merge, init_fn, C, IN, step)                                                \
    static void fn(int64_t n, const IN *from, void *acc, double p)                                 \
    {                                                                                              \
        _Alignas(64) C lanes[REDUCE_LANES]; /* across no cache lines: stores are read back at once */ \
        int64_t width = REDUCE_LANES, i = 0;                                                       \
        while (width > 1 && width >= 2 * n) width /= 2;                                            \
        init_fn(width, lanes);                                                                     \
        for (; i + REDUCE_LANES <= n; i += REDUCE_LANES)                                           \
            for (int l = 0; l < REDUCE_LANES; l++) {                                               \
                const C a = lanes[l], x = (C)from[i + l];                                          \
                lanes[l] = step;                                                                   \
            }                                                                                      \
        for (; i < n; i += width) rows(n - i < width ? n - i : width, from + i, lanes, &p, 0);     \
        if (width == REDUCE_LANES) {                                                               \
            for (int l = 0; l < REDUCE_LANES / 2; l++) MERGE_LANE(C, merge, REDUCE_LANES / 2)      \
            for (int l = 0; l < REDUCE_LANES / 4; l++) MERGE_LANE(C, merge, REDUCE_LANES / 4)      \
            for (int l = 0; l < REDUCE_LANES / 8; l++) MERGE_LANE(C, merge, REDUCE_LANES / 8)      \
            width = REDUCE_LANES / 8;                                                              \
        }                                                                                          \
        while ((width /= 2) > 0)                                                                   \
            for (int64_t l = 0; l < width; l++) MERGE_LANE(C, merge, width)                        \
        MERGE_LANE_INTO(C, merge)                                                                  \
    }

#define FOLD_BODY(id, C, start, step, merge)                                                       \
    static void JOIN(init_, id)(int64_t n, void *acc)                                              \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++) ((C *)acc)[i] = start;                                     \
    }                                                                                              \
    static void JOIN(merge_, id)(int64_t n, const void *from, void *acc_)                          \
    {                                                                                              \
        C *acc = acc_;                                                                             \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const C a = acc[i], b = ((const C *)from)[i];                                          \
            acc[i] = merge;                                                                        \
        }                                                                                          \
    }                                                                                              \
    ROWS(JOIN(rows_typed_, id), C, C, step)                                                        \
    static void JOIN(rows_, id)(int64_t n, const void *x, void *acc, const double *p, int64_t p_step) \
    {                                                                                              \
        JOIN(rows_typed_, id)(n, x, acc, p, p_step);                                               \
    }                                                                                              \
    LINE(JOIN(line_typed_, id), JOIN(rows_typed_, id), merge, JOIN(init_, id), C, C, step)         \
    static void JOIN(line_, id)(int64_t n, const void *x, void *acc, double p)                     \
    {                                                                                              \
        JOIN(line_typed_, id)(n, x, acc, p);                                                       \
    }

#define FLOAT_i64(id, step, merge)
#define FLOAT_c128(id, step, merge)
#define FLOAT_f64(id, step, merge)                                                                 \
    ROWS(JOIN(rows_f32_, id), double, float, step)                                                 \
    LINE(JOIN(line_f32_, id), JOIN(rows_f32_, id), merge, JOIN(init_, id), double, float, step)

#define FOLD(name, compute, start, step, merge)                                                    \
    FOLD_BODY(name##_##compute, reduce_##compute, start, step, merge)                              \
    FLOAT_##compute(name##_##compute, step, merge)
#include "runtime/kernels/reduce_folds.def"

#define DTYPE_OF_f64 DTYPE_float64
#define DTYPE_OF_i64 DTYPE_int64
#define DTYPE_OF_c128 DTYPE_complex128
#define FLOAT_ROWS_f64(id) rows_f32_##id
#define FLOAT_ROWS_i64(id) NULL
#define FLOAT_ROWS_c128(id) NULL
#define FLOAT_LINE_f64(id) line_f32_##id
#define FLOAT_LINE_i64(id) NULL
#define FLOAT_LINE_c128(id) NULL

const fold JOIN(reduce_folds_, REDUCE_LEVEL)[FOLD__COUNT] = {
#define FOLD(name, compute, ...)                                                                   \
    [FOLD_##name##_##compute] = { DTYPE_OF_##compute, init_##name##_##compute, rows_##name##_##compute, \
                                  FLOAT_ROWS_##compute(name##_##compute), line_##name##_##compute,  \
                                  FLOAT_LINE_##compute(name##_##compute), merge_##name##_##compute },
#include "runtime/kernels/reduce_folds.def"
};
