/* Storages: reference-counted blocks of bytes. A storage we own is one heap block, its header followed by the
 * aligned bytes: small results cost one allocation here and one for the tensor. Only after a resize do the
 * bytes live in a block of their own. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/tensor/tensor.h"

#include "base/alloc.h"

#include <stdatomic.h>
#include <string.h>

enum { STORAGE_ALIGN = 64 };

static char *align_up(char *p)
{
    return (char *)(((uintptr_t)p + STORAGE_ALIGN - 1) & ~(uintptr_t)(STORAGE_ALIGN - 1));
}

static void *inline_bytes(storage *s)
{
    return align_up((char *)(s + 1));
}

storage *storage_new(device dev, size_t n_bytes)
{
    const bool has_bytes = dev.kind == DEVICE_CPU;
    if (dev.kind == DEVICE_CUDA || n_bytes > PTRDIFF_MAX - sizeof(storage) - STORAGE_ALIGN) return NULL;
    storage *s = mem_alloc(sizeof *s + (has_bytes ? STORAGE_ALIGN + n_bytes : 0));
    if (!s) return NULL;
    memset(s, 0, sizeof *s);
    s->dev = dev;
    s->data = has_bytes ? inline_bytes(s) : NULL;
    s->n_bytes = n_bytes;
    atomic_init(&s->n_refs, 1);
    return s;
}

storage *storage_borrow(device dev, void *data, size_t n_bytes, void (*release)(void *), void *ctx)
{
    storage *s = mem_calloc(1, sizeof *s);
    if (!s) return NULL;
    s->dev = dev;
    s->data = data;
    s->n_bytes = n_bytes;
    s->is_borrowed = true;
    s->release = release;
    s->release_ctx = ctx;
    atomic_init(&s->n_refs, 1);
    return s;
}

storage *storage_ref(storage *s)
{
    if (s) atomic_fetch_add_explicit(&s->n_refs, 1, memory_order_relaxed);
    return s;
}

void storage_unref(storage *s)
{
    if (!s) return;
    // the only holder needs no locked instruction: nobody else can raise the count
    if (atomic_load_explicit(&s->n_refs, memory_order_acquire) != 1 &&
        atomic_fetch_sub_explicit(&s->n_refs, 1, memory_order_acq_rel) != 1)
        return;
    if (s->release) s->release(s->release_ctx);
    if (!s->is_borrowed && s->data && s->data != inline_bytes(s)) mem_free_aligned(s->data);
    mem_free(s);
}

bool storage_resize(storage *s, size_t n_bytes)
{
    if (s->is_borrowed || s->dev.kind == DEVICE_CUDA) return false;
    if (s->dev.kind == DEVICE_META) {
        s->n_bytes = n_bytes;
        return true;
    }
    void *data = mem_alloc_aligned(n_bytes, STORAGE_ALIGN);
    if (!data) return false;
    memcpy(data, s->data, n_bytes < s->n_bytes ? n_bytes : s->n_bytes);
    if (s->data != inline_bytes(s)) mem_free_aligned(s->data);
    s->data = data;
    s->n_bytes = n_bytes;
    return true;
}
