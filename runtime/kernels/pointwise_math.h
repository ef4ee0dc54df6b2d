/* runtime/kernels/pointwise_math.h: what the VALUE expressions of pointwise.def call, for one compute type.
 *
 * Included by pointwise_tmpl.c, which sets COMPUTE, REAL and one of CLASS_B, CLASS_I, CLASS_F, CLASS_C, and
 * M(name) that spells the C library's function of the type (expf, exp). Where glibc has vector versions
 * (libmvec) and the compiler knows the simd attribute, the declarations below make loops over them vectorise;
 * the special values of IEEE arithmetic stay right, which -ffast-math would not give. Ordinary calls otherwise.
 * float powers go through double: x ** 3 is then exact where it can be. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>

#define K(x) ((REAL)(x)) /* a real constant of the compute type's precision */
#if CLASS_F /* both are computed: a loop that calls functions in branches would not be vectorised */
static inline COMPUTE m_select(bool condition, COMPUTE x, COMPUTE y) { return condition ? x : y; }
#else
#define m_select(condition, x, y) ((condition) ? (x) : (y))
#endif

#if !CLASS_C
static inline COMPUTE m_max(COMPUTE a, COMPUTE b) { return a > b || a != a ? a : b; } /* NaN wins */
static inline COMPUTE m_min(COMPUTE a, COMPUTE b) { return a < b || a != a ? a : b; }
static inline COMPUTE m_clamp(COMPUTE a, COMPUTE low, COMPUTE high) { return m_min(m_max(a, low), high); }
#define m_sign(a) (((a) > 0) - ((a) < 0))
#endif

#if CLASS_F

#include "runtime/kernels/special_math.h"

#if defined(TJS_LIBMVEC) && defined(__GNUC__) && !defined(__clang__)
#define SIMD_UNARY(name) \
    extern REAL v_##name(REAL) __asm__(M_SYMBOL(name)) __attribute__((simd("notinbranch"), const, nothrow));
#define SIMD_BINARY(name) \
    extern REAL v_##name(REAL, REAL) __asm__(M_SYMBOL(name)) __attribute__((simd("notinbranch"), const, nothrow));
extern double v_wide_pow(double, double) __asm__("pow") __attribute__((simd("notinbranch"), const, nothrow));
#else
#define v_wide_pow pow
#define SIMD_UNARY(name) \
    static inline REAL v_##name(REAL x) { return M(name)(x); }
#define SIMD_BINARY(name) \
    static inline REAL v_##name(REAL x, REAL y) { return M(name)(x, y); }
#endif
SIMD_UNARY(exp) SIMD_UNARY(exp2) SIMD_UNARY(expm1) SIMD_UNARY(log) SIMD_UNARY(log2) SIMD_UNARY(log10)
SIMD_UNARY(log1p) SIMD_UNARY(sin) SIMD_UNARY(cos) SIMD_UNARY(tan) SIMD_UNARY(asin) SIMD_UNARY(acos)
SIMD_UNARY(atan) SIMD_UNARY(sinh) SIMD_UNARY(cosh) SIMD_UNARY(tanh) SIMD_UNARY(asinh) SIMD_UNARY(acosh)
SIMD_UNARY(atanh) SIMD_UNARY(erf) SIMD_UNARY(erfc)
SIMD_BINARY(atan2) SIMD_BINARY(hypot)
#undef SIMD_UNARY
#undef SIMD_BINARY
#define m_exp v_exp
#define m_exp2 v_exp2
#define m_expm1 v_expm1
#define m_log v_log
#define m_log2 v_log2
#define m_log10 v_log10
#define m_log1p v_log1p
#define m_sin v_sin
#define m_cos v_cos
#define m_tan v_tan
#define m_asin v_asin
#define m_acos v_acos
#define m_atan v_atan
#define m_sinh v_sinh
#define m_cosh v_cosh
#define m_tanh v_tanh
#define m_asinh v_asinh
#define m_acosh v_acosh
#define m_atanh v_atanh
#define m_erf v_erf
#define m_erfc v_erfc
#define m_atan2 v_atan2
#define m_hypot v_hypot
#define m_sqrt M(sqrt)
#define m_abs M(fabs)
#define m_floor M(floor)
#define m_ceil M(ceil)
#define m_trunc M(trunc)
#define m_round M(rint)
#define m_copysign M(copysign)
#define m_nextafter M(nextafter)
#define m_is_nan(a) ((a) != (a))
#define m_is_inf(a) (m_abs(a) == (REAL)INFINITY)
#define m_is_finite(a) (m_abs(a) < (REAL)INFINITY)
#define m_sign_bit(a) (m_copysign(1, a) < 0)
#define m_conj(a) (a)
#define m_sgn(a) ((REAL)((a) > 0) - (REAL)((a) < 0))

