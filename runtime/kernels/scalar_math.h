/* runtime/kernels/scalar_math.h: what the expressions of ir/ops/scalar.def call, and how their readers
 * (runtime/kernels/scalars.c, runtime/vm/run.c) get at operands and results.
 *
 * A reader defines SCALAR_INT(k), SCALAR_FLOAT(k) and SCALAR_BOOL(k), its operand number k, and writes
 * SCALAR_OPERANDS(sig), which declares a, b, c; SCALAR_RESULT(sig) is the letter of the result. Integers
 * wrap (-fwrapv); no function here traps for any operand its row's check lets through. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_SCALAR_MATH_H
#define RUNTIME_KERNELS_SCALAR_MATH_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#define SCALAR_OPERANDS(sig) SCALAR_OPERANDS_##sig
#define SCALAR_RESULT(sig) SCALAR_RESULT_##sig

#define SCALAR_OPERANDS_I_I int64_t a = SCALAR_INT(0)
#define SCALAR_OPERANDS_F_I SCALAR_OPERANDS_I_I
#define SCALAR_OPERANDS_B_I SCALAR_OPERANDS_I_I
#define SCALAR_OPERANDS_F_F double a = SCALAR_FLOAT(0)
#define SCALAR_OPERANDS_I_F SCALAR_OPERANDS_F_F
#define SCALAR_OPERANDS_B_F SCALAR_OPERANDS_F_F
#define SCALAR_OPERANDS_B_B bool a = SCALAR_BOOL(0)
#define SCALAR_OPERANDS_I_B SCALAR_OPERANDS_B_B
#define SCALAR_OPERANDS_F_B SCALAR_OPERANDS_B_B
#define SCALAR_OPERANDS_I_II int64_t a = SCALAR_INT(0), b = SCALAR_INT(1)
#define SCALAR_OPERANDS_F_II SCALAR_OPERANDS_I_II
#define SCALAR_OPERANDS_B_II SCALAR_OPERANDS_I_II
#define SCALAR_OPERANDS_F_FF double a = SCALAR_FLOAT(0), b = SCALAR_FLOAT(1)
#define SCALAR_OPERANDS_B_FF SCALAR_OPERANDS_F_FF
#define SCALAR_OPERANDS_F_IF int64_t a = SCALAR_INT(0); double b = SCALAR_FLOAT(1)
#define SCALAR_OPERANDS_B_IF SCALAR_OPERANDS_F_IF
#define SCALAR_OPERANDS_F_FI double a = SCALAR_FLOAT(0); int64_t b = SCALAR_INT(1)
#define SCALAR_OPERANDS_B_FI SCALAR_OPERANDS_F_FI
#define SCALAR_OPERANDS_B_BB bool a = SCALAR_BOOL(0), b = SCALAR_BOOL(1)
#define SCALAR_OPERANDS_I_III int64_t a = SCALAR_INT(0), b = SCALAR_INT(1), c = SCALAR_INT(2)

#define SCALAR_RESULT_I_I I
#define SCALAR_RESULT_I_F I
#define SCALAR_RESULT_I_B I
#define SCALAR_RESULT_I_II I
#define SCALAR_RESULT_I_III I
#define SCALAR_RESULT_F_I F
#define SCALAR_RESULT_F_F F
#define SCALAR_RESULT_F_B F
#define SCALAR_RESULT_F_II F
#define SCALAR_RESULT_F_FF F
#define SCALAR_RESULT_F_IF F
#define SCALAR_RESULT_F_FI F
#define SCALAR_RESULT_B_I B
#define SCALAR_RESULT_B_F B
#define SCALAR_RESULT_B_B B
#define SCALAR_RESULT_B_II B
#define SCALAR_RESULT_B_FF B
#define SCALAR_RESULT_B_IF B
#define SCALAR_RESULT_B_FI B
#define SCALAR_RESULT_B_BB B

/** Floor division; b is not 0. INT64_MIN // -1 wraps instead of trapping. */
static inline int64_t scalar_floordiv(int64_t a, int64_t b)
{
    if (b == -1)
        return -a;
    int64_t q = a / b;
    return q - ((a ^ b) < 0 && q * b != a);
}

/** Division towards zero; b is not 0. */
static inline int64_t scalar_truncdiv(int64_t a, int64_t b)
{
    return b == -1 ? -a : a / b;
}

/** Remainder with the sign of b; b is not 0. */
static inline int64_t scalar_remainder(int64_t a, int64_t b)
{
    if (b == -1)
        return 0;
    int64_t r = a % b;
    return r != 0 && (r ^ b) < 0 ? r + b : r;
}

/** `%` on floats, rounding as the reference rounds: nan for an infinite b. */
static inline double scalar_remainder_float(double a, double b)
{
    return fmod(fmod(a, b) + b, b);
}

/** Would the reference's floor() and ceil() take it. */
static inline bool scalar_fits_int(double a)
{
    return a >= -0x1p63 && a <= 0x1p63;
}

/** Truncation; what does not fit, and NaN, gives INT64_MIN (as cvttsd2si, on every machine). */
static inline int64_t scalar_to_int(double a)
{
    return a >= -0x1p63 && a < 0x1p63 ? (int64_t)a : INT64_MIN;
}

static inline int64_t scalar_gcd(int64_t a, int64_t b)
{
    uint64_t x = a < 0 ? -(uint64_t)a : (uint64_t)a;
    uint64_t y = b < 0 ? -(uint64_t)b : (uint64_t)b;
    while (y != 0) {
        uint64_t r = x % y;
        x = y;
        y = r;
    }
    return (int64_t)x;
}

/** a >= 0; wraps. From 66! on all 64 low bits are zero, which bounds the loop. */
static inline int64_t scalar_factorial(int64_t a)
{
    int64_t r = 1;
    for (int64_t i = 2; i <= a && r != 0; i++)
        r *= i;
    return r;
}

/** Number of steps from lo to hi; step is not 0. Differences are unsigned: they may exceed 63 bits. */
static inline int64_t scalar_range_length(int64_t lo, int64_t hi, int64_t step)
{
    if (step > 0)
        return lo >= hi ? 0 : (int64_t)(((uint64_t)hi - (uint64_t)lo - 1) / (uint64_t)step + 1);
    return lo <= hi ? 0 : (int64_t)(((uint64_t)lo - (uint64_t)hi - 1) / -(uint64_t)step + 1);
}

#endif
