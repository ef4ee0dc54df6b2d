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
    if (n && s)
        memcpy(r->s, s, n);
    r->s[n] = '\0';
    return r;
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

bool str_equal(const str *a, const str *b)
{
    return a == b || (a->n == b->n && memcmp(a->s, b->s, a->n) == 0);
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
