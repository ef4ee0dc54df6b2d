/* Tensors to tensors of another type or layout, to numbers, and facts about a tensor. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/creation.h"
#include "runtime/kernels/pointwise.h"

#include <string.h>

static bool give(tensor *t, jit_value *rets)
{
    if (t) rets[0] = RET_TENSOR(t);
    return t != NULL;
}

static bool has_format(const tensor *t, int64_t format)
{
    if (format == FORMAT_CONTIGUOUS) return tensor_is_contiguous(t);
    if (format == FORMAT_PRESERVE) return true;
    return t->n_dims == (format == FORMAT_CHANNELS_LAST ? 4 : 5) && tensor_is_channels_last(t) && tensor_is_dense(t);
}

/* ---- to, contiguous, clone ------------------------------------------------------------------- */
static tensor *copy_as(op_ctx *cx, tensor *t, dtype d, int64_t format)
{
    tensor *r = format == FORMAT_PRESERVE ? make_tensor_like(cx, t, d)
                                          : make_tensor_format(cx, d, t->sizes, t->n_dims, format);
    if (r && !tensor_copy_into(cx, r, t)) {
        tensor_unref(r);
        return NULL;
    }
    return r;
}

static bool convert(op_ctx *cx, tensor *t, jit_value dtype_value, jit_value dev, bool copy, jit_value format, jit_value *rets)
{
    const dtype d = arg_dtype(dtype_value, tensor_dtype(t));
    if (!check_dtype(cx, d)) return false;
    if (!check_device(cx, dev)) return false;
    const int64_t f = arg_int(format, FORMAT_PRESERVE);
    if (d == tensor_dtype(t) && !copy && has_format(t, f)) return give(tensor_ref(t), rets);
    return give(copy_as(cx, t, d, f), rets);
}

bool op_to_dtype(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return convert(cx, args[0].t, args[1], VALUE_NONE_V, arg_bool(args[3]), args[4], rets);
}

bool op_to_device(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return convert(cx, args[0].t, args[2], args[1], arg_bool(args[4]), args[5], rets);
}

bool op_to_layout(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return convert(cx, args[0].t, args[1], args[3], arg_bool(args[6]), args[7], rets);
}

bool op_to_other(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return convert(cx, args[0].t, VALUE_INT_V(args[1].t->dtype), VALUE_NONE_V, arg_bool(args[3]), args[4], rets);
}

bool op_to_prim_device(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return convert(cx, args[0].t, args[2], args[1], arg_bool(args[4]), VALUE_NONE_V, rets);
}

bool op_to_prim_dtype(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return convert(cx, args[0].t, args[1], VALUE_NONE_V, arg_bool(args[3]), VALUE_NONE_V, rets);
}

bool op_to_prim_other(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return convert(cx, args[0].t, VALUE_NONE_V, VALUE_NONE_V, arg_bool(args[2]), VALUE_NONE_V, rets);
}

bool op_to_copy(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return convert(cx, args[0].t, args[1], args[3], true, args[6], rets);
}

bool op_type_as(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give(tensor_to(cx, args[0].t, tensor_dtype(args[1].t)), rets);
}

bool op_contiguous(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    const int64_t format = arg_int(args[1], FORMAT_CONTIGUOUS);
    if (format == FORMAT_PRESERVE && !has_format(t, FORMAT_CONTIGUOUS))
        return OP_FAIL(cx, "preserve memory format is unsupported by the contiguous operator");
    if (format == FORMAT_PRESERVE) return give(tensor_ref(t), rets);
    return give(has_format(t, format) ? tensor_ref(t) : copy_as(cx, t, tensor_dtype(t), format), rets);
}

bool op_clone(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give(copy_as(cx, args[0].t, tensor_dtype(args[0].t), arg_int(args[1], FORMAT_PRESERVE)), rets);
}

/* The tensor itself: cpu, resolve_conj and others that change nothing here. */
bool op_same(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give(tensor_ref(args[0].t), rets);
}

/* A view that shares the memory and not the gradient. */
bool op_detach(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    return give(make_view(cx, t, t->sizes, t->strides, t->n_dims, t->offset), rets);
}

bool op_detach_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    args[0].t->requires_grad = false;
    return op_same(cx, args, rets);
}

bool op_requires_grad_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    if (arg_bool(args[1]) && dtype_category_of(tensor_dtype(t)) <= CATEGORY_I)
        return OP_FAIL(cx, "only Tensors of floating point dtype can require gradients");
    t->requires_grad = arg_bool(args[1]);
    return op_same(cx, args, rets);
}

/* ---- writing --------------------------------------------------------------------------------- */
static bool written(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor_bump_version(args[0].t);
    return op_same(cx, args, rets);
}

