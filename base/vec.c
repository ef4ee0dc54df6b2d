/* base/vec.c: growth of VEC arrays: by half again, at least eight. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"

#include <stdint.h>

bool vec_reserve(void **at, size_t *cap, size_t want, size_t elem_bytes, arena *a)
{
    size_t new_cap = *cap + *cap / 2;
    if (new_cap < 8)
        new_cap = 8;
    if (new_cap < want)
        new_cap = want;
    size_t n_bytes;
    if (__builtin_mul_overflow(new_cap, elem_bytes, &n_bytes))
        return false;
    void *p = a ? arena_grow(a, *at, *cap * elem_bytes, n_bytes) : mem_realloc(*at, n_bytes);
    if (!p || (a && a->failed))
        return false; // the scratch memory of a failed arena is not an array to keep
    *at = p;
    *cap = new_cap;
    return true;
}
