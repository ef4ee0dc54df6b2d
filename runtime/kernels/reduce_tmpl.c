/* The folds of reduce_folds.def as loops, built once per instruction set with REDUCE_LEVEL set. Each is a plain
 * loop over independent accumulators, which vectorises; a line is folded into 16 lanes, a long one of
 * floats into 64, which are then merged in a fixed tree. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/prefetch.h"
#include "runtime/kernels/reduce.h"

#include <math.h>

enum { PREFETCHED = 1024, MANY_LANES = 64, FEW_LANES = 16 /* where merging the lanes would count */ };

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

/* Element i of each of so many rows into accumulator i, which is read and written once. */
#define ADD_ROWS(C, step, count, p_i)                                                              \
    for (int64_t i = 0; i < n; i++) {                                                              \
        C sum = acc[i];                                                                            \
        const double p = p_i;                                                                      \
        (void)p;                                                                                   \
        for (int k = 0; k < (count); k++) {                                                        \
            const C a = sum, x = (C)from[k * stride + i];                                          \
            sum = step;                                                                            \
        }                                                                                          \
        acc[i] = sum;                                                                              \
    }
#define ROWS(fn, C, IN, step)                                                                      \
    static void fn(int64_t n, int64_t n_rows, const IN *restrict from, int64_t stride, C *restrict acc, const double *p_, \
                   int64_t p_step)                                                                 \
    {                                                                                              \
        const double p_all = p_ ? *p_ : 0;                                                         \
        for (; p_step && n_rows > 0; n_rows--, from += stride) ADD_ROWS(C, step, 1, p_[i])         \
        for (; n_rows >= 4; n_rows -= 4, from += 4 * stride) ADD_ROWS(C, step, 4, p_all)           \
        for (; n_rows > 0; n_rows--, from += stride) ADD_ROWS(C, step, 1, p_all)                   \
    }

/* Rounds of all lanes, then of four, then single elements: the number of lanes is constant everywhere, so they stay in
 * vector registers. */
#define ROUNDS(C, step, count)                                                                     \
    for (; i + (count) <= n; i += (count)) {                                                       \
        if ((count) == MANY_LANES) prefetch_bytes((const char *)(from + i + PREFETCHED), (count) * sizeof *from); \
        for (int l = 0; l < (count); l++) {                                                        \
            const C a = lanes[l], x = (C)from[i + l];                                              \
            lanes[l] = step;                                                                       \
        }                                                                                          \
    }
#define MERGE_LANES(C, merge, distance)                                                            \
    for (int l = 0; l < (distance); l++) {                                                         \
        const C a = lanes[l], b = lanes[l + (distance)];                                           \
        lanes[l] = merge;                                                                          \
    }
#define FOLD_LANES(C, merge, start, step, count)                                                   \
    _Alignas(64) C lanes[count];                                                                   \
    int64_t i = 0;                                                                                 \
    for (int l = 0; l < (count); l++) lanes[l] = start;                                            \
    ROUNDS(C, step, count)                                                                         \
    if ((count) == MANY_LANES) {                                                                   \
        MERGE_LANES(C, merge, MANY_LANES / 2)                                                      \
        MERGE_LANES(C, merge, MANY_LANES / 4)                                                      \
    }                                                                                              \
    MERGE_LANES(C, merge, 8)                                                                       \
    MERGE_LANES(C, merge, 4)                                                                       \
    ROUNDS(C, step, 4)                                                                             \
    MERGE_LANES(C, merge, 2)                                                                       \
    MERGE_LANES(C, merge, 1)                                                                       \
    ROUNDS(C, step, 1)                                                                             \
    return lanes[0];
#define TOTAL(fn, merge, start, LANE, IN, step, count)                                             \
    static LANE fn(int64_t n, const IN *from, double p)                                            \
    {                                                                                              \
        FOLD_LANES(LANE, merge, start, step, count)                                                \
    }
