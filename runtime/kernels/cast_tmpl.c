/* Conversions between the common element types, built once per instruction set above the lowest with CAST_LEVEL set;
 * cast.c has the others. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/cast_loops.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

#define CASTS(from, category)                                                                      \
    CAST(from, category, u8) CAST(from, category, i32) CAST(from, category, i64)                   \
    CAST(from, category, f16) CAST(from, category, f32) CAST(from, category, f64)                  \
    CAST(from, category, b1) CAST(from, category, bf16)
CASTS(u8, whole)
CASTS(i32, whole)
CASTS(i64, whole)
CASTS(f16, real)
CASTS(f32, real)
CASTS(f64, real)
CASTS(b1, whole)
CASTS(bf16, real)

#define ENTRY(from, to) [CODE_##to] = cast_##from##_##to
#define ENTRIES(from)                                                                              \
    [CODE_##from] = { ENTRY(from, u8), ENTRY(from, i32), ENTRY(from, i64), ENTRY(from, f16),       \
                      ENTRY(from, f32), ENTRY(from, f64), ENTRY(from, b1), ENTRY(from, bf16) }
extern const cast_fn JOIN(common_casts_, CAST_LEVEL)[DTYPE__COUNT][DTYPE__COUNT];
const cast_fn JOIN(common_casts_, CAST_LEVEL)[DTYPE__COUNT][DTYPE__COUNT] = {
    ENTRIES(u8), ENTRIES(i32), ENTRIES(i64), ENTRIES(f16), ENTRIES(f32), ENTRIES(f64), ENTRIES(b1), ENTRIES(bf16),
};
