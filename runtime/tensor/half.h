/* runtime/tensor/half.h: 16-bit floats to and from float, as inline functions without branches, so that loops
 * over them vectorise.
 *
 * float16 relies on the float unit to renormalise: scaling by powers of two moves the exponent, adding a
 * magic bias rounds to nearest even (the method of Marat Dukhan's FP16 library, MIT). bfloat16 is the
 * upper half of a float, rounded to nearest even. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_TENSOR_HALF_H
#define RUNTIME_TENSOR_HALF_H

#include <stdint.h>
#include <string.h>

static inline float half_bits_to_float(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline uint32_t half_float_to_bits(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static inline float half_load(uint16_t h)
{
    const uint32_t w = (uint32_t)h << 16, twice = w + w;
    const uint32_t normal =
        half_float_to_bits(half_bits_to_float((twice >> 4) + ((uint32_t)0xE0 << 23)) * 0x1.0p-112f);
    const uint32_t denormal =
        half_float_to_bits(half_bits_to_float((twice >> 17) | ((uint32_t)126 << 23)) - 0.5f);
    return half_bits_to_float((w & 0x80000000u) | (twice < (1u << 27) ? denormal : normal));
}

static inline uint16_t half_store(float f)
{
    const uint32_t w = half_float_to_bits(f), twice = w + w;
    const float magnitude = half_bits_to_float(w & 0x7FFFFFFFu);
    float base = (magnitude * 0x1.0p+112f) * 0x1.0p-110f;
    uint32_t bias = twice & 0xFF000000u;
    bias = bias < 0x71000000u ? 0x71000000u : bias;
    base = half_bits_to_float((bias >> 1) + 0x07800000u) + base;
    const uint32_t bits = half_float_to_bits(base);
    const uint32_t finite = ((bits >> 13) & 0x7C00u) + (bits & 0x0FFFu);
    return (uint16_t)((w >> 16 & 0x8000u) | (twice > 0xFF000000u ? 0x7E00u : finite));
}

static inline float bfloat_load(uint16_t h) { return half_bits_to_float((uint32_t)h << 16); }

static inline uint16_t bfloat_store(float f)
{
    const uint32_t bits = half_float_to_bits(f);
    const uint32_t rounded = (bits + 0x7FFFu + (bits >> 16 & 1)) >> 16;
    return (uint16_t)((bits & 0x7FFFFFFFu) > 0x7F800000u ? 0x7FC0u : rounded);
}

#endif
