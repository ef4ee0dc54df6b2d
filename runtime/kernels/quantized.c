/* Quantized tensors: made from reals, read as reals or integers (quantized.h). Products are in quantized_product.c. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/quantized.h"

#include "runtime/kernels/compose.h"
#include "runtime/kernels/formula.h"

#include <math.h>
#include <string.h>

quantized_range quantized_range_of(dtype d)
{
    switch (d) {
    case DTYPE_quint8: return (quantized_range){ 0, UINT8_MAX };
    case DTYPE_qint8: return (quantized_range){ INT8_MIN, INT8_MAX };
    default: return (quantized_range){ INT32_MIN, INT32_MAX };
    }
}

/* ---- runs of elements with one scale ------------------------------------------------------------- */

/* Elements of one channel that are neighbours in memory; all, where there is one scale. */
typedef struct run {
    int64_t n;
    float scale, zero_point;
    const char *from;
    char *to;
} run;

typedef void (*run_fn)(const run *r, dtype d);

/* Walks contiguous memory of t's sizes. from, to: n bytes an element. */
static void for_each_run(const tensor *t, const quantizer *q, const void *from, size_t from_bytes, void *to, size_t to_bytes,
                         dtype d, run_fn fn)
{
    int64_t inner = t->numel, n_channels = 1;
    if (q->axis >= 0) {
        n_channels = t->sizes[q->axis];
        inner = 1;
        for (int i = q->axis + 1; i < t->n_dims; i++)
            inner *= t->sizes[i];
    }
    for (int64_t at = 0, c = 0; at < t->numel; at += inner, c = c + 1 == n_channels ? 0 : c + 1) {
        const run r = {
            .n = inner,
            .scale = (float)(q->axis < 0 ? q->scale : tensor_get_double(q->scales, c)),
            .zero_point = (float)(q->axis < 0 ? (double)q->zero_point : tensor_get_double(q->zero_points, c)),
            .from = (const char *)from + (size_t)at * from_bytes,
            .to = (char *)to + (size_t)at * to_bytes,
        };
        fn(&r, d);
    }
}

/* Beyond the range of int64, and NaN, become the least integer, as the conversion of x86 has it. */
#define QUANTIZE_RUN(T, least, greatest)                                                           \
    for (int64_t i = 0; i < r->n; i++) {                                                           \
        const float level = r->zero_point + nearbyintf(from[i] * inverse);                         \
        const bool fits = level >= -0x1p63f && level < 0x1p63f;                                    \
        const int64_t k = fits ? (int64_t)level : INT64_MIN;                                       \
        ((T *)(void *)r->to)[i] = (T)(k < (least) ? (least) : k > (greatest) ? (greatest) : k);    \
    }

static void quantize_run(const run *r, dtype d)
{
    const float *from = (const float *)(const void *)r->from, inverse = 1.0f / r->scale;
    if (d == DTYPE_quint8)
        QUANTIZE_RUN(uint8_t, 0, UINT8_MAX)
    else if (d == DTYPE_qint8)
        QUANTIZE_RUN(int8_t, INT8_MIN, INT8_MAX)
    else
        QUANTIZE_RUN(int32_t, INT32_MIN, INT32_MAX)
}

#define READ_RUN(T, expression)                                                                    \
    for (int64_t i = 0; i < r->n; i++) {                                                           \
        const float offset = (float)((const T *)(const void *)r->from)[i] - r->zero_point;         \
        to[i] = expression;                                                                        \
    }

static void dequantize_run(const run *r, dtype d)
{
    float *to = (float *)(void *)r->to;
    if (d == DTYPE_quint8)
        READ_RUN(uint8_t, offset * r->scale)
    else if (d == DTYPE_qint8)
        READ_RUN(int8_t, offset * r->scale)
    else
        READ_RUN(int32_t, offset * r->scale)
}

static void offsets_run(const run *r, dtype d)
{
    float *to = (float *)(void *)r->to;
    if (d == DTYPE_quint8)
        READ_RUN(uint8_t, offset)
    else
        READ_RUN(int8_t, offset)
}

tensor *quantized_integers(op_ctx *cx, tensor *t)
{
    tensor *plain = tensor_requantized(t, dtype_integers(tensor_dtype(t)), NULL);
    if (!plain)
        op_no_memory(cx);
    return plain;
}

static tensor *contiguous_integers(op_ctx *cx, tensor *t)
{
    tensor *plain = quantized_integers(cx, t), *result = plain ? tensor_contiguous(cx, plain) : NULL;
    tensor_unref(plain);
    return result;
}

tensor *quantize(op_ctx *cx, tensor *x, dtype d, quantizer *q)
{
    tensor *from = tensor_contiguous_as(cx, x, DTYPE_float32);
    tensor *integers = from ? make_tensor(cx, dtype_integers(d), x->sizes, x->n_dims) : NULL, *result = NULL;
    if (integers) {
        for_each_run(x, q, tensor_data(from), sizeof(float), tensor_data(integers), dtype_size(d), d, quantize_run);
        result = tensor_requantized(integers, d, q);
        if (!result)
            op_no_memory(cx);
    }
    tensor_unref(from);
    tensor_unref(integers);
    return result;
}