#define LINES(fn, total, merge, C, IN)                                                             \
    static void fn(int64_t n_lines, int64_t n, const IN *from, int64_t stride, C *acc, const double *p, int64_t p_step) \
    {                                                                                              \
        for (int64_t k = 0; k < n_lines; k++, from += stride, p += p_step) {                       \
            const C a = acc[k], b = total(n, from, *p);                                            \
            acc[k] = merge;                                                                        \
        }                                                                                          \
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
        JOIN(rows_typed_, id)(n, 1, x, 0, acc, p, p_step);                                         \
    }                                                                                              \
    TOTAL(JOIN(total_, id), merge, start, C, C, step, FEW_LANES)                                   \
    static void JOIN(line_, id)(int64_t n, const void *x, void *acc, double p)                     \
    {                                                                                              \
        const C a = *(C *)acc, b = JOIN(total_, id)(n, x, p);                                      \
        *(C *)acc = merge;                                                                         \
    }

#define FLOAT_i64(id, LANE, start, step, merge)
#define FLOAT_c128(id, LANE, start, step, merge)
#define FLOAT_f64(id, LANE, start, step, merge)                                                    \
    ROWS(JOIN(rows_floats_, id), double, float, step)                                              \
    static void JOIN(rows_f32_, id)(int64_t n, int64_t n_rows, const float *from, int64_t stride, void *acc, const double *p, \
                                    int64_t p_step)                                                \
    {                                                                                              \
        JOIN(rows_floats_, id)(n, n_rows, from, stride, acc, p, p_step);                           \
    }                                                                                              \
    TOTAL(JOIN(few_f32_, id), merge, start, LANE, float, step, FEW_LANES)                          \
    __attribute__((noinline)) /* in a loop the lanes do not stay in registers */                  \
    TOTAL(JOIN(many_f32_, id), merge, start, LANE, float, step, MANY_LANES)                        \
    LINES(JOIN(short_lines_f32_, id), JOIN(few_f32_, id), merge, double, float)                    \
    LINES(JOIN(long_lines_f32_, id), JOIN(many_f32_, id), merge, double, float)                    \
    static void JOIN(lines_f32_, id)(int64_t n_lines, int64_t n, const float *from, int64_t stride, void *acc, const double *p, \
                                     int64_t p_step)                                               \
    {                                                                                              \
        (n < 4 * MANY_LANES ? JOIN(short_lines_f32_, id) : JOIN(long_lines_f32_, id))(n_lines, n, from, stride, acc, p, p_step); \
    }

#define FOLD(name, compute, lanes, start, step, merge)                                             \
    FOLD_BODY(name##_##compute, reduce_##compute, start, step, merge)                              \
    FLOAT_##compute(name##_##compute, reduce_##lanes, start, step, merge)
#include "runtime/kernels/reduce_folds.def"

#define DTYPE_OF_f64 DTYPE_float64
#define DTYPE_OF_i64 DTYPE_int64
#define DTYPE_OF_c128 DTYPE_complex128
#define FLOAT_ROWS_f64(id) rows_f32_##id
#define FLOAT_ROWS_i64(id) NULL
#define FLOAT_ROWS_c128(id) NULL
#define FLOAT_LINES_f64(id) lines_f32_##id
#define FLOAT_LINES_i64(id) NULL
#define FLOAT_LINES_c128(id) NULL

const fold JOIN(reduce_folds_, REDUCE_LEVEL)[FOLD__COUNT] = {
#define FOLD(name, compute, ...)                                                                   \
    [FOLD_##name##_##compute] = { DTYPE_OF_##compute, init_##name##_##compute, rows_##name##_##compute, \
                                  FLOAT_ROWS_##compute(name##_##compute), line_##name##_##compute,  \
                                  FLOAT_LINES_##compute(name##_##compute), merge_##name##_##compute },
#include "runtime/kernels/reduce_folds.def"
};
