/* base/vec.h: a growable array of T.
 *
 *     VEC(int) v = {0};
 *     if (!VEC_PUSH(&v, NULL, 3)) ...      // NULL: heap, release with VEC_FINI(&v)
 *     VEC_PUSH(&v, a, 3);                  // an arena: nothing to release, its sticky error counts
 *
 * A vector must stay with the memory it began with. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "base/alloc.h"
#include "base/arena.h"

#define VEC(T)        \
    struct {          \
        T *at;        \
        size_t n, cap; \
    }

/* true if the element was appended */
#define VEC_PUSH(v, a, x) (VEC_RESERVE((v), (a), (v)->n + 1) ? ((v)->at[(v)->n++] = (x), true) : false)
#define VEC_RESERVE(v, a, want) \
    ((v)->cap >= (want) || vec_reserve((void **)&(v)->at, &(v)->cap, (want), sizeof *(v)->at, (a)))
#define VEC_FINI(v) (mem_free((v)->at), (v)->at = NULL, (v)->n = (v)->cap = 0)
#define VEC_LAST(v) ((v)->at[(v)->n - 1])

bool vec_reserve(void **at, size_t *cap, size_t want, size_t elem_bytes, arena *a);

#endif
