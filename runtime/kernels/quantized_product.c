/* Linear layers and convolutions of quantized tensors.
 *
 * The sums are of small integers, so floating-point products give them exactly: in float32 where no sum can reach 2^24,
 * else in float64, and the kernels of ordinary layers serve. What follows is as PyTorch's oneDNN engine has it: the sum
 * times one factor for each channel, plus the bias, rounded to a level. Source: native/quantized/cpu/qlinear.cpp,
 * qconv.cpp, qlinear_dynamic.cpp. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/quantized.h"

#include "runtime/kernels/formula.h"


/* ---- exact sums ------------------------------------------------------------------------------------ */

/* A bound on every sum of products: the greatest row sum of |w| times the greatest |x|. */
static double sum_bound(formula *f, tensor *x, tensor *w)
{
    if (!x || !w || !x->numel || !w->numel)
        return 0;
    tensor *rows = F_(f, aten_flatten_using_ints, T_V(F_(f, aten_abs, T_V(w))), INT_V(1), INT_V(-1));
    tensor *sums = F_(f, aten_sum_dim_IntList, T_V(rows), F_INTS(f, 1), BOOL_V(false), NONE_V);
    const double most = formula_item(f, F_(f, aten_max, T_V(sums)));
    return most * formula_item(f, F_(f, aten_max, T_V(F_(f, aten_abs, T_V(x)))));
}

typedef struct factors { tensor *x, *w; } factors;

/* x and w as reals without scale, of a type in which their products' sums are exact. */
static factors exact_factors(formula *f, tensor *x, tensor *w)
{
    factors r = { formula_own(f, quantized_offsets(f->cx, x, DTYPE_float32)),
                  formula_own(f, quantized_offsets(f->cx, w, DTYPE_float32)) };
    if (!f->failed && sum_bound(f, r.x, r.w) >= 0x1p24) {
        r.x = formula_own(f, tensor_to(f->cx, r.x, DTYPE_float64));
        r.w = formula_own(f, tensor_to(f->cx, r.w, DTYPE_float64));
    }
    return r;
}

/* ---- sums to reals ------------------------------------------------------------------------------------ */

static double weight_scale(const tensor *w, int64_t channel)
{
    return w->quant->axis < 0 ? w->quant->scale : tensor_get_double(w->quant->scales, channel);
}

static bool check_bias(op_ctx *cx, const tensor *bias, int64_t n_channels)
{
    return !bias || (bias->n_dims == 1 && bias->numel == n_channels && tensor_dtype(bias) == DTYPE_float32)
           || OP_FAIL(cx, "bias should be a vector (1-D Tensor) of %lld floats", (long long)n_channels);
}

/* What the sums of a layer stand for: their channels are dimension `dim`. */
typedef struct rescaling {
    const tensor *w, *bias;
    float x_scale;
    int dim;
} rescaling;

static void rescale(const tensor *sums, const rescaling *r, float *to)
{
    const float *from = tensor_data(sums);
    const int64_t n_channels = sums->sizes[r->dim];
    int64_t inner = 1;
    for (int i = r->dim + 1; i < sums->n_dims; i++)
        inner *= sums->sizes[i];
    for (int64_t at = 0, c = 0; at < sums->numel; at += inner, c = c + 1 == n_channels ? 0 : c + 1) {
        const float unit = 1.0f / (1.0f / r->x_scale * (1.0f / (float)weight_scale(r->w, c))); // as that library rounds it
        const float bias = r->bias ? (float)tensor_get_double(r->bias, c) : 0;
        for (int64_t i = at; i < at + inner; i++)
            to[i] = from[i] * unit + bias;
    }
}

static tensor *rescaled(formula *f, tensor *sums, const rescaling *r)
{
    tensor *from = sums ? formula_own(f, tensor_contiguous_as(f->cx, sums, DTYPE_float32)) : NULL;
    tensor *to = from ? formula_own(f, make_tensor(f->cx, DTYPE_float32, from->sizes, from->n_dims)) : NULL;
    if (to && to->numel)
        rescale(from, r, tensor_data(to));
    return f->failed ? NULL : to;
}

static bool give_quantized(formula *f, tensor *reals, double scale, int64_t zero_point, bool relu, jit_value *rets)
{
    if (reals && relu)
        reals = F_(f, aten_relu, T_V(reals));
    quantizer *q = reals ? make_quantizer(f->cx, DTYPE_quint8, scale, zero_point) : NULL;
    tensor *result = q ? formula_own(f, quantize(f->cx, reals, DTYPE_quint8, q)) : NULL;
    quantizer_unref(q);
    f->failed |= result == NULL;
    return formula_give(f, result, rets);
}