/* The vector version errs by a few ulp of a double, which a float does not show; doubles take the exact one. */
static inline REAL m_pow(REAL a, REAL b)
{
    return sizeof(REAL) == sizeof(float) ? (REAL)v_wide_pow((double)a, (double)b) : (REAL)pow((double)a, (double)b);
}

static inline REAL m_fmod(REAL a, REAL b) { return M(fmod)(a, b); }

/* Python's %: the sign of the divisor. */
static inline REAL m_remainder(REAL a, REAL b)
{
    const REAL r = M(fmod)(a, b);
    return r != 0 && (b < 0) != (r < 0) ? r + b : r;
}

/* Python's //, exact also where a / b would round up to the next integer (c10::div_floor_floating). */
static inline REAL m_floor_div(REAL a, REAL b)
{
    if (b == 0) return a / b;
    const REAL r = M(fmod)(a, b);
    REAL q = (a - r) / b;
    if (r != 0 && (b < 0) != (r < 0)) q -= 1;
    if (q == 0) return m_copysign(0, a / b);
    const REAL f = m_floor(q);
    return q - f > K(0.5) ? f + 1 : f;
}
#define m_trunc_div(a, b) m_trunc((a) / (b))

static inline REAL m_round_decimals(REAL a, REAL decimals)
{
    const REAL scale = (REAL)pow(10, fabs((double)decimals));
    return decimals == 0 ? m_round(a) : decimals < 0 ? m_round(a / scale) * scale : m_round(a * scale) / scale;
}

static inline REAL m_lgamma(REAL a)
{
    int sign;
    return (REAL)lgamma_r((double)a, &sign);
}

/* The functions of special_math.h: widened, so that a float result is rounded once. */
#define m_special(name, a) ((REAL)special_##name((double)(a)))
#define m_special2(name, a, b) ((REAL)special_##name((double)(a), (double)(b)))

/* The logarithm is always taken: loops with it in a branch are not vectorised. */
static inline REAL m_entr(REAL a) { return (0 - a) * m_log(a > 0 ? a : 1) + (a < 0 ? -(REAL)INFINITY : 0); }
/* 0 where a is and b no NaN. */
static inline REAL m_xlogy(REAL a, REAL b) { return (a + 0) * m_log(((a == 0) & (b == b)) ? 1 : b); }
static inline REAL m_xlog1py(REAL a, REAL b) { return (a + 0) * m_log1p(((a == 0) & (b == b)) ? 0 : b); }

static inline REAL m_logit(REAL a, REAL eps) /* eps < 0: no clamping */
{
    const REAL z = m_select(eps < 0, a, m_clamp(a, eps, 1 - eps));
    return m_log(z / (1 - z));
}

static inline REAL m_lerp(REAL a, REAL b, REAL weight) /* exact at both ends */
{
    return m_abs(weight) < K(0.5) ? a + weight * (b - a) : b - (b - a) * (1 - weight);
}

static inline REAL m_log_add_exp(REAL a, REAL b)
{
    const REAL high = a > b ? a : b, apart = m_select(a == b, 0, a - b); /* of equal infinities, too */
    return high + m_log1p(m_exp(-m_abs(apart)));
}

static inline REAL m_log_add_exp2(REAL a, REAL b)
{
    const REAL high = a > b ? a : b, apart = m_select(a == b, 0, a - b); /* of equal infinities, too */
    return high + m_log1p(m_exp2(-m_abs(apart))) * K(M_LOG2E);
}

static inline REAL m_angle(REAL a) { return m_is_nan(a) ? a : a < 0 ? K(M_PI) : 0; }

#endif /* CLASS_F */

#if CLASS_I || CLASS_B

#define m_abs(a) ((a) < 0 ? -(a) : (a))
#define m_floor(a) (a)
#define m_ceil(a) (a)
#define m_trunc(a) (a)
#define m_round(a) (a)
#define m_round_decimals(a, b) (a)
#define m_is_nan(a) ((void)(a), 0)
#define m_is_inf(a) ((void)(a), 0)
#define m_is_finite(a) ((void)(a), 1)
#define m_sign_bit(a) ((a) < 0)
#define m_conj(a) (a)
#define m_sgn(a) (((a) > 0) - ((a) < 0))

#endif

