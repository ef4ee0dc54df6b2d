/* Questions about sizes and strides. A dimension of size 1 never counts: its stride is never used. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/tensor/tensor.h"

void tensor_contiguous_strides(const int64_t *sizes, int n_dims, int64_t *ret_strides)
{
    int64_t stride = 1;
    for (int i = n_dims - 1; i >= 0; i--) {
        ret_strides[i] = stride;
        // an overflow is caught where the sizes are multiplied (tensor_new), it must only not be undefined
        stride = (int64_t)((uint64_t)stride * (uint64_t)(sizes[i] > 1 ? sizes[i] : 1));
    }
}

bool tensor_is_contiguous(const tensor *t)
{
    if (t->numel == 0) return true;
    int64_t expected = 1;
    for (int i = t->n_dims - 1; i >= 0; i--) {
        if (t->sizes[i] == 1) continue;
        if (t->strides[i] != expected) return false;
        expected *= t->sizes[i];
    }
    return true;
}

/* PyTorch's rule (c10/core/MemoryFormat.h): strides grow along C, W, H, (D,) N; an ambiguous shape such as
 * N×1×1×1 counts as contiguous, not as channels last. */
bool tensor_is_channels_last(const tensor *t)
{
    static const int8_t order4[] = { 1, 3, 2, 0 }, order5[] = { 1, 4, 3, 2, 0 };
    if (t->n_dims != 4 && t->n_dims != 5) return false;
    const int8_t *order = t->n_dims == 4 ? order4 : order5;
    int64_t least = 0;
    if (t->strides[1] == 0) return false;
    for (int k = 0; k < t->n_dims; k++) {
        const int d = order[k];
        if (t->sizes[d] == 0 || t->strides[d] < least) return false;
        if (d == 0 && least == t->strides[1]) return false;
        least = t->strides[d];
        if (t->sizes[d] > 1) least *= t->sizes[d];
    }
    return true;
}

bool tensor_same_sizes(const tensor *a, const tensor *b)
{
    if (a->n_dims != b->n_dims) return false;
    for (int i = 0; i < a->n_dims; i++)
        if (a->sizes[i] != b->sizes[i]) return false;
    return true;
}

bool tensor_overlaps_itself(const tensor *t)
{
    for (int i = 0; i < t->n_dims; i++)
        if (t->sizes[i] > 1 && t->strides[i] == 0) return true;
    return false;
}

bool tensor_is_dense(const tensor *t)
{
    if (t->numel < 2) return true;
    int8_t order[TENSOR_MAX_DIMS];
    int n = 0;
    for (int d = 0; d < t->n_dims; d++) {
        if (t->sizes[d] == 1) continue;
        int k = n++;
        for (; k > 0 && t->strides[order[k - 1]] > t->strides[d]; k--) order[k] = order[k - 1];
        order[k] = (int8_t)d;
    }
    int64_t expected = 1;
    for (int k = 0; k < n; k++) {
        if (t->strides[order[k]] != expected) return false;
        expected *= t->sizes[order[k]];
    }
    return true;
}

bool tensor_span(const tensor *t, const char **ret_begin, const char **ret_end)
{
    if (t->numel == 0) return false;
    int64_t last = 0;
    for (int i = 0; i < t->n_dims; i++) last += (t->sizes[i] - 1) * t->strides[i];
    const char *begin = tensor_data(t);
    *ret_begin = begin;
    *ret_end = begin + (last + 1) * (int64_t)dtype_size(tensor_dtype(t));
    return true;
}
