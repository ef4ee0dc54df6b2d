/* What single pointwise operators do before their expression runs: refuse operands with the reference's words,
 * choose another row for a mode argument, replace None. Everything else is in the rows. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/pointwise.h"

#include <float.h>
#include <math.h>

typedef bool (*prepare_fn)(op_ctx *cx, const jit_value *args, pw_call *call);

static dtype common_of_two(const pw_call *call)
{
    return result_type(call->operands, 2);
}

static bool number_is(jit_value v, double x)
{
    return v.tag != VALUE_COMPLEX && value_is_number(v) && arg_double(v) == x;
}

static bool is_bool_operand(jit_value v)
{
    return v.tag == VALUE_TENSOR ? tensor_dtype(v.t) == DTYPE_bool : v.tag == VALUE_BOOL;
}

/* ---- add, sub, rsub: alpha ------------------------------------------------------------------- */
static bool prepare_alpha(op_ctx *cx, pw_call *call, pw_row without_alpha)
{
    const jit_value alpha = call->operands[2];
    if (alpha.tag == VALUE_INT && alpha.i == 1) { // nearly always
        call->row = without_alpha;
        return true;
    }
    const dtype common = common_of_two(call);
    if (alpha.tag == VALUE_BOOL && common != DTYPE_bool)
        return OP_FAIL(cx, "Boolean alpha only supported for Boolean results.");
    if (alpha.tag == VALUE_FLOAT && dtype_category_of(common) <= CATEGORY_I)
        return OP_FAIL(cx, "For integral input tensors, argument alpha must not be a floating point number.");
    if (alpha.tag == VALUE_COMPLEX && !dtype_is_complex(common))
        return OP_FAIL(cx, "For non-complex input tensors, argument alpha must not be a complex number.");
    call->common = common;
    if (number_is(alpha, 1)) call->row = without_alpha;
    return true;
}

static bool prepare_add(op_ctx *cx, const jit_value *args, pw_call *call)
{
    return prepare_alpha(cx, call, PW_ROW_x_add);
}

static bool check_no_bool(op_ctx *cx, const pw_call *call)
{
    const bool a = is_bool_operand(call->operands[0]), b = is_bool_operand(call->operands[1]);
    if (a && b)
        return OP_FAIL(cx, "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
                           "`logical_xor()` operator instead.");
    if (a || b)
        return OP_FAIL(cx, "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying "
                           "to invert a mask, use the `~` or `logical_not()` operator instead.");
    return true;
}

static bool prepare_sub(op_ctx *cx, const jit_value *args, pw_call *call)
{
    return check_no_bool(cx, call) && prepare_alpha(cx, call, PW_ROW_x_sub);
}

static bool prepare_rsub(op_ctx *cx, const jit_value *args, pw_call *call)
{
    if (!check_no_bool(cx, call) || !prepare_alpha(cx, call, PW_ROW_x_sub)) return false;
    if (call->row == PW_ROW_x_sub) {
        const jit_value a = call->operands[0];
        call->operands[0] = call->operands[1];
        call->operands[1] = a;
    }
    return true;
}

static bool prepare_neg(op_ctx *cx, const jit_value *args, pw_call *call)
{
    if (!is_bool_operand(args[0])) return true;
    return OP_FAIL(cx, "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert "
                       "a mask, use the `~` or `logical_not()` operator instead.");
}

/* ---- division -------------------------------------------------------------------------------- */
static void zero_loop(void *ctx, int64_t n, char *const *data, const int64_t *strides)
{
    struct { cast_fn to_bool; bool found; } *search = ctx;
    for (int64_t i = 0; i < n && !search->found; i++) {
        bool is_set;
        search->to_bool(1, data[0] + i * strides[0], 0, (char *)&is_set, 0);
        search->found = !is_set;
    }
}

static bool has_zero(op_ctx *cx, jit_value v)
{
    if (v.tag != VALUE_TENSOR) return number_is(v, 0);
    struct { cast_fn to_bool; bool found; } search = { cast_find(tensor_dtype(v.t), DTYPE_bool), false };
    iter it;
    iter_init(&it, cx);
    iter_add_input(&it, v.t);
    if (iter_build(&it) && it.numel) iter_run_range(&it, 0, it.numel, zero_loop, &search);
    return search.found;
}

static bool prepare_int_division(op_ctx *cx, const jit_value *args, pw_call *call)
{
    call->common = common_of_two(call);
    const bool divides = args[0].tag != VALUE_TENSOR || args[0].t->numel > 0;
    if (divides && dtype_category_of(call->common) <= CATEGORY_I && has_zero(cx, call->operands[1]))
        return OP_FAIL(cx, "ZeroDivisionError");
    return true;
}

