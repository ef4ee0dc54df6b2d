/* base/alloc.h: the one allocator of the library.
 *
 * Every heap block goes through here, so that a budget can bound a compile or a run and tests can
 * fail the n-th allocation. Nothing aborts: NULL means "no memory" or "over budget". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A byte budget. `used` counts live bytes of the threads that have it installed. */
typedef struct mem_budget {
    size_t limit_bytes; /* 0: no limit */
    _Atomic size_t used_bytes;
    _Atomic size_t peak_bytes;
} mem_budget;

/** Install `b` (NULL: none) for this thread; returns the one before, to be put back. */
mem_budget *mem_budget_set(mem_budget *b);
mem_budget *mem_budget_now(void);

void *mem_alloc(size_t n_bytes);                    /* uninitialised; n_bytes 0 gives a valid block */
void *mem_calloc(size_t n, size_t size);            /* zeroed; the product is checked for overflow */
void *mem_realloc(void *p, size_t n_bytes);         /* as realloc(); on failure p stays valid */
void  mem_free(void *p);                            /* NULL is fine */
/** Bytes that a mem_ block really has: at least those asked for. */
size_t mem_usable_bytes(const void *p);
void *mem_alloc_aligned(size_t n_bytes, size_t align); /* release with mem_free_aligned */
void  mem_free_aligned(void *p);
char *mem_strdup(const char *s);
/** For allocators built on others (base/block.h): count n_bytes as allocated (false: refused) and freed. */
bool mem_charge(size_t n_bytes);
void mem_discharge(size_t n_bytes);

/** Tests: let the next `n` allocations of this thread succeed and every later one fail;
 * n < 0 switches injection off. mem_fail_seen() tells whether one was refused since. */
void mem_fail_after(int64_t n);
bool mem_fail_seen(void);
/** How many allocations of this thread were refused so far, for whatever reason: where "no" may mean "does not
 * fit" or "no memory", comparing before and after tells which. */
uint64_t mem_refusals(void);

#endif
