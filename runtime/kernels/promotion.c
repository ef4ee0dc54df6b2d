/* The common element type of an operator's operands (at/native/TypeProperties.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/kernel.h"

static dtype join(dtype a, dtype b)
{
    return a == DTYPE_NONE ? b : b == DTYPE_NONE ? a : dtype_promote(a, b);
}

/* A class of higher priority meets a lower one, which may raise its category but not its width. */
static dtype combine(dtype high, dtype low)
{
    if (high == DTYPE_NONE || low == DTYPE_NONE) return join(high, low);
    if (dtype_is_complex(high)) return high;
    if (dtype_is_complex(low)) return dtype_is_float(high) ? dtype_complex(high) : low;
    if (dtype_is_float(high)) return high;
    if (high == DTYPE_bool || dtype_is_float(low)) return dtype_promote(high, low);
    return high;
}

dtype number_dtype(jit_value v)
{
    switch (v.tag) {
    case VALUE_BOOL: return DTYPE_bool;
    case VALUE_INT: return DTYPE_int64;
    case VALUE_FLOAT: return DTYPE_float32;
    case VALUE_COMPLEX: return DTYPE_complex64;
    default: return DTYPE_NONE;
    }
}

void promotion_add_tensor(promotion *p, const tensor *t)
{
    dtype d = tensor_dtype(t);
    if (t->is_wrapped_number) {
        d = dtype_is_complex(d) ? DTYPE_complex64 : dtype_is_float(d) ? DTYPE_float32 : d;
        p->numbers = join(p->numbers, d);
    } else if (t->n_dims == 0) {
        p->zero_dims = join(p->zero_dims, d);
    } else {
        p->dims = join(p->dims, d);
    }
}

void promotion_add_value(promotion *p, jit_value v)
{
    if (v.tag == VALUE_TENSOR && v.t)
        promotion_add_tensor(p, v.t);
    else
        p->numbers = join(p->numbers, number_dtype(v));
}

dtype promotion_result(const promotion *p)
{
    return combine(p->dims, combine(p->zero_dims, p->numbers));
}

dtype result_type(const jit_value *operands, size_t n)
{
    promotion p = PROMOTION_INIT;
    for (size_t i = 0; i < n; i++) promotion_add_value(&p, operands[i]);
    return promotion_result(&p);
}

const char *dtype_cpp_name(dtype d)
{
    switch (d) {
    case DTYPE_uint8: return "unsigned char";
    case DTYPE_int8: return "signed char";
    case DTYPE_int16: return "short int";
    case DTYPE_int32: return "int";
    case DTYPE_int64: return "long int";
    case DTYPE_float32: return "float";
    case DTYPE_float64: return "double";
    case DTYPE_float16: return "c10::Half";
    case DTYPE_bfloat16: return "c10::BFloat16";
    case DTYPE_complex64: return "c10::complex<float>";
    case DTYPE_complex128: return "c10::complex<double>";
    default: return dtype_name(d);
    }
}
