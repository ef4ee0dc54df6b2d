/* base/arena.c: bump allocation from a list of chunks that grow in size. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "base/alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct arena_chunk {
    arena_chunk *older;
    size_t n_bytes; /* of room */
    max_align_t room[];
};

enum {
    FIRST_CHUNK = 4096,
    LARGEST_CHUNK = 1 << 20,
    ZEROED_AHEAD = 1024, /* room is zeroed in steps, just before it is used */
    ALIGN = ARENA_ALIGN
};

/* Under the address sanitizer nothing is used twice, so that it sees who reads what is gone. */
#if defined(__SANITIZE_ADDRESS__)
enum { IS_WATCHED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { IS_WATCHED = 1 };
#else
enum { IS_WATCHED = 0 };
#endif
#else
enum { IS_WATCHED = 0 };
#endif

/* Where builders write after a failure: content is meaningless, so every thread may share its own. */
static _Thread_local _Alignas(ALIGN) char scratch[ARENA_SCRATCH_BYTES];

void arena_init(arena *a) { *a = (arena){ 0 }; }

void arena_fini(arena *a)
{
    for (arena_chunk *c = a->chunks; c;) {
        arena_chunk *older = c->older;
        mem_free(c);
        c = older;
    }
    arena_init(a);
}

void arena_reset(arena *a)
{
    arena_chunk *c = a->chunks;
    if (c && !c->older && !a->failed && c->n_bytes <= ARENA_KEPT_BYTES && !IS_WATCHED) {
        a->next = a->ready = (char *)c->room;
        return;
    }
    size_t n_bytes = a->n_bytes;
    arena_fini(a);
    a->first_bytes = n_bytes < ARENA_KEPT_BYTES ? n_bytes : ARENA_KEPT_BYTES;
}

static void *failed(arena *a, size_t n_bytes)
{
    a->failed = true;
    if (n_bytes > sizeof scratch)
        return NULL;
    return memset(scratch, 0, sizeof scratch);
}

static bool add_chunk(arena *a, size_t at_least)
{
    size_t size = a->n_bytes / 2 & ~(size_t)(FIRST_CHUNK - 1); /* half of it all: little is left over */
    if (size < FIRST_CHUNK)
        size = FIRST_CHUNK;
    if (size > LARGEST_CHUNK)
        size = LARGEST_CHUNK;
    if (!a->chunks && size < a->first_bytes)
        size = a->first_bytes;
    if (at_least > SIZE_MAX - sizeof(arena_chunk) - ALIGN)
        return false;
    if (size < at_least)
        size = (at_least + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    arena_chunk *c = mem_alloc(sizeof *c + size);
    if (!c)
        return false;
    c->older = a->chunks;
    c->n_bytes = size;
    a->chunks = c;
    a->n_bytes += size;
    a->next = a->ready = (char *)c->room;
    a->end = a->next + size;
    return true;
}

/* Zero at least the next n_bytes of the room. */
static void make_ready(arena *a, size_t n_bytes)
{
    char *from = a->ready;
    a->ready = a->next + n_bytes;
    a->ready = a->end - a->ready > ZEROED_AHEAD ? a->ready + ZEROED_AHEAD : a->end;
    memset(from, 0, (size_t)(a->ready - from));
}

void *arena_alloc_slowly(arena *a, size_t n_bytes)
{
    if (a->failed || n_bytes > SIZE_MAX - ALIGN)
        return failed(a, n_bytes);
    size_t rounded = (n_bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if ((size_t)(a->end - a->next) < rounded && !add_chunk(a, rounded))
        return failed(a, n_bytes);
    if ((size_t)(a->ready - a->next) < rounded)
        make_ready(a, rounded);
    char *p = a->next;
    a->next += rounded;
    return p;
}

bool arena_reserve(arena *a, size_t n_bytes)
{
    if (!a->failed && (size_t)(a->end - a->next) < n_bytes && !add_chunk(a, n_bytes))
        a->failed = true;
    return !a->failed;
}

void *arena_array(arena *a, size_t size, size_t n)
{
    size_t n_bytes;
    if (__builtin_mul_overflow(size, n, &n_bytes))
        return failed(a, SIZE_MAX);
    return arena_alloc(a, n_bytes);
}

void *arena_grow(arena *a, void *p, size_t old_bytes, size_t new_bytes)
{
    size_t old_rounded = (old_bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (!a->failed && p && (char *)p + old_rounded == a->next && new_bytes >= old_bytes
        && new_bytes <= SIZE_MAX - ALIGN) {
        size_t more = ((new_bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1)) - old_rounded;
        if ((size_t)(a->end - a->next) >= more) {
            if ((size_t)(a->ready - a->next) < more)
                make_ready(a, more);
            a->next += more;
            return p;
        }
    }
    void *q = arena_alloc(a, new_bytes);
    if (q && p && !a->failed)
        memcpy(q, p, old_bytes < new_bytes ? old_bytes : new_bytes);
    return q;
}

char *arena_strndup(arena *a, const char *s, size_t n)
{
    char *p = n < SIZE_MAX ? arena_alloc(a, n + 1) : NULL;
    if (!p || a->failed)
        return memset(scratch, 0, 1);
    memcpy(p, s, n);
    return p;
}

char *arena_strdup(arena *a, const char *s) { return arena_strndup(a, s, strlen(s)); }

char *arena_vprintf(arena *a, const char *format, va_list ap)
{
    char small[256]; // mostly large enough: then the text is made once
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, format, ap);
    char *p = n >= 0 ? arena_alloc(a, (size_t)n + 1) : NULL;
    if (!p || a->failed) {
        a->failed = true;
        p = memset(scratch, 0, 1);
    } else if ((size_t)n < sizeof small) {
        memcpy(p, small, (size_t)n + 1);
    } else {
        vsnprintf(p, (size_t)n + 1, format, again);
    }
    va_end(again);
    return p;
}

char *arena_printf(arena *a, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *p = arena_vprintf(a, format, ap);
    va_end(ap);
    return p;
}
