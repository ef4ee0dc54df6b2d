/* runtime/kernels/cast_loops.h: the loop that converts one element type to another, as a macro: CAST(from, category, to)
 * with short names of the types.
 *
 * Floats become integers by truncation. Out of range is undefined in C; we give what x86-64 PyTorch gives:
 * the most negative value of the 32- or 64-bit register, cut to width (uint8 goes through 64 bits). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_CAST_LOOPS_H
#define RUNTIME_KERNELS_CAST_LOOPS_H

#include "runtime/kernels/kernel.h"

#include "runtime/tensor/half.h"

static inline int64_t int64_of(double f) { return f >= -0x1p63 && f < 0x1p63 ? (int64_t)f : INT64_MIN; }
static inline int32_t int32_of(double f) { return f > -0x1p31 - 1 && f < 0x1p31 ? (int32_t)f : INT32_MIN; }

/* Short names of the element types, because `bool` is a macro. Per type: its code, its C type, the category of
 * the values LOAD_ gives, how a stored element becomes a value and how a value of a category becomes an element. */
#define CODE_u8 DTYPE_uint8
#define CODE_i8 DTYPE_int8
#define CODE_i16 DTYPE_int16
#define CODE_i32 DTYPE_int32
#define CODE_i64 DTYPE_int64
#define CODE_f16 DTYPE_float16
#define CODE_f32 DTYPE_float32
#define CODE_f64 DTYPE_float64
#define CODE_c64 DTYPE_complex64
#define CODE_c128 DTYPE_complex128
#define CODE_b1 DTYPE_bool
#define CODE_bf16 DTYPE_bfloat16

typedef uint8_t type_u8;
typedef int8_t type_i8;
typedef int16_t type_i16;
typedef int32_t type_i32;
typedef int64_t type_i64;
typedef uint16_t type_f16;
typedef float type_f32;
typedef double type_f64;
typedef float _Complex type_c64;
typedef double _Complex type_c128;
typedef uint8_t type_b1; /* not bool: a byte other than 0 and 1 must not be undefined */
typedef uint16_t type_bf16;

#define LOAD_u8(x) (x)
#define LOAD_i8(x) (x)
#define LOAD_i16(x) (x)
#define LOAD_i32(x) (x)
#define LOAD_i64(x) (x)
#define LOAD_f16(x) half_load(x)
#define LOAD_f32(x) (x)
#define LOAD_f64(x) (x)
#define LOAD_c64(x) (x)
#define LOAD_c128(x) (x)
#define LOAD_b1(x) ((x) != 0)
#define LOAD_bf16(x) bfloat_load(x)

/* values: whole numbers, reals, complex numbers */
#define REAL_whole(x) (x)
#define REAL_real(x) (x)
#define REAL_complex(x) (__real__(x))
#define TO32_whole(x) (x)
#define TO32_real(x) int32_of((double)(x))
#define TO32_complex(x) int32_of((double)__real__(x))
#define TO64_whole(x) (x)
#define TO64_real(x) int64_of((double)(x))
#define TO64_complex(x) int64_of((double)__real__(x))

#define STORE_u8(category, x) (uint8_t)TO64_##category(x)
#define STORE_i8(category, x) (int8_t)TO32_##category(x)
#define STORE_i16(category, x) (int16_t)TO32_##category(x)
#define STORE_i32(category, x) (int32_t)TO32_##category(x)
#define STORE_i64(category, x) (int64_t)TO64_##category(x)
#define STORE_f16(category, x) half_store((float)REAL_##category(x))
#define STORE_f32(category, x) (float)REAL_##category(x)
#define STORE_f64(category, x) (double)REAL_##category(x)
#define STORE_c64(category, x) (float _Complex)(x)
#define STORE_c128(category, x) (double _Complex)(x)
#define STORE_b1(category, x) ((x) != 0)
#define STORE_bf16(category, x) bfloat_store((float)REAL_##category(x))

#define CAST(from, category, to)                                                                   \
    static void cast_##from##_##to(int64_t n, const char *p, int64_t ps, char *q, int64_t qs)      \
    {                                                                                              \
        if (ps == (int64_t)sizeof(type_##from) && qs == (int64_t)sizeof(type_##to)) {              \
            const type_##from *a = (const void *)p;                                                \
            type_##to *r = (void *)q;                                                              \
            for (int64_t i = 0; i < n; i++) r[i] = STORE_##to(category, LOAD_##from(a[i]));        \
        } else {                                                                                   \
            for (int64_t i = 0; i < n; i++, p += ps, q += qs)                                      \
                *(type_##to *)q = STORE_##to(category, LOAD_##from(*(const type_##from *)p));      \
        }                                                                                          \
    }

#endif