static bool prepare_div_mode(op_ctx *cx, const jit_value *args, pw_call *call)
{
    const jit_value mode = args[2];
    if (mode.tag == VALUE_NONE) return true;
    if (arg_str_is(mode, "floor"))
        call->row = PW_ROW_aten_floor_divide;
    else if (arg_str_is(mode, "trunc"))
        call->row = PW_ROW_x_trunc_div;
    else
        return OP_FAIL(cx, "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '%s'", mode.s->s);
    return prepare_int_division(cx, args, call);
}

/* ---- powers ---------------------------------------------------------------------------------- */
static bool prepare_pow_number(op_ctx *cx, const jit_value *args, pw_call *call)
{
    const jit_value exponent = args[1];
    call->common = common_of_two(call);
    const bool is_whole = dtype_category_of(call->common) <= CATEGORY_I;
    if (is_whole && exponent.tag == VALUE_INT && exponent.i < 0)
        return OP_FAIL(cx, "Integers to negative integer powers are not allowed.");
    if (call->common == DTYPE_bool) return true;
    if (number_is(exponent, 2))
        call->row = PW_ROW_x_square;
    else if (number_is(exponent, 3))
        call->row = PW_ROW_x_cube;
    else if (number_is(exponent, 0.5) && dtype_is_float(call->common))
        call->row = PW_ROW_aten_sqrt;
    else if (number_is(exponent, -0.5) && dtype_is_float(call->common))
        call->row = PW_ROW_aten_rsqrt;
    else if (number_is(exponent, -1) && dtype_is_float(call->common))
        call->row = PW_ROW_aten_reciprocal;
    return true;
}

static bool prepare_square(op_ctx *cx, const jit_value *args, pw_call *call)
{
    if (is_bool_operand(args[0])) call->common = DTYPE_int64;
    return true;
}

static bool prepare_float_power(op_ctx *cx, const jit_value *args, pw_call *call)
{
    call->common = dtype_is_complex(common_of_two(call)) ? DTYPE_complex128 : DTYPE_float64;
    return !call->into || tensor_dtype(call->into) == call->common ||
           OP_FAIL(cx, "the %s has dtype %s but the operation's result requires dtype %s",
                   call->is_out ? "output given to float_power" : "base given to float_power_",
                   dtype_prefix(tensor_dtype(call->into)), dtype_prefix(call->common));
}

static bool prepare_softshrink(op_ctx *cx, const jit_value *args, pw_call *call)
{
    (void)call;
    return arg_double(args[1]) >= 0 ||
           OP_FAIL(cx, "lambda must be greater or equal to 0, but found to be %g.", arg_double(args[1]));
}

/* ---- limits ---------------------------------------------------------------------------------- */
static bool prepare_clamp(op_ctx *cx, const jit_value *args, pw_call *call)
{
    const bool has_min = args[1].tag != VALUE_NONE, has_max = args[2].tag != VALUE_NONE;
    if (!has_min && !has_max) return OP_FAIL(cx, "torch.clamp: At least one of 'min' or 'max' must not be None");
    if (has_min && has_max) return true;
    call->row = has_min ? PW_ROW_aten_clamp_min : PW_ROW_aten_clamp_max;
    if (!has_min) call->operands[1] = args[2];
    return true;
}

static bool prepare_nan_to_num(op_ctx *cx, const jit_value *args, pw_call *call)
{
    const dtype d = tensor_dtype(args[0].t);
    const double most = d == DTYPE_float64 ? DBL_MAX : d == DTYPE_float16 ? 65504.0 :
                        d == DTYPE_bfloat16 ? 0x1.FEp127 : (double)FLT_MAX;
    call->common = d;
    if (args[1].tag == VALUE_NONE) call->operands[1] = VALUE_FLOAT_V(0);
    if (args[2].tag == VALUE_NONE) call->operands[2] = VALUE_FLOAT_V(most);
    if (args[3].tag == VALUE_NONE) call->operands[3] = VALUE_FLOAT_V(-most);
    return true;
}

/* ---- activations ----------------------------------------------------------------------------- */
static bool prepare_relu(op_ctx *cx, const jit_value *args, pw_call *call)
{
    return !is_bool_operand(args[0]) || OP_FAIL(cx, "Boolean inputs not supported for relu");
}

