/* Reading single elements of a CPU tensor by row-major number, for printing, item() and tests. Loops over whole
 * tensors belong to the kernels. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/tensor/half.h"
#include "runtime/tensor/tensor.h"

#include <complex.h>
#include <string.h>

static const char *element(const tensor *t, int64_t k)
{
    int64_t at = 0;
    for (int i = t->n_dims - 1; i >= 0; i--) {
        at += k % t->sizes[i] * t->strides[i];
        k /= t->sizes[i];
    }
    return (const char *)tensor_data(t) + at * (int64_t)dtype_size(tensor_dtype(t));
}

/* In float, as PyTorch computes it. */
static double dequantized(const tensor *t, int64_t k)
{
    double scale, zero_point;
    quantizer_at(t, k, &scale, &zero_point);
    return (double)(((float)tensor_get_int(t, k) - (float)zero_point) * (float)scale);
}

double tensor_get_double(const tensor *t, int64_t k)
{
    double re, im;
    tensor_get_complex(t, k, &re, &im);
    return re;
}

/* Saturates where the value does not fit (a cast would be undefined): PyTorch gives the minimum, as x86 does. */
static int64_t double_to_int(double f)
{
    return f >= -0x1p63 && f < 0x1p63 ? (int64_t)f : INT64_MIN;
}

int64_t tensor_get_int(const tensor *t, int64_t k)
{
    const char *p = element(t, k);
    int64_t i;
    int32_t i32;
    int16_t i16;
    switch (tensor_dtype(t)) {
    case DTYPE_bool:
    case DTYPE_uint8: return *(const uint8_t *)p;
    case DTYPE_int8: return *(const int8_t *)p;
    case DTYPE_int16: return memcpy(&i16, p, sizeof i16), i16;
    case DTYPE_int32: return memcpy(&i32, p, sizeof i32), i32;
    case DTYPE_int64: return memcpy(&i, p, sizeof i), i;
    case DTYPE_quint8: return *(const uint8_t *)p;
    case DTYPE_qint8: return *(const int8_t *)p;
    case DTYPE_qint32: return memcpy(&i32, p, sizeof i32), i32;
    default: return double_to_int(tensor_get_double(t, k));
    }
}

void tensor_get_complex(const tensor *t, int64_t k, double *re, double *im)
{
    const char *p = element(t, k);
    float f[2];
    double d[2];
    uint16_t h;
    *im = 0;
    switch (tensor_dtype(t)) {
    case DTYPE_float16: memcpy(&h, p, sizeof h), *re = (double)half_load(h); break;
    case DTYPE_bfloat16: memcpy(&h, p, sizeof h), *re = (double)bfloat_load(h); break;
    case DTYPE_float32: memcpy(f, p, sizeof *f), *re = (double)f[0]; break;
    case DTYPE_float64: memcpy(re, p, sizeof *re); break;
    case DTYPE_complex64: memcpy(f, p, sizeof f), *re = (double)f[0], *im = (double)f[1]; break;
    case DTYPE_complex128: memcpy(d, p, sizeof d), *re = d[0], *im = d[1]; break;
    case DTYPE_quint8: case DTYPE_qint8: case DTYPE_qint32: *re = dequantized(t, k); break;
    default: *re = (double)tensor_get_int(t, k);
    }
}
