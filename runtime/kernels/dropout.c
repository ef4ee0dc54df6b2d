/* Dropout of whole features, self-normalising dropout, randomised and gated activations
 * (at/native/Dropout.cpp, Activation.cpp, GatedLinearUnit.cpp). Plain dropout is with the other
 * random operators. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/nn.h"
#include "runtime/kernels/views.h"

#include <math.h>
#include <string.h>

/* noise: one number for each element, or with `by_feature` for each [N, C] plane. `is_alpha`: keeps
 * mean and variance of activations that saturate at the negative end (selu). */
static bool drop(op_ctx *cx, const jit_value *args, bool by_feature, bool is_alpha, jit_value *rets)
{
    const double alpha = 1.7580993408473766, p = arg_double(args[1]);
    tensor *x = args[0].t;
    chain c = CHAIN_INIT(cx);
    if (!(p >= 0 && p <= 1))
        return OP_FAIL(cx, "dropout probability has to be between 0 and 1, but got %g", p);
    if (p == 0 || !arg_bool(args[2]) || x->numel == 0) {
        rets[0] = RET_TENSOR(tensor_ref(x));
        return true;
    }
    if (p == 1)
        return chain_give(&c, STEP(&c, aten_mul_Scalar, TENSOR(x), VALUE_INT_V(0)), rets);
    if (by_feature && x->n_dims < 2)
        return OP_FAIL(cx, "Feature dropout requires at least 2 dimensions in the input");
    int64_t sizes[TENSOR_MAX_DIMS];
    for (int i = 0; i < x->n_dims; i++)
        sizes[i] = by_feature && i > 1 ? 1 : x->sizes[i];
    tensor *noise = chain_hold(&c, make_tensor(cx, tensor_dtype(x), sizes, x->n_dims));
    noise = STEP(&c, aten_bernoulli__float, TENSOR(noise), VALUE_FLOAT_V(1 - p), VALUE_NONE_V);
    if (!is_alpha)
        return chain_give(
            &c, chain_mul(&c, x, STEP(&c, aten_div_Scalar, TENSOR(noise), VALUE_FLOAT_V(1 - p))),
            rets);
    const double a = 1 / sqrt((alpha * alpha * p + 1) * (1 - p));
    tensor *shift =
        chain_shift(&c, chain_scale(&c, chain_shift(&c, noise, -1), alpha * a), alpha * a * p);
    return chain_give(&c, chain_add(&c, chain_mul(&c, x, chain_scale(&c, noise, a)), shift), rets);
}

bool op_feature_dropout(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return drop(cx, args, true, false, rets);
}
bool op_alpha_dropout(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return drop(cx, args, false, true, rets);
}
bool op_feature_alpha_dropout(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return drop(cx, args, true, true, rets);
}

bool op_native_dropout(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const double kept = 1 - arg_double(args[1]);
    const bool is_training = args[2].tag == VALUE_NONE || arg_bool(args[2]);
    tensor *x = args[0].t;
    chain c = CHAIN_INIT(cx);
    const dtype mask_type = x->numel ? DTYPE_bool : tensor_dtype(x); // PyTorch takes a shortcut without elements
    tensor *mask = chain_hold(&c, make_tensor(cx, mask_type, x->sizes, x->n_dims)), *y;
    if (is_training && x->numel) {
        mask = STEP(&c, aten_bernoulli__float, TENSOR(mask), VALUE_FLOAT_V(kept), VALUE_NONE_V);
        y = chain_scale(&c, chain_mul(&c, x, mask), kept == 0 ? 0 : 1 / kept);
    } else {
        c.failed = c.failed || !tensor_fill(cx, mask, VALUE_BOOL_V(true));
        y = c.failed ? NULL : chain_hold(&c, tensor_clone(cx, x));
    }
    if (!c.failed)
        rets[1] = RET_TENSOR(tensor_ref(mask));
    return chain_give(&c, y, rets);
}

/* ---- gated linear units ---------------------------------------------------------------------- */
bool op_glu(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *x = args[0].t;
    int dim;
    if (x->n_dims == 0)
        return OP_FAIL(cx, "glu does not support scalars because halving size must be even");
    if (!wrap_dim(cx, args[1].i, x->n_dims, &dim))
        return false;
    if (x->sizes[dim] % 2)
        return OP_FAIL(cx, "Halving dimension must be even, but dimension %d is size %lld", dim,
                       (long long)x->sizes[dim]);
    chain c = CHAIN_INIT(cx);
    const int64_t half = x->sizes[dim] / 2;
    tensor *value = chain_hold(&c, tensor_narrow(cx, x, dim, 0, half));
    tensor *gate = c.failed ? NULL : chain_hold(&c, tensor_narrow(cx, x, dim, half, half));
    return chain_give(&c, chain_mul(&c, value, STEP(&c, aten_sigmoid, TENSOR(gate))), rets);
}

/* ---- rrelu ----------------------------------------------------------------------------------- */
/* A draw for each element that is not positive, in order. */
static bool rrelu_random(op_ctx *cx, const jit_value *args, double lower, double upper,
                         jit_value *rets)
{
    const tensor *in = args[0].t;
    bool ok = true;
    tensor *x = nn_operand(cx, args[0].t, DTYPE_float64, &ok);
    tensor *y = ok ? make_tensor(cx, DTYPE_float64, in->sizes, in->n_dims) : NULL;
    generator *g = args[4].tag == VALUE_GENERATOR ? args[4].generator : generator_default();
    generator_lock(g);
    for (int64_t i = 0; y && i < in->numel; i++) {
        const double value = ((const double *)tensor_data(x))[i];
        double slope = 1;
        if (value <= 0) {
            const double unit = (double)(generator_next64(g) & ((UINT64_C(1) << 53) - 1)) * 0x1p-53;
            slope = unit * (upper - lower) + lower;
            if (tensor_dtype(in) != DTYPE_float64)
                slope = (float)slope;
        }
        ((double *)tensor_data(y))[i] = value * slope;
    }
    generator_unlock(g);
    tensor_unref(x);
    return nn_give(cx, y, tensor_dtype(in), rets);
}

bool op_rrelu(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const double lower = arg_double(args[1]), upper = arg_double(args[2]);
    chain c = CHAIN_INIT(cx);
    if (lower > upper)
        return OP_FAIL(cx, "Lower bound should be less than or equal to the upper bound");
    if (!nn_check_float(cx, args[0].t, "rrelu_with_noise_out_cpu"))
        return false;
    if (arg_bool(args[3]))
        return rrelu_random(cx, args, lower, upper, rets);
    return chain_give(&c, STEP(&c, aten_leaky_relu, args[0], VALUE_FLOAT_V((lower + upper) / 2)),
                      rets);
}