bool op_copy_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return check_no_self_overlap(cx, args[0].t) && check_no_partial_overlap(cx, args[0].t, args[1].t) &&
           tensor_copy_into(cx, args[0].t, args[1].t) && written(cx, args, rets);
}

bool op_fill_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return tensor_fill(cx, args[0].t, args[1]) && written(cx, args, rets);
}

bool op_fill_tensor_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (args[1].t->n_dims != 0)
        return OP_FAIL(cx, "fill_ only supports 0-dimension value tensor but got tensor with %d dimensions.", args[1].t->n_dims);
    return op_copy_(cx, args, rets);
}

bool op_zero_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return tensor_fill(cx, args[0].t, VALUE_INT_V(0)) && written(cx, args, rets);
}

/* ---- numbers --------------------------------------------------------------------------------- */
static bool check_one_element(op_ctx *cx, const tensor *t)
{
    return t->numel == 1 ||
           OP_FAIL(cx, "a Tensor with %lld elements cannot be converted to Scalar", (long long)t->numel);
}

bool op_item(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!check_one_element(cx, args[0].t)) return false;
    rets[0] = element_load_number(tensor_dtype(args[0].t), tensor_data(args[0].t));
    return rets[0].tag != VALUE_NONE || op_no_memory(cx);
}

bool op_int_of_tensor(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!check_one_element(cx, args[0].t)) return false;
    rets[0] = VALUE_INT_V(tensor_get_int(args[0].t, 0));
    return true;
}

bool op_float_of_tensor(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!check_one_element(cx, args[0].t)) return false;
    rets[0] = VALUE_FLOAT_V(tensor_get_double(args[0].t, 0));
    return true;
}

static bool op_complex_of_tensor(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    double re, im;
    if (!check_one_element(cx, args[0].t)) return false;
    tensor_get_complex(args[0].t, 0, &re, &im);
    complex_box *c = complex_new(re, im);
    if (!c) return op_no_memory(cx);
    rets[0] = VALUE_HEAP_V(VALUE_COMPLEX, c);
    return true;
}

bool op_is_nonzero(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const tensor *t = args[0].t;
    double re, im;
    if (t->numel == 0) return OP_FAIL(cx, "Boolean value of Tensor with no values is ambiguous");
    if (t->numel > 1) return OP_FAIL(cx, "Boolean value of Tensor with more than one value is ambiguous");
    tensor_get_complex(t, 0, &re, &im);
    rets[0] = VALUE_BOOL_V(re != 0 || im != 0);
    return true;
}

/* The implicit conversion of a tensor argument to a number parameter. */
static bool check_implicit(op_ctx *cx, const tensor *t, bool to_int)
{
    if (t->requires_grad) return OP_FAIL(cx, "Cannot input a tensor that requires grad as a scalar argument");
    if (t->n_dims > 0) return OP_FAIL(cx, "Cannot input a tensor of dimension other than 0 as a scalar argument");
    if (to_int && dtype_category_of(tensor_dtype(t)) > CATEGORY_I)
        return OP_FAIL(cx, "Cannot input a tensor of type %s as an integral argument", dtype_prefix(tensor_dtype(t)));
    return true;
}

bool op_int_implicit(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return check_implicit(cx, args[0].t, true) && op_int_of_tensor(cx, args, rets);
}

bool op_float_implicit(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return check_implicit(cx, args[0].t, false) && op_float_of_tensor(cx, args, rets);
}

bool op_complex_implicit(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return check_implicit(cx, args[0].t, false) && op_complex_of_tensor(cx, args, rets);
}

bool op_scalar_implicit(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return check_implicit(cx, args[0].t, false) && op_item(cx, args, rets);
}

/* ---- complex parts --------------------------------------------------------------------------- */
static bool part_view(op_ctx *cx, tensor *t, int part, jit_value *rets)
{
    int64_t strides[TENSOR_MAX_DIMS];
    for (int i = 0; i < t->n_dims; i++) strides[i] = 2 * t->strides[i];
    tensor *r = tensor_on_storage(t->store, dtype_real(tensor_dtype(t)), t->sizes, strides, t->n_dims, 2 * t->offset + part);
    return r ? give(r, rets) : op_no_memory(cx);
}

bool op_real(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    tensor *t = args[0].t;
    return dtype_is_complex(tensor_dtype(t)) ? part_view(cx, t, 0, rets) : give(tensor_ref(t), rets);
}

bool op_imag(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!dtype_is_complex(tensor_dtype(args[0].t)))
        return OP_FAIL(cx, "imag is not implemented for tensors with non-complex dtypes.");
    return part_view(cx, args[0].t, 1, rets);
}

