/* runtime/kernels/numbers.c: operators over complex numbers and over `number` (what .item()
 * gives: an int, float or complex known only at run time). int, float and bool operators are
 * expressions in ir/ops/scalar.def.
 *
 * Two numbers meet at the wider kind, int < float < complex; each operator says what it does
 * there. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <complex.h>
#include <math.h>
#include <stdlib.h>

#include "runtime/kernels/result.h"
#include "runtime/kernels/scalar_math.h"
#include "runtime/kernels/table.h"

typedef double complex zdouble;

static zdouble make_complex(double re, double im) /* clang's <complex.h> has no CMPLX */
{
    return (union { double parts[2]; zdouble z; }){ .parts = { re, im } }.z;
}

static zdouble as_complex(jit_value v)
{
    if (v.tag == VALUE_COMPLEX)
        return make_complex(v.c->re, v.c->im);
    return make_complex(arg_double(v), 0.0);
}

static bool ret_complex(op_ctx *cx, jit_value *rets, zdouble z)
{
    return ret_heap(cx, rets, VALUE_COMPLEX, complex_new(creal(z), cimag(z)));
}

static bool is_int(jit_value v) { return v.tag == VALUE_INT || v.tag == VALUE_BOOL; }

typedef enum kind { KIND_INT, KIND_FLOAT, KIND_COMPLEX } kind;

static kind kind_of(const jit_value *args, size_t n)
{
    kind k = KIND_INT;
    for (size_t i = 0; i < n; i++) {
        if (args[i].tag == VALUE_COMPLEX)
            return KIND_COMPLEX;
        k = is_int(args[i]) ? k : KIND_FLOAT;
    }
    return k;
}

static bool no_complex(op_ctx *cx)
{
    return OP_FAIL(cx, "%s is not defined for a complex number here", op_name(cx->op));
}

/* ---- arithmetic ---------------------------------------------------------------------------- */
/* The same expression for every kind of a and b. */
#define ARITHMETIC(name, expr)                                                  \
    bool number_##name(op_ctx *cx, const jit_value *args, jit_value *rets)      \
    {                                                                           \
        switch (kind_of(args, 2)) {                                             \
        case KIND_INT: {                                                        \
            int64_t a = args[0].i, b = args[1].i;                               \
            return ret_int(rets, expr);                                         \
        }                                                                       \
        case KIND_FLOAT: {                                                      \
            double a = arg_double(args[0]), b = arg_double(args[1]);            \
            return ret_float(rets, expr);                                       \
        }                                                                       \
        case KIND_COMPLEX: break;                                               \
        }                                                                       \
        zdouble a = as_complex(args[0]), b = as_complex(args[1]);               \
        return ret_complex(cx, rets, expr);                                     \
    }
ARITHMETIC(add, a + b)
ARITHMETIC(sub, a - b)

/* Written out: C's complex product repairs infinities, PyTorch's does not. */
static zdouble multiply(zdouble a, zdouble b)
{
    return make_complex(creal(a) * creal(b) - cimag(a) * cimag(b),
                        creal(a) * cimag(b) + cimag(a) * creal(b));
}

bool number_mul(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    switch (kind_of(args, 2)) {
    case KIND_INT: return ret_int(rets, args[0].i * args[1].i);
    case KIND_FLOAT: return ret_float(rets, arg_double(args[0]) * arg_double(args[1]));
    case KIND_COMPLEX: break;
    }
    return ret_complex(cx, rets, multiply(as_complex(args[0]), as_complex(args[1])));
}

/* The textbook quotient, without scaling: it is what PyTorch 1.13 rounds to. */
bool complex_div(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    zdouble x = as_complex(args[0]), y = as_complex(args[1]);
    double a = creal(x), b = cimag(x), c = creal(y), d = cimag(y), norm = c * c + d * d;
    return ret_complex(cx, rets, make_complex((a * c + b * d) / norm, (b * c - a * d) / norm));
}

/* The result types of `/` and `**` over numbers are float, which leaves no room for a complex
 * result. */
bool number_div(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (kind_of(args, 2) == KIND_COMPLEX)
        return no_complex(cx);
    return ret_float(rets, arg_double(args[0]) / arg_double(args[1]));
}

bool number_floordiv(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    switch (kind_of(args, 2)) {
    case KIND_INT:
        if (args[1].i == 0)
            return OP_FAIL(cx, "division by 0");
        return ret_int(rets, scalar_floordiv(args[0].i, args[1].i));
    case KIND_FLOAT: return ret_float(rets, floor(arg_double(args[0]) / arg_double(args[1])));
    case KIND_COMPLEX: break;
    }
    return no_complex(cx);
}

bool number_remainder(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    switch (kind_of(args, 2)) {
    case KIND_INT:
        if (args[1].i == 0)
            return OP_FAIL(cx, "ZeroDivisionError: integer division or modulo by zero");
        return ret_int(rets, scalar_remainder(args[0].i, args[1].i));
    case KIND_FLOAT:
        return ret_float(rets, scalar_remainder_float(arg_double(args[0]), arg_double(args[1])));
    case KIND_COMPLEX: break;
    }
    return no_complex(cx);
}