static tensor *read_reals(op_ctx *cx, tensor *t, run_fn fn)
{
    const dtype d = tensor_dtype(t);
    if (!quantizer_fits(t))
        return OP_FAIL(cx, "Setting strides is possible only on uniformly quantized tensor"), NULL;
    tensor *integers = contiguous_integers(cx, t);
    tensor *result = integers ? make_tensor(cx, DTYPE_float32, t->sizes, t->n_dims) : NULL;
    if (result)
        for_each_run(t, t->quant, tensor_data(integers), dtype_size(d), tensor_data(result), sizeof(float), d, fn);
    tensor_unref(integers);
    return result;
}

tensor *dequantize(op_ctx *cx, tensor *t)
{
    return read_reals(cx, t, dequantize_run);
}

tensor *quantized_offsets(op_ctx *cx, tensor *t, dtype d)
{
    tensor *x = read_reals(cx, t, offsets_run), *result = x ? tensor_to(cx, x, d) : NULL;
    tensor_unref(x);
    return result;
}

/* ---- operators that make and read them ------------------------------------------------------------ */

static bool check_quantized(op_ctx *cx, const tensor *t, bool per_channel)
{
    if (!dtype_is_quantized(tensor_dtype(t)))
        return OP_FAIL(cx, "Could not run '%s' with arguments from the 'CPU' backend.", op_name(cx->op));
    if (per_channel != (t->quant->axis >= 0))
        return OP_FAIL(cx, per_channel ? "Expected a tensor quantized per channel" : "Expected quantizer->qscheme() == kPerTensorAffine to be true, but got false.");
    return true;
}

static bool check_quantized_type(op_ctx *cx, int64_t code)
{
    if (code >= 0 && code < DTYPE__COUNT && dtype_is_quantized((dtype)code))
        return true;
    if (!dtype_is_valid(code))
        return check_dtype(cx, (dtype)code);
    return OP_FAIL(cx, "ScalarType %s is not supported in new_qtensor.", dtype_prefix((dtype)code));
}

quantizer *make_quantizer(op_ctx *cx, dtype d, double scale, int64_t zero_point)
{
    const quantized_range levels = quantized_range_of(d);
    if (zero_point > levels.high)
        return OP_FAIL(cx, "quantize_tensor_per_tensor_affine zero_point %lld is above upper bound.", (long long)zero_point), NULL;
    if (zero_point < levels.low)
        return OP_FAIL(cx, "quantize_tensor_per_tensor_affine zero_point %lld is below lower bound.", (long long)zero_point), NULL;
    quantizer *q = quantizer_new(scale, zero_point);
    if (!q)
        op_no_memory(cx);
    return q;
}

static bool check_float32(op_ctx *cx, const tensor *x)
{
    return tensor_dtype(x) == DTYPE_float32
           || OP_FAIL(cx, "Quantize only works on Float Tensor, got %s", dtype_prefix(tensor_dtype(x)));
}

static bool give_quantized(op_ctx *cx, tensor *x, dtype d, quantizer *take, jit_value *rets)
{
    tensor *t = take ? quantize(cx, x, d, take) : NULL;
    quantizer_unref(take);
    return give_tensor(t, rets);
}

/* self, scale, zero_point (numbers or tensors of one element), dtype */
bool op_quantize_per_tensor(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!check_float32(cx, args[0].t) || !check_quantized_type(cx, args[3].i))
        return false;
    formula f = { .cx = cx };
    const double scale = args[1].tag == VALUE_TENSOR ? formula_item(&f, args[1].t) : arg_double(args[1]);
    const double zero = args[2].tag == VALUE_TENSOR ? formula_item(&f, args[2].t) : (double)args[2].i;
    if (f.failed)
        return formula_drop(&f);
    return give_quantized(cx, args[0].t, (dtype)args[3].i, make_quantizer(cx, (dtype)args[3].i, scale, (int64_t)zero), rets);
}

affine choose_affine(float least, float greatest, int low, int high, bool reduce_range)
{
    enum { MOST = 255 };
    const float smallest = 6.1e-5f;
    if (reduce_range) {
        low /= 2;
        high /= 2;
    }
    least = fminf(least, 0);
    greatest = fmaxf(greatest, 0);
    const double levels = high - low;
    double scale = ((double)greatest - (double)least) / levels;
    if ((float)scale == 0 || isinf(1.0f / (float)scale))
        scale = 0.1;
    if (scale < (double)smallest) {
        const float before = (float)scale;
        scale = (double)smallest;
        if (least == 0) {
            greatest = smallest * (float)levels;
        } else if (greatest == 0) {
            least = -smallest * (float)levels;
        } else {
            least *= smallest / before;
            greatest *= smallest / before;
        }
    }
    const double from_least = low - (double)least / scale, from_greatest = high - (double)greatest / scale;
    const double least_error = fabs((double)low) - fabs((double)least / scale);
    const double greatest_error = fabs((double)high) - fabs((double)greatest / scale);
    const double zero = least_error < greatest_error ? from_least : from_greatest;
    return (affine){ scale, zero < low ? low : zero > high ? high : (int64_t)nearbyint(zero) };
}

