/* Conversion between element types: one loop per pair, and single elements through the widest type of their
 * category.
 *
 * Floats become integers by truncation. Out of range is undefined in C; we give what x86-64 PyTorch gives:
 * the most negative value of the 32- or 64-bit register, cut to width (uint8 goes through 64 bits). */
/* SPDX-License-Identifier: Apache-2.0 */
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
#define CASTS(from, category)                                                                      \
    CAST(from, category, u8) CAST(from, category, i8) CAST(from, category, i16)                    \
    CAST(from, category, i32) CAST(from, category, i64) CAST(from, category, f16)                  \
    CAST(from, category, f32) CAST(from, category, f64) CAST(from, category, c64)                  \
    CAST(from, category, c128) CAST(from, category, b1) CAST(from, category, bf16)
CASTS(u8, whole)
CASTS(i8, whole)
CASTS(i16, whole)
CASTS(i32, whole)
CASTS(i64, whole)
CASTS(f16, real)
CASTS(f32, real)
CASTS(f64, real)
CASTS(c64, complex)
CASTS(c128, complex)
CASTS(b1, whole)
CASTS(bf16, real)

#define ENTRY(from, to) [CODE_##to] = cast_##from##_##to
#define ENTRIES(from)                                                                              \
    [CODE_##from] = { ENTRY(from, u8), ENTRY(from, i8), ENTRY(from, i16), ENTRY(from, i32),        \
                      ENTRY(from, i64), ENTRY(from, f16), ENTRY(from, f32), ENTRY(from, f64),      \
                      ENTRY(from, c64), ENTRY(from, c128), ENTRY(from, b1), ENTRY(from, bf16) }
static const cast_fn casts[DTYPE__COUNT][DTYPE__COUNT] = {
    ENTRIES(u8), ENTRIES(i8), ENTRIES(i16), ENTRIES(i32), ENTRIES(i64), ENTRIES(f16),
    ENTRIES(f32), ENTRIES(f64), ENTRIES(c64), ENTRIES(c128), ENTRIES(b1), ENTRIES(bf16),
};

cast_fn cast_find(dtype from, dtype to)
{
    return casts[from][to];
}

void element_store_int(dtype d, void *p, int64_t i)
{
    casts[DTYPE_int64][d](1, (const char *)&i, sizeof i, p, (int64_t)dtype_size(d));
}

void element_store_double(dtype d, void *p, double f)
{
    casts[DTYPE_float64][d](1, (const char *)&f, sizeof f, p, (int64_t)dtype_size(d));
}

void element_store_complex(dtype d, void *p, double re, double im)
{
    double z[2] = { re, im };
    casts[DTYPE_complex128][d](1, (const char *)z, sizeof z, p, (int64_t)dtype_size(d));
}

void element_store_number(dtype d, void *p, jit_value v)
{
    switch (v.tag) {
    case VALUE_FLOAT: element_store_double(d, p, v.f); break;
    case VALUE_COMPLEX: element_store_complex(d, p, v.c->re, v.c->im); break;
    default: element_store_int(d, p, v.i); break;
    }
}

int64_t element_load_int(dtype d, const void *p)
{
    int64_t i;
    casts[d][DTYPE_int64](1, p, (int64_t)dtype_size(d), (char *)&i, sizeof i);
    return i;
}

double element_load_double(dtype d, const void *p)
{
    double f;
    casts[d][DTYPE_float64](1, p, (int64_t)dtype_size(d), (char *)&f, sizeof f);
    return f;
}

void element_load_complex(dtype d, const void *p, double *re, double *im)
{
    double z[2];
    casts[d][DTYPE_complex128](1, p, (int64_t)dtype_size(d), (char *)z, sizeof z);
    *re = z[0];
    *im = z[1];
}

jit_value element_load_number(dtype d, const void *p)
{
    switch (dtype_category_of(d)) {
    case CATEGORY_B: return VALUE_BOOL_V(element_load_int(d, p));
    case CATEGORY_I: return VALUE_INT_V(element_load_int(d, p));
    case CATEGORY_F: return VALUE_FLOAT_V(element_load_double(d, p));
    case CATEGORY_C: break;
    }
    double re, im;
    element_load_complex(d, p, &re, &im);
    complex_box *c = complex_new(re, im);
    return c ? VALUE_HEAP_V(VALUE_COMPLEX, c) : VALUE_NONE_V;
}
