/* Operators that layers put around their weights and activations: weight normalisation, renormalised embeddings,
 * simulated quantisation; and the forms of losses that also give what their derivatives need (at/native/WeightNorm.cpp,
 * Embedding.cpp, quantized/FakeQuantPerTensorAffine.cpp, LossNLL.cpp). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/formula.h"
#include "runtime/kernels/nn.h"

#include <math.h>

/* ---- weights ----------------------------------------------------------------------------------- */

/* v g dim: v scaled so that its norms are g; with them if two results are wanted */
bool op_weight_norm(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *norms = F_(&f, aten_norm_except_dim, args[0], INT_V(2), args[2]);
    tensor *w = F_(&f, aten_mul_Tensor, args[0], T_V(F_(&f, aten_div_Tensor, args[1], T_V(norms))));
    return cx->n_rets == 2 ? formula_give_n(&f, (tensor *[]){ w, norms }, 2, rets) : formula_give(&f, w, rets);
}

/* self indices max_norm norm_type: rows that are looked up are shortened to the norm */
bool op_embedding_renorm_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *self = args[0].t;
    if (self->n_dims != 2) return OP_FAIL(cx, "Expected 2-dimensional tensor, but got %d-dimensional tensor for argument #1 'self'", self->n_dims);
    if (!nn_check_float(cx, self, "embedding_renorm_")) return false;
    tensor *rows = formula_own(&f, tensor_contiguous_as(cx, args[1].t, DTYPE_int64));
    if (rows) rows = F_(&f, aten_reshape, T_V(rows), F_INTS(&f, -1));
    tensor *chosen = F_(&f, aten_index_select, args[0], INT_V(0), T_V(rows));
    tensor *norms = F_(&f, aten_norm_ScalarOpt_dim, T_V(chosen), args[3], F_INTS(&f, 1), BOOL_V(true));
    tensor *scale = F_(&f, aten_add_Scalar, T_V(norms), FLOAT_V(1e-7), INT_V(1));
    scale = F_(&f, aten_mul_Scalar, T_V(F_(&f, aten_reciprocal, T_V(scale))), args[2]);
    tensor *is_long = F_(&f, aten_gt_Scalar, T_V(norms), args[2]);
    tensor *shortened = F_(&f, aten_mul_Tensor, T_V(chosen), T_V(scale));
    shortened = F_(&f, aten_where_self, T_V(is_long), T_V(shortened), T_V(chosen));
    F_(&f, aten_index_copy_, args[0], INT_V(0), T_V(rows), T_V(shortened));
    return formula_give(&f, f.failed ? NULL : self, rets);
}

/* ---- simulated quantisation -------------------------------------------------------------------- */

static bool check_levels(op_ctx *cx, int64_t low, int64_t high)
{
    return low <= high || OP_FAIL(cx, "`quant_min` should be less than or equal to `quant_max`.");
}

/* Levels in low to high. PyTorch clamps them as int64, to which x86 converts NaN and what is too large as the least one. */
static tensor *clamped_levels(formula *f, tensor *level, int64_t low, int64_t high)
{
    tensor *clamped = F_(f, aten_clamp, T_V(level), INT_V(low), INT_V(high));
    tensor *fits = F_(f, aten_lt_Scalar, T_V(level), FLOAT_V(0x1p63));
    tensor *least = clamped ? formula_own(f, tensor_from_number(f->cx, INT_V(low), tensor_dtype(clamped))) : NULL;
    return F_(f, aten_where_self, T_V(fits), T_V(clamped), T_V(least));
}

/* Rounded to a level, which is clamped, and back; and where nothing was clamped. scale and zero broadcast; a zero point
 * between levels is added before the level is rounded. */
static bool give_quantized(formula *f, tensor *x, tensor *scale, tensor *zero, int64_t low, int64_t high, jit_value *rets)
{
    const bool is_between = zero && dtype_is_float(tensor_dtype(zero));
    tensor *level = F_(f, aten_mul_Tensor, T_V(x), T_V(F_(f, aten_reciprocal, T_V(scale))));
    if (!is_between) level = F_(f, aten_round, T_V(level));
    level = F_(f, aten_add_Tensor, T_V(level), T_V(zero), INT_V(1));
    if (is_between) level = F_(f, aten_round, T_V(level));
    tensor *clamped = clamped_levels(f, level, low, high);
    tensor *y = F_(f, aten_sub_Tensor, T_V(clamped), T_V(zero), INT_V(1));
    y = F_(f, aten_mul_Tensor, T_V(y), T_V(scale));
    if (y && x->dtype != y->dtype) y = formula_own(f, tensor_to(f->cx, y, tensor_dtype(x)));
    if (f->cx->n_rets < 2) return formula_give(f, y, rets);
    tensor *kept = F_(f, aten_eq_Tensor, T_V(level), T_V(clamped));
    return formula_give_n(f, (tensor *[]){ y, kept }, 2, rets);
}