bool number_pow(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (kind_of(args, 2) == KIND_COMPLEX)
        return no_complex(cx);
    double a = arg_double(args[0]), b = arg_double(args[1]);
    if (a == 0 && b < 0)
        return OP_FAIL(cx, "0.0 cannot be raised to a negative power");
    return ret_float(rets, pow(a, b));
}

static zdouble from_polar(double radius, double angle)
{
    return make_complex(radius * cos(angle), radius * sin(angle));
}

/* The three cases of libstdc++'s pow, which rounds a real operand differently from a complex
 * one. */
bool complex_pow(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    zdouble a = as_complex(args[0]), b = as_complex(args[1]);
    if (args[1].tag != VALUE_COMPLEX) {
        double exponent = creal(b);
        if (cimag(a) == 0 && creal(a) > 0)
            return ret_complex(cx, rets, pow(creal(a), exponent));
        zdouble t = clog(a);
        return ret_complex(cx, rets, from_polar(exp(exponent * creal(t)), exponent * cimag(t)));
    }
    if (args[0].tag != VALUE_COMPLEX && creal(a) > 0)
        return ret_complex(cx, rets, from_polar(pow(creal(a), creal(b)), cimag(b) * log(creal(a))));
    return ret_complex(cx, rets, cpow(a, b));
}

bool number_neg(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    switch (kind_of(args, 1)) {
    case KIND_INT: return ret_int(rets, -args[0].i);
    case KIND_FLOAT: return ret_float(rets, -args[0].f);
    case KIND_COMPLEX: break;
    }
    return ret_complex(cx, rets, -as_complex(args[0]));
}

bool number_abs(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    switch (kind_of(args, 1)) {
    case KIND_INT: return ret_int(rets, args[0].i < 0 ? -args[0].i : args[0].i);
    case KIND_FLOAT: return ret_float(rets, fabs(args[0].f));
    case KIND_COMPLEX: break;
    }
    return ret_float(rets, hypot(args[0].c->re, args[0].c->im));
}

bool number_angle(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    if (args[0].tag == VALUE_COMPLEX)
        return ret_float(rets, carg(as_complex(args[0])));
    double a = arg_double(args[0]);
    return ret_float(rets, isnan(a) ? a : a < 0 ? M_PI : 0);
}

/* ---- comparisons --------------------------------------------------------------------------- */
static bool numbers_equal(const jit_value *args)
{
    if (kind_of(args, 2) == KIND_INT)
        return args[0].i == args[1].i;
    return as_complex(args[0]) == as_complex(args[1]);
}

bool number_eq(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    return ret_bool(rets, numbers_equal(args));
}

bool number_ne(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    return ret_bool(rets, !numbers_equal(args));
}

#define ORDER_KERNEL(name, op)                                                              \
    bool number_##name(op_ctx *cx, const jit_value *args, jit_value *rets)                  \
    {                                                                                       \
        switch (kind_of(args, 2)) {                                                         \
        case KIND_INT: return ret_bool(rets, args[0].i op args[1].i);                       \
        case KIND_FLOAT: return ret_bool(rets, arg_double(args[0]) op arg_double(args[1])); \
        case KIND_COMPLEX: break;                                                           \
        }                                                                                   \
        return no_complex(cx);                                                              \
    }
ORDER_KERNEL(lt, <)
ORDER_KERNEL(le, <=)
ORDER_KERNEL(gt, >)
ORDER_KERNEL(ge, >=)

static bool smaller_or_larger(op_ctx *cx, const jit_value *args, bool is_max, jit_value *rets)
{
    kind k = kind_of(args, 2);
    if (k == KIND_COMPLEX)
        return no_complex(cx);
    if (k == KIND_INT)
        return ret_int(rets, (args[0].i < args[1].i) == is_max ? args[1].i : args[0].i);
    double a = arg_double(args[0]), b = arg_double(args[1]);
    return ret_float(rets, is_max ? (a >= b ? a : b) : (a <= b ? a : b));
}

bool number_max(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return smaller_or_larger(cx, args, true, rets);
}

bool number_min(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return smaller_or_larger(cx, args, false, rets);
}

/* ---- conversions --------------------------------------------------------------------------- */
/* complex(x): a number; complex(x, y): two reals, either of which may be a one-element tensor. */
static bool real_operand(op_ctx *cx, jit_value v, double *ret)
{
    if (v.tag == VALUE_TENSOR && v.t->numel != 1)
        return OP_FAIL(cx, "a Tensor with %lld elements cannot be converted to Scalar",
                       (long long)v.t->numel);
    *ret = v.tag == VALUE_TENSOR ? tensor_get_double(v.t, 0) : number_double(v);
    return true;
}

bool number_to_complex(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return ret_complex(cx, rets, as_complex(args[0]));
}

bool complex_from_parts(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    double re, im;
    return real_operand(cx, args[0], &re) && real_operand(cx, args[1], &im) &&
           ret_complex(cx, rets, make_complex(re, im));
}

