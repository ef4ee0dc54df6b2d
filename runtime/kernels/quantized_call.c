/* Calls of operators with quantized tensors among their arguments: refused, or run on stand-ins, as the row says
 * (ir/op.h, OP_QUANTIZED and its neighbours). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/quantized.h"

#include <string.h>

enum { MOST_ARGS = 32 };

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
    if (!call_with(cx, kernel, s, args, quantized_integers, rets))
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
    tensor *from = q ? quantized_integers(cx, q) : NULL, *to = from ? quantized_integers(cx, self) : NULL;
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