/* ---- operators ----------------------------------------------------------------------------------------- */

/* x: NULL for an input that is not quantized yet. */
static bool check_layer(op_ctx *cx, const tensor *x, const tensor *w, const tensor *bias, const char *what)
{
    if (tensor_dtype(w) != DTYPE_qint8)
        return OP_FAIL(cx, "%s: expected a weight of qint8, but got %s", what, dtype_name(tensor_dtype(w)));
    if (w->quant->axis > 0)
        return OP_FAIL(cx, "%s: expected a weight quantized along dimension 0", what);
    if (x && (tensor_dtype(x) != DTYPE_quint8 || x->quant->axis >= 0))
        return OP_FAIL(cx, "%s: expected an input of quint8 with one scale, but got %s", what, dtype_name(tensor_dtype(x)));
    return check_bias(cx, bias, w->n_dims ? w->sizes[0] : 0);
}

static bool check_linear_input(op_ctx *cx, const tensor *x)
{
    return x->n_dims > 0 || OP_FAIL(cx, "The dimension of input should be larger than 0");
}

/* What a linear layer gives for a quantized input, before it is quantized. */
static tensor *linear_reals(formula *f, tensor *x, tensor *w, const tensor *bias)
{
    const factors e = exact_factors(f, x, w);
    const rescaling r = { w, bias, (float)x->quant->scale, x->n_dims - 1 };
    return rescaled(f, F_(f, aten_linear, T_V(e.x), T_V(e.w), NONE_V), &r);
}

/* x, weight, bias?, scale, zero_point, relu */
bool op_quantized_linear(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *x = args[0].t, *w = args[1].t, *bias = arg_tensor(args[2]);
    if (!check_layer(cx, x, w, bias, "quantized::linear") || !check_linear_input(cx, x))
        return false;
    formula f = { .cx = cx };
    return give_quantized(&f, linear_reals(&f, x, w, bias), arg_double(args[3]), args[4].i, arg_bool(args[5]), rets);
}

/* x (float), weight, bias?, reduce_range: x is quantized by its own range */
bool op_quantized_linear_dynamic(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *x = args[0].t, *w = args[1].t, *bias = arg_tensor(args[2]);
    if (!check_layer(cx, NULL, w, bias, "quantized::linear_dynamic") || !check_linear_input(cx, x))
        return false;
    formula f = { .cx = cx };
    tensor *q = F_(&f, aten_quantize_per_tensor_dynamic, T_V(x), INT_V(DTYPE_quint8), args[3]);
    return formula_give(&f, q ? linear_reals(&f, q, w, bias) : NULL, rets);
}

/* x, weight, bias?, stride, padding, dilation, groups, scale, zero_point, relu */
bool op_quantized_conv(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *x = args[0].t, *w = args[1].t, *bias = arg_tensor(args[2]);
    if (!check_layer(cx, x, w, bias, "quantized::conv"))
        return false;
    if (x->n_dims != w->n_dims || x->n_dims < 3)
        return OP_FAIL(cx, "Input shape must be `(N, C, ...)` with as many dimensions as the weight has, but got %s",
                       sizes_print(x->sizes, x->n_dims).s);
    formula f = { .cx = cx };
    const factors e = exact_factors(&f, x, w);
    const int64_t none[TENSOR_MAX_DIMS] = { 0 };
    tensor *sums = F_(&f, aten_convolution, T_V(e.x), T_V(e.w), NONE_V, args[3], args[4], args[5], BOOL_V(false),
                      formula_ints(&f, none, (size_t)x->n_dims - 2), args[6]);
    const rescaling r = { w, bias, (float)x->quant->scale, 1 };
    return give_quantized(&f, rescaled(&f, sums, &r), arg_double(args[7]), args[8].i, arg_bool(args[9]), rets);
}

/* x (float), like (quantized), scale, zero_point: x in like's type */
bool op_quantized_requantize(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const dtype d = tensor_dtype(args[1].t);
    if (!dtype_is_quantized(d))
        return OP_FAIL(cx, "expected quantized tensors, but got %s", dtype_name(d));
    quantizer *q = make_quantizer(cx, d, arg_double(args[2]), args[3].i);
    tensor *t = q ? quantize(cx, args[0].t, d, q) : NULL;
    quantizer_unref(q);
    if (t)
        rets[0] = VALUE_HEAP_V(VALUE_TENSOR, t);
    return t != NULL;
}
