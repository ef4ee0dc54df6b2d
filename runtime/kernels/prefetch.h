/* runtime/kernels/prefetch.h: asking for memory that will be read where processors do not foresee it: rows apart, and what
 * follows the end of a page. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_KERNELS_PREFETCH_H
#define RUNTIME_KERNELS_PREFETCH_H

#include <stdint.h>

enum { PREFETCH_LINE = 64 /* bytes that come together */ };

/* A function that does nothing but prefetch has no effect in gcc's eyes, and calls of it are dropped: this is one. */
#define PREFETCH_IS_AN_EFFECT __asm__ volatile("")

/** The cache lines of n_bytes at p, which need not be memory of ours. */
static inline void prefetch_bytes(const char *p, int64_t n_bytes)
{
    for (int64_t k = 0; k < n_bytes; k += PREFETCH_LINE) __builtin_prefetch(p + k);
    PREFETCH_IS_AN_EFFECT;
}

/** So, for them to be written. */
static inline void prefetch_to_write(const char *p, int64_t n_bytes)
{
    for (int64_t k = 0; k < n_bytes; k += PREFETCH_LINE) __builtin_prefetch(p + k, 1);
    PREFETCH_IS_AN_EFFECT;
}

#endif
