/* Conversion between element types: one loop per pair, the common pairs once per instruction set too, and single
 * elements through the widest type of their category. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/cast_loops.h"
#include "runtime/device/device.h"

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

#ifdef TJS_X86_LEVELS
extern const cast_fn common_casts_v3[DTYPE__COUNT][DTYPE__COUNT], common_casts_v4[DTYPE__COUNT][DTYPE__COUNT];
#endif

/* Of any two types; quantized elements are taken for the integers they are. */
static cast_fn plain_cast(dtype from, dtype to)
{
    return casts[dtype_integers(from)][dtype_integers(to)];
}

cast_fn cast_find(dtype from, dtype to)
{
#ifdef TJS_X86_LEVELS
    const cpu_level level = cpu_get_level();
    const cast_fn cast = level >= CPU_V4 ? common_casts_v4[from][to] : level >= CPU_V3 ? common_casts_v3[from][to] : NULL;
    if (cast) return cast;
#endif
    return plain_cast(from, to);
}

void element_store_int(dtype d, void *p, int64_t i)
{
    plain_cast(DTYPE_int64, d)(1, (const char *)&i, sizeof i, p, (int64_t)dtype_size(d));
}

void element_store_double(dtype d, void *p, double f)
{
    plain_cast(DTYPE_float64, d)(1, (const char *)&f, sizeof f, p, (int64_t)dtype_size(d));
}

void element_store_complex(dtype d, void *p, double re, double im)
{
    double z[2] = { re, im };
    plain_cast(DTYPE_complex128, d)(1, (const char *)z, sizeof z, p, (int64_t)dtype_size(d));
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
    plain_cast(d, DTYPE_int64)(1, p, (int64_t)dtype_size(d), (char *)&i, sizeof i);
    return i;
}

double element_load_double(dtype d, const void *p)
{
    double f;
    plain_cast(d, DTYPE_float64)(1, p, (int64_t)dtype_size(d), (char *)&f, sizeof f);
    return f;
}

void element_load_complex(dtype d, const void *p, double *re, double *im)
{
    double z[2];
    plain_cast(d, DTYPE_complex128)(1, p, (int64_t)dtype_size(d), (char *)z, sizeof z);
    *re = z[0];
    *im = z[1];
}

jit_value element_load_number(dtype d, const void *p)
{
    switch (dtype_category_of(d)) {
    case CATEGORY_B: return VALUE_BOOL_V(element_load_int(d, p));
    case CATEGORY_I: return VALUE_INT_V(element_load_int(d, p));
    case CATEGORY_F: return VALUE_FLOAT_V(element_load_double(d, p));
    case CATEGORY_C:
    case CATEGORY_Q: break;
    }
    double re, im;
    element_load_complex(d, p, &re, &im);
    complex_box *c = complex_new(re, im);
    return c ? VALUE_HEAP_V(VALUE_COMPLEX, c) : VALUE_NONE_V;
}
