/* Making result tensors: sizes and limits are checked here, so kernels only test for NULL. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "runtime/kernels/kernel.h"

#include <string.h>

/* Checks sizes and the run's element limit; reports. */
static bool check_sizes(op_ctx *cx, const int64_t *sizes, int n_dims)
{
    int64_t numel = 1;
    for (int i = 0; i < n_dims; i++) {
        if (sizes[i] < 0)
            return OP_FAIL(cx, "Trying to create tensor with negative dimension %lld: %s", (long long)sizes[i],
                           sizes_print(sizes, n_dims).s);
    }
    for (int i = 0; i < n_dims; i++)
        if (__builtin_mul_overflow(numel, sizes[i], &numel))
            return OP_FAIL(cx, "numel: integer multiplication overflow");
    if (cx->run->max_tensor_elements && numel > cx->run->max_tensor_elements)
        return op_fail(cx, JIT_ELIMIT, "a tensor of %lld elements exceeds the limit of %lld", (long long)numel,
                       (long long)cx->run->max_tensor_elements);
    return true;
}

bool check_dtype(op_ctx *cx, dtype d)
{
    return dtype_is_valid(d) || op_fail(cx, JIT_EUNSUPPORTED, "dtype %d is not supported", (int)d);
}

tensor *make_tensor(op_ctx *cx, dtype d, const int64_t *sizes, int n_dims)
{
    if (!check_dtype(cx, d) || !check_sizes(cx, sizes, n_dims)) return NULL;
    tensor *t = tensor_new(d, sizes, n_dims, DEVICE_CPU0);
    if (!t) op_no_memory(cx);
    return t;
}

tensor *make_tensor_strided(op_ctx *cx, dtype d, const int64_t *sizes, const int64_t *strides, int n_dims)
{
    if (!check_dtype(cx, d) || !check_sizes(cx, sizes, n_dims)) return NULL;
    tensor *t = tensor_new_strided(d, sizes, strides, n_dims, DEVICE_CPU0);
    if (!t) op_no_memory(cx);
    return t;
}

/* Dense strides in the dimension order of t's own strides (at/infer_dense_strides): what preserve_format gives
 * to a tensor with gaps or repeats. */
static void dense_strides(const tensor *t, int64_t *ret)
{
    int order[TENSOR_MAX_DIMS];
    for (int i = 0; i < t->n_dims; i++) { // innermost first; of equal strides the later dimension is inside
        int k = i;
        const int d = t->n_dims - 1 - i;
        for (; k > 0; k--) {
            const int other = order[k - 1];
            if (t->strides[d] == 0 || t->strides[other] == 0 || t->strides[d] >= t->strides[other]) break;
            order[k] = other;
        }
        order[k] = d;
    }
    int64_t next = 1;
    for (int i = 0; i < t->n_dims; i++) {
        ret[order[i]] = next;
        next *= t->sizes[order[i]] > 1 ? t->sizes[order[i]] : 1;
    }
}

tensor *make_tensor_like(op_ctx *cx, const tensor *t, dtype d)
{
    if (tensor_is_contiguous(t)) return make_tensor(cx, d, t->sizes, t->n_dims);
    if (tensor_is_dense(t)) return make_tensor_strided(cx, d, t->sizes, t->strides, t->n_dims);
    int64_t strides[TENSOR_MAX_DIMS];
    dense_strides(t, strides);
    return make_tensor_strided(cx, d, t->sizes, strides, t->n_dims);
}

tensor *make_tensor_in_format(op_ctx *cx, dtype d, const int64_t *sizes, int n_dims, const tensor *t)
{
    if (n_dims != t->n_dims || !tensor_is_channels_last(t)) return make_tensor(cx, d, sizes, n_dims);
    int64_t strides[5] = { 0, 1 }, next = sizes[1] > 1 ? sizes[1] : 1;
    for (int i = n_dims - 1; i >= 0; i--) {
        if (i == 1) continue;
        strides[i] = next;
        next *= sizes[i] > 1 ? sizes[i] : 1;
    }
    return make_tensor_strided(cx, d, sizes, strides, n_dims);
}

tensor *tensor_in_format(op_ctx *cx, tensor *take, const tensor *t)
{
    if (!take || take->n_dims != t->n_dims || !tensor_is_channels_last(t)) return take;
    tensor *r = make_tensor_in_format(cx, tensor_dtype(take), take->sizes, take->n_dims, t);
    const bool ok = r && tensor_copy_into(cx, r, take);
    tensor_unref(take);
    if (ok) return r;
    tensor_unref(r);
    return NULL;
}

tensor *tensor_from_number(op_ctx *cx, jit_value v, dtype d)
{
    tensor *t = make_tensor(cx, d, NULL, 0);
    if (t) element_store_number(d, tensor_data(t), v);
    return t;
}

tensor *make_view(op_ctx *cx, tensor *base, const int64_t *sizes, const int64_t *strides, int n_dims,
                  int64_t offset)
{
    const uint64_t refusals = mem_refusals();
    tensor *t = tensor_view(base, sizes, strides, n_dims, offset);
    if (!t && mem_refusals() != refusals)
        op_no_memory(cx);
    else if (!t)
        OP_FAIL(cx, "setStorage: sizes %s do not fit the storage", sizes_print(sizes, n_dims).s);
    return t;
}
