/* runtime/tensor/str.c: immutable byte strings and boxed complex numbers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "base/map.h"
#include "runtime/tensor/value.h"

str *str_new(const char *s, size_t n)
{
    if (n > SIZE_MAX - sizeof(str) - 1)
        return NULL;
    str *r = mem_alloc(sizeof *r + n + 1);
    if (!r)
        return NULL;
    r->h.n_refs = 1;
    r->hash = 0;
    r->n = n;
    if (n == 1 && s)
        r->s[0] = *s; // characters of strings: not worth a call
    else if (n && s)
        memcpy(r->s, s, n);
    r->s[n] = '\0';
    return r;
}

str *str_concat(const str *a, const str *b)
{
    str *r = a->n <= TEXT_MAX_BYTES && b->n <= TEXT_MAX_BYTES - a->n ? str_new(NULL, a->n + b->n) : NULL;
    if (r) {
        memcpy(r->s, a->s, a->n);
        memcpy(r->s + a->n, b->s, b->n);
    }
    return r;
}

/* A string built piece by piece is given half of its length as room each time it must move, so that building it costs
 * what it is long; the allocator knows how large a block is. */
str *str_append(str *take_a, const str *b)
{
    size_t n = take_a->n + b->n, n_bytes = sizeof *take_a + n + 1;
    if (atomic_load_explicit(&take_a->h.n_refs, memory_order_acquire) != 1 || take_a == b || b->n > TEXT_MAX_BYTES
        || n > TEXT_MAX_BYTES) {
        str *r = str_concat(take_a, b);
        value_unref(VALUE_HEAP_V(VALUE_STR, take_a));
        return r;
    }
    if (mem_usable_bytes(take_a) < n_bytes) {
        str *moved = mem_realloc(take_a, n_bytes + n / 2);
        if (!moved) {
            value_unref(VALUE_HEAP_V(VALUE_STR, take_a));
            return NULL;
        }
        take_a = moved;
    }
    memcpy(take_a->s + take_a->n, b->s, b->n);
    take_a->s[n] = '\0';
    take_a->n = n;
    take_a->hash = 0;
    return take_a;
}

/* The hash is cached in the string; threads that race for it write the same value. */
uint32_t str_hash(const str *s)
{
    uint32_t h = __atomic_load_n(&s->hash, __ATOMIC_RELAXED);
    if (h)
        return h;
    uint64_t wide = hash_bytes(s->s, s->n);
    h = (uint32_t)(wide ^ wide >> 32);
    h = h ? h : 1;
    __atomic_store_n(&((str *)s)->hash, h, __ATOMIC_RELAXED);
    return h;
}

/* The first byte tells most strings apart; and memcmp() reads more than the one byte of a character just written, which
 * the processor has to wait for. */
bool str_equal(const str *a, const str *b)
{
    if (a == b || a->n != b->n)
        return a == b;
    return a->n == 0 || (a->s[0] == b->s[0] && (a->n == 1 || memcmp(a->s, b->s, a->n) == 0));
}

int str_compare(const str *a, const str *b)
{
    int order = memcmp(a->s, b->s, a->n < b->n ? a->n : b->n);
    return order ? order : (a->n > b->n) - (a->n < b->n);
}

complex_box *complex_new(double re, double im)
{
    complex_box *c = mem_alloc(sizeof *c);
    if (!c)
        return NULL;
    c->h.n_refs = 1;
    c->re = re;
    c->im = im;
    return c;
}
