/* Tensors: making, sharing and releasing them. Sizes and strides of up to TENSOR_INLINE_DIMS dimensions live in
 * the tensor itself, so an ordinary tensor is two heap blocks (tensor.h, storage.c). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/tensor/tensor.h"

#include "base/alloc.h"
#include "base/block.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that a window with these sizes and strides spans from its first element; false: overflow. */
static bool span_bytes(dtype d, const int64_t *sizes, const int64_t *strides, int n_dims, int64_t *ret_numel,
                       int64_t *ret_bytes)
{
    int64_t numel = 1, last = 0, part;
    for (int i = 0; i < n_dims; i++) {
        if (sizes[i] < 0 || strides[i] < 0) return false;
        if (__builtin_mul_overflow(numel, sizes[i], &numel)) return false;
    }
    for (int i = 0; i < n_dims && numel; i++)
        if (__builtin_mul_overflow(sizes[i] - 1, strides[i], &part) || __builtin_add_overflow(last, part, &last))
            return false;
    *ret_numel = numel;
    if (numel == 0) {
        *ret_bytes = 0;
        return true;
    }
    return !__builtin_add_overflow(last, 1, &last) &&
           !__builtin_mul_overflow(last, (int64_t)dtype_size(d), ret_bytes);
}

static bool alloc_dims(tensor *t, int n_dims)
{
    t->sizes = t->dims;
    t->strides = t->dims + TENSOR_INLINE_DIMS;
    t->n_dims = (uint8_t)n_dims;
    if (n_dims <= TENSOR_INLINE_DIMS) return true;
    if (n_dims > TENSOR_MAX_DIMS) return false;
    t->sizes = mem_alloc(2 * (size_t)n_dims * sizeof(int64_t));
    t->strides = t->sizes ? t->sizes + n_dims : NULL;
    return t->sizes != NULL;
}

/* A tensor without storage. */
static tensor *shell_new(dtype d, const int64_t *sizes, const int64_t *strides, int n_dims, int64_t numel,
                         int64_t offset)
{
    tensor *t = block_alloc(sizeof *t);
    if (!t) return NULL;
    memset(t, 0, offsetof(tensor, dims));
    t->grad_meta = NULL;
    if (!alloc_dims(t, n_dims)) {
        block_free(t, sizeof *t);
        return NULL;
    }
    for (int i = 0; i < n_dims; i++) t->sizes[i] = sizes[i], t->strides[i] = strides[i];
    t->dtype = (int8_t)d;
    t->numel = numel;
    t->offset = offset;
    atomic_init(&t->n_refs, 1);
    return t;
}

tensor *tensor_new_strided(dtype d, const int64_t *sizes, const int64_t *strides, int n_dims, device dev)
{
    int64_t numel, n_bytes;
    if (n_dims > TENSOR_MAX_DIMS || !span_bytes(d, sizes, strides, n_dims, &numel, &n_bytes)) return NULL;
    tensor *t = shell_new(d, sizes, strides, n_dims, numel, 0);
    if (!t) return NULL;
    t->store = storage_new(dev, (size_t)n_bytes);
    if (!t->store) {
        tensor_unref(t);
        return NULL;
    }
    return t;
}

tensor *tensor_new(dtype d, const int64_t *sizes, int n_dims, device dev)
{
    int64_t strides[TENSOR_MAX_DIMS];
    if (n_dims > TENSOR_MAX_DIMS) return NULL;
    tensor_contiguous_strides(sizes, n_dims, strides);
    return tensor_new_strided(d, sizes, strides, n_dims, dev);
}

tensor *tensor_view(tensor *base, const int64_t *sizes, const int64_t *strides, int n_dims, int64_t offset)
{
    tensor *t = tensor_on_storage(base->store, tensor_dtype(base), sizes, strides, n_dims, offset);
    if (t)
        t->quant = quantizer_ref(base->quant);
    return t;
}

tensor *tensor_on_storage(storage *s, dtype d, const int64_t *sizes, const int64_t *strides, int n_dims,
                          int64_t offset)
{
    int64_t numel, n_bytes, begin;
    if (n_dims > TENSOR_MAX_DIMS || offset < 0 || !span_bytes(d, sizes, strides, n_dims, &numel, &n_bytes) ||
        __builtin_mul_overflow(offset, (int64_t)dtype_size(d), &begin))
        return NULL;
    if (numel && ((uint64_t)begin > s->n_bytes || (uint64_t)n_bytes > s->n_bytes - (uint64_t)begin)) return NULL;
    tensor *t = shell_new(d, sizes, strides, n_dims, numel, offset);
    if (t) t->store = storage_ref(s);
    return t;
}