/* self, dtype, reduce_range */
bool op_quantize_per_tensor_dynamic(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!check_float32(cx, args[0].t) || !check_quantized_type(cx, args[1].i))
        return false;
    const dtype d = (dtype)args[1].i;
    if (d == DTYPE_qint32)
        return OP_FAIL(cx, "dtype QInt32 not supported");
    formula f = { .cx = cx };
    const bool is_empty = args[0].t->numel == 0;
    const float least = is_empty ? 0 : (float)formula_item(&f, F_(&f, aten_min, args[0]));
    const float greatest = is_empty ? 0 : (float)formula_item(&f, F_(&f, aten_max, args[0]));
    if (f.failed)
        return formula_drop(&f);
    formula_drop(&f);
    const quantized_range r = quantized_range_of(d);
    const affine a = choose_affine(least, greatest, (int)r.low, (int)r.high, arg_bool(args[2]));
    return give_quantized(cx, args[0].t, d, make_quantizer(cx, d, a.scale, a.zero_point), rets);
}

static bool check_channels(op_ctx *cx, const tensor *x, const tensor *scales, const tensor *zeros, int64_t axis)
{
    if (scales->n_dims != 1)
        return OP_FAIL(cx, "scale tensor must have dimension 1");
    if (zeros->n_dims != 1)
        return OP_FAIL(cx, "zero_points tensor must have dimension 1");
    if (scales->numel != zeros->numel)
        return OP_FAIL(cx, "number of elements in scales and zero_points must match");
    if (axis < 0 || axis >= x->n_dims)
        return OP_FAIL(cx, "Channel axis out of range in per channel affine quantization. Got: %lld"
                       "Expected: [0, %d)", (long long)axis, x->n_dims);
    if (dtype_is_float(tensor_dtype(zeros)) || dtype_is_complex(tensor_dtype(zeros)))
        return OP_FAIL(cx, "quantization per channel with zero points that are no integers is not implemented");
    return scales->numel == x->sizes[axis]
           || OP_FAIL(cx, "length of scales must equal to channel, but got %lld scales for a dimension of %lld",
                      (long long)scales->numel, (long long)x->sizes[axis]);
}

/* self, scales, zero_points, axis, dtype */
bool op_quantize_per_channel(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!check_float32(cx, args[0].t) || !check_quantized_type(cx, args[4].i)
        || !check_channels(cx, args[0].t, args[1].t, args[2].t, args[3].i))
        return false;
    tensor *scales = tensor_contiguous_as(cx, args[1].t, DTYPE_float64);
    tensor *zeros = scales ? tensor_contiguous_as(cx, args[2].t, DTYPE_int64) : NULL;
    quantizer *q = zeros ? quantizer_new_per_channel(scales, zeros, (int)args[3].i) : NULL;
    if (zeros && !q)
        op_no_memory(cx);
    tensor_unref(scales);
    tensor_unref(zeros);
    return give_quantized(cx, args[0].t, (dtype)args[4].i, q, rets);
}

/* A float tensor is its own. */
bool op_dequantize(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    return give_tensor(dtype_is_quantized(tensor_dtype(t)) ? dequantize(cx, t) : tensor_to(cx, t, DTYPE_float32), rets);
}

bool op_int_repr(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!dtype_is_quantized(tensor_dtype(args[0].t)))
        return check_quantized(cx, args[0].t, false);
    tensor *plain = quantized_integers(cx, args[0].t), *copy = plain ? tensor_clone(cx, plain) : NULL;
    tensor_unref(plain);
    return give_tensor(copy, rets);
}

#define QUANTIZER_FACT(fn, per_channel, value)                                                     \
    bool fn(op_ctx *cx, const jit_value *args, jit_value *rets)                                    \
    {                                                                                              \
        if (!check_quantized(cx, args[0].t, per_channel))                                          \
            return false;                                                                          \
        const quantizer *q = args[0].t->quant;                                                     \
        rets[0] = value;                                                                           \
        return true;                                                                               \
    }
QUANTIZER_FACT(op_q_scale, false, VALUE_FLOAT_V(q->scale))
QUANTIZER_FACT(op_q_zero_point, false, VALUE_INT_V(q->zero_point))
QUANTIZER_FACT(op_q_per_channel_scales, true, RET_TENSOR(tensor_ref(q->scales)))
QUANTIZER_FACT(op_q_per_channel_zero_points, true, RET_TENSOR(tensor_ref(q->zero_points)))
QUANTIZER_FACT(op_q_per_channel_axis, true, VALUE_INT_V(q->axis))

/* PyTorch's numbers: per_tensor_affine 0, per_channel_affine 1 */
bool op_qscheme(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!dtype_is_quantized(tensor_dtype(args[0].t)))
        return check_quantized(cx, args[0].t, false);
    rets[0] = VALUE_INT_V(args[0].t->quant->axis >= 0);
    return true;
}

bool op_is_quantized(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)cx;
    rets[0] = VALUE_BOOL_V(dtype_is_quantized(tensor_dtype(args[0].t)));
    return true;
}