#if CLASS_I

/* Division is defined for every divisor, so that a tile never traps; zero was refused before. */
static inline COMPUTE m_trunc_div(COMPUTE a, COMPUTE b) { return b == 0 ? 0 : b == -1 ? -a : a / b; }

static inline COMPUTE m_fmod(COMPUTE a, COMPUTE b) { return b == 0 || b == -1 ? 0 : a % b; }

static inline COMPUTE m_remainder(COMPUTE a, COMPUTE b)
{
    const COMPUTE r = m_fmod(a, b);
    return r != 0 && (b < 0) != (r < 0) ? r + b : r;
}

static inline COMPUTE m_floor_div(COMPUTE a, COMPUTE b)
{
    const COMPUTE q = m_trunc_div(a, b);
    return q * b != a && (a < 0) != (b < 0) ? q - 1 : q;
}

/* Wraps; a negative exponent gives the truncated reciprocal. */
static inline COMPUTE m_pow(COMPUTE a, COMPUTE b)
{
    COMPUTE r = 1;
    if (b < 0) return a == 1 ? 1 : a == -1 ? (b & 1 ? -1 : 1) : 0;
    for (; b; b >>= 1, a *= a)
        if (b & 1) r *= a;
    return r;
}

static inline COMPUTE m_shift_left(COMPUTE a, COMPUTE b)
{
    return b < 0 || b >= (COMPUTE)(8 * sizeof a) ? 0 : (COMPUTE)(a << b);
}

static inline COMPUTE m_shift_right(COMPUTE a, COMPUTE b)
{
    return b < 0 || b >= (COMPUTE)(8 * sizeof a) ? (a < 0 ? -1 : 0) : a >> b;
}

static inline COMPUTE m_gcd(COMPUTE a, COMPUTE b)
{
    while (b != 0) {
        const COMPUTE r = m_fmod(a, b);
        a = b;
        b = r;
    }
    return a < 0 ? -a : a;
}

static inline COMPUTE m_lcm(COMPUTE a, COMPUTE b)
{
    const COMPUTE g = m_gcd(a, b), r = g == 0 ? 0 : m_trunc_div(a, g) * b;
    return r < 0 ? -r : r;
}
#define m_not(a) (~(a))

#endif

#if CLASS_B
#define m_not(a) (!(a))
#endif

#if CLASS_C

#include <complex.h>
#undef I

#define m_exp MC(cexp)
#define m_exp2(a) m_exp((a) * K(M_LN2))
#define m_log MC(clog)
#define m_sqrt MC(csqrt)
#define m_sin MC(csin)
#define m_cos MC(ccos)
#define m_tan MC(ctan)
#define m_asin MC(casin)
#define m_acos MC(cacos)
#define m_atan MC(catan)
#define m_sinh MC(csinh)
#define m_cosh MC(ccosh)
#define m_tanh MC(ctanh)
#define m_asinh MC(casinh)
#define m_acosh MC(cacosh)
#define m_atanh MC(catanh)
#define m_abs MC(cabs)
#define m_angle MC(carg)
#define m_conj(a) (~(a))
#define m_log2(a) (m_log(a) * K(M_LOG2E))
#define m_log10(a) (m_log(a) * K(M_LOG10E))
#define m_is_nan(a) ((a) != (a))
#define m_is_inf(a) (isinf(__real__(a)) || isinf(__imag__(a)))
#define m_is_finite(a) (isfinite(__real__(a)) && isfinite(__imag__(a)))
#define m_round_decimals(a, b) (a)

static inline COMPUTE m_make(REAL re, REAL im)
{
    COMPUTE z;
    __real__ z = re;
    __imag__ z = im;
    return z;
}

static inline COMPUTE m_pow(COMPUTE a, COMPUTE b)
{
    if (b == 0) return 1;
    if (b == 1) return a;
    if (b == 2) return a * a;
    return MC(cpow)(a, b);
}

static inline COMPUTE m_lerp(COMPUTE a, COMPUTE b, COMPUTE weight)
{
    return m_abs(weight) < K(0.5) ? a + weight * (b - a) : b - (b - a) * (1 - weight);
}

static inline COMPUTE m_sgn(COMPUTE a)
{
    const REAL magnitude = m_abs(a);
    return magnitude == 0 ? 0 : a / magnitude;
}
#define m_complex(a, b) m_make(__real__(a), __real__(b))
#define m_polar(a, b) m_make(__real__(a) * M(cos)(__real__(b)), __real__(a) * M(sin)(__real__(b)))

#endif