tensor *tensor_requantized(tensor *t, dtype d, quantizer *q)
{
    tensor *made = tensor_on_storage(t->store, d, t->sizes, t->strides, t->n_dims, t->offset);
    if (made)
        made->quant = quantizer_ref(q);
    return made;
}

tensor *tensor_ref(tensor *t)
{
    if (t) refs_take(&t->n_refs);
    return t;
}

void tensor_unref(tensor *t)
{
    if (!t) return;
    if (!refs_drop(&t->n_refs))
        return;
    storage_unref(t->store);
    quantizer_unref(t->quant);
    if (t->sizes != t->dims) mem_free(t->sizes);
    block_free(t, sizeof *t);
}

/* Replace sizes and strides; leaves t unchanged without memory. */
static bool set_dims(tensor *t, const int64_t *sizes, const int64_t *strides, int n_dims)
{
    int64_t *old = t->sizes == t->dims ? NULL : t->sizes;
    int64_t *fresh = NULL;
    if (n_dims > TENSOR_INLINE_DIMS) {
        fresh = mem_alloc(2 * (size_t)n_dims * sizeof(int64_t));
        if (!fresh) return false;
    }
    int64_t *to_sizes = fresh ? fresh : t->dims;
    int64_t *to_strides = fresh ? fresh + n_dims : t->dims + TENSOR_INLINE_DIMS;
    memmove(to_sizes, sizes, (size_t)n_dims * sizeof *sizes);
    memmove(to_strides, strides, (size_t)n_dims * sizeof *strides);
    t->sizes = to_sizes;
    t->strides = to_strides;
    t->n_dims = (uint8_t)n_dims;
    mem_free(old);
    return true;
}

bool tensor_resize(tensor *t, const int64_t *sizes, int n_dims)
{
    int64_t strides[TENSOR_MAX_DIMS], copy[TENSOR_MAX_DIMS], numel, n_bytes, begin, end;
    if (n_dims > TENSOR_MAX_DIMS) return false;
    memcpy(copy, sizes, (size_t)n_dims * sizeof *copy); // sizes may be t's own
    tensor_contiguous_strides(copy, n_dims, strides);
    if (!span_bytes(tensor_dtype(t), copy, strides, n_dims, &numel, &n_bytes) ||
        __builtin_mul_overflow(t->offset, (int64_t)dtype_size(tensor_dtype(t)), &begin) ||
        __builtin_add_overflow(begin, n_bytes, &end))
        return false;
    if (numel && (uint64_t)end > t->store->n_bytes && !storage_resize(t->store, (size_t)end)) return false;
    if (!set_dims(t, copy, strides, n_dims)) return false;
    t->numel = numel;
    return true;
}

bool tensor_set(tensor *t, tensor *from)
{
    if (t == from) return true;
    if (!set_dims(t, from->sizes, from->strides, from->n_dims)) return false;
    storage *old = t->store;
    t->store = storage_ref(from->store);
    storage_unref(old);
    quantizer *old_quant = t->quant;
    t->quant = quantizer_ref(from->quant);
    quantizer_unref(old_quant);
    t->dtype = from->dtype;
    t->offset = from->offset;
    t->numel = from->numel;
    return true;
}

bool device_parse(const char *s, device *ret)
{
    static const char *const kinds[] = { [DEVICE_CPU] = "cpu", [DEVICE_CUDA] = "cuda", [DEVICE_META] = "meta" };
    for (int k = 0; k < DEVICE__COUNT; k++) {
        size_t n = strlen(kinds[k]);
        if (strncmp(s, kinds[k], n) != 0 || (s[n] && s[n] != ':')) continue;
        int64_t index = -1;
        if (s[n]) {
            char *end;
            if (s[n + 1] < '0' || s[n + 1] > '9') return false;
            index = strtol(s + n + 1, &end, 10);
            if (*end || index > INT8_MAX) return false;
        }
        *ret = (device){ (uint8_t)k, (int8_t)index };
        return true;
    }
    return false;
}

void device_print(device d, text *out)
{
    static const char *const kinds[] = { [DEVICE_CPU] = "cpu", [DEVICE_CUDA] = "cuda", [DEVICE_META] = "meta" };
    text_add(out, kinds[d.kind]);
    if (d.index >= 0) text_addf(out, ":%d", d.index);
}
