/* Storages: reference-counted blocks of bytes. A storage we own is one block, its header followed by the aligned
 * bytes: small results cost one allocation here and one for the tensor. Only after a resize do the bytes live in a
 * block of their own. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/tensor/tensor.h"

#include "base/block.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Of a storage with its bytes behind it; the bytes begin at a multiple of BLOCK_ALIGN. */
enum { HEADER_BYTES = (sizeof(storage) + BLOCK_ALIGN - 1) / BLOCK_ALIGN * BLOCK_ALIGN };

static void *inline_bytes(storage *s)
{
    return (char *)s + HEADER_BYTES;
}

storage *storage_new(device dev, size_t n_bytes)
{
    const bool has_bytes = dev.kind == DEVICE_CPU;
    if (dev.kind == DEVICE_CUDA || n_bytes > PTRDIFF_MAX - HEADER_BYTES) return NULL;
    const size_t block_bytes = HEADER_BYTES + (has_bytes ? n_bytes : 0);
    storage *s = block_alloc(block_bytes);
    if (!s) return NULL;
    *s = (storage){ .dev = dev, .n_bytes = n_bytes, .block_bytes = block_bytes };
    s->data = has_bytes ? inline_bytes(s) : NULL;
    atomic_init(&s->n_refs, 1);
    return s;
}

storage *storage_borrow(device dev, void *data, size_t n_bytes, void (*release)(void *), void *ctx)
{
    storage *s = block_alloc(sizeof *s);
    if (!s) return NULL;
    *s = (storage){ .dev = dev, .data = data, .n_bytes = n_bytes, .is_borrowed = true, .release = release,
                    .release_ctx = ctx, .block_bytes = sizeof *s };
    atomic_init(&s->n_refs, 1);
    return s;
}

storage *storage_ref(storage *s)
{
    if (s) refs_take(&s->n_refs);
    return s;
}

/* Borrowed bytes are given back, bytes in a block of their own go, those behind the header stay with it. */
static void drop_bytes(storage *s)
{
    const bool is_inline = s->block_bytes >= HEADER_BYTES && s->data == inline_bytes(s);
    if (s->release) s->release(s->release_ctx);
    s->release = NULL;
    if (!s->is_borrowed && s->data && !is_inline) block_free(s->data, s->n_bytes);
}

static void free_extras(storage *s)
{
    for (storage_extra *e = s->extras, *next; e; e = next) {
        next = e->next;
        e->free(e);
    }
}

void storage_unref(storage *s)
{
    if (!s) return;
    if (!refs_drop(&s->n_refs))
        return;
    if (s->extras) free_extras(s);
    drop_bytes(s);
    block_free(s, s->block_bytes);
}

void storage_give_pages_back(const storage *s)
{
    if (!s->is_of_file || !storage_tells_changes(s) || s->version != 0) return;
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), begin = (uintptr_t)s->data;
    const uintptr_t first = (begin + page - 1) / page * page, end = (begin + s->n_bytes) / page * page;
    if (first < end) (void)madvise((void *)first, end - first, MADV_DONTNEED); // a wish
}

bool storage_resize(storage *s, size_t n_bytes)
{
    if ((s->is_borrowed && !s->is_movable) || s->dev.kind == DEVICE_CUDA) return false;
    if (s->dev.kind == DEVICE_META) {
        s->n_bytes = n_bytes;
        return true;
    }
    void *data = block_alloc(n_bytes);
    if (!data) return false;
    memcpy(data, s->data, n_bytes < s->n_bytes ? n_bytes : s->n_bytes);
    drop_bytes(s);
    s->is_borrowed = s->is_of_file = false;
    s->data = data;
    s->n_bytes = n_bytes;
    return true;
}
