/* runtime/kernels/scalars.c: the generic kernels of ir/ops/scalar.def: constant folding, jit_op_call and
 * operands whose static type is not known reach an operator here; the VM has instructions of its own,
 * made from the same expressions. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/dispatch.h"
#include "runtime/kernels/scalar_math.h"

#define SCALAR_INT(k) (args[k].i)
#define SCALAR_FLOAT(k) arg_double(args[k])
#define SCALAR_BOOL(k) arg_bool(args[k])
#define RESULT_I(x) VALUE_INT_V(x)
#define RESULT_F(x) VALUE_FLOAT_V(x)
#define RESULT_B(x) VALUE_BOOL_V(x)
#define RESULT_OF(letter) RESULT_##letter
#define RESULT(letter) RESULT_OF(letter)

#define OP(id, schema, traits, kernel) \
    bool kernel(op_ctx *cx, const jit_value *args, jit_value *rets);
#define SCALAR(id, ...) bool scalar_##id(op_ctx *cx, const jit_value *args, jit_value *rets);
#define SCALAR_CHECK(id, ...) SCALAR(id)
#include "ir/ops/begin.def"
#include "ir/ops/scalar.def"
#include "ir/ops/end.def"

#define SCALAR(id, schema, traits, sig, expr)                           \
    bool scalar_##id(op_ctx *cx, const jit_value *args, jit_value *rets) \
    {                                                                   \
        (void)cx;                                                       \
        SCALAR_OPERANDS(sig);                                           \
        rets[0] = RESULT(SCALAR_RESULT(sig))(expr);                     \
        return true;                                                    \
    }
#define SCALAR_CHECK(id, schema, traits, sig, expr, fails, ...)         \
    bool scalar_##id(op_ctx *cx, const jit_value *args, jit_value *rets) \
    {                                                                   \
        SCALAR_OPERANDS(sig);                                           \
        if (fails)                                                      \
            return OP_FAIL(cx, __VA_ARGS__);                            \
        rets[0] = RESULT(SCALAR_RESULT(sig))(expr);                     \
        return true;                                                    \
    }
#include "ir/ops/begin.def"
#include "ir/ops/scalar.def"
#include "ir/ops/end.def"

bool scalar_divmod_int(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int64_t a = args[0].i, b = args[1].i;
    if (b == 0)
        return OP_FAIL(cx, "ZeroDivisionError: integer division or modulo by zero");
    rets[0] = VALUE_INT_V(scalar_floordiv(a, b));
    rets[1] = VALUE_INT_V(scalar_remainder(a, b));
    return true;
}

bool scalar_divmod_float(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    double a = arg_double(args[0]), b = arg_double(args[1]);
    if (b == 0)
        return OP_FAIL(cx, "ZeroDivisionError: float divmod()");
    double rest = fmod(a, b);
    if (rest != 0 && (a < 0) != (b < 0))
        rest += b;
    rets[0] = VALUE_FLOAT_V((a - rest) / b);
    rets[1] = VALUE_FLOAT_V(rest);
    return true;
}

bool scalar_frexp(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    int exponent = 0;
    double mantissa = frexp(arg_double(args[0]), &exponent);
    rets[0] = VALUE_FLOAT_V(mantissa);
    rets[1] = VALUE_INT_V(isfinite(mantissa) ? exponent : 0);
    return true;
}

bool scalar_modf(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    double whole;
    double fraction = modf(arg_double(args[0]), &whole);
    rets[0] = VALUE_FLOAT_V(fraction);
    rets[1] = VALUE_FLOAT_V(whole);
    return true;
}
