/* runtime/kernels/resize.c: operators that give a tensor other sizes or another storage, where it stands.
 *
 * The element type stays: set_() to the memory of another type reads its bytes. Storages grow where the new window reaches past
 * their end. Source of the rules: at/native/TensorShape.cpp (set_), at/native/Resize.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/views.h"

#include <string.h>

bool op_resize_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int n;
    const int64_t *sizes;
    if (args[1].tag == VALUE_TENSOR) { // resize_as_
        sizes = args[1].t->sizes;
        n = args[1].t->n_dims;
    } else if (!arg_sizes(cx, args[1], &sizes, &n)) {
        return false;
    }
    int64_t copy[TENSOR_MAX_DIMS], numel = 1; // the list may belong to the tensor that changes
    for (int i = 0; i < n; i++) {
        copy[i] = sizes[i];
        if (sizes[i] < 0 || __builtin_mul_overflow(numel, sizes[i], &numel) || numel > INT64_MAX / 16)
            return OP_FAIL(cx, "numel: integer multiplication overflow, or a negative size in %s", sizes_print(sizes, n).s);
    }
    if (!tensor_resize(args[0].t, copy, n)) return op_no_memory(cx);
    tensor_bump_version(args[0].t);
    rets[0] = value_ref(args[0]);
    return true;
}

/* The bytes from the storage's begin to the window's end; false if these are too many to count. */
static bool bytes_to_end(dtype d, const window *w, int64_t *ret)
{
    int64_t last = w->offset, reach;
    bool is_empty = false;
    for (int i = 0; i < w->n_dims; i++) {
        is_empty |= w->sizes[i] == 0;
        if (!is_empty && (__builtin_mul_overflow(w->sizes[i] - 1, w->strides[i], &reach) || __builtin_add_overflow(last, reach, &last)))
            return false;
    }
    *ret = 0;
    return is_empty || (!__builtin_add_overflow(last, 1, &last) && !__builtin_mul_overflow(last, (int64_t)dtype_size(d), ret));
}

static bool point_at(op_ctx *cx, const jit_value *args, storage *s, const window *w, jit_value *rets)
{
    int64_t n_bytes;
    const dtype d = tensor_dtype(args[0].t);
    if (!bytes_to_end(d, w, &n_bytes)) return OP_FAIL(cx, "Storage size calculation overflowed with sizes=%s", sizes_print(w->sizes, w->n_dims).s);
    if ((uint64_t)n_bytes > s->n_bytes && !storage_resize(s, (size_t)n_bytes)) return op_no_memory(cx);
    tensor *t = tensor_on_storage(s, d, w->sizes, w->strides, w->n_dims, w->offset);
    const bool ok = t && tensor_set(args[0].t, t);
    tensor_unref(t);
    if (!ok) return op_no_memory(cx);
    tensor_bump_version(args[0].t);
    rets[0] = value_ref(args[0]);
    return true;
}

/* self source */
bool op_set_(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    const window w = window_of(args[1].t);
    return point_at(cx, args, args[1].t->store, &w, rets);
}

/* self: to nothing */
bool op_set__none(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    storage *s = storage_new(args[0].t->store->dev, 0);
    const window w = { .n_dims = 1, .sizes = { 0 }, .strides = { 1 } };
    if (!s) return op_no_memory(cx);
    const bool ok = point_at(cx, args, s, &w, rets);
    storage_unref(s);
    return ok;
}

/* self source storage_offset size stride=[]: the offset counts from source's first element */
bool op_set__window(op_ctx *cx, const jit_value *args, jit_value *rets)
{
    int n;
    const int64_t *sizes = arg_ints(args[3], &n);
    window w = { .n_dims = n };
    if (!tensor_is_contiguous(args[1].t)) return OP_FAIL(cx, "passed in tensor to be used as storage must be contiguous");
    if (__builtin_add_overflow(args[2].i, args[1].t->offset, &w.offset)) return OP_FAIL(cx, "Tensor: invalid storage offset %lld", (long long)args[2].i);
    if (n > TENSOR_MAX_DIMS) return OP_FAIL(cx, "too many dimensions (%d at most)", TENSOR_MAX_DIMS);
    if (w.offset < 0) return OP_FAIL(cx, "Tensor: invalid storage offset %lld", (long long)w.offset);
    for (int i = 0; i < n; i++) {
        if (sizes[i] < 0) return OP_FAIL(cx, "Trying to create tensor with negative dimension %lld", (long long)sizes[i]);
        w.sizes[i] = sizes[i];
    }
    int n_strides;
    const int64_t *strides = arg_ints(args[4], &n_strides);
    if (n_strides == 0) tensor_contiguous_strides(sizes, n, w.strides);
    if (n_strides != 0 && n_strides != n)
        return OP_FAIL(cx, "unequal size length (%d) and stride length (%d)", n, n_strides);
    for (int i = 0; i < n_strides; i++) {
        if (strides[i] < 0) return OP_FAIL(cx, "Tensor: invalid stride at pos %d. Strides must be non-negative", i);
        w.strides[i] = strides[i];
    }
    return point_at(cx, args, args[1].t->store, &w, rets);
}
