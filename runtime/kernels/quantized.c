/* Quantized tensors: made from reals, read as reals, and operators that know nothing of them run on their integers or
 * their reals (quantized.h). Products are in quantized_product.c. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/quantized.h"

#include "runtime/kernels/compose.h"
#include "runtime/kernels/formula.h"

#include <math.h>
#include <string.h>

enum { MOST_ARGS = 32 };

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

/* The integers, contiguous. */
static tensor *contiguous_integers(op_ctx *cx, tensor *t)
{
    tensor *plain = tensor_requantized(t, dtype_integers(tensor_dtype(t)), NULL);
    tensor *result = plain ? tensor_contiguous(cx, plain) : NULL;
    if (!plain)
        op_no_memory(cx);
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

/* ---- operators that know nothing of them ---------------------------------------------------------- */

static bool is_tensor_type(const type *t)
{
    return t->kind == TYPE_TENSOR || (t->kind == TYPE_OPTIONAL && t->args[0]->kind == TYPE_TENSOR);
}

static bool is_quantized(jit_value v)
{
    return v.tag == VALUE_TENSOR && dtype_is_quantized(tensor_dtype(v.t));
}

/* The first quantized tensor among those that the operator computes with; NULL: none. What it merely passes on, as
 * elements of a container, is of generic type. */
static tensor *find_quantized(const schema *s, const jit_value *args)
{
    for (size_t i = 0; s && i < s->n_args; i++) {
        const type *t = s->args[i].type;
        if (is_tensor_type(t) && is_quantized(args[i]))
            return args[i].t;
        const bool is_list = t->kind == TYPE_LIST && t->args[0]->kind == TYPE_TENSOR && args[i].tag == VALUE_LIST;
        for (size_t k = 0; is_list && k < args[i].list->n; k++)
            if (is_quantized(args[i].list->values[k]))
                return args[i].list->values[k].t;
    }
    return NULL;
}

static bool refuse(op_ctx *cx)
{
    return OP_FAIL(cx, "Could not run '%s' with arguments from the 'QuantizedCPU' backend.", op_name(cx->op));
}

/* Is dimension `axis` of t still that of `like`, index by index? */
static bool keeps_channels(op_ctx *cx, const tensor *like, const tensor *t)
{
    const int axis = like->quant->axis;
    if (axis < 0)
        return true;
    if (t->n_dims <= axis || memcmp(t->sizes, like->sizes, (size_t)(axis + 1) * sizeof *t->sizes) != 0)
        return false;
    const bool is_view = t->store == like->store && t->offset == like->offset && t->strides[axis] == like->strides[axis];
    return is_view || cx->op == OP_aten_clone || cx->op == OP_aten_contiguous;
}

/* Every tensor of the integers' type in *v is one with the quantizer of `like`. */
static bool requantize_results(op_ctx *cx, const tensor *like, jit_value *v)
{
    for (size_t i = 0; v->tag == VALUE_LIST && v->list->storage == LIST_VALUES && i < v->list->n; i++)
        if (!requantize_results(cx, like, &v->list->values[i]))
            return false;
    const dtype d = tensor_dtype(like);
    if (v->tag != VALUE_TENSOR || tensor_dtype(v->t) != dtype_integers(d))
        return true;
    if (!keeps_channels(cx, like, v->t))
        return OP_FAIL(cx, "%s: Setting strides is possible only on uniformly quantized tensor", op_name(cx->op));
    tensor *t = tensor_requantized(v->t, d, like->quant);
    if (!t)
        return op_no_memory(cx);
    tensor_unref(v->t);
    v->t = t;
    return true;
}

typedef tensor *(*stand_in)(op_ctx *cx, tensor *t);

static tensor *as_integers(op_ctx *cx, tensor *t)
{
    tensor *plain = tensor_requantized(t, dtype_integers(tensor_dtype(t)), NULL);
    if (!plain)
        op_no_memory(cx);
    return plain;
}

/* What stands in for an argument: a new reference. VALUE_NONE_V for NULL: no memory, reported. */
static bool stand_in_for(op_ctx *cx, jit_value v, stand_in make, jit_value *ret)
{
    if (is_quantized(v)) {
        tensor *t = make(cx, v.t);
        *ret = t ? VALUE_HEAP_V(VALUE_TENSOR, t) : VALUE_NONE_V;
        return t != NULL;
    }
    *ret = value_ref(v);
    if (v.tag != VALUE_LIST || v.list->storage != LIST_VALUES || !v.list->n || v.list->values[0].tag != VALUE_TENSOR)
        return true;
    list *copy = list_new(v.list->elem, LIST_VALUES, v.list->n);
    bool ok = copy || op_no_memory(cx);
    for (size_t i = 0; ok && i < v.list->n; i++) {
        jit_value element;
        ok = stand_in_for(cx, v.list->values[i], make, &element);
        if (ok && !list_push(copy, element))
            ok = op_no_memory(cx);
    }
    value_set(ret, VALUE_HEAP_V(VALUE_LIST, copy));
    return ok;
}

/* Call the kernel with a stand-in for each quantized tensor. */
static bool call_with(op_ctx *cx, op_kernel kernel, const schema *s, const jit_value *args, stand_in make, jit_value *rets)
{
    jit_value copy[MOST_ARGS];
    bool ok = s->n_args <= MOST_ARGS || refuse(cx);
    size_t n = 0;
    for (; ok && n < s->n_args; n++)
        ok = stand_in_for(cx, args[n], make, &copy[n]);
    op_ctx inner = *cx;
    inner.dying = 0; // what dies are the arguments, which stay the caller's to release
    ok = ok && kernel(&inner, copy, rets);
    for (size_t i = 0; i < n; i++)
        value_unref(copy[i]);
    return ok;
}

static bool drop_results(op_ctx *cx, jit_value *rets)
{
    for (uint32_t i = 0; i < cx->n_rets; i++) {
        value_unref(rets[i]);
        rets[i] = VALUE_NONE_V;
    }
    return false;
}

static bool call_on_integers(op_ctx *cx, op_kernel kernel, const schema *s, tensor *like, const jit_value *args, jit_value *rets)
{
    if (!call_with(cx, kernel, s, args, as_integers, rets))
        return false;
    for (uint32_t i = 0; i < cx->n_rets; i++)
        if (!requantize_results(cx, like, &rets[i]))
            return drop_results(cx, rets);
    return true;
}

/* An operator in place has changed the stand-in: its integers go to where they belong. */
static bool write_back(op_ctx *cx, tensor *self, tensor *reals)
{
    tensor *q = quantize(cx, reals, tensor_dtype(self), self->quant);
    tensor *from = q ? as_integers(cx, q) : NULL, *to = from ? as_integers(cx, self) : NULL;
    const bool ok = to && tensor_copy_into(cx, to, from);
    tensor_unref(q);
    tensor_unref(from);
    tensor_unref(to);
    return ok;
}

/* Reals become like `like`; other results (comparisons, numbers) stay. */
static bool quantize_result(op_ctx *cx, tensor *like, bool in_place, jit_value *v)
{
    if (v->tag != VALUE_TENSOR || tensor_dtype(v->t) != DTYPE_float32)
        return true;
    tensor *result = NULL;
    if (in_place)
        result = write_back(cx, like, v->t) ? tensor_ref(like) : NULL;
    else if (like->quant->axis >= 0) // its channels may be others
        OP_FAIL(cx, "%s of tensors quantized per channel is not implemented", op_name(cx->op));
    else
        result = quantize(cx, v->t, tensor_dtype(like), like->quant);
    if (result)
        value_set(v, VALUE_HEAP_V(VALUE_TENSOR, result));
    return result != NULL;
}

static bool call_on_reals(op_ctx *cx, op_kernel kernel, const schema *s, tensor *like, const jit_value *args, jit_value *rets)
{
    const bool in_place = s->args[0].alias.is_write;
    if (in_place && !is_quantized(args[0]))
        return OP_FAIL(cx, "Copying from quantized Tensor to non-quantized Tensor is not allowed, please use dequantize to "
                       "get a float Tensor from a quantized Tensor");
    if (!call_with(cx, kernel, s, args, dequantize, rets))
        return false;
    for (uint32_t i = 0; i < cx->n_rets; i++)
        if (!quantize_result(cx, in_place ? args[0].t : like, in_place, &rets[i]))
            return drop_results(cx, rets);
    return true;
}

bool quantized_call(op_ctx *cx, op_kernel kernel, const jit_value *args, jit_value *rets)
{
    const op_info *info = op_get_info(cx->op);
    const schema *s = op_schema(cx->op);
    tensor *found = info->traits & OP_QUANTIZED ? NULL : find_quantized(s, args);
    if (!found)
        return kernel(cx, args, rets);
    const uint32_t traits = info->variant == OP_INPLACE ? op_get_info((op_id)info->base)->traits : info->traits;
    if (traits & OP_Q_INTEGERS)
        return call_on_integers(cx, kernel, s, found, args, rets);
    return traits & OP_Q_FLOAT ? call_on_reals(cx, kernel, s, found, args, rets) : refuse(cx);
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
    tensor *plain = as_integers(cx, args[0].t), *copy = plain ? tensor_clone(cx, plain) : NULL;
    tensor_unref(plain);
    return give_tensor(copy, rets);
}

bool op_q_scale(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!check_quantized(cx, args[0].t, false))
        return false;
    rets[0] = VALUE_FLOAT_V(args[0].t->quant->scale);
    return true;
}

bool op_q_zero_point(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!check_quantized(cx, args[0].t, false))
        return false;
    rets[0] = VALUE_INT_V(args[0].t->quant->zero_point);
    return true;
}

bool op_q_per_channel_scales(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return check_quantized(cx, args[0].t, true) && give_tensor(tensor_ref(args[0].t->quant->scales), rets);
}

bool op_q_per_channel_zero_points(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return check_quantized(cx, args[0].t, true) && give_tensor(tensor_ref(args[0].t->quant->zero_points), rets);
}

bool op_q_per_channel_axis(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!check_quantized(cx, args[0].t, true))
        return false;
    rets[0] = VALUE_INT_V(args[0].t->quant->axis);
    return true;
}

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