/* self scale zero_point quant_min quant_max; scale and zero_point are numbers or tensors of one element */
bool op_fake_quantize_tensor(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    const int64_t low = args[3].i, high = args[4].i;
    if (!nn_check_float(cx, args[0].t, "fake_quantize_tensor_cachemask_kernel") || !check_levels(cx, low, high)) return false;
    const double scale = args[1].tag == VALUE_TENSOR ? formula_item(&f, args[1].t) : arg_double(args[1]);
    const double zero = trunc(args[2].tag == VALUE_TENSOR ? formula_item(&f, args[2].t) : arg_double(args[2]));
    if (!f.failed && !(zero >= (double)low && zero <= (double)high)) {
        OP_FAIL(cx, "`zero_point` must be between `quant_min` and `quant_max`.");
        return formula_drop(&f);
    }
    tensor *s = formula_own(&f, tensor_from_number(cx, FLOAT_V(scale), DTYPE_float32));
    tensor *z = formula_own(&f, tensor_from_number(cx, FLOAT_V(zero), DTYPE_int32));
    return give_quantized(&f, args[0].t, s, z, low, high, rets);
}

/* Zero points of channels: levels themselves, or numbers between them. */
static bool check_zero_points(op_ctx *cx, const tensor *zero, int64_t low, int64_t high)
{
    const dtype d = tensor_dtype(zero);
    if (d == DTYPE_float32 || d == DTYPE_float16) return true;
    if (d != DTYPE_int32) return OP_FAIL(cx, "Zero-point must be Int32, Float or Half, found %s", dtype_prefix(d));
    for (int64_t i = 0; i < zero->numel; i++) {
        const double z = tensor_get_double(zero, i);
        if (z < (double)low || z > (double)high) return OP_FAIL(cx, "`zero_point` must be between `quant_min` and `quant_max`.");
    }
    return true;
}

/* self scale zero_point axis quant_min quant_max */
bool op_fake_quantize_channel(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *x = args[0].t, *scale = args[1].t, *zero = args[2].t;
    if (!nn_check_float(cx, x, "fake_quantize_channel_cachemask_cpu") || !check_levels(cx, args[4].i, args[5].i)) return false;
    if (scale->dtype != DTYPE_float32)
        return OP_FAIL(cx, "Scale must be Float, found %s", dtype_prefix(tensor_dtype(scale)));
    if (scale->n_dims != 1 || zero->n_dims != 1) return OP_FAIL(cx, "scale and zero point should be 1-D tensors");
    if (scale->numel != zero->numel) return OP_FAIL(cx, "scale and zero-point need to have the same dimensions");
    if (args[3].i < 0 || args[3].i >= x->n_dims) return OP_FAIL(cx, "`axis` must be between 0 and number of dimensions of input");
    if (scale->numel != x->sizes[args[3].i]) return OP_FAIL(cx, "dimensions of scale and zero-point are not consistent with input tensor");
    if (!check_zero_points(cx, zero, args[4].i, args[5].i)) return false;
    int64_t sizes[TENSOR_MAX_DIMS];
    for (int i = 0; i < x->n_dims; i++) sizes[i] = i == args[3].i ? -1 : 1;
    scale = F_(&f, aten_reshape, T_V(scale), formula_ints(&f, sizes, (size_t)x->n_dims));
    zero = F_(&f, aten_reshape, T_V(zero), formula_ints(&f, sizes, (size_t)x->n_dims));
    return give_quantized(&f, x, scale, zero, args[4].i, args[5].i, rets);
}

/* ---- losses with what their derivatives need --------------------------------------------------- */

/* self; the buffer is empty as on PyTorch's CPU with one thread's worth of work: exp(-|x|) */
bool op_log_sigmoid_forward(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    tensor *y = F_(&f, aten_log_sigmoid, args[0]);
    tensor *buffer = F_(&f, aten_exp, T_V(F_(&f, aten_neg, T_V(F_(&f, aten_abs, args[0])))));
    return formula_give_n(&f, (tensor *[]){ y, buffer }, 2, rets);
}

/* self target weight? reduction ignore_index: the loss, and the sum of the weights that counted */
bool op_nll_loss_forward(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    formula f = { .cx = cx };
    const tensor *x = args[0].t;
    tensor *loss = F_(&f, aten_nll_loss_nd, args[0], args[1], args[2], args[3], args[4]);
    tensor *total = formula_own(&f, tensor_from_number(cx, INT_V(0), tensor_dtype(x)));
    if (args[3].i != 0) {
        tensor *counts = F_(&f, aten_ne_Scalar, args[1], args[4]);
        if (args[2].tag == VALUE_TENSOR) {
            tensor *safe = F_(&f, aten_mul_Tensor, args[1], T_V(counts));
            tensor *flat = F_(&f, aten_reshape, T_V(safe), F_INTS(&f, -1));
            tensor *weights = F_(&f, aten_index_select, args[2], INT_V(0), T_V(flat));
            counts = F_(&f, aten_mul_Tensor, T_V(weights), T_V(F_(&f, aten_reshape, T_V(counts), F_INTS(&f, -1))));
        }
        total = F_(&f, aten_sum, T_V(counts), INT_V(x->dtype));
    }
    return formula_give_n(&f, (tensor *[]){ loss, total }, 2, rets);
}