static bool prepare_celu(op_ctx *cx, const jit_value *args, pw_call *call)
{
    return !number_is(args[1], 0) || OP_FAIL(cx, "ZeroDivisionError: alpha cannot be 0 for CELU");
}

static bool prepare_gelu(op_ctx *cx, const jit_value *args, pw_call *call)
{
    if (arg_str_is(args[1], "tanh"))
        call->row = PW_ROW_x_gelu_tanh;
    else if (!arg_str_is(args[1], "none"))
        return OP_FAIL(cx, "approximate argument must be either none or tanh.");
    return true;
}

static bool prepare_logit(op_ctx *cx, const jit_value *args, pw_call *call)
{
    if (args[1].tag == VALUE_NONE) call->operands[1] = VALUE_FLOAT_V(-1);
    return true;
}

/* The weight has one element per channel, dimension 1 of the input: view it as [C, 1, …]. */
static bool prepare_prelu(op_ctx *cx, const jit_value *args, pw_call *call)
{
    tensor *x = args[0].t, *weight = args[1].t;
    int64_t sizes[TENSOR_MAX_DIMS], strides[TENSOR_MAX_DIMS];
    if (weight->numel == 1) {
        call->owned = make_view(cx, weight, NULL, NULL, 0, weight->offset);
    } else {
        if (x->n_dims == 0) return OP_FAIL(cx, "Not allow zero-dim input tensor.");
        const int64_t n_channels = x->n_dims > 1 ? x->sizes[1] : 1;
        if (weight->n_dims != 1 || n_channels != weight->numel)
            return OP_FAIL(cx, "Mismatch of parameter numbers and input channel size. Found parameter numbers = %lld "
                               "and channel size = %lld.", (long long)weight->numel, (long long)n_channels);
        for (int i = 0; i < x->n_dims - 1; i++) sizes[i] = 1, strides[i] = 1;
        sizes[0] = weight->numel;
        strides[0] = weight->strides[0];
        call->owned = make_view(cx, weight, sizes, strides, x->n_dims - 1, weight->offset);
    }
    if (call->owned) call->operands[1] = VALUE_HEAP_V(VALUE_TENSOR, call->owned);
    return call->owned != NULL;
}

/* ---- complex numbers, masks ------------------------------------------------------------------ */
static bool prepare_make_complex(op_ctx *cx, const jit_value *args, pw_call *call)
{
    const dtype a = tensor_dtype(args[0].t), b = tensor_dtype(args[1].t);
    if (a != b)
        return OP_FAIL(cx, "Expected object of scalar type %s but got scalar type %s for second argument",
                       dtype_prefix(a), dtype_prefix(b));
    if (a != DTYPE_float32 && a != DTYPE_float64)
        return OP_FAIL(cx, "Expected both inputs to be Half, Float or Double tensors but got %s and %s",
                       dtype_prefix(a), dtype_prefix(b));
    call->common = dtype_complex(a);
    return true;
}

static bool prepare_heaviside(op_ctx *cx, const jit_value *args, pw_call *call)
{
    return args[0].t->dtype == args[1].t->dtype ||
           OP_FAIL(cx, "heaviside is not yet implemented for tensors with different dtypes.");
}

/* The end and a weight that is a tensor have self's type. */
static bool prepare_lerp(op_ctx *cx, const jit_value *args, pw_call *call)
{
    static const char *const names[] = { "self", "end", "weight" };
    (void)call;
    for (int k = 1; k < 3; k++)
        if (args[k].tag == VALUE_TENSOR && args[k].t->dtype != args[0].t->dtype)
            return OP_FAIL(cx, "expected dtype %s for `%s` but got dtype %s", dtype_cpp_name(tensor_dtype(args[0].t)), names[k],
                           dtype_cpp_name(tensor_dtype(args[k].t)));
    return true;
}

static bool prepare_where(op_ctx *cx, const jit_value *args, pw_call *call)
{
    const dtype d = tensor_dtype(args[0].t);
    return d == DTYPE_bool || d == DTYPE_uint8 ||
           OP_FAIL(cx, "where expected condition to be a boolean tensor, but got a tensor with dtype %s", dtype_prefix(d));
}

/* A tensor of one number counts as the number. */
static bool check_value_fits(op_ctx *cx, dtype d, jit_value v)
{
    if (v.tag != VALUE_TENSOR) return check_number_fits(cx, d, v);
    const jit_value number = element_load_number(tensor_dtype(v.t), tensor_data(v.t));
    const bool fits = number.tag == VALUE_NONE ? op_no_memory(cx) : check_number_fits(cx, d, number);
    value_unref(number);
    return fits;
}

