/* base/arena.h: memory that lives and dies together (an AST, a typed tree, a graph).
 *
 * A failed arena is sticky: once an allocation fails, `failed` stays set and every later request
 * returns scratch memory that may be written but whose content is meaningless, so builders need no
 * check per node; they look at arena_failed() at the next safe point (statement, pass). A request
 * larger than ARENA_SCRATCH_BYTES returns NULL on failure and must be checked. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum { ARENA_SCRATCH_BYTES = 4096, ARENA_KEPT_BYTES = 1 << 20 };

typedef struct arena_chunk arena_chunk;
typedef struct arena {
    arena_chunk *chunks; /* newest first */
    char *next, *end;    /* free room in the newest chunk */
    char *ready;         /* up to here it is zeroed */
    size_t n_bytes;      /* in all chunks */
    size_t first_bytes;  /* what the first chunk should have at least: what was used before arena_reset() */
    bool failed;
} arena;

void arena_init(arena *a);
void arena_fini(arena *a);                       /* frees everything; the arena may be used again */
/** Everything allocated is gone, the memory stays for the next use: where one thing after the other is built in
 * the same arena it is warm in the caches. Keeps at most ARENA_KEPT_BYTES. A failed arena is fresh again. */
void arena_reset(arena *a);
static inline void *arena_alloc(arena *a, size_t n_bytes); /* zeroed, aligned to 16 */
/** Grow the block p of old_bytes to new_bytes; in place when it is the newest block. */
void *arena_grow(arena *a, void *p, size_t old_bytes, size_t new_bytes);
/** Have n_bytes of memory at hand, so that the next allocations up to that sum cannot fail. For builders that
 * read back what they build: they reserve at a safe point what the next step may need. false: it failed. */
bool arena_reserve(arena *a, size_t n_bytes);
char *arena_strdup(arena *a, const char *s);
char *arena_strndup(arena *a, const char *s, size_t n);
char *arena_printf(arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(arena *a, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));
static inline bool arena_failed(const arena *a) { return a->failed; }

enum { ARENA_ALIGN = 16 };

/* What arena_alloc() does where the room at hand does not do. */
void *arena_alloc_slowly(arena *a, size_t n_bytes);

static inline void *arena_alloc(arena *a, size_t n_bytes)
{
    if (a->failed || n_bytes - 1 >= (size_t)(a->ready - a->next)) /* no bytes: the slow way too */
        return arena_alloc_slowly(a, n_bytes);
    char *p = a->next;
    a->next += (n_bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    return p;
}

#define ARENA_NEW(a, T)      ((T *)arena_alloc((a), sizeof(T)))
#define ARENA_ARRAY(a, T, n) ((T *)arena_array((a), sizeof(T), (n)))
/** n elements of `size` bytes, zeroed; overflow of the product counts as failure. */
void *arena_array(arena *a, size_t size, size_t n);

#endif
