/* Checks that many kernels share, with the messages of PyTorch. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/kernel.h"

#include <stdio.h>
#include <string.h>

sizes_text sizes_print(const int64_t *sizes, int n_dims)
{
    sizes_text r = { "[" };
    size_t n = 1;
    for (int i = 0; i < n_dims && n < sizeof r.s - 32; i++)
        n += (size_t)snprintf(r.s + n, sizeof r.s - n, i ? ", %lld" : "%lld", (long long)sizes[i]);
    snprintf(r.s + n, sizeof r.s - n, "]");
    return r;
}

bool wrap_dim(op_ctx *cx, int64_t dim, int n_dims, int *ret)
{
    const int n = n_dims ? n_dims : 1;
    if (dim < -n || dim >= n)
        return OP_FAIL(cx, "Dimension out of range (expected to be in range of [%d, %d], but got %lld)", -n,
                       n - 1, (long long)dim);
    *ret = (int)(dim < 0 ? dim + n : dim);
    return true;
}

bool check_can_cast(op_ctx *cx, dtype from, dtype to)
{
    if (dtype_can_cast(from, to)) return true;
    return OP_FAIL(cx, "result type %s can't be cast to the desired output type %s", dtype_prefix(from),
                   dtype_prefix(to));
}

bool resize_out(op_ctx *cx, tensor *out, const int64_t *sizes, int n_dims)
{
    if (out->n_dims == n_dims && memcmp(out->sizes, sizes, (size_t)n_dims * sizeof *sizes) == 0) return true;
    return tensor_resize(out, sizes, n_dims) || op_no_memory(cx);
}

bool check_no_self_overlap(op_ctx *cx, const tensor *t)
{
    if (t->numel < 2 || tensor_is_contiguous(t) || !tensor_overlaps_itself(t)) return true;
    return OP_FAIL(cx, "unsupported operation: more than one element of the written-to tensor refers to a single "
                       "memory location. Please clone() the tensor before performing the operation.");
}

bool tensors_overlap(const tensor *a, const tensor *b)
{
    const char *a_begin, *a_end, *b_begin, *b_end;
    return a->store == b->store && tensor_span(a, &a_begin, &a_end) && tensor_span(b, &b_begin, &b_end) &&
           a_begin < b_end && b_begin < a_end;
}

/* Like at::get_overlap_status: windows with gaps are not judged, because their spans may interleave. */
static bool share_elements(const tensor *a, const tensor *b)
{
    return a->store == b->store && a->numel && b->numel && tensors_overlap(a, b) && tensor_is_dense(a) && tensor_is_dense(b);
}

static bool fail_overlap(op_ctx *cx)
{
    return OP_FAIL(cx, "unsupported operation: some elements of the input tensor and the written-to tensor refer "
                       "to a single memory location. Please clone() the tensor before performing the operation.");
}

bool check_no_partial_overlap(op_ctx *cx, const tensor *written, const tensor *read)
{
    if (written == read || !share_elements(written, read)) return true;
    const bool is_same = tensor_data(written) == tensor_data(read) && written->numel == read->numel &&
                         written->n_dims == read->n_dims &&
                         memcmp(written->strides, read->strides, written->n_dims * sizeof *read->strides) == 0;
    return is_same || fail_overlap(cx);
}

bool check_no_overlap(op_ctx *cx, const tensor *written, const tensor *read)
{
    return (written != read && !share_elements(written, read)) || fail_overlap(cx);
}

bool check_value_apart(op_ctx *cx, const tensor *written, jit_value read)
{
    bool ok = read.tag != VALUE_TENSOR || check_no_overlap(cx, written, read.t);
    for (size_t i = 0; ok && read.tag == VALUE_LIST && read.list->storage == LIST_VALUES && i < read.list->n; i++)
        ok = check_value_apart(cx, written, read.list->values[i]);
    return ok;
}

bool broadcast_sizes(op_ctx *cx, int64_t *sizes, int *n_dims, const int64_t *other, int n_other)
{
    if (n_other > *n_dims) { // make room in front
        const int grow = n_other - *n_dims;
        memmove(sizes + grow, sizes, (size_t)*n_dims * sizeof *sizes);
        for (int i = 0; i < grow; i++) sizes[i] = 1;
        *n_dims = n_other;
    }
    const int lead = *n_dims - n_other;
    for (int i = n_other - 1; i >= 0; i--) {
        int64_t *size = &sizes[lead + i];
        if (*size == other[i] || other[i] == 1) continue;
        if (*size != 1)
            return OP_FAIL(cx, "The size of tensor a (%lld) must match the size of tensor b (%lld) at "
                               "non-singleton dimension %d", (long long)*size, (long long)other[i], lead + i);
        *size = other[i];
    }
    return true;
}

bool arg_sizes(op_ctx *cx, jit_value v, const int64_t **ret, int *ret_n)
{
    if (v.tag == VALUE_LIST && v.list->n > TENSOR_MAX_DIMS)
        return OP_FAIL(cx, "tensors have at most %d dimensions, got %zu", TENSOR_MAX_DIMS, v.list->n);
    *ret = arg_ints(v, ret_n);
    return true;
}
