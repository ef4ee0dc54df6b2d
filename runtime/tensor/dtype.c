/* Element types: sizes, names, promotion and the 16-bit floats. All facts come from dtype.def; promotion is
 * computed from category and width instead of a table because only three pairs are irregular. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/tensor/half.h"
#include "runtime/tensor/tensor.h"

#include <string.h>

const struct dtype_fact dtype_facts[DTYPE__COUNT] = {
#define DTYPE(id, code, ctype, bytes, cat, name, prefix) [code] = { bytes, CATEGORY_##cat },
#define QUANTIZED(id, code, integers, name, prefix) [code] = { sizeof(integers##_t), CATEGORY_Q },
#include "runtime/tensor/dtype.def"
};

static const struct { const char *name, *prefix; } rows[DTYPE__COUNT] = {
#define DTYPE(id, code, ctype, bytes, cat, name, prefix) [code] = { name, prefix },
#define QUANTIZED(id, code, integers, name, prefix) [code] = { name, prefix },
#include "runtime/tensor/dtype.def"
};

#define DTYPE(id, code, ctype, bytes, cat, name, prefix) \
    _Static_assert(sizeof(ctype) == (bytes), "dtype.def: the size of " name);
#include "runtime/tensor/dtype.def"

bool dtype_is_valid(int64_t code)
{
    return code >= 0 && code < DTYPE__COUNT && dtype_facts[code].n_bytes != 0 && dtype_facts[code].category != CATEGORY_Q;
}

const char *dtype_name(dtype d)
{
    return rows[d].name;
}

const char *dtype_prefix(dtype d)
{
    return rows[d].prefix;
}

dtype dtype_parse(const char *name)
{
    static const struct {
        const char *name;
        dtype d;
    } aliases[] = {
        { "short", DTYPE_int16 },   { "int", DTYPE_int32 },        { "long", DTYPE_int64 },
        { "half", DTYPE_float16 },  { "float", DTYPE_float32 },    { "double", DTYPE_float64 },
        { "cfloat", DTYPE_complex64 }, { "cdouble", DTYPE_complex128 },
    };
    for (int i = 0; i < DTYPE__COUNT; i++)
        if (rows[i].name && strcmp(rows[i].name, name) == 0) return (dtype)i;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(aliases[i].name, name) == 0) return aliases[i].d;
    return DTYPE_NONE;
}

dtype dtype_integers(dtype d)
{
    switch (d) {
#define DTYPE(...)
#define QUANTIZED(id, code, integers, name, prefix) case DTYPE_##id: return DTYPE_##integers;
#include "runtime/tensor/dtype.def"
    default: return d;
    }
}

/* The real type that holds a part of a complex type, or the type itself. */
dtype dtype_real(dtype d)
{
    return d == DTYPE_complex64 ? DTYPE_float32 : d == DTYPE_complex128 ? DTYPE_float64 : d;
}

/* There is no complex32 here: a half pair widens to complex64. */
dtype dtype_complex(dtype d)
{
    return d == DTYPE_float64 || d == DTYPE_complex128 ? DTYPE_complex128 : DTYPE_complex64;
}

static dtype promote_complex(dtype a, dtype b)
{
    return dtype_real(a) == DTYPE_float64 || dtype_real(b) == DTYPE_float64 ? DTYPE_complex128
                                                                            : DTYPE_complex64;
}

static dtype promote_integral(dtype a, dtype b)
{
    if ((a == DTYPE_uint8 && b == DTYPE_int8) || (a == DTYPE_int8 && b == DTYPE_uint8))
        return DTYPE_int16;
    return dtype_facts[a].n_bytes >= dtype_facts[b].n_bytes ? a : b;
}

dtype dtype_promote(dtype a, dtype b)
{
    if (a == b) return a;
    dtype_category ca = dtype_category_of(a), cb = dtype_category_of(b);
    if (ca == CATEGORY_C || cb == CATEGORY_C) return promote_complex(a, b);
    if (ca != cb) return ca > cb ? a : b;
    if (ca == CATEGORY_I) return promote_integral(a, b);
    if (dtype_facts[a].n_bytes == dtype_facts[b].n_bytes) return DTYPE_float32; // float16 with bfloat16
    return dtype_facts[a].n_bytes > dtype_facts[b].n_bytes ? a : b;
}

bool dtype_can_cast(dtype from, dtype to)
{
    return dtype_category_of(from) <= dtype_category_of(to);
}

float half_to_float(uint16_t h)
{
    return half_load(h);
}

uint16_t float_to_half(float f)
{
    return half_store(f);
}

float bfloat16_to_float(uint16_t h)
{
    return bfloat_load(h);
}

uint16_t float_to_bfloat16(float f)
{
    return bfloat_store(f);
}
