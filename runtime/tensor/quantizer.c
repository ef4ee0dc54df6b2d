/* Quantizers: what the integers of a quantized tensor stand for. One scale and zero point for all elements, or one for
 * each index of a dimension. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "runtime/tensor/tensor.h"

#include <string.h>

_Atomic bool quantizers_were_made;

quantizer *quantizer_new(double scale, int64_t zero_point)
{
    quantizer *q = mem_calloc(1, sizeof *q);
    if (!q)
        return NULL;
    atomic_init(&q->n_refs, 1);
    atomic_store_explicit(&quantizers_were_made, true, memory_order_relaxed);
    q->axis = -1;
    q->scale = scale;
    q->zero_point = zero_point;
    return q;
}

quantizer *quantizer_new_per_channel(tensor *scales, tensor *zero_points, int axis)
{
    quantizer *q = quantizer_new(0, 0);
    if (!q)
        return NULL;
    q->axis = axis;
    q->has_float_zeros = tensor_dtype(zero_points) != DTYPE_int64;
    q->scales = tensor_ref(scales);
    q->zero_points = tensor_ref(zero_points);
    return q;
}

quantizer *quantizer_ref(quantizer *q)
{
    if (q)
        refs_take(&q->n_refs);
    return q;
}

void quantizer_unref(quantizer *q)
{
    if (!q || !refs_drop(&q->n_refs))
        return;
    tensor_unref(q->scales);
    tensor_unref(q->zero_points);
    mem_free(q);
}

bool quantizer_fits(const tensor *t)
{
    const quantizer *q = t->quant;
    return q && (q->axis < 0 || (q->axis < t->n_dims && t->sizes[q->axis] <= q->scales->numel));
}

void quantizer_at(const tensor *t, int64_t k, double *ret_scale, double *ret_zero_point)
{
    const quantizer *q = t->quant;
    *ret_scale = q ? q->scale : 1;
    *ret_zero_point = q ? (double)q->zero_point : 0;
    if (!q || q->axis < 0 || !quantizer_fits(t))
        return;
    for (int i = t->n_dims - 1; i > q->axis; i--)
        k /= t->sizes[i];
    const int64_t channel = k % t->sizes[q->axis];
    *ret_scale = tensor_get_double(q->scales, channel);
    *ret_zero_point = tensor_get_double(q->zero_points, channel);
}