bool op_conj(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!dtype_is_complex(tensor_dtype(args[0].t))) return op_same(cx, args, rets);
    op_ctx sub = *cx;
    sub.op = OP_aten_conj_physical;
    return pointwise_call(&sub, args, rets);
}

bool op_prim_abs(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    op_ctx sub = *cx;
    sub.op = OP_aten_abs;
    return pointwise_call(&sub, args, rets);
}

/* ---- facts ----------------------------------------------------------------------------------- */
static bool give_ints(op_ctx *cx, const int64_t *x, int n, jit_value *rets)
{
    list *l = list_new(T_INT, LIST_INTS, (size_t)n);
    if (!l || !list_resize(l, (size_t)n)) {
        if (l) value_unref(VALUE_HEAP_V(VALUE_LIST, l));
        return op_no_memory(cx);
    }
    for (int i = 0; i < n; i++) l->ints[i] = x[i];
    rets[0] = VALUE_HEAP_V(VALUE_LIST, l);
    return true;
}

bool op_size(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_ints(cx, args[0].t->sizes, args[0].t->n_dims, rets);
}

bool op_stride(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    return give_ints(cx, args[0].t->strides, args[0].t->n_dims, rets);
}

static bool dim_of_existing(op_ctx *cx, const jit_value *args, int *ret)
{
    if (args[0].t->n_dims == 0)
        return OP_FAIL(cx, "dimension specified as %lld but tensor has no dimensions", (long long)args[1].i);
    return wrap_dim(cx, args[1].i, args[0].t->n_dims, ret);
}

bool op_size_int(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int d;
    if (!dim_of_existing(cx, args, &d)) return false;
    rets[0] = VALUE_INT_V(args[0].t->sizes[d]);
    return true;
}

bool op_len(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    if (!args[0].t->n_dims) return OP_FAIL(cx, "len() of a 0-d tensor");
    rets[0] = VALUE_INT_V(args[0].t->sizes[0]);
    return true;
}

bool op_stride_int(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int d;
    if (!dim_of_existing(cx, args, &d)) return false;
    rets[0] = VALUE_INT_V(args[0].t->strides[d]);
    return true;
}

bool op_is_contiguous(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    rets[0] = VALUE_BOOL_V(tensor_is_contiguous(args[0].t));
    return true;
}

bool op_is_contiguous_format(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    // "preserve" is no format of its own: it is asked as contiguous
    rets[0] = VALUE_BOOL_V(has_format(args[0].t, args[1].i == FORMAT_PRESERVE ? FORMAT_CONTIGUOUS : args[1].i));
    return true;
}

bool op_is_same_size(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    rets[0] = VALUE_BOOL_V(tensor_same_sizes(args[0].t, args[1].t));
    return true;
}

/* One number or truth about t. */
#define FACT(name, value)                                                   \
    bool name(op_ctx *cx, const jit_value *args, jit_value *rets)           \
    {                                                                       \
        const tensor *t = args[0].t;                                        \
        (void)t;                                                            \
        rets[0] = value;                                                    \
        return true;                                                        \
    }
FACT(op_numel, VALUE_INT_V(t->numel))
FACT(op_dim, VALUE_INT_V(t->n_dims))
FACT(op_storage_offset, VALUE_INT_V(t->offset))
FACT(op_element_size, VALUE_INT_V((int64_t)dtype_size(tensor_dtype(t))))
FACT(op_is_floating_point, VALUE_BOOL_V(dtype_is_float(tensor_dtype(t))))
FACT(op_is_complex, VALUE_BOOL_V(dtype_is_complex(tensor_dtype(t))))
FACT(op_is_signed, VALUE_BOOL_V(tensor_dtype(t) != DTYPE_bool && tensor_dtype(t) != DTYPE_uint8))
FACT(op_get_device, VALUE_INT_V(-1))
FACT(op_dtype, VALUE_INT_V(t->dtype))
FACT(op_device, VALUE_DEVICE_V(t->store->dev))
FACT(op_layout, VALUE_INT_V(0))
FACT(op_is_cpu, VALUE_BOOL_V(t->store->dev.kind == DEVICE_CPU))
FACT(op_is_cuda, VALUE_BOOL_V(t->store->dev.kind == DEVICE_CUDA))
FACT(op_is_meta, VALUE_BOOL_V(t->store->dev.kind == DEVICE_META))
FACT(op_false, VALUE_BOOL_V(false))
FACT(op_true, VALUE_BOOL_V(true))
FACT(op_none_value, VALUE_NONE_V)

/* Sparse tensors only, of which there are none. */
bool op_is_coalesced(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    (void)args, (void)rets;
    return OP_FAIL(cx, "Could not run 'aten::is_coalesced' with arguments from the 'CPU' backend: it takes sparse tensors");
}
FACT(op_requires_grad, VALUE_BOOL_V(t->requires_grad))