static bool prepare_masked_fill(op_ctx *cx, const jit_value *args, pw_call *call)
{
    const dtype mask = tensor_dtype(args[1].t);
    if (call->into && !call->is_out && mask != DTYPE_bool && mask != DTYPE_uint8)
        return OP_FAIL(cx, "masked_fill_ only supports boolean masks, but got mask with dtype %s", dtype_name(mask));
    if (args[2].tag == VALUE_TENSOR && args[2].t->n_dims > 0)
        return OP_FAIL(cx, "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with %d dimension(s).",
                       args[2].t->n_dims);
    if (!check_value_fits(cx, tensor_dtype(args[0].t), args[2])) return false;
    call->row = PW_ROW_aten_where_self;
    call->common = tensor_dtype(args[0].t);
    call->operands[0] = args[1];
    call->operands[1] = args[2];
    call->operands[2] = args[0];
    return true;
}

/* ---- polygamma ------------------------------------------------------------------------------- */
static bool prepare_polygamma(op_ctx *cx, const jit_value *args, pw_call *call)
{
    return args[0].i >= 0 || OP_FAIL(cx, "polygamma(n, x) does not support negative n.");
}

static const prepare_fn prepares[PW_ROW__COUNT] = {
    [PW_ROW_aten_add_Tensor] = prepare_add,
    [PW_ROW_aten_add_Scalar] = prepare_add,
    [PW_ROW_aten_sub_Tensor] = prepare_sub,
    [PW_ROW_aten_sub_Scalar] = prepare_sub,
    [PW_ROW_aten_rsub_Tensor] = prepare_rsub,
    [PW_ROW_aten_rsub_Scalar] = prepare_rsub,
    [PW_ROW_aten_neg] = prepare_neg,
    [PW_ROW_aten_div_Tensor_mode] = prepare_div_mode,
    [PW_ROW_aten_div_Scalar_mode] = prepare_div_mode,
    [PW_ROW_aten_floor_divide] = prepare_int_division,
    [PW_ROW_aten_floor_divide_Scalar] = prepare_int_division,
    [PW_ROW_aten_remainder_Tensor] = prepare_int_division,
    [PW_ROW_aten_remainder_Scalar] = prepare_int_division,
    [PW_ROW_aten_remainder_Scalar_Tensor] = prepare_int_division,
    [PW_ROW_aten_fmod_Tensor] = prepare_int_division,
    [PW_ROW_aten_fmod_Scalar] = prepare_int_division,
    [PW_ROW_aten_pow_Tensor_Scalar] = prepare_pow_number,
    [PW_ROW_aten_square] = prepare_square,
    [PW_ROW_aten_float_power_Tensor_Tensor] = prepare_float_power,
    [PW_ROW_aten_float_power_Tensor_Scalar] = prepare_float_power,
    [PW_ROW_aten_float_power_Scalar] = prepare_float_power,
    [PW_ROW_aten_softshrink] = prepare_softshrink,
    [PW_ROW_aten_clamp] = prepare_clamp,
    [PW_ROW_aten_clamp_Tensor] = prepare_clamp,
    [PW_ROW_aten_nan_to_num] = prepare_nan_to_num,
    [PW_ROW_aten_relu] = prepare_relu,
    [PW_ROW_aten_celu] = prepare_celu,
    [PW_ROW_aten_gelu] = prepare_gelu,
    [PW_ROW_aten_logit] = prepare_logit,
    [PW_ROW_aten_polygamma] = prepare_polygamma,
    [PW_ROW_aten_prelu] = prepare_prelu,
    [PW_ROW_aten_polar] = prepare_make_complex,
    [PW_ROW_aten_complex] = prepare_make_complex,
    [PW_ROW_aten_heaviside] = prepare_heaviside,
    [PW_ROW_aten_lerp_Tensor] = prepare_lerp,
    [PW_ROW_aten_lerp_Scalar] = prepare_lerp,
    [PW_ROW_aten_where_self] = prepare_where,
    [PW_ROW_aten_where_ScalarSelf] = prepare_where,
    [PW_ROW_aten_where_ScalarOther] = prepare_where,
    [PW_ROW_aten_where_Scalar] = prepare_where,
    [PW_ROW_aten_masked_fill_Scalar] = prepare_masked_fill,
    [PW_ROW_aten_masked_fill_Tensor] = prepare_masked_fill,
};

bool pointwise_prepare(op_ctx *cx, const jit_value *args, pw_call *call)
{
    const prepare_fn prepare = prepares[call->row];
    return !prepare || prepare(cx, args, call);
}