bool number_to_float(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    return ret_float(rets, number_double(args[0]));
}

bool number_to_int(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    switch (kind_of(args, 1)) {
    case KIND_INT: return ret_int(rets, args[0].i);
    case KIND_FLOAT: return ret_int(rets, scalar_to_int(args[0].f));
    case KIND_COMPLEX: break;
    }
    if (args[0].c->im != 0)
        return OP_FAIL(cx, "value cannot be converted to type int without overflow");
    return ret_int(rets, scalar_to_int(args[0].c->re));
}

bool complex_polar(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return kind_of(args, 2) == KIND_COMPLEX
               ? no_complex(cx)
               : ret_complex(cx, rets, from_polar(arg_double(args[0]), arg_double(args[1])));
}

/* ---- functions of one number --------------------------------------------------------------- */
/* Reals give floats; REAL and COMPLEX are functions. */
#define FUNCTION(name, REAL, COMPLEX)                                           \
    bool number_##name(op_ctx *cx, const jit_value *args, jit_value *rets)      \
    {                                                                           \
        if (args[0].tag != VALUE_COMPLEX)                                       \
            return ret_float(rets, REAL(arg_double(args[0])));                  \
        return ret_complex(cx, rets, COMPLEX(as_complex(args[0])));             \
    }
static zdouble complex_log10(zdouble z) { return clog(z) / M_LN10; }
FUNCTION(acos, acos, cacos)
FUNCTION(acosh, acosh, cacosh)
FUNCTION(asin, asin, casin)
FUNCTION(asinh, asinh, casinh)
FUNCTION(atan, atan, catan)
FUNCTION(atanh, atanh, catanh)
FUNCTION(cos, cos, ccos)
FUNCTION(cosh, cosh, ccosh)
FUNCTION(exp, exp, cexp)
FUNCTION(log, log, clog)
FUNCTION(log10, log10, complex_log10)
FUNCTION(sin, sin, csin)
FUNCTION(sinh, sinh, csinh)
FUNCTION(sqrt, sqrt, csqrt)
FUNCTION(tan, tan, ctan)
FUNCTION(tanh, tanh, ctanh)

#define REAL_FUNCTION(name, REAL)                                               \
    bool number_##name(op_ctx *cx, const jit_value *args, jit_value *rets)      \
    {                                                                           \
        if (args[0].tag == VALUE_COMPLEX)                                       \
            return no_complex(cx);                                              \
        return ret_float(rets, REAL(arg_double(args[0])));                      \
    }
static double to_degrees(double a) { return a * (180.0 / M_PI); }
static double to_radians(double a) { return a * (M_PI / 180.0); }
REAL_FUNCTION(degrees, to_degrees)
REAL_FUNCTION(radians, to_radians)
REAL_FUNCTION(erf, erf)
REAL_FUNCTION(erfc, erfc)
REAL_FUNCTION(expm1, expm1)
REAL_FUNCTION(fabs, fabs)
REAL_FUNCTION(gamma, tgamma)
REAL_FUNCTION(lgamma, lgamma)
REAL_FUNCTION(log1p, log1p)
REAL_FUNCTION(round, rint)

#define TO_INT_FUNCTION(name)                                                   \
    bool number_##name(op_ctx *cx, const jit_value *args, jit_value *rets)      \
    {                                                                           \
        if (args[0].tag == VALUE_COMPLEX)                                       \
            return no_complex(cx);                                              \
        return ret_int(rets, is_int(args[0]) ? args[0].i : scalar_to_int(name(args[0].f))); \
    }
TO_INT_FUNCTION(ceil)
TO_INT_FUNCTION(floor)

#define PART_TEST(name, test, joined)                                           \
    bool complex_##name(op_ctx *cx, const jit_value *args, jit_value *rets)     \
    {                                                                           \
        (void)cx;                                                               \
        return ret_bool(rets, test(args[0].c->re) joined test(args[0].c->im));  \
    }
PART_TEST(isfinite, isfinite, &&)
PART_TEST(isinf, isinf, ||)
PART_TEST(isnan, isnan, ||)

/* ---- functions of two numbers, all real ---------------------------------------------------- */
#define REAL_FUNCTION_2(name, REAL)                                             \
    bool number_##name(op_ctx *cx, const jit_value *args, jit_value *rets)      \
    {                                                                           \
        if (kind_of(args, 2) == KIND_COMPLEX)                                   \
            return no_complex(cx);                                              \
        return ret_float(rets, REAL(arg_double(args[0]), arg_double(args[1]))); \
    }
static double log_base(double a, double b) { return log(a) / log(b); }
REAL_FUNCTION_2(atan2, atan2)
REAL_FUNCTION_2(copysign, copysign)
REAL_FUNCTION_2(fmod, fmod)
REAL_FUNCTION_2(mathremainder, remainder)
REAL_FUNCTION_2(log_base, log_base)

bool complex_log_base(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return ret_complex(cx, rets, clog(as_complex(args[0])) / clog(as_complex(args[1])));
}
